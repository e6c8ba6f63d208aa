package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// projectErrors asks for the errors of a whole project over the last days.
var projectErrors = totalQuery{rollup.Project, rollup.Errors}

type totalQuery struct {
	kind    rollup.Kind
	counter rollup.Counter
}

// total sums a counter over the last four days.
func (f *fixture) total(t *testing.T, q totalQuery) int64 {
	t.Helper()
	return f.totalOf(t, q, nil)
}

// totalOf sums a counter of one name's.
func (f *fixture) totalOf(t *testing.T, q totalQuery, name *string) int64 {
	t.Helper()
	var sum int64
	err := f.Rollup(context.Background(), store.RollupQuery{In: f.scope(), Kind: q.kind, Name: name, From: Clock.Add(-96 * time.Hour), To: Clock.Add(time.Hour)},
		func(r store.RollupRow) error {
			sum += r.Counters.Get(q.counter)
			return nil
		})
	must(t, err)
	return sum
}

func rollupsAddUp(t *testing.T, f *fixture) {
	for h := range 72 {
		f.write(t, f.batch(f.event("A", Clock.Add(-time.Duration(h)*time.Hour))))
	}
	count := func(from, to time.Time, step time.Duration, environment string) (rows int, sum int64) {
		t.Helper()
		q := store.RollupQuery{In: f.scope(), Kind: rollup.Agent, Name: store.Only("refunds"), From: from, To: to, Step: step, Environment: environment}
		err := f.Rollup(context.Background(), q, func(r store.RollupRow) error {
			if r.Time.Before(from) || !r.Time.Before(to) {
				t.Errorf("row at %s is outside %s to %s", r.Time, from, to)
			}
			rows++
			sum += r.Counters.Get(rollup.Errors)
			return nil
		})
		must(t, err)
		return rows, sum
	}
	end := Clock.Add(time.Minute)
	for _, step := range []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour} {
		if _, sum := count(Clock.Truncate(24*time.Hour).Add(-48*time.Hour), end, step, ""); sum != 61 {
			t.Errorf("sum by %s = %d, want 61", step, sum)
		}
	}
	_, sum := count(Clock.Add(-90*time.Minute), end, 0, "")
	equal(t, "last 90 minutes", sum, 2)
	_, sum = count(Clock.Add(-90*time.Minute), end, 0, "staging")
	equal(t, "elsewhere", sum, 0)
}

// agentsAddUp compares what each agent did with what all of them did.
func agentsAddUp(t *testing.T, f *fixture) {
	agents := []string{"refunds", "sales", ""}
	for i, agent := range agents {
		e := f.event("A", Clock)
		e.Agent = model.Agent{ID: agent}
		b := f.batch(e)
		for id, kind := range []model.SpanKind{model.SpanModel, model.SpanTool, model.SpanPolicy} {
			s := span(byte(i+1), byte(id+1), 0, kind)
			s.Agent, s.Blob, s.Provider, s.Model, s.Tool = e.Agent, 0, "openai", "gpt-5", "lookup"
			if kind == model.SpanPolicy {
				s.Policy = model.Policy{Name: "spending", Verdict: model.VerdictDeny}
			}
			b.Spans = append(b.Spans, s)
		}
		b.SpanBlobs = []model.SpanBlob{{Payload: []byte(`{}`)}}
		f.write(t, b)
	}
	count := func(k rollup.Kind, agent *string) (n int64) {
		q := store.RollupQuery{In: f.scope(), Kind: k, Name: agent, From: Clock.Add(-time.Hour), To: Clock.Add(time.Hour)}
		must(t, f.Rollup(context.Background(), q, func(r store.RollupRow) error {
			n += r.Counters.Get(rollup.Calls) + r.Counters.Get(rollup.Errors)
			equal(t, "kind", r.Kind, k)
			if agent == nil {
				equal(t, "name of all", r.Name, "")
			}
			return nil
		}))
		return n
	}
	for _, k := range []rollup.Kind{rollup.ErrorType, rollup.Model, rollup.Tool, rollup.Policy} {
		equal(t, fmt.Sprintf("kind %d of all agents", k), count(k, nil), int64(len(agents)))
		equal(t, fmt.Sprintf("agents of kind %d apart", k), fmt.Sprintf("%q", names(t, f, k)), `["" "refunds" "sales"]`)
		for _, agent := range agents {
			equal(t, fmt.Sprintf("kind %d of agent %q", k, agent), count(k, &agent), 1)
		}
	}
}

