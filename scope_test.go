package picket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// TestIsolation lets a thousand requests stand in their handlers at the same time, and
// looks whether a value of one shows in what is reported of another.
func TestIsolation(t *testing.T) {
	t.Parallel()
	const requests = 1000
	_, c, m := testClient(t, Options{BufferBytes: 1 << 30})
	var all sync.WaitGroup // stand in their handlers
	all.Add(requests)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /agents/{agent}/runs/{n}", func(w http.ResponseWriter, r *http.Request) {
		all.Done()
		all.Wait()
		crowd(r.Context(), r.PathValue("n"))
		w.WriteHeader(http.StatusInternalServerError)
	})
	h := c.Middleware(MiddlewareOptions{
		User:           func(r *http.Request) User { return User{ID: "user-" + r.Header.Get("N")} },
		Organization:   func(r *http.Request) Organization { return Organization{ID: "org-" + r.Header.Get("N")} },
		AgentPathValue: "agent",
	})(mux)
	var done sync.WaitGroup
	for i := range requests {
		done.Go(func() {
			r := httptest.NewRequest("POST", fmt.Sprintf("/agents/agent-%d/runs/%d?path=path-%d", i, i, i), nil)
			r.Header.Set("N", fmt.Sprint(i))
			h.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
	done.Wait()
	flush(t, c)
	f := func(kind string, each int, marks ...string) {
		t.Helper()
		payloads := m.payloads(kind)
		if len(payloads) != each*requests {
			t.Errorf("%d × %s, want %d", len(payloads), kind, each*requests)
		}
		for _, b := range payloads {
			checkMarks(t, b, marks)
		}
	}
	f(wire.ItemEvent, 4, "user", "org", "agent", "crumb", "tag", "path")
	f(wire.ItemTransaction, 1, "user", "org", "agent", "tag", "path")
	spans := 0
	for _, b := range m.payloads(wire.ItemSpan) { // one for each execution, or two where it took long
		checkMarks(t, b, []string{"user", "org", "agent", "tag", "run", "talk"})
		spans += bytes.Count(b, []byte(`"is_segment"`))
	}
	if spans != 2*requests {
		t.Errorf("%d spans, want %d", spans, 2*requests)
	}
	if s := c.Stats(); len(s.Dropped) > 0 {
		t.Errorf("dropped: %v", s.Dropped)
	}
}

// payloads returns the payloads of all items of a type, as they came.
func (m *mailbox) payloads(typ string) (list [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.envelopes {
		for _, item := range e.Items {
			if item.Type == typ {
				list = append(list, item.Payload)
			}
		}
	}
	return list
}

// crowd does everything that a scope is for, with values that only the n-th request has.
func crowd(ctx context.Context, n string) {
	SetTag(ctx, "tag", "tag-"+n)
	AddBreadcrumb(ctx, Breadcrumb{Message: "crumb-" + n})
	var side sync.WaitGroup
	side.Add(1)
	Go(ctx, func(ctx context.Context) {
		defer side.Done()
		SetUser(ctx, User{ID: "user-" + n, Email: "side@example.com"})
		AddBreadcrumb(ctx, Breadcrumb{Message: "side-" + n})
		CaptureException(ctx, errors.New("side-"+n))
	})
	run, x := StartExecution(ctx, Agent{ID: "agent-" + n, Name: "Agent"}, ExecutionID("run-"+n), Conversation("talk-"+n))
	step, s := StartSpan(WithExtra(run, slog.String("extra", "extra-"+n)), "function", "step-"+n)
	CaptureException(step, errors.New("boom-"+n))
	s.End()
	x.End(errors.New("run-" + n))
	sentry.GetHubFromContext(ctx).CaptureMessage("hub-" + n)
	side.Wait()
}

// checkMarks looks whether all values NAME-N in a payload are of one request, and whether
// those with the names are there.
func checkMarks(t *testing.T, payload []byte, names []string) {
	t.Helper()
	n, found := "", map[string]bool{}
	for rest := payload; ; {
		name, after, ok := bytes.Cut(rest, []byte{'-'})
		if !ok {
			break
		}
		name = name[bytes.LastIndexFunc(name, func(r rune) bool { return r < 'a' || r > 'z' })+1:]
		digits := after[:len(after)-len(bytes.TrimLeft(after, "0123456789"))]
		rest = after
		if len(digits) == 0 || !strings.Contains(" user org agent crumb tag extra run talk step boom side hub path ", " "+string(name)+" ") {
			continue
		}
		if n == "" {
			n = string(digits)
		}
		if found[string(name)] = true; string(digits) != n {
			t.Fatalf("%s-%s stands in what is of request %s:\n%s", name, digits, n, payload)
		}
	}
	for _, name := range names {
		if !found[name] {
			t.Fatalf("no %s in what is of request %s:\n%s", name, n, payload)
		}
	}
}

// told captures a message in ctx and returns its event.
func told(t *testing.T, ctx context.Context, c *Client, m *mailbox) object {
	t.Helper()
	id := CaptureMessage(ctx, LevelInfo, "here")
	flush(t, c)
	for _, ev := range m.items(t, wire.ItemEvent) {
		if ev["event_id"] == string(id) {
			return ev
		}
	}
	t.Fatalf("event %q did not arrive", id)
	return nil
}

func TestWith(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{Tags: map[string]string{"region": "eu", "tier": "base"}})
	capabilities := []string{"refund"}
	inner := WithUser(ctx, User{ID: "u", Email: "u@example.com", Name: "U", IP: "192.0.2.1"})
	inner = WithOrganization(inner, Organization{ID: "o", Name: "Acme", Tier: "pro"})
	inner = WithAgent(inner, Agent{ID: "a", Name: "A", Framework: "eino", Version: "3", Capabilities: capabilities})
	inner = WithConversation(inner, "talk")
	inner = WithTag(WithTag(inner, "tier", "first"), "tier", "second")
	inner = WithExtra(inner, slog.Int("rows", 3))
	capabilities[0] = "changed"
	ev := told(t, inner, c, m)
	f := func(want any, path ...string) {
		t.Helper()
		if got := at(ev, path...); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s = %v, want %v", strings.Join(path, "."), got, want)
		}
	}
	f(object{"id": "u", "email": "u@example.com", "name": "U"}, "user")
	f(object{"id": "o", "name": "Acme", "tier": "pro"}, "contexts", "organization")
	f(object{"id": "a", "name": "A", "framework": "eino", "version": "3", "capabilities": []any{"refund"}}, "contexts", "agent")
	f(object{"rows": 3.0}, "contexts", "extra")
	f("a", "tags", wire.TagAgentID)
	f("eino", "tags", wire.TagAgentFramework)
	f("o", "tags", wire.TagOrganizationID)
	f("talk", "tags", wire.TagConversationID)
	f("second", "tags", "tier")
	f("eu", "tags", "region")
	_ = WithTag(inner, "tier", "third")
	SetTag(NewContext(inner, c), "tier", "fourth")
	ev = told(t, inner, c, m)
	f("second", "tags", "tier")
	ev = told(t, ctx, c, m)
	f(nil, "user")
	f(nil, "contexts", "agent")
	f(nil, "contexts", "extra")
	f("base", "tags", "tier")
}

func TestSet(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	outer := NewContext(ctx, c)
	inner := WithTag(outer, "deep", "yes")
	run, x := StartExecution(outer, Agent{ID: "runner"})
	user := func(ctx context.Context) any { return at(told(t, ctx, c, m), "user", "id") }
	SetUser(inner, User{ID: "u"})
	f := func(got, want any, what string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	f(user(inner), "u", "where it was set")
	f(user(outer), "u", "in the context around that")
	f(user(ctx), nil, "outside of that scope")
	f(user(run), nil, "in an execution that began before")
	SetUser(run, User{ID: "other"})
	f(user(run), "other", "in the execution")
	f(user(outer), "u", "around the execution")
	SetOrganization(inner, Organization{ID: "o"})
	SetAgent(inner, Agent{ID: "a"})
	SetTag(inner, "k", "v")
	ev := told(t, outer, c, m)
	f(at(ev, "contexts", "organization", "id"), "o", "organization")
	f(at(ev, "tags", wire.TagAgentID), "a", "agent")
	f(at(ev, "tags", "k"), "v", "tag")
	f(at(ev, "tags", "deep"), nil, "tag of the inner context")
	x.End(nil)
}

func TestTrails(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{MaxBreadcrumbs: 3})
	leave := func(ctx context.Context, text string) { AddBreadcrumb(ctx, Breadcrumb{Message: text}) }
	f := func(ctx context.Context, want ...string) {
		t.Helper()
		var got []string
		list, _ := at(told(t, ctx, c, m), "breadcrumbs", "values").([]any)
		for _, b := range list {
			got = append(got, at(b, "message").(string))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("trail = %v, want %v", got, want)
		}
	}
	f(ctx)
	leave(ctx, "1")
	fork := NewContext(ctx, c)
	leave(fork, "a")
	leave(ctx, "2")
	f(ctx, "1", "2")
	f(fork, "1", "a")
	leave(WithTag(ctx, "k", "v"), "3") // the same trail
	leave(ctx, "4")
	f(ctx, "2", "3", "4")
	leave(ctx, "5")
	again := NewContext(ctx, c)
	leave(again, "b")
	f(again, "4", "5", "b")
	f(ctx, "3", "4", "5")
}

func TestBreadcrumb(t *testing.T) {
	t.Parallel()
	data := []Attr{slog.String("password", "hunter22"), slog.String("tool", "search")}
	ctx, c, m := testClient(t, Options{BeforeBreadcrumb: func(b *Breadcrumb) bool {
		switch b.Message {
		case "drop":
			return false
		case "panic":
			panic("no")
		case "change":
			b.Message = "changed"
		}
		return true
	}})
	for _, text := range []string{"drop", "panic", "change"} {
		AddBreadcrumb(ctx, Breadcrumb{Message: text})
	}
	AddBreadcrumb(ctx, Breadcrumb{Category: CrumbTool, Level: LevelWarning, Type: "info", Message: "token=sk-abcdefghijklmnopqrstuvwxyz123456", Data: data})
	data[1] = slog.String("tool", "later")
	list := at(told(t, ctx, c, m), "breadcrumbs", "values").([]any)
	if len(list) != 3 || at(list[0], "message") != "panic" || at(list[1], "message") != "changed" || at(list[1], "level") != "info" {
		t.Fatalf("breadcrumbs = %v", list)
	}
	f := func(want any, path ...string) {
		t.Helper()
		if got := at(list[2], path...); got != want {
			t.Errorf("%v = %v, want %v", path, got, want)
		}
	}
	f("token=[Filtered]", "message")
	f("tool", "category")
	f("warning", "level")
	f("info", "type")
	f("[Filtered]", "data", "password")
	f("search", "data", "tool")
}

func TestBreadcrumbsOff(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{MaxBreadcrumbs: -1})
	AddBreadcrumb(ctx, Breadcrumb{Message: "x"})
	if got := at(told(t, ctx, c, m), "breadcrumbs"); got != nil {
		t.Errorf("breadcrumbs = %v", got)
	}
}

