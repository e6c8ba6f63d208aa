package hook_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/hook"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
)

// TestSigned sends one of everything that Sentry sends, signed as Sentry does.
func TestSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range fixtures(t) {
		resource, action, _ := strings.Cut(name, ".")
		body := fixture(t, name)
		status, id, text := w.send(w.request(resource, body))
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", name, status, text)
			continue
		}
		d := w.delivery(id)
		if d.Resource != resource || d.Action != action || d.State != store.DeliveryWaiting || !d.Received.Equal(noon) {
			t.Errorf("%s is stored as %+v", name, d)
		}
		forged := w.request(resource, bytes.Replace(body, []byte(action), []byte("xx"), 1))
		forged.Header.Set("Sentry-Hook-Signature", sign(secret, body))
		if status, _, text := w.send(forged); status != http.StatusUnauthorized {
			t.Errorf("%s forged: %d %s", name, status, text)
		}
	}
}

// TestPaths sends under every path there is.
func TestPaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := 0
	f := func(path, header, want string) {
		t.Helper()
		n++
		body := fmt.Appendf(nil, `{"action":"created","data":{"n":%d}}`, n)
		r := w.request(header, body)
		r.URL.Path = path
		if header == "" {
			r.Header.Del("Sentry-Hook-Resource")
		}
		status, id, text := w.send(r)
		if want == "" {
			if status != http.StatusBadRequest || !strings.Contains(text, "Sentry-Hook-Resource") {
				t.Errorf("%s: %d %s, want a refusal that names the header", path, status, text)
			}
			return
		}
		if status != http.StatusOK || w.delivery(id).Resource != want {
			t.Errorf("%s: %d %s, want resource %s", path, status, text, want)
		}
	}
	for _, prefix := range []string{"/sentry", "/api/v1/sentry"} {
		f(prefix+"/webhook", "issue", "issue")
		f(prefix+"/webhook", "brand_new", "brand_new")
		f(prefix+"/webhook", "", "")
		f(prefix+"/webhook/issue", "", "issue")
		f(prefix+"/webhook/error", "", "error")
		f(prefix+"/webhook/event", "", "event_alert")
		f(prefix+"/webhook/event", "metric_alert", "metric_alert") // the header knows better
	}
	r := w.request("issue", nil)
	r.Method = "GET"
	if status, _, text := w.send(r); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d %s", status, text)
	}
}

// TestRefused sends what must not be taken: late, early, truncated, forged, misshapen.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := fixture(t, "issue.resolved")
	f := func(change func(r *http.Request), body []byte, want int, says string) {
		t.Helper()
		r := w.request("issue", body)
		change(r)
		status, id, text := w.send(r)
		if status != want || id != "" || !strings.Contains(text, says) {
			t.Errorf("%d %s, want %d that says %q", status, text, want, says)
		}
		if strings.Contains(text, secret) {
			t.Errorf("the answer tells the secret: %s", text)
		}
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	stamp := func(late time.Duration) func(*http.Request) {
		return header("Sentry-Hook-Timestamp", strconv.FormatInt(noon.Add(-late).Unix(), 10))
	}
	same := func(*http.Request) {}
	f(header("Sentry-Hook-Signature", sign("another secret of some length", good)), good, 401, "Signature")
	f(header("Sentry-Hook-Signature", ""), good, 401, "Signature")
	f(header("Sentry-Hook-Signature", "zz"), good, 401, "Signature")
	f(header("Sentry-Hook-Signature", sign(secret, good)[:62]), good, 401, "Signature")
	f(header("Sentry-Hook-Signature", strings.Repeat("0", 64)), good, 401, "Signature")
	f(header("Sentry-Hook-Signature", sign("", good)), good, 401, "Signature")
	f(header("Sentry-Hook-Signature", sign(secret, good)), good[:len(good)-1], 401, "Signature")
	f(header("Sentry-Hook-Signature", sign(secret, good)), append(bytes.Clone(good), ' '), 401, "Signature")
	f(stamp(5*time.Minute+time.Second), good, 400, "clocks")
	f(stamp(-5*time.Minute-time.Second), good, 400, "clocks")
	f(header("Sentry-Hook-Timestamp", ""), good, 400, "Unix seconds")
	f(header("Sentry-Hook-Timestamp", "yesterday"), good, 400, "Unix seconds")
	f(header("Sentry-Hook-Timestamp", "99999999999999999999"), good, 400, "Unix seconds")
	f(header("Sentry-Hook-Resource", "a b"), good, 400, "Sentry-Hook-Resource")
	f(header("Sentry-Hook-Resource", strings.Repeat("a", 65)), good, 400, "Sentry-Hook-Resource")
	f(header("Request-ID", strings.Repeat("a", 65)), good, 400, "Request-ID")
	f(same, nil, 400, "JSON object")
	f(same, []byte(`[]`), 400, "JSON object")
	f(same, []byte(`{"action":`), 400, "JSON object")
	f(same, bytes.Repeat([]byte("["), 1000), 400, "JSON object")
	f(same, make([]byte, 2<<20+1), 413, "bytes")
	page, err := w.db.Deliveries(t.Context(), store.DeliveryQuery{In: w.in()})
	w.must(err)
	if len(page.Deliveries) != 0 {
		t.Errorf("%d deliveries are stored", len(page.Deliveries))
	}
	r := w.request("issue", good)
	stamp(5 * time.Minute)(r)
	r.Header.Set("Request-ID", "")
	if status, _, text := w.send(r); status != 200 {
		t.Errorf("just in time, and without an id: %d %s", status, text)
	}
}

