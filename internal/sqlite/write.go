package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// Write implements store.Writer.
func (db *DB) Write(ctx context.Context, b *model.Batch) (store.Receipt, error) {
	if b.Empty() {
		return store.Receipt{}, nil
	}
	if err := ctx.Err(); err != nil {
		return store.Receipt{}, err
	}
	var packed []byte // here, where others do the same beside us, and not on the writer's goroutine
	if b.Outgoing != nil {
		packed = db.codec.Pack(b.Outgoing.Envelope)
	}
	var receipt store.Receipt
	err := db.do(rows(b), func(t *txn) error {
		receipt = store.Receipt{} // a second run starts afresh
		t.packed = packed
		return t.write(b, &receipt)
	})
	return receipt, err
}

// rows returns about how many rows a batch makes.
func rows(b *model.Batch) int {
	return len(b.Events) + len(b.Spans) + len(b.Executions) + len(b.Logs) + len(b.Attachments) + len(b.CheckIns) + len(b.Sessions)
}

// write stores a batch, in the order that later parts need of earlier ones.
func (t *txn) write(b *model.Batch, receipt *store.Receipt) error {
	w := &batchWriter{txn: t, Batch: b, pointers: make([]pointer, len(b.Events)), stored: make([]bool, len(b.Events)),
		spanStored: make([]bool, len(b.Spans))}
	if b.Omitted != model.NotOmitted {
		w.left = leaveOut(b)
	}
	if err := w.lookAround(); err != nil {
		return err
	}
	for i := range b.Events {
		var err error
		if w.stored[i], err = w.event(i); err != nil {
			return fmt.Errorf("write event %s: %w", b.Events[i].ID, err)
		}
		if !w.stored[i] {
			receipt.Duplicates = append(receipt.Duplicates, b.Events[i].ID)
		}
	}
	for _, step := range [...]func() error{w.writeSpans, w.tellStories, w.writeLogs, w.writeAttachments, w.writeCheckIns, w.writeSessions, w.writeOutgoing} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := w.begin(); err != nil {
		return err
	}
	w.countSampling()
	for _, d := range b.Discards {
		t.tally.AddDiscard(b.Project, d, b.Received)
	}
	for i := range b.Events {
		b.Events[i].Issue = w.merged.of(b.Events[i].Issue)
	}
	return nil
}

// begin notes when a project got its first telemetry, whatever that was: counts of what
// was refused are none.
func (w *batchWriter) begin() error {
	if w.begun[w.Project] || rows(w.Batch) == 0 {
		return nil
	}
	w.begun[w.Project] = true
	return w.c.bind("UPDATE projects SET first_event = ? WHERE id = ? AND first_event = 0").
		int(micros(w.Received)).int(int64(w.Project)).run()
}

// batchWriter stores one batch.
type batchWriter struct {
	*txn
	*model.Batch
	pointers   []pointer // where the payload of each event stands
	stored     []bool    // whether each event was stored: a duplicate is not
	spanStored []bool    // likewise each span
	left       []bool    // spans that are not to be stored; nil for none
	strands    []strand
	byKey      map[strandKey]int
	last       int   // the strand that was asked for last
	merged     roots // of those that the events belong to; nil mostly
}

// event stores one event and counts it, unless it was there already.
func (w *batchWriter) event(i int) (stored bool, err error) {
	e := &w.Events[i]
	if e.Shifted {
		if known, err := w.knownAnyDay(e.ID); known || err != nil {
			return false, err
		}
	}
	day := dayOf(e.Timestamp)
	dw, err := w.dayWriter(day)
	if err != nil {
		return false, err
	}
	var found *issueState
	if e.Kind != model.KindTransaction {
		found, err = w.issueOf(w.Batch, e)
		if err != nil || found == nil {
			return false, err
		}
	}
	at, err := w.placeOf(day, e)
	if err != nil {
		return false, err
	}
	if err := dw.insertEvent(w.Batch, i, found, at); err != nil {
		return false, err
	}
	if w.c.Changes() == 0 {
		return false, nil
	}
	if w.Omitted != model.NotOmitted {
		w.pointers[i] = omitted(day, w.c.LastInsertRowID(), w.Omitted)
	} else if w.pointers[i], err = w.keep(day, e.Payload); err != nil {
		return false, err
	}
	w.events++
	w.strandOf(e.Trace, e.Execution).stored++
	return true, w.count(e, found)
}

// placeOf returns where the event's payload will stand.
func (w *batchWriter) placeOf(day int64, e *model.Event) (pointer, error) {
	if w.Omitted != model.NotOmitted {
		return omitted(day, 0, w.Omitted), nil
	}
	return w.place(day, e.Payload)
}