// TestErrorAfter captures errors behind an execution and behind a request: they are of
// neither's trace.
func TestErrorAfter(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	trace := func(ctx context.Context) any { return at(told(t, ctx, c, m), "contexts", "trace", "trace_id") }
	run, x := StartExecution(ctx, Agent{ID: "a"})
	inside := trace(run)
	x.End(nil)
	var handled any
	h := c.Middleware(MiddlewareOptions{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { handled = trace(r.Context()) }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	job, s := StartTransaction(ctx, "job", "nightly")
	worked := trace(job)
	s.End()
	after := trace(ctx)
	seen := map[any]bool{}
	for _, id := range []any{inside, handled, worked, after} {
		if id == nil || seen[id] {
			t.Errorf("traces %v, %v, %v and %v are not four", inside, handled, worked, after)
		}
		seen[id] = true
	}
	if id := trace(c.base); id == trace(c.base) {
		t.Errorf("two errors outside of every scope share the trace %v", id)
	}
	for _, ctx := range []context.Context{ctx, c.base} {
		if x := at(told(t, ctx, c, m), "tags", wire.TagExecutionID); x != nil {
			t.Errorf("an error behind the execution is of execution %v", x)
		}
	}
}

func TestNilContext(t *testing.T) {
	t.Parallel()
	//lint:file-ignore SA1012 that is what is tested
	var none context.Context
	AddBreadcrumb(none, Breadcrumb{})
	SetUser(none, User{})
	if ctx := NewContext(context.Background(), nil); ctx != context.Background() {
		t.Error("a nil client changed the context")
	}
	ctx, s := StartSpan(none, "op", "name")
	if ctx == nil {
		t.Error("no context")
	}
	s.End()
	_, c, _ := testClient(t, Options{})
	if nodeOf(NewContext(none, c)) == nil {
		t.Error("no scope")
	}
}
