package agent

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

var trace = model.TraceID{1}

// at makes a span that begins some seconds after noon and lasts ten.
func at(second int, id, parent byte, op string, pairs ...string) model.Span {
	s := model.Span{Trace: trace, ID: model.SpanID{id}, Start: noon.Add(time.Duration(second) * time.Second),
		Duration: 10 * time.Second, Op: op, Status: model.StatusOK, Blob: -1, Attributes: attributes(pairs...)}
	if parent != 0 {
		s.Parent = model.SpanID{parent}
	}
	return s
}

func lasting(d time.Duration, s model.Span) model.Span { s.Duration = d; return s }

func enrich(events []model.Event, spans ...model.Span) *model.Batch {
	b := &model.Batch{Events: events, Spans: spans}
	Enrich(b)
	return b
}

// owners tells agent and execution of every span by id.
func owners(b *model.Batch) map[byte]string {
	m := map[byte]string{}
	for i := range b.Spans {
		m[b.Spans[i].ID[0]] = b.Spans[i].Agent.ID + " " + b.Spans[i].Execution
	}
	return m
}

const derived1 = "01000000000000000000000000000000-0100000000000000"

func TestInherit(t *testing.T) {
	t.Parallel()
	f := func(b *model.Batch, want map[byte]string) {
		t.Helper()
		if got := owners(b); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
	minute := func(s model.Span) model.Span { return lasting(time.Minute, s) }
	// Whatever stands below an agent is its own; what stands above or beside is not.
	f(enrich(nil,
		minute(at(0, 9, 0, "http.server")),
		at(1, 8, 9, "db"),
		minute(at(2, 1, 9, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing")),
		at(3, 2, 1, "gen_ai.chat"),
		at(4, 3, 2, "http.client"),
	), map[byte]string{9: " ", 8: " ", 1: "Billing " + derived1, 2: "Billing " + derived1, 3: "Billing " + derived1})

	// A sub-agent has its own name and its parent's execution, unless it names one.
	f(enrich(nil,
		minute(at(0, 1, 0, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing", "picket.execution.id", "e1")),
		at(1, 2, 1, "gen_ai.invoke_agent", "gen_ai.agent.name", "Search"),
		at(2, 3, 2, "gen_ai.chat"),
		at(3, 4, 1, "gen_ai.invoke_agent", "gen_ai.agent.name", "Mail", "picket.execution.id", "e2"),
		at(4, 5, 4, "gen_ai.chat"),
		at(5, 6, 1, "gen_ai.chat", "gen_ai.agent.name", "Elsewhere"),
	), map[byte]string{1: "Billing e1", 2: "Search e1", 3: "Search e1", 4: "Mail e2", 5: "Mail e2", 6: "Elsewhere e1"})

	// The transaction's context is the run of its agent.
	event := model.Event{ID: model.EventID{7}, Kind: model.KindTransaction, Trace: trace, Span: model.SpanID{9},
		Agent: model.Agent{ID: "b1", Name: "Billing", Version: "2"}, Execution: "e1", Conversation: "c", Organization: "o"}
	in := func(s model.Span) model.Span { s.Event = event.ID; return s }
	b := enrich([]model.Event{event},
		in(minute(at(0, 9, 0, "http.server"))),
		in(minute(at(1, 1, 9, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing"))),
		at(2, 2, 1, "gen_ai.chat", "gen_ai.agent.name", "Billing"),
		at(3, 3, 1, "gen_ai.chat", "gen_ai.agent.name", "Other"),
	)
	f(b, map[byte]string{9: "b1 e1", 1: "b1 e1", 2: "b1 e1", 3: "Other e1"})
	if s := b.Spans[2]; s.Agent.Version != "2" || s.Conversation != "c" || s.Organization != "o" {
		t.Errorf("span 2 inherited %+v", s)
	}

	// An agent known by its id alone takes the name of the outermost agent span.
	event.Agent = model.Agent{ID: "b1"}
	b = enrich([]model.Event{event},
		in(minute(at(0, 9, 0, "http.server"))),
		in(minute(at(1, 1, 9, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing"))),
		at(2, 2, 1, "gen_ai.invoke_agent", "gen_ai.agent.name", "Search"),
	)
	f(b, map[byte]string{9: "b1 e1", 1: "b1 e1", 2: "Search e1"})
	if got := b.Spans[1].Agent.Name; got != "Billing" {
		t.Errorf("name %q", got)
	}

	// What the decoder lent from the transaction gives way to what is nearer.
	lent := func(s model.Span) model.Span { s.Agent = model.Agent{ID: "lent"}; s.Execution = "lent"; return s }
	f(enrich(nil,
		lent(minute(at(0, 1, 0, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing", "picket.execution.id", "e1"))),
		lent(at(1, 2, 1, "gen_ai.chat")),
		lent(at(1, 3, 77, "gen_ai.chat", "gen_ai.agent.name", "Far")),
	), map[byte]string{1: "Billing e1", 2: "Billing e1", 3: "Far e1"})
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	run := lasting(time.Minute, at(10, 1, 9, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing", "picket.execution.id", "e1"))
	f := func(want string, spans ...model.Span) {
		t.Helper()
		if got := owners(enrich(nil, spans...))[2]; got != want {
			t.Errorf("owner of span 2 = %q, want %q", got, want)
		}
	}
	orphan := at(20, 2, 66, "gen_ai.chat")
	f("Billing e1", run, orphan)
	f("Billing e1", run, at(20, 3, 66, "http.client"), at(20, 2, 3, "gen_ai.chat"))
	// Not what began before or after.
	f(" ", run, at(5, 2, 66, "gen_ai.chat"))
	f(" ", run, at(75, 2, 66, "gen_ai.chat"))
	// Not where two agents ran.
	f(" ", run, orphan, at(15, 3, 8, "gen_ai.invoke_agent", "gen_ai.agent.name", "Mail"))
	// Not the root of another service, nor what the agent itself stands below.
	segment := orphan
	segment.Segment = true
	f(" ", run, segment)
	above := run
	above.Parent = model.SpanID{2}
	f(" ", above, orphan)
	// Not another trace's.
	far := orphan
	far.Trace = model.TraceID{2}
	f(" ", run, far)
}

func TestRings(t *testing.T) {
	t.Parallel()
	b := enrich(nil,
		at(0, 1, 2, "gen_ai.chat", "gen_ai.agent.name", "A"),
		at(1, 2, 3, "gen_ai.chat", "gen_ai.agent.name", "B"),
		at(2, 3, 1, "gen_ai.chat"),
		at(3, 4, 3, "gen_ai.chat"),
		at(4, 5, 5, "gen_ai.chat", "gen_ai.agent.name", "C"),
		at(4, 6, 5, "gen_ai.chat"),
	)
	want := map[byte]string{1: "A ", 2: "B ", 3: " ", 4: " ", 5: "C ", 6: "C "}
	if got := owners(b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEventsInherit(t *testing.T) {
	t.Parallel()
	f := func(e model.Event, want model.Event) {
		t.Helper()
		e.Trace = trace
		b := enrich([]model.Event{e},
			lasting(time.Minute, at(0, 1, 0, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing", "gen_ai.agent.id", "b1",
				"picket.execution.id", "e1", "gen_ai.conversation.id", "c1", "picket.organization.id", "o1")),
			at(1, 2, 1, "gen_ai.execute_tool"))
		got := b.Events[0]
		if got.Agent != want.Agent || got.Execution != want.Execution || got.Conversation != want.Conversation || got.Organization != want.Organization {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	billing := model.Agent{ID: "b1", Name: "Billing"}
	tool, elsewhere := model.SpanID{2}, model.SpanID{77}
	f(model.Event{Kind: model.KindError, Span: tool}, model.Event{Agent: billing, Execution: "e1", Conversation: "c1", Organization: "o1"})
	f(model.Event{Kind: model.KindError, Span: elsewhere}, model.Event{})
	f(model.Event{Kind: model.KindError}, model.Event{})
	f(model.Event{Kind: model.KindTransaction, Span: model.SpanID{1}}, model.Event{Agent: billing, Execution: "e1", Conversation: "c1", Organization: "o1"})
	// What the event says of itself stays.
	mail := model.Agent{ID: "Mail", Name: "Mail"}
	f(model.Event{Kind: model.KindError, Span: tool, Agent: mail, Execution: "e9"}, model.Event{Agent: mail, Execution: "e9", Conversation: "c1", Organization: "o1"})
	f(model.Event{Kind: model.KindError, Span: tool, Agent: model.Agent{ID: "Billing", Name: "Billing"}},
		model.Event{Agent: billing, Execution: "e1", Conversation: "c1", Organization: "o1"})
}

func TestLeaves(t *testing.T) {
	t.Parallel()
	f := func(want string, spans ...model.Span) {
		t.Helper()
		b := enrich(nil, spans...)
		got := ""
		for id := byte(1); id <= byte(len(spans)); id++ {
			for i := range b.Spans {
				if s := &b.Spans[i]; s.ID[0] == id {
					got += string("oamthp"[s.Kind])
					if s.Kind != model.SpanModel && s.Usage != (model.Usage{}) {
						t.Errorf("span %d of kind %d has usage", id, s.Kind)
					}
				}
			}
		}
		if got != want {
			t.Errorf("kinds %s, want %s", got, want)
		}
	}
	tokens := []string{"gen_ai.usage.input_tokens", "10"}
	spent := func(id, parent byte, op string) model.Span { return at(int(id), id, parent, op, tokens...) }
	free := func(id, parent byte, op string) model.Span { return at(int(id), id, parent, op) }

	f("am", spent(1, 0, "gen_ai.invoke_agent"), spent(2, 1, "gen_ai.chat"))
	// LangChain around OpenAI: the inner one is the call.
	f("aom", spent(1, 0, "gen_ai.invoke_agent"), spent(2, 1, "gen_ai.chat"), spent(3, 2, "gen_ai.chat"))
	// Something between them changes nothing.
	f("oom", spent(1, 0, "gen_ai.chat"), free(2, 1, "http.client"), spent(3, 2, "gen_ai.chat"))
	// A wrapper around two calls is none.
	f("omm", spent(1, 0, "gen_ai.chat"), spent(2, 1, "gen_ai.chat"), spent(3, 1, "gen_ai.chat"))
	// A failed attempt without tokens is a call beside one with tokens.
	f("omm", spent(1, 0, "gen_ai.chat"), free(2, 1, "gen_ai.chat"), spent(3, 1, "gen_ai.chat"))
	// Where only the outer one knows the tokens, it is the call.
	f("mo", spent(1, 0, "gen_ai.chat"), free(2, 1, "gen_ai.chat"))
	f("mto", spent(1, 0, "gen_ai.chat"), free(2, 1, "gen_ai.execute_tool"), free(3, 1, "gen_ai.chat"))
	// Where nobody does, the inner one is.
	f("om", free(1, 0, "gen_ai.chat"), free(2, 1, "gen_ai.chat"))
	// A tool that runs inside of a call makes calls of its own.
	f("mtm", spent(1, 0, "gen_ai.chat"), free(2, 1, "gen_ai.execute_tool"), free(3, 2, "gen_ai.chat"))
	// One span sent twice is one call.
	f("mo", spent(1, 0, "gen_ai.chat"), func() model.Span { s := spent(1, 0, "gen_ai.chat"); s.Duration = 1; return s }())
}

func TestLeavesOfTools(t *testing.T) {
	t.Parallel()
	f := func(want string, spans ...model.Span) {
		t.Helper()
		got := ""
		for _, s := range enrich(nil, spans...).Spans {
			got += string("oamthp"[s.Kind]) + s.ErrorType + " "
		}
		if got != want {
			t.Errorf("kinds %q, want %q", got, want)
		}
	}
	outer := at(0, 1, 0, "gen_ai.execute_tool", "gen_ai.tool.name", "add")
	onWire := func(id byte, second int, failed string) model.Span {
		return at(second, id, 1, "", "mcp.tool.name", "add", "mcp.tool.result.is_error", failed)
	}
	f("t o ", outer, onWire(2, 1, "false"))
	f("ttool_error otool_error ", outer, onWire(2, 1, "true"))
	f("t otool_error o ", outer, onWire(2, 1, "true"), onWire(3, 2, "false"))
	f("t t ", outer, at(1, 2, 1, "gen_ai.execute_tool", "gen_ai.tool.name", "multiply"))
	f("t a t ", outer, at(1, 2, 1, "gen_ai.invoke_agent"), at(1, 3, 2, "gen_ai.execute_tool", "gen_ai.tool.name", "add"))
}

func TestEnrichLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	spans := []model.Span{at(0, 1, 0, "http.server", "sentry.op", "http.server"), at(1, 2, 1, "db")}
	spans[1].Status = model.StatusNotFound
	b := enrich([]model.Event{{Kind: model.KindError, Trace: trace, Span: model.SpanID{2}}}, slices.Clone(spans)...)
	spans[1].ErrorType = "not_found"
	if !reflect.DeepEqual(b.Spans, spans) || b.Executions != nil {
		t.Errorf("changed to %+v, %+v", b.Spans, b.Executions)
	}
}

// TestEnrichInAnyOrder is the property that the order of spans says nothing.
func TestEnrichInAnyOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		checkOrder(t, randomBatch(rand.New(rand.NewPCG(seed, 1)), 2+int(seed%60)), seed)
	}
}

// checkOrder enriches a batch as it is, again, and shuffled.
func checkOrder(t *testing.T, b *model.Batch, seed uint64) {
	t.Helper()
	shuffled := &model.Batch{Events: slices.Clone(b.Events), Spans: cloneSpans(b.Spans)}
	rand.New(rand.NewPCG(seed, 2)).Shuffle(len(shuffled.Spans), func(i, j int) {
		shuffled.Spans[i], shuffled.Spans[j] = shuffled.Spans[j], shuffled.Spans[i]
	})
	Enrich(b)
	Enrich(shuffled)
	byID := func(x, y model.Span) int {
		return slices.Compare(append(x.Trace[:], x.ID[:]...), append(y.Trace[:], y.ID[:]...))
	}
	slices.SortFunc(b.Spans, byID)
	slices.SortFunc(shuffled.Spans, byID)
	for i := range b.Spans {
		if !reflect.DeepEqual(b.Spans[i], shuffled.Spans[i]) {
			t.Fatalf("seed %d, span %s:\n%+v\n%+v", seed, b.Spans[i].ID, b.Spans[i], shuffled.Spans[i])
		}
	}
	if !reflect.DeepEqual(b.Executions, shuffled.Executions) {
		t.Fatalf("seed %d, executions:\n%+v\n%+v", seed, b.Executions, shuffled.Executions)
	}
	if !reflect.DeepEqual(b.Events, shuffled.Events) {
		t.Fatalf("seed %d, events:\n%+v\n%+v", seed, b.Events, shuffled.Events)
	}
	checkSums(t, b, seed)
}

// checkSums holds that every model call is in one execution or none.
func checkSums(t *testing.T, b *model.Batch, seed uint64) {
	t.Helper()
	var calls int
	var usage model.Usage
	for i := range b.Spans {
		if s := &b.Spans[i]; s.Kind == model.SpanModel && s.Execution != "" {
			calls++
			usage.Add(s.Usage)
		}
	}
	for _, x := range b.Executions {
		calls -= x.ModelCalls
		usage.Add(model.Usage{Input: -x.Usage.Input, Output: -x.Usage.Output, CacheRead: -x.Usage.CacheRead})
	}
	if calls != 0 || usage != (model.Usage{}) {
		t.Fatalf("seed %d: executions miss %d calls and %+v", seed, calls, usage)
	}
}

func cloneSpans(spans []model.Span) []model.Span {
	out := slices.Clone(spans)
	for i := range out {
		out[i].Attributes = slices.Clone(out[i].Attributes)
	}
	return out
}

// randomBatch makes spans with distinct ids and any parents, rings and strangers
// among them.
func randomBatch(r *rand.Rand, n int) *model.Batch {
	ops := [...]string{"http.client", "gen_ai.invoke_agent", "gen_ai.chat", "gen_ai.execute_tool", "picket.policy", "mcp.client", "db"}
	extras := [...][2]string{{"gen_ai.agent.name", "A"}, {"gen_ai.agent.name", "B"}, {"gen_ai.agent.id", "b1"},
		{"picket.execution.id", "e1"}, {"picket.execution.id", "e2"}, {"gen_ai.usage.input_tokens", "5"},
		{"gen_ai.usage.output_tokens", "7"}, {"mcp.tool.name", "add"}, {"mcp.tool.result.is_error", "true"},
		{"picket.policy.name", "pii"}, {"picket.policy.verdict", "deny"}, {"gen_ai.conversation.id", "c1"},
		{"picket.outcome", "failed"}, {"gen_ai.usage.total_tokens", "20"}, {"gen_ai.cost.total_tokens", "0.5"}}
	b := &model.Batch{}
	for i := range n {
		s := at(r.IntN(20), byte(i+1), byte(r.IntN(n+3)), ops[r.IntN(len(ops))])
		s.Duration = time.Duration(r.IntN(20)) * time.Second
		s.Trace[1] = byte(r.IntN(8) / 7)
		s.Segment = r.IntN(8) == 0
		s.Status = model.SpanStatus(r.IntN(8))
		for range r.IntN(4) {
			e := extras[r.IntN(len(extras))]
			s.Attributes = append(s.Attributes, model.Tag{Key: e[0], Value: e[1]})
		}
		b.Spans = append(b.Spans, s)
	}
	e := model.Event{ID: model.EventID{1}, Kind: model.KindTransaction, Trace: trace, Span: model.SpanID{1}, Timestamp: noon.Add(time.Minute), Started: noon}
	if r.IntN(2) == 0 {
		e.Agent, e.Execution = model.Agent{ID: "x1"}, "e3"
	}
	b.Events = append(b.Events, e, model.Event{ID: model.EventID{2}, Kind: model.KindError, Trace: trace, Span: model.SpanID{2}, Timestamp: noon})
	return b
}

func FuzzEnrich(f *testing.F) {
	f.Add(uint64(1), byte(5))
	f.Add(uint64(99), byte(40))
	f.Fuzz(func(t *testing.T, seed uint64, n byte) {
		checkOrder(t, randomBatch(rand.New(rand.NewPCG(seed, 3)), 1+int(n)%120), seed)
	})
}

// Enrich reads and assembles a batch that is all there is of its traces.
func Enrich(b *model.Batch) {
	if Read(b) {
		Assemble(b)
	}
}
