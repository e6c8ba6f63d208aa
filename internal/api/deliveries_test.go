package api_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// hear stores what Sentry's webhooks brought: two deliveries, an alert, and a tie of the
// first issue.
func (w *world) hear(org model.OrgID) {
	w.t.Helper()
	for n, d := range []store.Delivery{
		{Resource: "issue", Action: "resolved", Subject: "issue:1170820242", Body: []byte(`{"action":"resolved","secretive":"DeclinedError"}`)},
		{Resource: "metric_alert", Action: "critical", Body: []byte(`{"action":"critical"}`)},
	} {
		d.Org, d.Received, d.Due, d.Request, d.Digest = org, noon, noon, fmt.Sprint("r", n), sha256.Sum256(d.Body)
		id, _, err := w.db.TakeDelivery(w.t.Context(), d)
		w.must(err)
		if n == 0 {
			d.ID, d.State, d.Due, d.Noted, d.Outcome, d.Tries = id, store.DeliveryDone, time.Time{}, noon, "DEFAULT-1 is resolved now", 1
			w.must(w.db.SettleDelivery(w.t.Context(), d))
		}
	}
	w.must(w.db.LinkIssue(w.t.Context(), store.UpstreamIssue{Org: org, Issue: 1, ID: "1170820242", ShortID: "ACME-1", Link: "https://acme.sentry.io/issues/1170820242/",
		Status: "unresolved", Count: 42, Users: 7, LastSeen: noon, How: "event", UpdatedAt: noon}))
	w.must(w.db.AddTrigger(w.t.Context(), store.Trigger{Org: org, Project: w.project, Issue: 1, Delivery: 2, Time: noon, Kind: "metric_alert", Rule: "DeclinedError rate", State: "critical", Data: []byte(`{"a":1}`)}))
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := func(query string, want ...string) {
		t.Helper()
		var got []string
		for _, d := range w.get("/api/v1/deliveries" + query)["deliveries"].([]any) {
			got = append(got, d.(map[string]any)["id"].(string))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s lists %v, want %v", query, got, want)
		}
	}
	f("", "2", "1")
	f("?resource=issue", "1")
	f("?state=done&state=failed", "1")
	f("?state=waiting", "2")
	f("?subject=issue:1170820242", "1")
	f("?limit=1", "2")
	next := w.get("/api/v1/deliveries?limit=1")["next"].(string)
	f("?limit=1&cursor="+next, "1")
	one := w.get("/api/v1/deliveries/1")
	if one["issueId"] != "1" || one["payload"].(map[string]any)["action"] != "resolved" || one["outcome"] != "DEFAULT-1 is resolved now" || one["tries"] != 1.0 {
		t.Errorf("one delivery = %v", one)
	}
	code, _, body := w.ask(w.ours, "POST", "/api/v1/deliveries/1/replay", "")
	var again map[string]any
	w.must(json.Unmarshal(body, &again))
	if code != http.StatusOK || again["state"] != "waiting" || again["replays"] != 1.0 || again["dueAt"] == nil {
		t.Errorf("replay: %d %s", code, body)
	}
	for _, bad := range []string{"?state=lost", "?cursor=!", "?limit=0", "/0", "/x"} {
		if code, _, body := w.ask(w.ours, "GET", "/api/v1/deliveries"+bad, ""); code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", bad, code, body)
		}
	}
	if code, _, _ := w.ask(w.ours, "POST", "/api/v1/deliveries/99/replay", ""); code != http.StatusNotFound {
		t.Errorf("replay of nothing: %d", code)
	}
}

func TestIssueUpstream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	w.fault("second", "timeout")
	if got := w.get("/api/v1/issues/DEFAULT-2/upstream"); got["issue"] != nil || got["tells"] != false {
		t.Errorf("of an issue that is not tied: %v", got)
	}
	orgs, err := w.db.Organizations(t.Context())
	w.must(err)
	w.must(w.db.PushChanges(t.Context(), "sentry", []store.Change{{Cursor: 9, Org: orgs[0].ID, Issue: 1, What: store.ChangedStatus | store.ChangedAssignee}}, noon))
	w.sentry(`{"apiUrl":"https://sentry.example.com","apiToken":"sntryu_1","organization":"acme"}`, http.StatusOK)
	got := w.get("/api/v1/issues/DEFAULT-1/upstream")
	issue := got["issue"].(map[string]any)
	if got["tells"] != true || issue["shortId"] != "ACME-1" || issue["count"] != 42.0 || issue["how"] != "event" || fmt.Sprint(issue["owed"]) != "[status assignee]" {
		t.Errorf("tie = %v", got)
	}
}

