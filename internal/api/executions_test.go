package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Two runs that differ in everything that can be asked for.
func (w *world) fillTwoRuns() {
	w.t.Helper()
	good := []told{agentSpan(1, 0, 0, 5, "shop", "good"), chat(2, 1, 1, 2, says("user", "Hi."), says("assistant", "Hello."))}
	for i := range good {
		good[i].attributes["gen_ai.conversation.id"] = "talk"
		good[i].attributes["user.id"] = "7"
		good[i].attributes["sentry.release"] = "shop@1"
		good[i].attributes["sentry.environment"] = "prod"
	}
	bad := []told{agentSpan(11, 0, 60, 70, "clerk", "bad")}
	for i := range 3 {
		at := 61 + float64(i)
		call := tool(20+i, 11, at, at+0.5, "file", object{"id": 1}, `{"isError":true}`)
		bad = append(bad, call)
	}
	bad = append(bad, told{30, 11, "picket.policy", "limit", 66, 66, "", object{"picket.policy.name": "limit", "picket.policy.verdict": "flag"}},
		chat(31, 11, 67, 68, says("user", "File it."), says("assistant", "I was unable to complete the task.")))
	bad[len(bad)-1].attributes["gen_ai.request.model"] = "gpt-4o-mini"
	for i := range bad {
		bad[i].attributes["gen_ai.conversation.id"] = "talk"
		bad[i].attributes["picket.organization.id"] = "acme"
	}
	w.send(append(good, bad...), object{"event_id": "00000000000000000000000000000013", "timestamp": begun.Unix() + 62, "level": "error", "platform": "python",
		"contexts":  object{"trace": object{"trace_id": toldTrace, "span_id": toldID(20)}},
		"exception": object{"values": []object{{"type": "FileError", "value": "disk is full"}}}})
}

func TestExecutionFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fillTwoRuns()
	f := func(query, want string) {
		t.Helper()
		var got []string
		for _, x := range w.get("/api/v1/executions?" + query)["executions"].([]any) {
			got = append(got, x.(object)["id"].(string))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s finds %q, want %q", query, strings.Join(got, " "), want)
		}
	}
	f("", "bad good")
	f("agentId=shop", "good")
	f("outcome=ok", "good")
	f("outcome=failed", "bad")
	f("outcome=failed&outcome=ok", "bad good")
	f("outcome=error", "")
	f("rule=tool_failed", "bad")
	f("rule=cut_off", "")
	f("fault=rate_limit", "")
	f("user=id:7", "good")
	f("user=email:7", "")
	f("organization=acme", "bad")
	f("conversation=talk", "bad good")
	f("conversation=tal", "")
	f("release=shop@1", "good")
	f("environment=prod", "good")
	f("model=openai/gpt-4o", "good")
	f("model=gpt-4o", "")
	f("tool=file", "bad")
	f("policy=limit", "bad")
	f("issue=1", "bad")
	f("issue=DEFAULT-1", "bad")
	f("looped=true", "bad")
	f("looped=false", "bad good")
	f("minCostUsd=0.004", "good")
	f("minCostUsd=0.0045", "good")
	f("minCostUsd=0.004500001", "")
	f("window=1h", "bad good")
	f("from=2026-11-23T11:58:30Z", "bad")
	f("to=2026-11-23T11:58:30Z", "good")
	f("from=2026-11-23T11:58:00Z&to=2026-11-23T11:59:00Z", "good")
	f("project=default", "bad good")
	f("sort=cost", "good bad")
	f("sort=duration", "bad good")
	f("limit=1", "bad")
	f("agentId=clerk&outcome=failed&looped=true&policy=limit&tool=file", "bad")
	next := w.get("/api/v1/executions?limit=1")["next"].(string)
	f("limit=1&cursor="+url.QueryEscape(next), "good")
}

func TestExecutionFiltersRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fillTwoRuns()
	f := func(path string, want int, says ...string) {
		t.Helper()
		code, h, body := w.ask(w.ours, "GET", path, "")
		if code != want || h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", path, code, body)
		}
		for _, s := range says {
			if !strings.Contains(string(body), s) {
				t.Errorf("%s: %s does not say %q", path, body, s)
			}
		}
	}
	const list = "/api/v1/executions?"
	f(list+"outcome=bad", 400, "outcome", "failed")
	f(list+"rule=bad", 400, "rule", "tool_failed")
	f(list+"fault=bad", 400, "fault", "rate_limit")
	f(list+"user=7", 400, "user", "id:")
	f(list+"user=name:7", 400, "user", "username:")
	f(list+"looped=perhaps", 400, "looped")
	f(list+"minCostUsd=-1", 400, "minCostUsd")
	f(list+"minCostUsd=NaN", 400, "minCostUsd")
	f(list+"minCostUsd=1e300", 400, "minCostUsd")
	f(list+"from=yesterday", 400, "from")
	f(list+"from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z", 400, "from", "before")
	f(list+"from=2026-11-24T00:00:00Z&window=1h", 400, "window", "from")
	f(list+"window=1y", 400, "window")
	f(list+"sort=size", 400, "sort", "duration")
	f(list+"cursor=!", 400, "cursor")
	f(list+"limit=1001", 400, "limit")
	f(list+"agent=shop", 400, "agent")
	f(list+"issue=77", 404)
	f(list+"project=nope", 404, "nope")
	f("/api/v1/executions/bad?cursor=!", 400, "cursor")
	f("/api/v1/executions/bad?limit=0", 400, "limit")
	f("/api/v1/executions/bad?project=nope", 404, "nope")
	f("/api/v1/conversations?user=7", 400, "user")
	f("/api/v1/conversations?window=1y", 400, "window")
	f("/api/v1/conversations/nope", 404, "nope")
	f("/api/v1/traces/"+toldTrace+"/spans/1", 400, "spanId")
	f("/api/v1/traces/"+toldTrace+"/spans/"+toldID(99), 404, toldID(99))
	f("/api/v1/traces/x/spans/"+toldID(1), 400, "traceId")
	if code, _, body := w.ask(w.theirs, "GET", list+"issue=1", ""); code != http.StatusNotFound {
		t.Errorf("a stranger asks for our issue: %d %s", code, body)
	}
}

func TestExecutionAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fillTwoRuns()
	f := func(id string, want object) {
		t.Helper()
		got := w.get("/api/v1/executions/" + id)
		for name, v := range want {
			if text(got[name]) != text(v) {
				t.Errorf("%s of %s is %v, want %v", name, id, text(got[name]), text(v))
			}
		}
	}
	f("good", object{"outcome": "ok", "rule": nil, "fault": nil, "loop": nil, "models": []string{"openai/gpt-4o"}, "tools": []string{},
		"failingTools": []string{}, "policiesViolated": []string{}, "issues": []string{}, "traces": []string{toldTrace}, "pricing": "priced",
		"costUsd": 0.0045, "failedCostUsd": nil, "failedCostNanos": nil, "conversationId": "talk", "user": "id:7"})
	f("bad", object{"outcome": "failed", "rule": "tool_failed", "models": []string{"openai/gpt-4o-mini"}, "tools": []string{"file"},
		"failingTools": []string{"file"}, "policiesViolated": []string{"limit"}, "issues": []string{"1"}, "organizationId": "acme",
		"costNanos": 270000, "failedCostUsd": 0.00027, "failedCostNanos": 270000,
		"loop": object{"kind": "repeat", "spanId": toldID(20), "startedAt": "2026-11-23T11:59:01Z", "calls": 3, "costUsd": 0, "costNanos": 0, "pricing": "none",
			"tokens": object{"input": 0, "cached": 0, "cacheWrite": 0, "output": 0, "reasoning": 0, "total": 0}}})
}