// names returns whom the rows of a kind belong to when every agent is asked for, sorted.
func names(t *testing.T, f *fixture, k rollup.Kind) (list []string) {
	t.Helper()
	q := store.RollupQuery{In: f.scope(), Kind: k, Apart: true, From: Clock.Add(-time.Hour), To: Clock.Add(time.Hour)}
	must(t, f.Rollup(context.Background(), q, func(r store.RollupRow) error {
		list = append(list, r.Name)
		return nil
	}))
	slices.Sort(list)
	return slices.Compact(list)
}

// span returns a span of a trace.
func span(trace, id, parent byte, kind model.SpanKind) model.Span {
	s := model.Span{Trace: model.TraceID{trace}, ID: model.SpanID{id}, Start: Clock.Add(time.Duration(id) * time.Second), Duration: 2 * time.Second,
		Op: "gen_ai.chat", Name: "chat gpt", Status: model.StatusOK, Kind: kind, Release: "app@1.0.0", Environment: "production",
		Agent: model.Agent{ID: "refunds", Name: "Refunds"}, Execution: "x1", Conversation: "c1", Organization: "customer-1",
		User: model.User{ID: "u1"}, Blob: -1}
	if parent != 0 {
		s.Parent = model.SpanID{parent}
	}
	return s
}

// traced returns a batch with a transaction of two spans and a container of one.
func (f *fixture) traced() *model.Batch {
	e := f.event("", Clock.Add(5*time.Second))
	e.Kind, e.Hashes, e.Trace, e.Span, e.Started = model.KindTransaction, nil, model.TraceID{7}, model.SpanID{1}, Clock
	b := f.batch(e)
	root, call, tool := span(7, 1, 0, model.SpanAgent), span(7, 2, 1, model.SpanModel), span(7, 3, 1, model.SpanTool)
	root.Event, tool.Event = e.ID, e.ID
	call.Blob, call.Provider, call.Model = 0, "openai", "gpt-5"
	call.Usage = model.Usage{Input: 100, Output: 20, CacheRead: 30, CacheWrite: 4, Reasoning: 5}
	call.Cost = model.Cost{Nanos: 123456789, Pricing: model.Priced}
	tool.Tool, tool.Status, tool.ErrorType = "lookup", model.StatusInternalError, "timeout"
	b.Spans = []model.Span{root, call, tool}
	b.SpanBlobs = []model.SpanBlob{{Payload: []byte(`{"items":["the container"]}`)}}
	b.Executions = []model.Execution{{ID: "x1", Trace: model.TraceID{7}, Span: model.SpanID{1}, Agent: root.Agent, Start: Clock, Duration: 5 * time.Second,
		Ended: true, Outcome: model.OutcomeError, Reason: "timeout", Usage: call.Usage, Cost: call.Cost, ModelCalls: 1, ToolCalls: 1, ToolErrors: 1}}
	return b
}

