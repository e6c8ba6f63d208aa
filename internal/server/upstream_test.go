package server

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/settings"
	"relay.one/picket/wire"
)

const upstreamKey = "fedcba9876543210fedcba9876543210"

// arrival is a request as the upstream got it.
type arrival struct {
	header http.Header
	*wire.Envelope
}

// upstreamServer takes everything and hands it on.
func upstreamServer(t *testing.T) (dsn string, got chan arrival) {
	t.Helper()
	got = make(chan arrival, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := unpacked(r.Body)
		if err != nil {
			t.Errorf("what was forwarded cannot be unpacked: %v", err)
		}
		e, err := wire.ReadEnvelope(body)
		if err != nil {
			t.Errorf("what was forwarded cannot be read: %v", err)
		}
		got <- arrival{r.Header, e}
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "://", "://"+upstreamKey+"@", 1) + "/42", got
}

// unpacked reads a body and takes off gzip.
func unpacked(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(r)
	if err != nil || !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func forwardingTo(dsn string, personal bool) func(*Config) {
	return func(c *Config) {
		up := settings.DefaultUpstream()
		up.DSN, up.SendDefaultPII = dsn, personal
		c.Settings.Upstream = &up
		c.Settings.AllowOutbound = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
}

// fixture is what a client sent.
type fixture struct {
	name  string
	store bool
	body  []byte
}

// fixtures returns what real clients sent, each event once.
func fixtures(t *testing.T) (out []fixture) {
	t.Helper()
	seen := map[string]bool{}
	for _, pattern := range []string{"../sentry/testdata/*.envelope", "../sentry/testdata/*.store", "../../conformance/testdata/*/*.bin"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			body, err := unpacked(f)
			f.Close()
			if err != nil {
				t.Fatal(err)
			}
			x := fixture{name: strings.TrimPrefix(name, "../"), body: body}
			e, err := wire.ReadEnvelope(body)
			if err != nil || len(e.Items) == 0 {
				if x.store = strings.HasSuffix(name, ".store"); !x.store {
					continue
				}
			} else if id := e.Header.EventID; id != "" {
				if seen[id] {
					continue
				}
				seen[id] = true
			}
			out = append(out, x)
		}
	}
	if len(out) < 40 {
		t.Fatalf("%d fixtures: the test would show too little", len(out))
	}
	return out
}

// TestForwardedWhole sends what real clients sent and compares what came in with what went
// out, value by value. See comparison for all that may differ.
func TestForwardedWhole(t *testing.T) {
	t.Parallel()
	for _, personal := range []bool{true, false} {
		t.Run(fmt.Sprintf("personal %v", personal), func(t *testing.T) {
			t.Parallel()
			dsn, got := upstreamServer(t)
			s := start(t, t.TempDir(), forwardingTo(dsn, personal))
			items, scrubbed := 0, 0
			for _, x := range fixtures(t) {
				c := &comparison{t: t, name: x.name, personal: personal, dsn: dsn}
				in := s.deliver(x)
				select {
				case out := <-got:
					c.envelope(in, out)
				case <-time.After(20 * time.Second):
					t.Fatalf("%s does not arrive", x.name)
				}
				items, scrubbed = items+len(in.Items), scrubbed+c.differences
			}
			t.Logf("%d items went, %d values of them otherwise than they came", items, scrubbed)
			if personal == (scrubbed > 100) {
				t.Errorf("%d values differ: the test compares something else than it says", scrubbed)
			}
		})
	}
}

// deliver sends a fixture as if it were for this server, and returns what it sent.
func (r *running) deliver(x fixture) *wire.Envelope {
	r.t.Helper()
	path, body := "/api/1/store/", x.body
	in := &wire.Envelope{}
	if x.store {
		in.Items = []wire.Item{{Type: wire.ItemEvent, Payload: plainStore(r.t, x.body)}}
	} else {
		path, body = "/api/1/envelope/", withoutDSN(r.t, x.body)
		e, err := wire.ReadEnvelope(body)
		if err != nil {
			r.t.Fatalf("%s: %v", x.name, err)
		}
		in = e
	}
	if status, answer, _ := r.ask("POST", path, string(body), "X-Sentry-Auth", r.auth(), "User-Agent", "fixture"); status != 200 {
		r.t.Fatalf("%s: %d %s", x.name, status, answer)
	}
	return in
}

// withoutDSN takes the DSN out of an envelope's header, which names another server.
func withoutDSN(t *testing.T, body []byte) []byte {
	t.Helper()
	line, rest, _ := bytes.Cut(body, []byte{'\n'})
	var header map[string]json.RawMessage
	if err := json.Unmarshal(line, &header); err != nil {
		t.Fatal(err)
	}
	delete(header, "dsn")
	line, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return append(append(line, '\n'), rest...)
}

func plainStore(t *testing.T, body []byte) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(body)))
	if err != nil {
		return body
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return raw
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// comparison holds what went out against what came in. Nothing may differ but:
//
//   - of the envelope's header: dsn and the trace's public_key, which are the upstream's;
//     sent_at, which is later by what the envelope waited; event_id, which is that of the
//     event where the header had none;
//   - of an item's header: length;
//   - values that were scrubbed: they say so, and _meta tells of them;
//   - what only some servers read: NaN and Infinity, which are null;
//   - personal data, where they must not leave: see personalKeys. Where they may, the
//     address of the user, where the client left that to the server.
type comparison struct {
	t           *testing.T
	name        string
	personal    bool
	dsn         string
	differences int
}

// personalKeys are the members that do not leave unless the operator says so; infer_ip
// changes, so that the upstream does not take our address for the user's.
var personalKeys = []string{
	"ip_address", "email", "username", "name", "geo", "cookies", "infer_ip", "Cookie", "cookie", "X-Forwarded-For", "x-forwarded-for", "X-Real-Ip",
	"REMOTE_ADDR", "contact_email", "client_ip", "user.email", "user.name", "user.username", "user.ip_address", "client.address", "net.peer.ip",
	"network.peer.address", "http.client_ip",
}

func (c *comparison) errorf(format string, args ...any) {
	c.t.Helper()
	c.t.Errorf("%s: "+format, append([]any{c.name}, args...)...)
}

func (c *comparison) envelope(in *wire.Envelope, out arrival) {
	c.t.Helper()
	if a, err := wire.ParseAuth(out.header.Get("X-Sentry-Auth")); err != nil || a.Key != upstreamKey {
		c.errorf("auth = %+v, %v", a, err)
	}
	if client := out.header.Get("X-Forwarded-For"); (client != "") != c.personal {
		c.errorf("X-Forwarded-For = %q", client)
	}
	c.header(in, out)
	left := slices.DeleteFunc(slices.Clone(in.Items), func(item wire.Item) bool { return c.unreadable(item) })
	if len(left) != len(out.Items) {
		c.errorf("%d items came and %d went", len(left), len(out.Items))
		return
	}
	for i := range left {
		c.item(left[i], out.Items[i])
	}
}

// unreadable reports whether an item is malformed: the broken fixture has some.
func (c *comparison) unreadable(item wire.Item) bool {
	return strings.Contains(c.name, "broken_items") && slices.Contains([]string{"{\"message\":", "[1,2", "[]", `{"type":"transaction","spans":[{},{}]}`}, string(item.Payload))
}

func (c *comparison) header(in *wire.Envelope, out arrival) {
	c.t.Helper()
	was, is := map[string]any{}, parsed(c, out.Header.Raw).(map[string]any)
	if len(in.Header.Raw) > 0 {
		was = parsed(c, in.Header.Raw).(map[string]any)
	}
	if is["dsn"] != c.dsn {
		c.errorf("dsn = %v", is["dsn"])
	}
	if late := out.Header.SentAt.Sub(in.Header.SentAt); in.Header.SentAt.IsZero() != out.Header.SentAt.IsZero() || late < 0 || late > time.Minute {
		c.errorf("sent_at was %v and is %v", in.Header.SentAt, out.Header.SentAt)
	}
	if trace, ok := is["trace"].(map[string]any); ok {
		if trace["public_key"] != upstreamKey {
			c.errorf("public_key = %v", trace["public_key"])
		}
		delete(trace, "public_key")
	}
	if trace, ok := was["trace"].(map[string]any); ok {
		delete(trace, "public_key")
	}
	if in.Header.EventID != "" && out.Header.EventID != in.Header.EventID {
		c.errorf("event_id was %s and is %s", in.Header.EventID, out.Header.EventID)
	}
	for _, key := range []string{"dsn", "sent_at", "event_id"} {
		delete(was, key)
		delete(is, key)
	}
	c.value("header", was, is)
}

func (c *comparison) item(in, out wire.Item) {
	c.t.Helper()
	if len(in.Header) > 0 {
		was, is := parsed(c, in.Header).(map[string]any), parsed(c, out.Header).(map[string]any)
		if is["length"] != json.Number(fmt.Sprint(len(out.Payload))) {
			c.errorf("length = %v of %d bytes", is["length"], len(out.Payload))
		}
		delete(was, "length")
		delete(is, "length")
		c.value("item header", was, is)
	}
	if in.Type == wire.ItemAttachment || !json.Valid(notJSON.ReplaceAll(in.Payload, []byte(":null"))) {
		if !bytes.Equal(in.Payload, out.Payload) {
			c.errorf("%s is %q, was %q", in.Type, out.Payload, in.Payload)
		}
		return
	}
	was, is := parsed(c, in.Payload), parsed(c, out.Payload)
	if m, ok := is.(map[string]any); ok {
		delete(m, "_meta")
	}
	if m, ok := was.(map[string]any); ok {
		delete(m, "_meta")
	}
	c.value(in.Type, was, is)
}

// notJSON is what Python writes for numbers that JSON does not have.
var notJSON = regexp.MustCompile(`:\s*(NaN|-?Infinity)\b`)

func parsed(c *comparison, b []byte) (v any) {
	c.t.Helper()
	b = notJSON.ReplaceAll(b, []byte(":null"))
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		c.errorf("%v in %.200q", err, b)
	}
	return v
}

