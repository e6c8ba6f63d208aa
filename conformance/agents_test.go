package conformance

import (
	"net/url"
	"slices"
	"testing"
)

// agentry is a client that runs agents through the model clients which its SDK
// instruments, against a stand-in for the models' providers. It plays scenes,
// each in a trace of its own, and says nothing to Picket by itself.
type agentry struct {
	name   string // of the folder with its recordings
	scenes []scene
}

// scene is what the server must know of one.
type scene struct {
	name  string // under which the client reports the trace
	agent string // whose run it is; empty where the SDK sends no span of an agent
	api   api

	calls  []answer // that the model gave
	blind  bool     // the SDK does not tell the tokens of reasoning
	cost   int64    // of all calls, nano-dollars
	tools  []string // called, by name
	failed string   // the one of them that failed

	outcome string
	rule    string // of outcome that fired
	fault   string // of the errors captured
	mute    bool   // the SDK does not say why the call failed
	above   bool   // the error is captured above the agent's span, which is over
	errors  []string
}

// api is which provider's model answers.
type api struct{ provider, model string }

var (
	openAI     = api{"openai", openAIModel}
	anthropics = api{"anthropic", anthropicModel}
)

// What the runs cost by the list prices, USD per million tokens: gpt-5-mini 0.25,
// cached 0.025, output 2; Claude Haiku 4.5 1, written 1.25, cached 0.1, output 5.
const (
	openAIFirst    = 688*250 + 1024*25 + 340*2000                               // 877,600
	openAIRun      = openAIFirst + 768*250 + 1536*25 + 120*2000                 // + 470,400
	openAICut      = 900*250 + 64*2000                                          // 353,000
	openAIFiltered = 300*250 + 3*2000                                           // 81,000
	anthropicCut   = 900*1000 + 64*5000                                         // 1,220,000
	anthropicFirst = 176*1000 + 512*1250 + 1024*100 + 340*5000                  // 2,618,400
	anthropicRun   = anthropicFirst + 640*1000 + 128*1250 + 1536*100 + 120*5000 // + 1,553,600
)

// refund is a whole run: two model calls and two tools between them, of which
// the second fails and is lived with.
func refund(name, agent string, of api) scene {
	s := scene{
		name: name, agent: agent, api: of, calls: []answer{firstAnswer, lastAnswer}, cost: openAIRun,
		tools: []string{"lookup_order", "ask_ledger"}, failed: "ask_ledger",
		outcome: "ok", errors: []string{"LedgerError"},
	}
	if of == anthropics {
		s.cost, s.blind = anthropicRun, true
	}
	return s
}

// limited is a run that ends with its only call refused.
func limited(name, agent string, of api, thrown string) scene {
	return scene{
		name: name, agent: agent, api: of,
		outcome: "error", fault: "rate_limit", errors: []string{thrown},
	}
}

// cut is a run whose only answer was cut off by the limit of tokens.
func cut(name, agent string, of api, cost int64) scene {
	return scene{
		name: name, agent: agent, api: of, calls: []answer{cutAnswer}, cost: cost,
		outcome: "failed", rule: "cut_off",
	}
}

// firstCall is one model call outside of any run.
func firstCall(name string) scene {
	return scene{name: name, api: openAI, calls: []answer{firstAnswer}, cost: openAIFirst}
}

// scene returns the scene of that name, to be changed.
func (a agentry) scene(name string) *scene {
	i := slices.IndexFunc(a.scenes, func(s scene) bool { return s.name == name })
	return &a.scenes[i]
}

// mute says that the SDK sends no reason with calls that fail.
func (a agentry) mute() {
	for i := range a.scenes {
		a.scenes[i].mute = true
	}
}

// blind says that the SDK does not tell the reasoning in those scenes.
func (a agentry) blind(names ...string) {
	for _, name := range names {
		a.scene(name).blind = true
	}
}

// proveAgents has the client play its scenes to a server of its own.
func proveAgents(t *testing.T, a agentry, play teller) {
	t.Helper()
	if *record {
		recordStory(t, a.name, play)
		return
	}
	srv := startServer(t)
	r := play(t, srv.dsn, newStory(t, newRun()))
	w := audience{srv, a, r}
	w.checkAll(t)
	t.Run("faults", w.checkFaults)
}

// agentProgram is a program that finds the stand-in's address in its environment.
func agentProgram(env []string, name string, args ...string) teller {
	return func(t *testing.T, dsn string, s story) report {
		t.Helper()
		models := newStandIn(t)
		return program(append(env, "CONFORMANCE_MODELS="+models.URL), name, args...)(t, dsn, s)
	}
}

// audience asks the server for what was played.
type audience struct {
	*server
	a agentry
	r report
}

func (w audience) checkAll(t *testing.T) {
	runs := newDoc(t, "executions", w.get(t, "/api/v1/executions"))
	began := 0
	for _, s := range w.a.scenes {
		if s.agent != "" {
			began++
		}
		t.Run(s.name, func(t *testing.T) { w.check(t, s, runs) })
	}
	runs.wantCount(began, "executions")
}

