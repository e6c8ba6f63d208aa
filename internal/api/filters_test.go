package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// tell sends a body and returns the answer, which must be of that status.
func (w *world) tell(method, path, body string, want int) map[string]any {
	w.t.Helper()
	code, _, raw := w.ask(w.ours, method, path, body)
	if code != want {
		w.t.Fatalf("%s %s %s: %d %s", method, path, body, code, raw)
	}
	var out map[string]any
	w.must(json.Unmarshal(raw, &out))
	return out
}

const filtersPath = "/api/v1/filters"

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	none := []any{}
	w.has("at first", w.get(filtersPath), map[string]any{
		"project": nil, "messages": none, "types": none, "releases": none, "transactions": none, "crawlers": false, "localhost": false, "healthChecks": false,
		"expressions": none, "inherited": true, "failures": none, "version": 0.0, "updatedAt": nil, "updatedBy": nil,
	})
	if v := w.get(filtersPath)["variables"].([]any); !slices.Contains(v, any("event.message")) {
		t.Errorf("variables %v", v)
	}
	got := w.tell("PUT", filtersPath, `{"messages":["*noise*"],"crawlers":true,"expressions":[{"name":"debug","when":"event.level == 'debug'","off":true}]}`, 200)
	w.has("after a change", got, map[string]any{
		"messages": []any{"*noise*"}, "crawlers": true, "localhost": false, "inherited": false, "version": 1.0, "updatedBy": "token test",
		"expressions": []any{map[string]any{"name": "debug", "when": "event.level == 'debug'", "off": true}},
	})
	if f := w.settings.Book().Of(1, w.project).Filters; !f.Crawlers || f.Messages[0] != "*noise*" {
		t.Errorf("what holds at once: %+v", f)
	}
	raw, err := json.Marshal(got)
	w.must(err)
	if again := w.tell("PUT", filtersPath, string(raw), 200); !reflect.DeepEqual(again, got) {
		t.Errorf("sent back as it was: %v", again)
	}
	w.has("beside the rest", w.put("/sentry/config", `{"environment":"staging"}`, 200), map[string]any{"version": 2.0})
	w.has("left alone by the rest", w.get(filtersPath), map[string]any{"messages": []any{"*noise*"}, "version": 2.0})
	w.tell("PUT", filtersPath, `{"version":1}`, http.StatusConflict)
	w.has("after taking all back", w.tell("PUT", filtersPath, `{"inherited":true}`, 200), map[string]any{"messages": none, "inherited": true})
}

func TestFiltersOfProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := filtersPath + "?project=default"
	w.tell("PUT", filtersPath, `{"types":["Retry*"]}`, 200)
	inherited := w.get(path)
	w.has("nothing of its own", inherited, map[string]any{"types": []any{"Retry*"}, "inherited": true, "version": 0.0, "project": w.project.String()})
	raw, err := json.Marshal(inherited)
	w.must(err)
	w.has("sent back as it was", w.tell("PUT", path, string(raw), 200), map[string]any{"inherited": true, "version": 0.0})
	w.has("changed without a word of inheritance", w.tell("PUT", path, strings.Replace(string(raw), `"localhost":false`, `"localhost":true`, 1), 200),
		map[string]any{"types": []any{"Retry*"}, "localhost": true, "inherited": false})
	w.has("none at all", w.tell("PUT", path, `{}`, 200), map[string]any{"types": []any{}, "localhost": false, "inherited": false})
	w.has("the organization's", w.get(filtersPath), map[string]any{"types": []any{"Retry*"}})
	w.has("taken back", w.tell("PUT", path, `{"inherited":true}`, 200), map[string]any{"types": []any{"Retry*"}, "inherited": true})
}

func TestFiltersRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := func(method, path, body string, code int, says ...string) {
		t.Helper()
		p := w.tell(method, path, body, code)
		for _, s := range says {
			if !strings.Contains(p["detail"].(string), s) {
				t.Errorf("%s: detail %q does not say %q", body, p["detail"], s)
			}
		}
	}
	f("PUT", filtersPath, `{"messages":["a",""],"expressions":[{"name":"a b","when":"event.mesage == ''"},{"name":"c","when":"1"}]}`, 400,
		"messages[1]: is empty", "expressions[0].name", "expressions[0].when: line 1, column 1: there is no event.mesage", "expressions[1].when: is of type int")
	f("PUT", filtersPath, `{"colour":"red"}`, 400, "colour")
	f("PUT", filtersPath, `{"expressions":[{"name":"a","when":"true","colour":"red"}]}`, 400, "colour")
	f("PUT", filtersPath+"?project=nope", `{}`, 404, "nope")
	test := filtersPath + "/test"
	f("POST", test, `{"expression":"nothing"}`, 400, "expression: line 1")
	f("POST", test, `{"filters":{"types":[""]}}`, 400, "filters.types[0]: is empty")
	f("POST", test, `{"filters":{"colour":"red"}}`, 400, "colour")
	f("POST", test, `{"filters":{},"expression":"true"}`, 400, "beside filters")
	f("POST", test, `{"window":"1m"}`, 400, "window")
	f("POST", test, `{"limit":1001}`, 400, "limit")
	if got := w.get(filtersPath); got["version"] != 0.0 {
		t.Errorf("what was refused left %v", got)
	}
}

// TestFilterTrial stores events and asks which of them filters would have taken.
func TestFilterTrial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 6 {
		w.process(fmt.Sprintf("{\"event_id\":\"%032x\"}\n{\"type\":\"event\"}\n"+`{"timestamp":%d,"tags":{"n":"%d"},"request":{"headers":{"User-Agent":"Googlebot/2.1"}},"exception":[{"type":"E%d","value":"v"}]}`+"\n",
			i+1, noon.Unix()-60+int64(i), i, i%2))
	}
	w.process(fmt.Sprintf("{\"event_id\":\"%032x\"}\n{\"type\":\"transaction\"}\n"+`{"transaction":"GET /healthz","start_timestamp":%d,"timestamp":%d,"contexts":{"trace":{"trace_id":"%032x","span_id":"%016x"}}}`+"\n",
		9, noon.Unix()-120, noon.Unix()-119, 1, 1))
	f := func(body string, want map[string]any) map[string]any {
		t.Helper()
		got := w.tell("POST", filtersPath+"/test", body, 200)
		w.has(body, got, want)
		return got
	}
	f(`{}`, map[string]any{"total": 7.0, "matched": 0.0, "unread": 0.0, "more": false, "examples": []any{}, "errors": []any{}, "costLimit": 20000.0})
	f(`{"filters":{"types":["e1"]}}`, map[string]any{"matched": 3.0, "reasons": []any{map[string]any{"reason": "error-message", "count": 3.0}}})
	f(`{"filters":{"crawlers":true,"healthChecks":true}}`, map[string]any{"matched": 7.0, "reasons": []any{
		map[string]any{"reason": "web-crawlers", "count": 6.0}, map[string]any{"reason": "filtered-transaction", "count": 1.0}}})
	got := f(`{"expression":"event.tags['n'] == '5'","limit":3}`, map[string]any{"total": 3.0, "matched": 1.0, "more": true})
	w.has("the example", got["examples"].([]any)[0].(map[string]any), map[string]any{"eventId": fmt.Sprintf("%032x", 6), "title": "E1: v", "reason": "expression:expression"})
	f(`{"expression":"exception.types[0] == 'E0'"}`, map[string]any{"matched": 3.0, "errors": []any{map[string]any{"error": "expression: index out of bounds: 0", "count": 1.0}}})
	w.tell("PUT", filtersPath, `{"types":["E0"]}`, 200)
	f(``, map[string]any{"matched": 3.0})
	if n := len(w.get("/api/v1/discards")["discards"].([]any)); n != 0 {
		t.Errorf("a trial counts %d discards", n)
	}
}
