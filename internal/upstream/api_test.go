package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/upstream"
)

const apiToken = "sntryu_0123456789abcdef"

func TestAPI(t *testing.T) {
	t.Parallel()
	f := func(answer http.HandlerFunc) *upstream.API {
		s := httptest.NewServer(answer)
		t.Cleanup(s.Close)
		return &upstream.API{URL: s.URL + "/sub/", Token: apiToken, Organization: "acme", Client: s.Client()}
	}
	ctx := context.Background()
	a := f(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.URL.Path != "/sub/api/0/organizations/acme/issues/77/events/latest/" || r.Header.Get("Authorization") != "Bearer "+apiToken {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		io.WriteString(w, `{"id":"1","eventID":"0123456789abcdef0123456789abcdef","entries":[]}`)
	})
	if id, err := a.LatestEvent(ctx, "77"); err != nil || id.String() != "0123456789abcdef0123456789abcdef" {
		t.Errorf("LatestEvent = %s, %v", id, err)
	}
	var got []map[string]string
	a = f(func(w http.ResponseWriter, r *http.Request) {
		body := map[string]string{}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != "PUT" || r.URL.EscapedPath() != "/sub/api/0/organizations/acme/issues/..%2Fx/" {
			t.Errorf("%s %s: %v", r.Method, r.URL.EscapedPath(), err)
		}
		got = append(got, body)
		io.WriteString(w, "{}")
	})
	if err := errors.Join(a.SetStatus(ctx, "../x", "ignored"), a.SetAssignee(ctx, "../x", "")); err != nil {
		t.Error(err)
	}
	if len(got) != 2 || got[0]["status"] != "ignored" || len(got[1]) != 1 || got[1]["assignedTo"] != "" {
		t.Errorf("sent %v", got)
	}
}

func TestAPIRefusals(t *testing.T) {
	t.Parallel()
	f := func(status int, header, body string, kind error, after time.Duration, says string) {
		t.Helper()
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		}))
		defer s.Close()
		a := &upstream.API{URL: s.URL, Token: apiToken, Organization: "acme", Client: s.Client()}
		err := a.SetStatus(context.Background(), "77", "resolved")
		var refusal *upstream.Refusal
		if !errors.As(err, &refusal) || refusal.Status != status || refusal.RetryAfter() != after || errors.Unwrap(refusal) != kind {
			t.Errorf("%d: %#v, want %v after %s", status, err, kind, after)
			return
		}
		if !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), apiToken) || len(err.Error()) > 500 {
			t.Errorf("%d: %v, want it to say %q", status, err, says)
		}
	}
	f(400, "", `{"assignedTo":["Unknown actor input"]}`, model.ErrInvalid, 0, "Unknown actor input")
	f(401, "", `{"detail":"Invalid token"}`, model.ErrUnauthorized, 0, "make a new one")
	f(401, "", `{"detail":"Invalid token `+apiToken+`"}`, model.ErrUnauthorized, 0, "Invalid token")
	f(403, "", `{"detail":"no"}`, model.ErrForbidden, 0, "event:write")
	f(404, "", `<html>`, model.ErrNotFound, 0, "no such issue")
	f(429, "7", `{"detail":"slow down"}`, nil, 7*time.Second, "slow down")
	f(429, "999999", `{}`, nil, time.Hour, "Too Many Requests")
	f(500, "", strings.Repeat("x", 1000), nil, 0, "500")
	f(502, "", `{"detail":"`+strings.Repeat("é", 1000)+`"}`, nil, 0, "502")
}

// TestAPIWithoutAnswer asks what answers with anything but what it should.
func TestAPIWithoutAnswer(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `[]`, `{}`, `{"eventID":"xyz"}`, `{"eventID":7}`} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
		a := &upstream.API{URL: s.URL, Token: apiToken, Organization: "acme", Client: s.Client()}
		if id, err := a.LatestEvent(context.Background(), "77"); err == nil {
			t.Errorf("%q is event %s", body, id)
		}
		s.Close()
		if err := a.SetStatus(context.Background(), "77", "resolved"); err == nil || strings.Contains(err.Error(), s.URL) {
			t.Errorf("a closed port: %v", err)
		}
	}
}
