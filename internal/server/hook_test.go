package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

const hookSecret = "5d2f1a8c9b7e6d5c4b3a29180f7e6d5c"

// hear sends a webhook as Sentry does, and returns the answer and the id of the delivery.
func (r *running) hear(secret, resource, body string) (status int, id string) {
	r.t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	status, answer, _ := r.ask("POST", "/api/v1/sentry/webhook", body, "Request-ID", rand.Text(), "Sentry-Hook-Resource", resource,
		"Sentry-Hook-Timestamp", strconv.FormatInt(time.Now().Unix(), 10), "Sentry-Hook-Signature", hex.EncodeToString(mac.Sum(nil)))
	var said struct{ DeliveryID string }
	if err := json.Unmarshal([]byte(answer), &said); err != nil {
		r.t.Fatalf("%d %s", status, answer)
	}
	return status, said.DeliveryID
}

// outcome waits until a delivery is worked on, and returns what became of it.
func (r *running) outcome(id string) string {
	r.t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); {
		_, answer, _ := r.ask("GET", "/api/v1/deliveries/"+id, "")
		var d struct{ State, Outcome string }
		if err := json.Unmarshal([]byte(answer), &d); err != nil {
			r.t.Fatal(err)
		}
		if d.State == "done" || d.State == "ignored" {
			return d.Outcome
		}
	}
	r.t.Fatalf("delivery %s is not worked on", id)
	return ""
}

// sentryAt stands in for Sentry's API: it hands on what it is told.
func sentryAt(t *testing.T) (url string, told chan string) {
	told = make(chan string, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer sntryu_1" {
			t.Errorf("Sentry was asked by %q: %v", r.Header.Get("Authorization"), err)
		}
		told <- r.Method + " " + r.URL.Path + " " + string(body)
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(s.Close)
	return s.URL, told
}

// TestStateGoesBothWays resolves an issue here and there on a running server.
func TestStateGoesBothWays(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir(), func(c *Config) {
		c.WebhookSecret = hookSecret
		c.Settings.AllowOutbound = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	at, told := sentryAt(t)
	status, answer, _ := r.ask("PUT", "/api/v1/sentry-settings", `{"apiUrl":"`+at+`","apiToken":"sntryu_1","organization":"acme"}`, "Content-Type", "application/json")
	if status != 200 || strings.Contains(answer, "sntryu_1") || strings.Contains(answer, hookSecret) {
		t.Fatalf("%d %s", status, answer)
	}
	r.send("it broke")
	_, answer, _ = r.ask("GET", "/api/v1/issues/1", "")
	var issue struct{ LastEventID string }
	if err := json.Unmarshal([]byte(answer), &issue); err != nil {
		t.Fatal(err)
	}
	_, id := r.hear(hookSecret, "error", `{"action":"created","data":{"error":{"event_id":"`+issue.LastEventID+`","issue_id":"77"}}}`)
	if got := r.outcome(id); !strings.Contains(got, "DEFAULT-1") {
		t.Fatalf("the issue is not tied: %s", got)
	}
	change := func(status string) {
		t.Helper()
		if code, answer, _ := r.ask("PATCH", "/api/v1/issues/1", `{"status":"`+status+`"}`, "Content-Type", "application/json"); code != 200 {
			t.Fatalf("%d %s", code, answer)
		}
	}
	hears := func(want string) {
		t.Helper()
		if got := <-told; got != "PUT /api/0/organizations/acme/issues/77/ "+want {
			t.Errorf("Sentry was told %s, want %s", got, want)
		}
	}
	there := func(action, status, want string) {
		t.Helper()
		_, id := r.hear(hookSecret, "issue", `{"action":"`+action+`","data":{"issue":{"id":"77","status":"`+status+`"}}}`)
		if got := r.outcome(id); !strings.Contains(got, want) {
			t.Errorf("%s there: %s, want %q", action, got, want)
		}
	}
	change("resolved")
	hears(`{"status":"resolved"}`)
	there("resolved", "resolved", "resolved already") // our own change comes back
	there("archived", "ignored", "archived now")
	change("unresolved")
	hears(`{"status":"unresolved"}`) // and nothing of what came before it
	if len(told) != 0 {
		t.Errorf("Sentry was told more: %s", <-told)
	}
}

func TestWebhookSecretOfTheOperator(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	if status, _ := r.hear(hookSecret, "issue", "{}"); status != 401 {
		t.Errorf("without a secret: %d", status)
	}
	if err := (Config{Addr: ":0", Data: "x", WebhookSecret: "too short"}).Check(); err == nil || !strings.Contains(err.Error(), "--sentry-webhook-secret ") || strings.Contains(err.Error(), "too short") {
		t.Errorf("a bad secret: %v", err)
	}
	r = start(t, t.TempDir(), func(c *Config) { c.WebhookSecret = hookSecret })
	if status, _ := r.hear(hookSecret, "issue", "{}"); status != 200 {
		t.Errorf("with the operator's secret: %d", status)
	}
	if status, _ := r.hear("another secret", "issue", "{}"); status != 401 {
		t.Errorf("with another: %d", status)
	}
	_, text, _ := r.ask("GET", "/metrics", "")
	for _, line := range []string{`picket_webhooks_total{status="200"} 1`, `picket_webhooks_total{status="401"} 1`} {
		if !strings.Contains(text, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}