func tracesJoin(t *testing.T, f *fixture) {
	b := f.traced()
	f.write(t, b)
	failing := f.event("Late", Clock.Add(26*time.Hour))
	failing.Trace = model.TraceID{7}
	f.write(t, f.batch(failing))
	trace, err := f.Trace(context.Background(), f.scope(), model.TraceID{7})
	must(t, err)
	if len(trace.Spans) != 3 || len(trace.Events) != 2 {
		t.Fatalf("trace has %d spans and %d events, want 3 and 2", len(trace.Spans), len(trace.Events))
	}
	for i, s := range trace.Spans {
		want := b.Spans[i]
		want.Event, want.Blob = model.EventID{}, -1
		want.Attributes = nil
		s.Attributes = nil
		if got := s.Span; !sameSpan(got, want) {
			t.Errorf("span %d = %+v, want %+v", i, got, want)
		}
	}
	equal(t, "container", string(trace.Payloads[trace.Spans[1].Payload]), string(b.SpanBlobs[0].Payload))
	equal(t, "transaction", string(trace.Payloads[trace.Spans[2].Payload]), string(b.Events[0].Payload))
	if _, err := f.Trace(context.Background(), f.scope(), model.TraceID{8}); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("unknown trace: %v, want not found", err)
	}
}

func sameSpan(a, b model.Span) bool {
	return a.Trace == b.Trace && a.ID == b.ID && a.Parent == b.Parent && a.Start.Equal(b.Start) && a.Duration == b.Duration && a.Op == b.Op &&
		a.Name == b.Name && a.Status == b.Status && a.Kind == b.Kind && a.Release == b.Release && a.Environment == b.Environment &&
		a.Agent == b.Agent && a.Execution == b.Execution && a.Conversation == b.Conversation && a.Organization == b.Organization &&
		a.User == b.User && a.Provider == b.Provider && a.Model == b.Model && a.Tool == b.Tool && a.ErrorType == b.ErrorType &&
		a.Policy == b.Policy && a.Usage == b.Usage && a.Cost == b.Cost
}

func replayChangesNothing(t *testing.T, f *fixture) {
	b := f.traced()
	for range 3 {
		f.write(t, b)
	}
	equal(t, "transactions", f.total(t, totalQuery{rollup.Project, rollup.Transactions}), 1)
	equal(t, "model calls", f.total(t, totalQuery{rollup.Agent, rollup.ModelCalls}), 1)
	equal(t, "cost", f.total(t, totalQuery{rollup.Model, rollup.CostNanos}), 123456789)
	equal(t, "tool errors", f.total(t, totalQuery{rollup.Tool, rollup.CallErrors}), 1)
	equal(t, "executions", f.total(t, totalQuery{rollup.Agent, rollup.Executions}), 1)
	equal(t, "failed cost", f.total(t, totalQuery{rollup.Agent, rollup.FailedCostNanos}), 123456789)
	page, err := f.Executions(context.Background(), store.ExecutionQuery{In: f.scope()})
	must(t, err)
	equal(t, "executions stored", len(page.Executions), 1)
	equal(t, "tokens", page.Executions[0].Usage.Input, 100)
}

func shiftedTraces(t *testing.T, f *fixture) {
	b := f.traced()
	f.write(t, b)
	again := f.traced()
	again.Events[0].ID, again.Events[0].Shifted = b.Events[0].ID, true
	again.Spans = again.Spans[:1:1]
	again.Spans[0].Event = b.Events[0].ID
	again.SpanBlobs = nil
	const days = -40 * time.Hour
	again.Events[0].Timestamp, again.Spans[0].Start = b.Events[0].Timestamp.Add(days), b.Spans[0].Start.Add(days)
	f.write(t, again)
	trace, err := f.Trace(context.Background(), f.scope(), model.TraceID{7})
	must(t, err)
	equal(t, "spans", len(trace.Spans), 3)
	page, err := f.Executions(context.Background(), store.ExecutionQuery{In: f.scope()})
	must(t, err)
	equal(t, "tokens", page.Executions[0].Usage.Input, 100)
}