// value compares two values, and what is in them.
func (c *comparison) value(at string, was, is any) {
	c.t.Helper()
	if reflect.DeepEqual(was, is) {
		return
	}
	switch w := was.(type) {
	case map[string]any:
		if i, ok := is.(map[string]any); ok {
			c.members(at, w, i)
			return
		}
	case []any:
		if i, ok := is.([]any); ok && len(i) == len(w) {
			for n := range w {
				c.value(fmt.Sprintf("%s[%d]", at, n), w[n], i[n])
			}
			return
		}
	case string:
		if i, ok := is.(string); ok && (strings.Contains(i, "[Filtered]") || strings.Contains(i, "[email]") || strings.Contains(i, "[creditcard]")) {
			c.differences++
			return
		}
	}
	key := at[strings.LastIndexAny(at, "/")+1:]
	switch {
	case !c.personal && slices.Contains(personalKeys, key), c.personal && key == "ip_address" && was == "{{auto}}":
		c.differences++
	default:
		c.errorf("%s was %.200v and is %.200v", at, was, is)
	}
}

func (c *comparison) members(at string, was, is map[string]any) {
	c.t.Helper()
	keys := maps.Clone(was)
	maps.Copy(keys, is)
	for key := range keys {
		w, there := was[key]
		i, left := is[key]
		path := at + "/" + key
		switch {
		case there && left:
			c.value(path, w, i)
		case key == "_meta", c.personal && key == "ip_address" && left, c.personal && key == "user" && left:
			c.differences++
		case !c.personal && slices.Contains(personalKeys, key), !c.personal && left && (key == "sdk" || key == "settings"):
			c.differences++
		case !there:
			c.errorf("%s is new: %.200v", path, i)
		default:
			c.errorf("%s is gone, was %.200v", path, w)
		}
	}
}
