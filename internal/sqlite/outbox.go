package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// outboxSum is how much waits in a queue.
type outboxSum struct{ envelopes, bytes int64 }

// outboxSums knows how much waits in every queue, without counting rows.
type outboxSums struct {
	mu     sync.Mutex
	queues map[store.OutboxQueue]outboxSum
	bytes  int64 // of all
}

// load counts what an earlier run left.
func (o *outboxSums) load(c *conn) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queues, o.bytes = map[store.OutboxQueue]outboxSum{}, 0
	return c.bind("SELECT org, project, organization, count(*), sum(bytes) FROM outbox GROUP BY project, organization").each(func(s *sqlite3.Stmt) error {
		n := outboxSum{s.ColumnInt64(3), s.ColumnInt64(4)}
		o.queues[store.OutboxQueue{Org: model.OrgID(s.ColumnInt64(0)), Project: model.ProjectID(s.ColumnInt64(1)), Organization: s.ColumnText(2)}] = n
		o.bytes += n.bytes
		return nil
	})
}

// add takes what a transaction has changed.
func (o *outboxSums) add(changes map[store.OutboxQueue]outboxSum) {
	if len(changes) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for q, d := range changes {
		n := o.queues[q]
		n.envelopes += d.envelopes
		n.bytes += d.bytes
		o.bytes += d.bytes
		if o.queues[q] = n; n.envelopes == 0 {
			delete(o.queues, q)
		}
	}
}

func (o *outboxSums) total() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}

// queued notes that a queue has that much more, or less, once the transaction is committed.
func (t *txn) queued(q store.OutboxQueue, envelopes, bytes int64) {
	if t.outbox == nil {
		t.outbox = map[store.OutboxQueue]outboxSum{}
	}
	n := t.outbox[q]
	t.outbox[q] = outboxSum{n.envelopes + envelopes, n.bytes + bytes}
}

// writeOutgoing puts the batch's envelope into the outbox, and carries out what is
// decided of traces.
func (w *batchWriter) writeOutgoing() error {
	for _, d := range w.Decided {
		if err := w.decide(w.Project, d.Trace, d.Keep); err != nil {
			return err
		}
	}
	if w.Outgoing == nil || w.allKnown() {
		return nil
	}
	return w.enqueue(&store.OutboxRecord{Org: w.Org, Project: w.Project, Time: w.Received, Size: int64(len(w.Outgoing.Envelope)), Outgoing: *w.Outgoing}, w.packed)
}

// allKnown reports whether the batch has events and all of them were there before: a
// client that got no answer sent it again, and it has been in the outbox.
func (w *batchWriter) allKnown() bool {
	return len(w.stored) > 0 && !slices.Contains(w.stored, true)
}

// nextOutgoing returns a number that no envelope had since the start. Rows that are gone
// leave theirs unused, since readers go on behind the last one they saw.
func (t *txn) nextOutgoing() (int64, error) {
	if t.outgoing == 0 {
		_, err := t.c.bind("SELECT ifnull(max(seq), 0) FROM outbox_envelopes").one(func(s *sqlite3.Stmt) { t.outgoing = s.ColumnInt64(0) })
		if err != nil {
			return 0, err
		}
	}
	t.outgoing++
	return t.outgoing, nil
}

func (t *txn) enqueue(r *store.OutboxRecord, packed []byte) error {
	seq, err := t.nextOutgoing()
	if err != nil {
		return fmt.Errorf("queue envelope: %w", err)
	}
	err = t.c.bind(`INSERT INTO outbox (project, organization, seq, org, time, event, trace, categories, sent_at, client_ip, hops, held, size, bytes)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`).
		int(int64(r.Project)).text(r.Organization).int(seq).int(int64(r.Org)).int(micros(r.Time)).blob(r.Event[:]).trace(r.Trace).
		text(joinCategories(r.Categories)).int(micros(r.SentAt)).text(r.ClientIP).int(int64(r.Hops)).int(flag(r.Held)).
		int(r.Size).int(int64(len(packed))).run()
	if err != nil {
		return fmt.Errorf("queue envelope: %w", err)
	}
	err = t.c.bind("INSERT INTO outbox_envelopes (seq, project, organization, data) VALUES (?,?,?,?)").
		int(seq).int(int64(r.Project)).text(r.Organization).blob(packed).run()
	if err != nil {
		return fmt.Errorf("queue envelope: %w", err)
	}
	t.queued(r.Queue(), 1, int64(len(packed)))
	return nil
}

