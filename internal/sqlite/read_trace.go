package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// What one trace answers with at the most: who makes trace ids may put anything
// under one.
const (
	maxTraceSpans    = 20_000
	maxTraceEvents   = 5_000
	maxTracePayloads = 32 << 20 // bytes
)

const spanColumns = `trace, id, project, parent, start, duration, op, name, status, kind, segment, release, environment, user,
	agent, agent_name, execution, conversation, organization, block, offset, length, provider, model, tool, error_type,
	policy, verdict, reason, input, output, cache_read, cache_write, reasoning, cost, pricing, signs`

// spanRow is a span as it says itself, and where its payload stands; about says that
// it came in a batch that was about agents.
type spanRow struct {
	store.SpanRecord
	at    pointer
	about bool
}

func scanSpan(s *sqlite3.Stmt, day int64) (spanRow, error) {
	r := store.SpanRecord{Project: model.ProjectID(s.ColumnInt64(2)), Payload: -1, Span: model.Span{
		Trace: traceID(s, 0), ID: spanID(s, 1), Parent: spanID(s, 3),
		Start: instant(s.ColumnInt64(4)), Duration: time.Duration(s.ColumnInt64(5)) * time.Microsecond,
		Op: s.ColumnText(6), Name: s.ColumnText(7), Status: model.SpanStatus(s.ColumnInt(8)), Kind: model.SpanKind(s.ColumnInt(9)),
		Segment: s.ColumnInt64(10)&1 != 0, SampleRate: model.SampleRate(s.ColumnInt64(10) >> 1), Release: s.ColumnText(11), Environment: s.ColumnText(12), User: userOf(s.ColumnText(13)),
		Agent:     model.Agent{ID: s.ColumnText(14), Name: s.ColumnText(15)},
		Execution: s.ColumnText(16), Conversation: s.ColumnText(17), Organization: s.ColumnText(18), Blob: -1,
		Provider: s.ColumnText(22), Model: s.ColumnText(23), Tool: s.ColumnText(24), ErrorType: s.ColumnText(25),
		Policy: model.Policy{Name: s.ColumnText(26), Verdict: model.Verdict(s.ColumnInt(27)), Reason: s.ColumnText(28)},
		Usage: model.Usage{Input: s.ColumnInt64(29), Output: s.ColumnInt64(30), CacheRead: s.ColumnInt64(31),
			CacheWrite: s.ColumnInt64(32), Reasoning: s.ColumnInt64(33)},
		Cost: model.Cost{Nanos: s.ColumnInt64(34), Pricing: model.Pricing(s.ColumnInt(35))},
	}}
	if r.ErrorType == "" {
		r.ErrorType = statusError(&r.Span) // which a plain span's row leaves out
	}
	row := spanRow{r, unpackBlock(s.ColumnInt64(19), day, s.ColumnInt64(20), s.ColumnInt64(21)), s.ColumnType(36) != sqlite3.NULL}
	row.Omitted = whyOmitted(row.at)
	if s.ColumnType(36) != sqlite3.BLOB {
		return row, nil
	}
	if err := unpackSigns(s.ColumnRawBlob(36), &row.Signs, &row.Agent); err != nil {
		return row, fmt.Errorf("span %s of trace %s: %w", r.ID, r.Trace, err)
	}
	return row, nil
}

// userOf reads back what model.User.Key wrote.
func userOf(key string) model.User {
	kind, value, _ := strings.Cut(key, ":")
	switch kind {
	case "id":
		return model.User{ID: value}
	case "email":
		return model.User{Email: value}
	case "username":
		return model.User{Username: value}
	case "ip":
		return model.User{IP: value}
	}
	return model.User{}
}

// Trace implements store.Reader.
func (db *DB) Trace(ctx context.Context, scope store.Scope, id model.TraceID) (*store.Trace, error) {
	out := &store.Trace{ID: id}
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(scope)
		if err != nil {
			return err
		}
		r := newTraceReader(db, c, out, projects)
		if err := db.eachDay(time.Time{}, time.Time{}, func(day int64) error { return r.day(day, id) }); err != nil {
			return err
		}
		if err := r.order(); err != nil {
			return err
		}
		out.Payloads, err = c.payloads(db, r.pointers())
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(out.Spans)+len(out.Events) == 0 {
		return nil, fmt.Errorf("trace %s: %w", id, model.ErrNotFound)
	}
	return out, nil
}

// traceReader gathers the rows of one trace, or of several that belong together, and
// afterwards the payloads they point to.
type traceReader struct {
	db       *DB
	c        *conn
	trace    *store.Trace
	projects string
	facts    []readFact // one for each span of the trace
	events   []model.Event
	ids      map[eventKey]bool
	payloads map[pointer]int
	size     int64 // of the payloads
	later    bool  // payloads are read when they are asked for
	sent     map[pointer]model.EventID
}

// readFact is what of a span's row is no part of the answer.
type readFact struct {
	at    pointer
	about bool
}

type eventKey struct {
	project model.ProjectID
	id      model.EventID
}