// TestCutOff ends a request in the middle of its body.
func TestCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := fixture(t, "issue.resolved")
	c, err := net.Dial("tcp", w.server.Listener.Addr().String())
	w.must(err)
	defer c.Close()
	fmt.Fprintf(c, "POST /sentry/webhook HTTP/1.1\r\nHost: picket\r\nSentry-Hook-Resource: issue\r\nSentry-Hook-Timestamp: %d\r\nSentry-Hook-Signature: %s\r\nContent-Length: %d\r\n\r\n%s",
		noon.Unix(), sign(secret, body), len(body)+1, body)
	w.must(c.(*net.TCPConn).CloseWrite())
	answer, err := io.ReadAll(c)
	w.must(err)
	if !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
		t.Errorf("answer %s", answer)
	}
}

// TestSentTwice replays a request, and sends its body in another.
func TestSentTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := fixture(t, "event_alert.triggered")
	r := w.request("event_alert", body)
	request := r.Header.Get("Request-ID")
	_, first, _ := w.send(r)
	f := func(what string, r *http.Request, want int) {
		t.Helper()
		status, id, text := w.send(r)
		if status != want || status == 200 && id != first {
			t.Errorf("%s: %d %s, want %d and delivery %s", what, status, text, want, first)
		}
	}
	again := w.request("event_alert", body)
	again.Header.Set("Request-ID", request)
	f("the same request", again, 200)
	w.now = w.now.Add(time.Minute)
	f("another attempt", w.request("event_alert", body), 200)
	w.now = w.now.Add(10 * time.Minute)
	late := w.request("event_alert", body)
	late.Header.Set("Sentry-Hook-Timestamp", strconv.FormatInt(noon.Unix(), 10))
	f("a replay of what was recorded", late, 400)
	f("a replay with another time", w.request("event_alert", body), 200)
	w.work()
	triggers, err := w.db.Triggers(t.Context(), w.in(), store.Page{})
	w.must(err)
	if len(triggers.Triggers) != 1 {
		t.Errorf("%d alerts are kept, want one", len(triggers.Triggers))
	}
}