// joinCategories writes categories so that each can be looked for with its commas.
func joinCategories(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "," + strings.Join(list, ",") + ","
}

func splitCategories(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.Trim(text, ","), ",")
}

// unqueue removes one envelope, unless it has gone already.
func (t *txn) unqueue(q store.OutboxQueue, seq int64) (categories string, found bool, err error) {
	var bytes int64
	found, err = t.c.bind("DELETE FROM outbox WHERE project = ? AND organization = ? AND seq = ? RETURNING bytes, categories, org").
		int(int64(q.Project)).text(q.Organization).int(seq).one(func(s *sqlite3.Stmt) {
		bytes, categories, q.Org = s.ColumnInt64(0), s.ColumnText(1), model.OrgID(s.ColumnInt64(2))
	})
	if err != nil || !found {
		return "", false, err
	}
	t.queued(q, -1, -bytes)
	return categories, true, t.c.bind("DELETE FROM outbox_envelopes WHERE seq = ?").int(seq).run()
}

// outboxRows is the most envelopes that one job removes or changes: others want to
// write, too.
const outboxRows = 500

// Sent implements store.Outbox.
func (db *DB) Sent(_ context.Context, taken []store.OutboxRecord) error {
	for part := range slices.Chunk(taken, outboxRows) {
		err := db.do(2*len(part), func(t *txn) error {
			for i := range part {
				if _, _, err := t.unqueue(part[i].Queue(), part[i].Seq); err != nil {
					return fmt.Errorf("remove envelope %d: %w", part[i].Seq, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Postpone implements store.Outbox.
func (db *DB) Postpone(_ context.Context, refused []store.OutboxRecord) error {
	for part := range slices.Chunk(refused, outboxRows) {
		err := db.do(len(part), func(t *txn) error {
			for i := range part {
				if err := t.postpone(&part[i]); err != nil {
					return fmt.Errorf("postpone envelope %d: %w", part[i].Seq, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) postpone(r *store.OutboxRecord) error {
	err := t.c.bind("UPDATE outbox SET tries = ?, due = ?, problem = ? WHERE project = ? AND organization = ? AND seq = ?").
		int(int64(r.Tries)).int(max(micros(r.Due), 1)).text(r.Problem).int(int64(r.Project)).text(r.Organization).int(r.Seq).run()
	if err != nil || r.Envelope == nil {
		return err
	}
	return t.shrink(r)
}

// shrink leaves that much of an envelope.
func (t *txn) shrink(r *store.OutboxRecord) error {
	packed, q, before := t.db.codec.Pack(r.Envelope), r.Queue(), int64(0)
	found, err := t.c.bind("SELECT bytes FROM outbox WHERE project = ? AND organization = ? AND seq = ?").
		int(int64(q.Project)).text(q.Organization).int(r.Seq).one(func(s *sqlite3.Stmt) { before = s.ColumnInt64(0) })
	if err != nil || !found {
		return err
	}
	err = t.c.bind("UPDATE outbox SET size = ?, bytes = ?, categories = ? WHERE project = ? AND organization = ? AND seq = ?").
		int(int64(len(r.Envelope))).int(int64(len(packed))).text(joinCategories(r.Categories)).
		int(int64(q.Project)).text(q.Organization).int(r.Seq).run()
	if err != nil {
		return err
	}
	t.queued(q, 0, int64(len(packed))-before)
	return t.c.bind("UPDATE outbox_envelopes SET data = ? WHERE seq = ?").blob(packed).int(r.Seq).run()
}

// Hurry implements store.Outbox. What is due at the beginning of time is aside still, and
// due.
func (db *DB) Hurry(_ context.Context, in store.Scope) error {
	return db.do(outboxRows, func(t *txn) error {
		projects, err := t.c.projects(in)
		if err != nil {
			return err
		}
		return t.c.bind("UPDATE outbox SET due = 1 WHERE due > 1 AND " + oneOf("project", projects)).run()
	})
}

// Decide implements store.Outbox.
func (db *DB) Decide(_ context.Context, _ model.OrgID, project model.ProjectID, trace model.TraceID, keep bool) error {
	return db.do(1, func(t *txn) error { return t.decide(project, trace, keep) })
}

func (t *txn) decide(project model.ProjectID, trace model.TraceID, keep bool) error {
	if keep {
		err := t.c.bind("UPDATE outbox SET held = 0 WHERE held = 1 AND project = ? AND trace = ?").int(int64(project)).trace(trace).run()
		if err != nil {
			return fmt.Errorf("release trace %s: %w", trace, err)
		}
		return nil
	}
	var list []store.OutboxRecord
	err := t.c.bind("SELECT seq, organization FROM outbox WHERE held = 1 AND project = ? AND trace = ?").int(int64(project)).trace(trace).
		each(func(s *sqlite3.Stmt) error {
			list = append(list, store.OutboxRecord{Seq: s.ColumnInt64(0), Project: project, Outgoing: model.Outgoing{Organization: s.ColumnText(1)}})
			return nil
		})
	for i := range list {
		if err == nil {
			_, _, err = t.unqueue(list[i].Queue(), list[i].Seq)
		}
	}
	if err != nil {
		return fmt.Errorf("remove what is held of trace %s: %w", trace, err)
	}
	return nil
}

// TrimOutbox implements store.Outbox.
func (db *DB) TrimOutbox(_ context.Context, l store.OutboxLimit, reason string) (n map[store.OutboxQueue]int64, err error) {
	if l.Before.IsZero() && (l.Bytes <= 0 || db.outbox.total() <= l.Bytes) {
		return nil, nil
	}
	err = db.do(2*outboxRows, func(t *txn) (err error) {
		n, err = t.trim(l, reason)
		return err
	})
	return n, err
}

// trim removes some of what is beyond the limit.
func (t *txn) trim(l store.OutboxLimit, reason string) (map[store.OutboxQueue]int64, error) {
	oldest, err := t.oldest(outboxRows)
	if err != nil {
		return nil, fmt.Errorf("look for the oldest envelopes: %w", err)
	}
	n, total := map[store.OutboxQueue]int64{}, t.db.outbox.total()
	for i := range oldest {
		r := &oldest[i]
		over := l.Bytes > 0 && total > l.Bytes || !l.Before.IsZero() && r.Time.Before(l.Before)
		if !over {
			break
		}
		categories, found, err := t.unqueue(r.Queue(), r.Seq)
		if err != nil {
			return nil, fmt.Errorf("remove envelope %d: %w", r.Seq, err)
		}
		if !found {
			continue
		}
		n[r.Queue()]++
		total -= r.Size
		for _, category := range splitCategories(categories) {
			t.tally.AddDiscard(r.Project, model.Discard{Category: category, Reason: reason, Source: "server", Quantity: 1}, t.now)
		}
	}
	return n, nil
}

// oldest returns the first envelopes of all queues, with their packed size.
func (t *txn) oldest(limit int64) (list []store.OutboxRecord, err error) {
	err = t.c.bind(`SELECT e.seq, o.org, o.project, o.organization, o.time, o.bytes FROM
		(SELECT seq, project, organization FROM outbox_envelopes ORDER BY seq LIMIT ?) e
		JOIN outbox o ON o.project = e.project AND o.organization = e.organization AND o.seq = e.seq ORDER BY e.seq`).int(limit).
		each(func(s *sqlite3.Stmt) error {
			list = append(list, store.OutboxRecord{Seq: s.ColumnInt64(0), Org: model.OrgID(s.ColumnInt64(1)), Project: model.ProjectID(s.ColumnInt64(2)),
				Time: instant(s.ColumnInt64(4)), Size: s.ColumnInt64(5), Outgoing: model.Outgoing{Organization: s.ColumnText(3)}})
			return nil
		})
	return list, err
}

// OutboxQueues implements store.Outbox.
func (db *DB) OutboxQueues(context.Context) ([]store.OutboxState, error) {
	db.outbox.mu.Lock()
	defer db.outbox.mu.Unlock()
	out := make([]store.OutboxState, 0, len(db.outbox.queues))
	for _, q := range slices.SortedFunc(maps.Keys(db.outbox.queues), compareQueues) {
		n := db.outbox.queues[q]
		out = append(out, store.OutboxState{OutboxQueue: q, Envelopes: n.envelopes, Bytes: n.bytes})
	}
	return out, nil
}

func compareQueues(a, b store.OutboxQueue) int {
	return cmp.Or(cmp.Compare(a.Org, b.Org), cmp.Compare(a.Project, b.Project), cmp.Compare(a.Organization, b.Organization))
}