// sentry changes how Picket talks with Sentry and returns the answer, as text too.
func (w *world) sentry(body string, want int) (map[string]any, string) {
	w.t.Helper()
	code, _, text := w.ask(w.ours, "PUT", "/api/v1/sentry-settings", body)
	if code != want {
		w.t.Fatalf("%s: %d %s, want %d", body, code, text, want)
	}
	var out map[string]any
	w.must(json.Unmarshal(text, &out))
	return out, string(text)
}

func TestSentrySettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const secret, token = "5d2f1a8c9b7e6d5c4b3a29180f7e6d5c", "sntryu_0123456789"
	got := w.get("/api/v1/sentry-settings")
	if got["webhookSecretSet"] != false || got["apiTokenSet"] != false || got["version"] != 0.0 || got["webhookUrl"] != w.url+"/sentry/webhook" {
		t.Errorf("at first: %v", got)
	}
	f := func(body, says string, set ...string) {
		t.Helper()
		got, text := w.sentry(body, http.StatusOK)
		for _, name := range []string{"webhookSecretSet", "webhookSecretOwn", "apiTokenSet", "tells"} {
			if got[name] != strings.Contains(strings.Join(set, " "), name) {
				t.Errorf("%s: %s is %v", body, name, got[name])
			}
		}
		if strings.Contains(text, secret) || strings.Contains(text, token) || !strings.Contains(text, says) {
			t.Errorf("%s: %s, want it to say %s and no secret", body, text, says)
		}
	}
	f(`{"webhookSecret":" `+secret+`\n","allowFrom":["10.0.0.0/8"," 192.0.2.1"]}`, `"10.0.0.0/8","192.0.2.1"`, "webhookSecretSet", "webhookSecretOwn")
	f(`{"apiUrl":"https://sentry.example.com","apiToken":"`+token+`","organization":"acme","version":1}`, `"version":2`, "webhookSecretSet", "webhookSecretOwn", "apiTokenSet", "tells")
	f(`{"organization":"acme"}`, `"version":2`, "webhookSecretSet", "webhookSecretOwn", "apiTokenSet", "tells") // nothing changes
	whole, _ := json.Marshal(w.get("/api/v1/sentry-settings"))
	f(string(whole), `"version":2`, "webhookSecretSet", "webhookSecretOwn", "apiTokenSet", "tells") // an answer sent back
	_, _, history := w.ask(w.ours, "GET", "/api/v1/config/history", "")
	if text := string(history); !strings.Contains(text, "sentry.webhookSecret") || strings.Contains(text, secret) || strings.Contains(text, token) {
		t.Errorf("the history tells secrets: %s", text)
	}
	_, text := w.sentry(`{"version":1,"organization":"other"}`, http.StatusConflict)
	if !strings.Contains(text, "version 2") {
		t.Errorf("a late change: %s", text)
	}
	for body, says := range map[string]string{
		`{"webhookSecret":"short"}`:                                "webhookSecret: ",
		`{"allowFrom":["sentry.io"]}`:                              "allowFrom[0]: ",
		`{"apiUrl":"https://elsewhere.example"}`:                   "apiToken: write it once more",
		`{"apiUrl":null,"organization":""}`:                        "organization: ",
		`{"colour":"red"}`:                                         "colour",
		`{"apiUrl":"ftp://x","apiToken":"t","organization":"A B"}`: "apiUrl: ",
		`{"apiToken":"` + strings.Repeat("x", 600) + `"}`:          "apiToken: ",
	} {
		if _, text := w.sentry(body, http.StatusBadRequest); !strings.Contains(text, says) {
			t.Errorf("%s: %s, want %q", body, text, says)
		}
	}
	f(`{"apiUrl":"https://elsewhere.example","apiToken":"another"}`, "elsewhere", "webhookSecretSet", "webhookSecretOwn", "apiTokenSet", "tells")
	f(`{"apiToken":"","webhookSecret":"","allowFrom":[],"apiUrl":"","organization":""}`, `"apiUrl":null`)
}