// count adds a stored event to its issue and the rollups; what depends on whose it is
// comes later, with the stories.
func (w *batchWriter) count(e *model.Event, found *issueState) error {
	e.Issue = found.ID()
	w.tally.AddEvent(w.Project, e, e.Issue, w.tags)
	if found == nil {
		return nil
	}
	if shown := found.shown(); shown != found {
		w.merged = w.merged.with(found.id, shown.id)
	}
	if e.Agent.ID != "" {
		w.tags.Note(e.Issue, e.Timestamp, model.Tag{Key: rollup.AgentTag, Value: e.Agent.ID})
	}
	return w.hit(w.Batch, e, found)
}

// copiesWithin is how far back the first copy of an event is looked for: the month
// that events may be late, and the days that clients keep what they could not send.
const copiesWithin = 35 * 24 * time.Hour

// knownAnyDay reports whether the event is stored on whatever day of late: an event
// whose time was corrected may come again with another.
func (w *batchWriter) knownAnyDay(id model.EventID) (bool, error) {
	for _, day := range w.db.days.newestFirst(w.Received.Add(-copiesWithin), time.Time{}) {
		if found, err := w.knownOn(day, w.Project, id); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// knownOn reports whether the event is stored on a day, whose tables are there.
func (t *txn) knownOn(day int64, p model.ProjectID, id model.EventID) (bool, error) {
	return t.c.bind(in(day, "SELECT 1 FROM events_@ WHERE id = ? AND project = ?")).blob(id[:]).int(int64(p)).one(func(*sqlite3.Stmt) {})
}

// dayWriter holds the statements of a day that the ingest path runs most: those that
// write its events and spans, and that ask whether it has any of a trace.
type dayWriter struct {
	events, plain, calls *sqlite3.Stmt
	any, about           *sqlite3.Stmt
}

func (d *dayWriter) close() {
	for _, s := range [...]*sqlite3.Stmt{d.events, d.plain, d.calls, d.any, d.about} {
		s.Close() // does nothing for one that was never prepared
	}
}

func (w *writer) dropDayWriters() {
	for day, d := range w.dayWriters {
		d.close()
		delete(w.dayWriters, day)
	}
}

func (t *txn) dayWriter(day int64) (*dayWriter, error) {
	if d := t.dayWriters[day]; d != nil {
		return d, nil
	}
	if err := t.open(day); err != nil {
		return nil, err
	}
	if len(t.dayWriters) > 64 {
		t.dropDayWriters()
	}
	d := &dayWriter{}
	for sql, into := range map[string]**sqlite3.Stmt{insertEvent: &d.events, insertPlain: &d.plain, insertCall: &d.calls,
		anyOfTrace: &d.any, aboutAgents: &d.about} {
		s, _, err := t.c.PrepareFlags(in(day, sql), sqlite3.PREPARE_PERSISTENT)
		if err != nil {
			d.close()
			return nil, fmt.Errorf("prepare day %d: %w", day, err)
		}
		*into = s
	}
	t.dayWriters[day] = d
	return d, nil
}

const insertEvent = `INSERT OR IGNORE INTO events_@ (id, project, kind, issue, time, received, duration, level,
	title, culprit, type, platform, release, environment, txn, user, trace, span, agent, execution, organization,
	block, offset, length, fault, facts) VALUES (?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?)`

func (d *dayWriter) insertEvent(b *model.Batch, i int, found *issueState, at pointer) error {
	e := &b.Events[i]
	bind := &binder{stmt: d.events}
	bind.blob(e.ID[:]).int(int64(b.Project)).int(int64(e.Kind)).int(int64(found.ID()))
	bind.int(micros(e.Timestamp)).int(micros(b.Received)).int(duration(e)).int(int64(e.Level))
	bind.text(e.Title).text(e.Culprit).text(e.Type).text(e.Platform).text(e.Release).text(e.Environment)
	bind.text(e.Transaction).text(e.User.Key()).trace(e.Trace).span(e.Span)
	bind.text(e.Agent.ID).text(e.Execution).text(e.Organization)
	bind.int(at.block).int(at.offset).int(at.length).textOrNull(e.Fault)
	own := ownOfEvent(e)
	if b.OwnEvents != nil {
		own = b.OwnEvents[i]
	}
	return bind.blobOrNull(packFacts(e, &own)).run()
}

// ownOfEvent returns what an event says of itself that nobody told anything.
func ownOfEvent(e *model.Event) model.Own {
	return model.Own{Agent: e.Agent, Execution: e.Execution, Conversation: e.Conversation, Organization: e.Organization, User: e.User}
}

// duration returns how long a transaction took, in microseconds.
func duration(e *model.Event) int64 {
	if e.Started.IsZero() {
		return 0
	}
	return e.Timestamp.Sub(e.Started).Microseconds()
}