func logsComeBack(t *testing.T, f *fixture) {
	b := f.batch()
	for n := range 7 {
		b.Logs = append(b.Logs, model.Log{Timestamp: Clock.Add(time.Duration(n-7) * 10 * time.Hour), Trace: model.TraceID{byte(1 + n%2)}, Level: model.LevelWarning,
			Body: "line", Release: "r", Environment: "e", Agent: "a", Payload: []byte{'{', byte('0' + n), '}'}})
	}
	f.write(t, b)
	q := store.LogQuery{In: f.scope(), Page: store.Page{Limit: 3}}
	var got []byte
	for {
		page, err := f.Logs(context.Background(), q)
		must(t, err)
		for _, l := range page.Logs {
			got = append(got, l.Payload[1])
		}
		if q.Page.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if !bytes.Equal(got, []byte("6543210")) {
		t.Errorf("logs = %q, newest first", got)
	}
	page, err := f.Logs(context.Background(), store.LogQuery{In: f.scope(), Trace: model.TraceID{2}})
	must(t, err)
	equal(t, "logs of the trace", len(page.Logs), 3)
}

func attachmentsComeBack(t *testing.T, f *fixture) {
	ctx := context.Background()
	b := f.batch()
	id := model.NewEventID()
	b.Attachments = []model.Attachment{{Event: id, Name: "a.txt", ContentType: "text/plain", Type: "event.attachment", Data: []byte("hello")},
		{Event: id, Name: "empty", Data: nil}}
	f.write(t, b)
	f.write(t, b) // the same files again
	list, err := f.Attachments(ctx, f.scope(), id)
	must(t, err)
	if len(list) != 2 {
		t.Fatalf("%d attachments, want 2", len(list))
	}
	equal(t, "size", list[0].Size, 5)
	a, err := f.Attachment(ctx, f.scope(), id, list[0].ID)
	must(t, err)
	equal(t, "data", string(a.Data), "hello")
	equal(t, "content type", a.ContentType, "text/plain")
	if _, err := f.Attachment(ctx, f.scope(), model.NewEventID(), list[0].ID); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("attachment of another event: %v, want not found", err)
	}
}

func checkInsSettle(t *testing.T, f *fixture) {
	ctx := context.Background()
	first, second := model.NewEventID(), model.NewEventID()
	for _, c := range []model.CheckIn{
		{ID: first, Monitor: "nightly", Status: "ok", Timestamp: Clock.Add(time.Minute)}, // the end overtook
		{ID: first, Monitor: "nightly", Status: "in_progress", Timestamp: Clock, Config: []byte(`{"schedule":{}}`)},
		{ID: second, Monitor: "nightly", Status: "in_progress", Timestamp: Clock.Add(2 * time.Minute)},
		{Monitor: "nightly", Status: "error", Timestamp: Clock.Add(3 * time.Minute), Duration: time.Second}, // "the latest that runs"
	} {
		b := f.batch()
		b.CheckIns = []model.CheckIn{c}
		f.write(t, b)
	}
	page, err := f.CheckIns(ctx, f.scope(), "nightly", store.Page{})
	must(t, err)
	if len(page.CheckIns) != 2 {
		t.Fatalf("%d check-ins, want 2: %+v", len(page.CheckIns), page.CheckIns)
	}
	equal(t, "second", page.CheckIns[0].Status, "error")
	equal(t, "second's duration", page.CheckIns[0].Duration, time.Second)
	equal(t, "first", page.CheckIns[1].Status, "ok")
	monitors, err := f.Monitors(ctx, f.scope())
	must(t, err)
	equal(t, "monitors", len(monitors), 1)
	equal(t, "config", string(monitors[0].Config), `{"schedule":{}}`)
	equal(t, "status", monitors[0].Status, "error")
}

