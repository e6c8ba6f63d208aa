package sentryapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
)

// span is a node of a trace's tree.
type span struct {
	EventID       string                     `json:"event_id"` // the span's id, as Sentry names spans in trees
	SpanID        string                     `json:"span_id"`
	EventType     string                     `json:"event_type"`
	TransactionID string                     `json:"transaction_id"`
	ProjectID     int64                      `json:"project_id"`
	ProjectSlug   string                     `json:"project_slug"`
	ParentSpanID  *string                    `json:"parent_span_id"`
	Transaction   string                     `json:"transaction"`
	Start         float64                    `json:"start_timestamp"` // Unix seconds
	End           float64                    `json:"end_timestamp"`
	Duration      float64                    `json:"duration"` // milliseconds
	Op            string                     `json:"op"`
	Name          string                     `json:"name"`
	Description   string                     `json:"description"`
	Status        string                     `json:"status"`
	SDKName       string                     `json:"sdk_name"`
	IsTransaction bool                       `json:"is_transaction"`
	IsSegment     bool                       `json:"is_segment"`
	Measurements  struct{}                   `json:"measurements"`
	Attributes    map[string]json.RawMessage `json:"additional_attributes"`
	Children      []*span                    `json:"children"`
	Errors        []traceError               `json:"errors"`
	Occurrences   []struct{}                 `json:"occurrences"`
}

// traceError is an error where it happened in a trace.
type traceError struct {
	EventID     string  `json:"event_id"`
	EventType   string  `json:"event_type"`
	IssueID     int64   `json:"issue_id"`
	ProjectID   int64   `json:"project_id"`
	ProjectSlug string  `json:"project_slug"`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	Level       string  `json:"level"`
	Transaction string  `json:"transaction"`
	Timestamp   float64 `json:"start_timestamp"`
	Span        *string `json:"span_id"`
}

func (a *rest) readTrace(c *call) (*store.Trace, error) {
	id, err := model.ParseTraceID(c.PathValue("trace"))
	if err != nil {
		return nil, fmt.Errorf("%w: trace %.80q", model.ErrNotFound, c.PathValue("trace"))
	}
	in, err := a.scope(c)
	if err != nil {
		return nil, err
	}
	t, err := a.store.Trace(c.ctx(), in, id)
	if err != nil {
		return nil, fmt.Errorf("read trace %s: %w", id, err)
	}
	return t, nil
}

// trace answers the roots of a trace, with what hangs below them; errors whose span
// never came stand beside the roots.
func (a *rest) trace(c *call) (any, error) {
	t, err := a.readTrace(c)
	if err != nil {
		return nil, err
	}
	slugs, err := a.slugs(c)
	if err != nil {
		return nil, err
	}
	tree := newTree(t, slugs)
	out := []any{}
	for _, s := range tree.roots() {
		out = append(out, s)
	}
	for _, e := range tree.errors(t.Events) {
		out = append(out, e)
	}
	return out, nil
}

func (a *rest) slugs(c *call) (map[model.ProjectID]string, error) {
	all, err := a.store.Projects(c.ctx(), c.caller.In())
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	out := map[model.ProjectID]string{}
	for _, p := range all {
		out[p.ID] = p.Slug
	}
	return out, nil
}

// tree is the spans of a trace by their ids.
type tree struct {
	slugs   map[model.ProjectID]string
	records []store.SpanRecord
	spans   map[model.SpanID]*span
	parents map[model.SpanID]model.SpanID
	// transactions holds the event ids of the transactions, by their root spans.
	transactions map[model.SpanID]string
}

func newTree(t *store.Trace, slugs map[model.ProjectID]string) *tree {
	out := &tree{
		slugs: slugs, spans: map[model.SpanID]*span{}, parents: map[model.SpanID]model.SpanID{},
		transactions: map[model.SpanID]string{},
	}
	for _, e := range t.Events {
		if e.Kind == model.KindTransaction {
			out.transactions[e.Span] = e.ID.String()
		}
	}
	sent := sentSpans(t.Payloads)
	for i := range t.Spans {
		s := &t.Spans[i]
		if out.spans[s.ID] != nil {
			continue // two projects share an id: one node has to do
		}
		out.spans[s.ID], out.parents[s.ID] = out.spanOf(s, sent[s.ID]), s.Parent
		out.records = append(out.records, *s)
	}
	return out
}