func newTraceReader(db *DB, c *conn, out *store.Trace, projects []model.ProjectID) *traceReader {
	return &traceReader{db: db, c: c, trace: out, projects: unindexed(oneOf("project", projects)), ids: map[eventKey]bool{},
		payloads: map[pointer]int{}, sent: map[pointer]model.EventID{}}
}

// day reads what a day holds of a trace.
func (r *traceReader) day(day int64, id model.TraceID) error {
	if err := r.grow(day, id); err != nil {
		return err
	}
	err := r.c.bind(in(day, r.spansSQL())).
		blob(id[:]).int(int64(maxTraceSpans - len(r.trace.Spans))).
		each(func(s *sqlite3.Stmt) error {
			row, err := scanSpan(s, day)
			row.Payload = r.payload(row.at)
			r.trace.Spans = append(r.trace.Spans, row.SpanRecord)
			r.facts = append(r.facts, readFact{row.at, row.about})
			return err
		})
	if err != nil {
		return err
	}
	return r.eventsOf(day, "trace = ?", id[:])
}

// grow makes room for the spans that a day has of a trace: they are large, and growing
// by and by would move thousands of them many times.
func (r *traceReader) grow(day int64, id model.TraceID) error {
	n := 0
	_, err := r.c.bind(in(day, "SELECT count(*) FROM spans_@ WHERE trace = ?")).blob(id[:]).one(func(s *sqlite3.Stmt) { n = s.ColumnInt(0) })
	n = min(n, maxTraceSpans-len(r.trace.Spans))
	r.trace.Spans, r.facts = slices.Grow(r.trace.Spans, n), slices.Grow(r.facts, n)
	return err
}

func (r *traceReader) spansSQL() string {
	return "SELECT " + spanColumns + " FROM spans_@ WHERE trace = ? AND " + r.projects + " LIMIT ?"
}

func (r *traceReader) eventsSQL(cond string) string {
	return "SELECT " + eventColumns + " FROM events_@ WHERE " + cond + " AND " + r.projects + " LIMIT ?"
}

// eventsOf reads the events of a day that meet a condition, those not read yet.
func (r *traceReader) eventsOf(day int64, cond string, arg any) error {
	return r.c.query(in(day, r.eventsSQL(cond)), []any{arg, int64(maxTraceEvents - len(r.trace.Events))}, func(s *sqlite3.Stmt) error {
		row := scanEvent(s, day)
		key := eventKey{row.Project, row.ID}
		if r.ids[key] {
			return nil
		}
		r.ids[key] = true
		if row.Kind == model.KindTransaction {
			r.sent[row.at] = row.ID
		}
		r.trace.Events = append(r.trace.Events, row.EventSummary)
		e, err := row.fact()
		r.events = append(r.events, e)
		return err
	})
}

// order puts together what was read, and brings it into order.
func (r *traceReader) order() error {
	r.assemble()
	roots, err := r.c.roots()
	if err != nil {
		return err
	}
	roots.inEvents(r.trace.Events)
	r.trace.Spans = byTime(r.trace.Spans, func(s *store.SpanRecord) time.Time { return s.Start })
	r.trace.Events = byTime(r.trace.Events, func(e *store.EventSummary) time.Time { return e.Timestamp })
	return nil
}

// byTime returns a list in the order of its times. To sort it in place would move each of
// its large records many times.
func byTime[T any](list []T, when func(*T) time.Time) []T {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(when(&list[a]).Compare(when(&list[b])), cmp.Compare(a, b)) })
	out := make([]T, len(list))
	for i, at := range order {
		out[i] = list[at]
	}
	return out
}

// assemble tells the spans whose they are and what they mean: their rows hold only
// what they say of themselves. Events were told when they were written.
func (r *traceReader) assemble() {
	type part struct {
		project model.ProjectID
		trace   model.TraceID
	}
	about := map[part]bool{}
	batches := map[model.ProjectID]*model.Batch{}
	for i := range r.trace.Spans {
		s := &r.trace.Spans[i]
		s.Event = r.sent[r.facts[i].at]
		if r.facts[i].about && !about[part{s.Project, s.Trace}] {
			about[part{s.Project, s.Trace}] = true
			batches[s.Project] = &model.Batch{Spans: make([]model.Span, 0, len(r.trace.Spans))}
		}
	}
	for project, b := range batches {
		places := make([]int, 0, len(r.trace.Spans))
		for i := range r.trace.Spans {
			if s := &r.trace.Spans[i]; s.Project == project && about[part{project, s.Trace}] {
				b.Spans = append(b.Spans, s.Span)
				places = append(places, i)
			}
		}
		for i := range r.events {
			if r.trace.Events[i].Project == project {
				b.Events = append(b.Events, r.events[i])
			}
		}
		agent.Label(b)
		for i, place := range places {
			r.trace.Spans[place].Span = b.Spans[i]
		}
	}
}

// payload returns the index that a payload will have; -1 for none, and for what
// would be too much to be read at once.
func (r *traceReader) payload(at pointer) int {
	if at.length == 0 {
		return -1
	}
	i, known := r.payloads[at]
	if !known {
		if !r.later && r.size+at.length > maxTracePayloads {
			return -1
		}
		i = len(r.payloads)
		r.payloads[at] = i
		r.size += at.length
	}
	return i
}
