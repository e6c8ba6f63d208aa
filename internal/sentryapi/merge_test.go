package sentryapi_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.issues(4)
	f := func(path, body string, want int, answer string) {
		t.Helper()
		code, _, got := w.ask(w.ours, "PUT", path, body)
		if code != want || !strings.Contains(string(got), answer) {
			t.Errorf("%s %s: %d %s, want %d and %s", path, body, code, got, want, answer)
		}
	}
	const issues = "projects/picket/default/issues/"
	f(issues+"?id=1", `{"merge":1}`, http.StatusBadRequest, "at least two")
	f(issues+"?id=1&id=2", `{"merge":7}`, http.StatusBadRequest, "merge")
	f(issues+"?id=1&id=2", `{"merge":1,"status":"resolved"}`, http.StatusBadRequest, "status")
	f(issues+"?id=1&id=2", `{"merge":0}`, http.StatusBadRequest, "merge")
	f(issues+"?id=1&id=2&id=99", `{"merge":1,"hasSeen":true}`, http.StatusOK, `{"merge":{"parent":"2","children":["1"]}}`)
	f("organizations/picket/issues/?id=1&id=3", `{"merge":true}`, http.StatusOK, `{"merge":{"parent":"3","children":["2"]}}`) // with as many events, and younger
	for _, id := range []string{"1", "2", "DEFAULT-3"} {                                                                      // they lead to the one that stayed
		if _, i := w.get("organizations/picket/issues/" + id + "/"); at(i, "id") != "3" || at(i, "count") != "6" {
			t.Errorf("issue %s is %v with %v events, want 3 with 6", id, at(i, "id"), at(i, "count"))
		}
		if _, events := w.get("issues/" + id + "/events/"); len(events.([]any)) != 6 || at(events, "0/groupID") != "3" {
			t.Errorf("issue %s has %d events of issue %v, want 6 of 3", id, len(events.([]any)), at(events, "0/groupID"))
		}
	}
	if _, list := w.get("organizations/picket/issues/?query="); len(list.([]any)) != 2 {
		t.Errorf("%d issues are listed, want 2", len(list.([]any)))
	}
	f("issues/2/", `{"merge":1}`, http.StatusBadRequest, "merge")
}