func sessionsMove(t *testing.T, f *fixture) {
	send := func(s model.Session) {
		s.Release, s.Environment, s.Started = "app@1.0.0", "production", Clock
		b := f.batch()
		b.Sessions = []model.Session{s}
		f.write(t, b)
	}
	send(model.Session{Exited: 8, Errored: 2, Crashed: 1})
	send(model.Session{SID: "s1", Seq: 1, Init: true, Status: "ok"})
	send(model.Session{SID: "s1", Seq: 2, Status: "ok", ErrorCount: 1})
	send(model.Session{SID: "s1", Seq: 3, Status: "crashed", ErrorCount: 1})
	send(model.Session{SID: "s1", Seq: 4, Status: "exited"})         // how it ended is final
	send(model.Session{SID: "s2", Seq: 2, Status: "exited"})         // the end first,
	send(model.Session{SID: "s2", Seq: 1, Init: true, Status: "ok"}) // the start overtaken
	counts, err := f.SessionCounts(context.Background(), store.SessionQuery{In: f.scope(), Release: "app@1.0.0"})
	must(t, err)
	want := store.SessionCount{Project: f.project.ID, Minute: Clock, Release: "app@1.0.0", Environment: "production", Total: 13, Exited: 9, Errored: 2, Crashed: 2}
	if len(counts) != 1 || counts[0] != want {
		t.Errorf("counts = %+v, want %+v", counts, want)
	}
}

func discardsCounted(t *testing.T, f *fixture) {
	b := f.batch()
	b.Discards = []model.Discard{{Category: "replay", Reason: "not_stored", Source: "server", Quantity: 3}, {Category: "error", Reason: "sample_rate", Source: "client", Quantity: 4}}
	f.write(t, b)
	f.write(t, b)
	equal(t, "discards", f.total(t, totalQuery{rollup.Discarded, rollup.Quantity}), 14)
}

func tokens(t *testing.T, f *fixture) {
	ctx := context.Background()
	secret, err := f.CreateToken(ctx, f.scope(), "ci", []string{"event:read", "org:read"})
	must(t, err)
	token, err := f.Token(ctx, secret)
	must(t, err)
	equal(t, "org", token.Org, f.org.ID)
	equal(t, "scopes", len(token.Scopes), 2)
	if _, err := f.Token(ctx, secret+"0"); !errors.Is(err, model.ErrUnauthorized) {
		t.Errorf("wrong token: %v, want unauthorized", err)
	}
	keys, err := f.Keys(ctx, f.scope(), f.project.ID)
	must(t, err)
	key, err := f.Key(ctx, keys[0].Public)
	must(t, err)
	equal(t, "key's project", key.Project, f.project.ID)
	must(t, f.LimitKey(ctx, f.scope(), key.ID, false, 60))
	key, err = f.Key(ctx, keys[0].Public)
	must(t, err)
	equal(t, "enabled", key.Enabled, false)
	equal(t, "per minute", key.PerMinute, 60)
	if _, err := f.CreateProject(ctx, f.scope(), f.project.Slug, "", ""); !errors.Is(err, model.ErrConflict) {
		t.Errorf("a taken slug: %v, want conflict", err)
	}
	if _, err := f.CreateOrganization(ctx, "No Spaces", ""); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("a bad slug: %v, want invalid", err)
	}
}

// projectsBegin: whatever comes first begins a project, and counts of what was refused do not.
func projectsBegin(t *testing.T, f *fixture) {
	begun := func() time.Time {
		t.Helper()
		all, err := f.Projects(context.Background(), f.scope())
		must(t, err)
		return all[0].FirstEvent
	}
	refused := f.batch()
	refused.Discards = []model.Discard{{Category: "error", Reason: "rate_limited", Source: "server", Quantity: 1}}
	f.write(t, refused)
	if got := begun(); !got.IsZero() {
		t.Errorf("begun at %s by what was refused", got)
	}
	for i := range 2 { // the second one changes nothing
		b := f.batch()
		b.Received = b.Received.Add(time.Duration(i+1) * time.Minute)
		b.Logs = []model.Log{{Timestamp: Clock, Level: model.LevelInfo, Body: "hello"}}
		f.write(t, b)
		if got := begun(); !got.Equal(f.batch().Received.Add(time.Minute)) {
			t.Errorf("begun at %s", got)
		}
	}
}