// TestOrganizations finds out whose a delivery is by its secret alone.
func TestOrganizations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const theirs = "another client secret of theirs"
	other, err := w.db.CreateOrganization(t.Context(), "rivals", "Rivals")
	w.must(err)
	w.book.Put(other.ID, 0, settings.Settings{Sentry: &settings.Sentry{WebhookSecret: theirs, AllowFrom: []string{"127.0.0.0/8"}}})
	body := fixture(t, "issue.resolved")
	f := func(secret string, want int) {
		t.Helper()
		r := w.request("issue", body)
		r.Header.Set("Sentry-Hook-Signature", sign(secret, body))
		if status, _, text := w.send(r); status != want {
			t.Errorf("%d %s, want %d", status, text, want)
		}
	}
	stored := func(in store.Scope) int {
		t.Helper()
		page, err := w.db.Deliveries(t.Context(), store.DeliveryQuery{In: in})
		w.must(err)
		return len(page.Deliveries)
	}
	f(theirs, 200)
	if ours, others := stored(w.in()), stored(store.Scope{Org: other.ID}); ours != 0 || others != 1 {
		t.Errorf("%d deliveries are ours and %d theirs, want 0 and 1", ours, others)
	}
	f(secret, 200)
	if ours, others := stored(w.in()), stored(store.Scope{Org: other.ID}); ours != 1 || others != 1 {
		t.Errorf("%d deliveries are ours and %d theirs, want 1 and 1", ours, others)
	}
	w.set(settings.Sentry{WebhookSecret: secret, AllowFrom: []string{"192.0.2.0/24"}})
	f(theirs, 200)
	f(secret, 403) // the other organization's networks are not ours
	w.book.Put(other.ID, 0, settings.Settings{})
	f(theirs, 403) // nobody takes anything from here
	w.set(settings.Sentry{})
	f(secret, 401)
}

// TestAddresses believes proxies that are trusted, and nobody else.
func TestAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wire(hook.DoorOptions{TrustedProxies: networks("127.0.0.0/8")})
	w.set(settings.Sentry{WebhookSecret: secret, AllowFrom: []string{"35.186.247.156", "2600:1900::/28"}})
	n := 0
	f := func(forwarded string, want int) {
		t.Helper()
		n++
		r := w.request("comment", fmt.Appendf(nil, `{"action":"created","n":%d}`, n))
		r.Header.Set("X-Forwarded-For", forwarded)
		if status, _, text := w.send(r); status != want {
			t.Errorf("%q: %d %s, want %d", forwarded, status, text, want)
		}
	}
	f("35.186.247.156", 200)
	f("::ffff:35.186.247.156", 200)
	f("2600:1901::7", 200)
	f("35.186.247.157", 403)
	f("35.186.247.156, 198.51.100.1", 403) // the left one was written by whoever sent it
	f("198.51.100.1, 35.186.247.156", 200)
	f("", 403)
	w.wire(hook.DoorOptions{})
	f("35.186.247.156", 403) // no proxy is trusted
}

// TestLimits sends more than may be sent, signed and not.
func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wire(hook.DoorOptions{Limits: hook.Limits{PerSecond: 2, Burst: 3, Failures: 3}})
	n := 0
	f := func(secret string, want int) {
		t.Helper()
		n++
		body := fmt.Appendf(nil, `{"action":"created","n":%d}`, n)
		r := w.request("comment", body)
		r.Header.Set("Sentry-Hook-Signature", sign(secret, body))
		a, err := http.DefaultClient.Do(r)
		w.must(err)
		a.Body.Close()
		if a.StatusCode != want || want == 429 && a.Header.Get("Retry-After") == "" {
			t.Errorf("request %d: %d %v, want %d", n, a.StatusCode, a.Header, want)
		}
	}
	for _, want := range []int{200, 200, 200, 429, 429} {
		f(secret, want)
	}
	w.now = w.now.Add(time.Second)
	for _, want := range []int{200, 200, 429} {
		f(secret, want)
	}
	w.now = w.now.Add(time.Minute)
	for _, want := range []int{401, 401, 401, 429} {
		f("no secret", want)
	}
	f(secret, 429) // from the same address
	w.now = w.now.Add(20 * time.Second)
	f(secret, 200)
	f("no secret", 401)
	f("no secret", 429)
}

// TestStoreIsGone answers so that Sentry sends again: it never does after a 4xx.
func TestStoreIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.db.Close())
	a, err := http.DefaultClient.Do(w.request("issue", fixture(t, "issue.resolved")))
	w.must(err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	w.must(err)
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || strings.Contains(string(text), "store") {
		t.Errorf("answer %d %v %s", a.StatusCode, a.Header, text)
	}
}
