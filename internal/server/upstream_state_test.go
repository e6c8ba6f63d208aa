package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
)

// queue is what the API tells of one.
type queue struct {
	Project, Mode, Health, DSN string
	Organization, Problem      *string
	Since, NextTryAt, OldestAt *time.Time
	Waiting, Aside, Sent       int64
	Limits                     []struct{ Category *string }
}

func (r *running) queues(method, path string, headers ...string) []queue {
	r.t.Helper()
	status, body, _ := r.ask(method, path, "", headers...)
	var out struct{ Queues []queue }
	if err := json.Unmarshal([]byte(body), &out); status != 200 || err != nil {
		r.t.Fatalf("%s %s: %d %s", method, path, status, body)
	}
	return out.Queues
}

// until asks for the first queue until it is as wanted.
func (r *running) until(what string, is func(queue) bool) queue {
	r.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for {
		q := r.queues("GET", "/api/v1/upstream")[0]
		if is(q) {
			return q
		}
		select {
		case <-tick.C:
		case <-late:
			r.t.Fatalf("waited in vain until %s: %+v", what, q)
		}
	}
}

// TestForwardingShown has an upstream that refuses the key, then limits, then takes all,
// and reads how forwarding stands meanwhile.
func TestForwardingShown(t *testing.T) {
	t.Parallel()
	var status atomic.Int32
	status.Store(401)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status.Load() == 429 {
			w.Header().Set("X-Sentry-Rate-Limits", "3600:error;session:organization:quota")
		}
		w.WriteHeader(int(status.Load()))
		fmt.Fprint(w, `{"detail":"so it is"}`)
	}))
	t.Cleanup(up.Close)
	dsn := strings.Replace(up.URL, "://", "://"+upstreamKey+"@", 1) + "/42"
	s := start(t, t.TempDir(), func(c *Config) { c.Settings.AllowOutbound = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	if q := s.queues("GET", "/api/v1/upstream")[0]; q.Mode != "local" || q.Health != "none" || q.Problem != nil || q.Waiting != 0 {
		t.Errorf("without an upstream: %+v", q)
	}
	set(t, s.Server, dsn)
	s.send("one")
	q := s.until("the key is refused", func(q queue) bool { return q.Health == "refuses" })
	if q.Mode != "forwarding" || q.Waiting != 1 || q.Problem == nil || !strings.Contains(*q.Problem, "so it is") || q.Since == nil || q.NextTryAt == nil || q.OldestAt == nil || strings.Contains(q.DSN, upstreamKey) {
		t.Errorf("refused: %+v", q)
	}
	status.Store(429)
	s.queues("POST", "/api/v1/upstream/retry?project=default")
	q = s.until("it limits", func(q queue) bool { return q.Health == "limited" })
	if len(q.Limits) != 2 || q.Limits[0].Category == nil || *q.Limits[0].Category != "error" || q.Waiting != 1 {
		t.Errorf("limited: %+v", q)
	}
	status.Store(200)
	s.queues("POST", "/api/v1/upstream/retry")
	if q = s.until("all is taken", func(q queue) bool { return q.Waiting == 0 }); q.Health != "healthy" || q.Sent != 1 || len(q.Limits) != 0 {
		t.Errorf("taken: %+v", q)
	}
}

// TestForwardingIsWalledIn asks with another tenant's token, and with one that may only read.
func TestForwardingIsWalledIn(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), func(c *Config) { c.Dev = false })
	other, err := s.store.CreateOrganization(t.Context(), "other", "Other")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.CreateProject(t.Context(), store.Scope{Org: other.ID}, "theirs", "Theirs", "go"); err != nil {
		t.Fatal(err)
	}
	token := func(org store.Scope, scope string) string {
		secret, err := s.store.CreateToken(t.Context(), org, "t", []string{scope})
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + secret
	}
	u := settings.DefaultUpstream()
	u.DSN = upstreamDSN
	s.settings.Book().Put(s.key.Org, 0, settings.Settings{Upstream: &u})
	ours, theirs := token(store.Scope{Org: s.key.Org}, "org:read"), token(store.Scope{Org: other.ID}, "org:write")
	if q := s.queues("GET", "/api/v1/upstream", "Authorization", ours); len(q) != 1 || q[0].Mode != "forwarding" {
		t.Errorf("ours: %+v", q)
	}
	if q := s.queues("GET", "/api/v1/upstream", "Authorization", theirs); len(q) != 1 || q[0].Project == s.key.Project.String() || q[0].Mode != "local" {
		t.Errorf("theirs: %+v", q)
	}
	f := func(method, path, auth string, want int) {
		t.Helper()
		if status, body, _ := s.ask(method, path, "", "Authorization", auth); status != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, status, body, want)
		}
	}
	f("GET", "/api/v1/upstream?project=default", theirs, 404)
	f("POST", "/api/v1/upstream/retry?project=default", theirs, 404)
	f("POST", "/api/v1/upstream/retry", ours, 403)
	f("GET", "/api/v1/upstream", "", 401)
}
