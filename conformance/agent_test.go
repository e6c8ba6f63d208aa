package conformance

import "testing"

// checkStats checks what the platform's own route says of the story's agent.
func (w witness) checkStats(t *testing.T) {
	st := newDoc(t, "stats", w.get(t, "/sentry/stats/"+w.s.agent()+"?window=1h"))
	st.want(w.s.agent(), "agentId")
	st.want(1, "errors")
	st.want(1, "users")
	events := 1
	if w.d.messages {
		events = 2
	}
	st.want(events, "events")
	if w.d.failure != "" {
		st.want(1, "errorsByType/type="+w.d.failure+"/count")
	}
	if w.d.traces == transactions {
		st.want(1, "transactions")
	}
	if w.d.traces != noSpans {
		w.checkRun(st)
	}
}

// checkRun checks what the spans say of the agent's one execution.
func (w witness) checkRun(st doc) {
	st.t.Helper()
	st.want(1, "executions")
	st.want(1, "failed") // its last tool call failed, and nothing made up for it
	st.want(0, "errored")
	st.want(1200, "tokens/input")
	st.want(200, "tokens/cached")
	st.want(340, "tokens/output")
	st.want(40, "tokens/reasoning")
	st.want(1540, "tokens/total")
	st.want(1, "modelCalls")
	st.want(0, "unpricedCalls")
	st.wantMore(0, "costUsd")
	st.want(1, "models/model=gpt-4o-mini/calls")
	st.want("openai", "models/model=gpt-4o-mini/provider")
	st.want(1, "tools/name=lookup_order/calls")
	st.want(1, "tools/name=lookup_order/errors")
	st.wantMore(-1, "durationMs/p50")
}

// checkIssues checks that the error became the agent's issue.
func (w witness) checkIssues(t *testing.T) {
	e := w.event(t, "error", w.r.Error)
	group, _ := e.get("groupID").(string)
	if group == "" {
		t.Fatalf("error: groupID = %v, want an issue's id", e.get("groupID"))
	}
	list := newDoc(t, "issues", w.get(t, "/sentry/issues/"+w.s.agent()))
	issue := list.at("issues/id=" + group)
	issue.want(e.get("title"), "title")
	issue.want(w.d.level, "level")
	issue.want("unresolved", "status")
	issue.want("new", "substatus")
	issue.want(1, "count")
	issue.want(1, "users")
	issue.wantTime("firstSeen")
	issue.wantTime("lastSeen")
}
