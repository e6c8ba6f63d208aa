package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

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
	policy, verdict, reason, input, output, cache_read, cache_write, reasoning, cost, pricing`

func scanSpan(s *sqlite3.Stmt, day int64) (store.SpanRecord, pointer) {
	r := store.SpanRecord{Project: model.ProjectID(s.ColumnInt64(2)), Payload: -1, Span: model.Span{
		Trace: traceID(s, 0), ID: spanID(s, 1), Parent: spanID(s, 3),
		Start: instant(s.ColumnInt64(4)), Duration: time.Duration(s.ColumnInt64(5)) * time.Microsecond,
		Op: s.ColumnText(6), Name: s.ColumnText(7), Status: model.SpanStatus(s.ColumnInt(8)), Kind: model.SpanKind(s.ColumnInt(9)),
		Segment: s.ColumnBool(10), Release: s.ColumnText(11), Environment: s.ColumnText(12), User: userOf(s.ColumnText(13)),
		Agent:     model.Agent{ID: s.ColumnText(14), Name: s.ColumnText(15)},
		Execution: s.ColumnText(16), Conversation: s.ColumnText(17), Organization: s.ColumnText(18), Blob: -1,
		Provider: s.ColumnText(22), Model: s.ColumnText(23), Tool: s.ColumnText(24), ErrorType: s.ColumnText(25),
		Policy: model.Policy{Name: s.ColumnText(26), Verdict: model.Verdict(s.ColumnInt(27)), Reason: s.ColumnText(28)},
		Usage: model.Usage{Input: s.ColumnInt64(29), Output: s.ColumnInt64(30), CacheRead: s.ColumnInt64(31),
			CacheWrite: s.ColumnInt64(32), Reasoning: s.ColumnInt64(33)},
		Cost: model.Cost{Nanos: s.ColumnInt64(34), Pricing: model.Pricing(s.ColumnInt(35))},
	}}
	return r, unpackBlock(s.ColumnInt64(19), day, s.ColumnInt64(20), s.ColumnInt64(21))
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
		r := traceReader{db: db, c: c, trace: out, projects: oneOf("project", projects), payloads: map[pointer]int{}}
		if err := db.eachDay(time.Time{}, time.Time{}, r.day); err != nil {
			return err
		}
		return r.load()
	})
	if err != nil {
		return nil, err
	}
	if len(out.Spans)+len(out.Events) == 0 {
		return nil, fmt.Errorf("trace %s: %w", id, model.ErrNotFound)
	}
	slices.SortStableFunc(out.Spans, func(a, b store.SpanRecord) int { return a.Start.Compare(b.Start) })
	slices.SortStableFunc(out.Events, func(a, b store.EventSummary) int { return a.Timestamp.Compare(b.Timestamp) })
	return out, nil
}

// traceReader gathers a trace's rows and, afterwards, the payloads they point to.
type traceReader struct {
	db       *DB
	c        *conn
	trace    *store.Trace
	projects string
	payloads map[pointer]int
	size     int64 // of the payloads
}

func (r *traceReader) day(day int64) error {
	err := r.c.bind(in(day, "SELECT "+spanColumns+" FROM spans_@ WHERE trace = ? AND "+r.projects+" LIMIT ?")).
		blob(r.trace.ID[:]).int(int64(maxTraceSpans - len(r.trace.Spans))).
		each(func(s *sqlite3.Stmt) error {
			span, at := scanSpan(s, day)
			span.Payload = r.payload(at)
			r.trace.Spans = append(r.trace.Spans, span)
			return nil
		})
	if err != nil {
		return err
	}
	return r.c.bind(in(day, "SELECT "+eventColumns+" FROM events_@ WHERE trace = ? AND "+r.projects+" LIMIT ?")).
		blob(r.trace.ID[:]).int(int64(maxTraceEvents - len(r.trace.Events))).
		each(func(s *sqlite3.Stmt) error {
			r.trace.Events = append(r.trace.Events, scanEvent(s, day).EventSummary)
			return nil
		})
}

// payload returns the index that a payload will have; -1 for none, and for what
// would be too much.
func (r *traceReader) payload(at pointer) int {
	if at.length == 0 {
		return -1
	}
	i, known := r.payloads[at]
	if !known {
		if r.size+at.length > maxTracePayloads {
			return -1
		}
		i = len(r.payloads)
		r.payloads[at] = i
		r.size += at.length
	}
	return i
}

func (r *traceReader) load() error {
	r.trace.Payloads = make([][]byte, len(r.payloads))
	// In the order they stand, so that each block is unpacked once.
	for _, at := range slices.SortedFunc(maps.Keys(r.payloads), comparePointers) {
		data, err := r.c.payload(r.db, at)
		if err != nil {
			return err
		}
		r.trace.Payloads[r.payloads[at]] = data
	}
	return nil
}

func comparePointers(a, b pointer) int {
	return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.block, b.block), cmp.Compare(a.offset, b.offset))
}