func (w audience) check(t *testing.T, s scene, runs doc) {
	id := w.r.Traces[s.name]
	tr := newDoc(t, "trace", w.get(t, "/api/v1/traces/"+id))
	s.checkCalls(tr)
	s.checkTools(tr)
	for _, name := range s.errors {
		tr.want("error", "events/type="+name+"/kind")
	}
	if s.agent == "" {
		return
	}
	runs.t = t
	run := runs.at("executions/traceId=" + id)
	s.checkRun(run)
	if s.fault != "" {
		id, _ := run.get("id").(string)
		w.checkFault(newDoc(t, "transcript", w.get(t, "/api/v1/executions/"+url.PathEscape(id))), s)
	}
}

// checkFault checks that the call that was refused, and the error that the
// application captured, are of the one type.
func (w audience) checkFault(x doc, s scene) {
	x.t.Helper()
	if !s.mute {
		x.want(s.fault, "transcript/type=model_call/modelCall/fault")
	}
	if s.above {
		return
	}
	e := x.at("transcript/type=error").at("error")
	e.want(s.fault, "fault")
	e.want(s.errors[0], "type")
}

// checkFaults checks how many errors of each type were counted, those outside of
// any execution too.
func (w audience) checkFaults(t *testing.T) {
	events := map[string]int{}
	for _, s := range w.a.scenes {
		if s.fault != "" {
			events[s.fault] += len(s.errors)
		}
	}
	list := newDoc(t, "faults", w.get(t, "/api/v1/faults?window=1h"))
	for fault, n := range events {
		list.want(n, "faults/fault="+fault+"/events")
	}
}

// checkRun checks the execution: each call is counted once, whoever repeats it.
func (s scene) checkRun(run doc) {
	run.t.Helper()
	run.want(s.agent, "agent/name")
	run.want(s.outcome, "outcome")
	run.want(orNull(s.rule), "rule")
	if !s.mute || !s.above {
		run.want(orNull(s.fault), "fault")
	}
	run.want(true, "ended")
	run.want("refunds@1.2.3", "release")
	run.want("conformance", "environment")
	run.want(s.cost, "costNanos")
	run.want(0, "unpricedCalls")
	run.want(max(len(s.calls), 1), "modelCalls")
	run.want(len(s.tools), "toolCalls")
	failures := 0
	if s.failed != "" {
		failures = 1
	}
	run.want(failures, "toolErrors")
	var all answer
	for _, a := range s.calls {
		all.add(a)
	}
	s.checkUsage(run, all)
}

// orNull is how the API says an empty text.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// add adds the other answer's tokens.
func (a *answer) add(o answer) {
	a.input += o.input
	a.cached += o.cached
	a.written += o.written
	a.output += o.output
	a.reasoning += o.reasoning
}

func (s scene) checkUsage(d doc, a answer) {
	d.t.Helper()
	d.want(a.input, "usage/input")
	d.want(a.cached, "usage/cacheRead")
	d.want(a.output, "usage/output")
	if s.api == anthropics {
		d.want(a.written, "usage/cacheWrite")
	}
	if !s.blind {
		d.want(a.reasoning, "usage/reasoning")
	}
}

// checkCalls checks the calls that are paid for: of nested ones the innermost.
func (s scene) checkCalls(tr doc) {
	tr.t.Helper()
	var paid []doc
	list, _ := tr.get("spans").([]any)
	for _, v := range list {
		if span := (doc{tr.t, "model call", v}); span.get("kind") == "model" && span.get("pricing") != "none" {
			paid = append(paid, span)
		}
	}
	if len(paid) != len(s.calls) {
		tr.t.Fatalf("trace: %d paid model calls, want %d in %s", len(paid), len(s.calls), tr)
	}
	var cost int64
	for i, span := range paid {
		span.want(s.api.provider, "provider")
		span.want(s.api.model, "model")
		span.want("priced", "pricing")
		s.checkUsage(span, s.calls[i])
		nanos, _ := span.get("costNanos").(float64)
		cost += int64(nanos)
	}
	if cost != s.cost {
		tr.t.Errorf("trace: model calls cost %d nano-dollars, want %d", cost, s.cost)
	}
}

func (s scene) checkTools(tr doc) {
	tr.t.Helper()
	var called []string
	list, _ := tr.get("spans").([]any)
	for _, v := range list {
		span := doc{tr.t, "tool call", v}
		if span.get("kind") != "tool" {
			continue
		}
		name, _ := span.get("tool").(string)
		called = append(called, name)
		want := "ok"
		if name == s.failed {
			want = "internal_error"
		}
		span.want(want, "status")
	}
	if !slices.Equal(called, s.tools) {
		tr.t.Errorf("trace: tools called = %q, want %q", called, s.tools)
	}
}