// sentSpans reads the attributes of every span, once for each payload.
func sentSpans(payloads [][]byte) map[model.SpanID]map[string]json.RawMessage {
	out := map[model.SpanID]map[string]json.RawMessage{}
	for _, p := range payloads {
		all, err := sentry.DecodeSpans(p)
		if err != nil {
			continue // a payload without spans has no attributes to show
		}
		for _, s := range all {
			out[s.ID] = s.Attributes()
		}
	}
	return out
}

func (t *tree) spanOf(s *store.SpanRecord, attributes map[string]json.RawMessage) *span {
	if attributes == nil {
		attributes = map[string]json.RawMessage{}
	}
	out := &span{
		EventID: s.ID.String(), SpanID: s.ID.String(), EventType: "span",
		ProjectID: int64(s.Project), ProjectSlug: t.slugs[s.Project],
		Start: seconds(s.Start), End: seconds(s.Start.Add(s.Duration)), Duration: float64(s.Duration) / float64(time.Millisecond),
		Op: s.Op, Name: cmp.Or(s.Name, s.Op), Description: s.Name, Status: s.Status.String(), IsSegment: s.Segment,
		IsTransaction: s.Segment, Attributes: attributes, Children: []*span{}, Errors: []traceError{}, Occurrences: []struct{}{},
	}
	if !s.Parent.IsZero() {
		out.ParentSpanID = text(s.Parent.String())
	}
	return out
}

// deepest is how far a tree goes down. Real ones stay far above; it bounds what
// circles and made-up chains can do to those who walk it.
const deepest = 200

// roots hangs every span below its parent and returns those without one: parents
// may never have arrived. A span in a circle, or too far down, becomes a root.
func (t *tree) roots() []*span {
	var out []*span
	for i := range t.records {
		s := &t.records[i]
		if parent := t.spans[s.Parent]; parent != nil && t.depth(s) <= deepest {
			parent.Children = append(parent.Children, t.spans[s.ID])
		} else {
			out = append(out, t.spans[s.ID])
		}
	}
	for _, root := range out {
		t.name(root, "", "")
	}
	return out
}

// depth counts the spans above s, at most one more than deepest.
func (t *tree) depth(s *store.SpanRecord) int {
	n := 0
	for at := s.Parent; t.spans[at] != nil && n <= deepest; n++ {
		at = t.parents[at]
	}
	return n
}

// name gives every span the transaction that it belongs to: the nearest segment above it.
func (t *tree) name(s *span, transaction, id string) {
	if s.IsSegment {
		transaction, id = s.Name, s.SpanID
		if own, err := model.ParseSpanID(s.SpanID); err == nil {
			id = cmp.Or(t.transactions[own], id)
		}
	}
	s.Transaction, s.TransactionID = transaction, cmp.Or(id, s.SpanID)
	for _, child := range s.Children {
		t.name(child, transaction, id)
	}
}

// errors hangs the errors below their spans and returns those whose span is not there.
func (t *tree) errors(events []store.EventSummary) []traceError {
	var out []traceError
	for _, e := range events {
		if !slices.Contains(faults, e.Kind) {
			continue
		}
		x := traceError{
			EventID: e.ID.String(), EventType: "error", IssueID: int64(e.Issue), ProjectID: int64(e.Project),
			ProjectSlug: t.slugs[e.Project], Title: e.Title, Description: e.Title, Level: e.Level.String(),
			Transaction: e.Transaction, Timestamp: seconds(e.Timestamp),
		}
		if !e.Span.IsZero() {
			x.Span = text(e.Span.String())
		}
		if s := t.spans[e.Span]; s != nil {
			s.Errors = append(s.Errors, x)
		} else {
			out = append(out, x)
		}
	}
	return out
}
