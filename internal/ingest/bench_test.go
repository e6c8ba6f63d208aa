package ingest

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/wire"
)

// nowhere takes everything and keeps nothing.
type nowhere struct{}

func (nowhere) Process(context.Context, *wire.Envelope, sentry.Meta) (model.EventID, error) {
	return model.EventID{}, nil
}

func (nowhere) ProcessStore(context.Context, []byte, sentry.Meta) (model.EventID, error) {
	return model.EventID{}, nil
}

func (nowhere) Discard(model.OrgID, model.ProjectID, model.Discard) {}

// BenchmarkReceive measures the door alone, with an error event of 9 KB.
func BenchmarkReceive(b *testing.B) {
	frame := `{"function":"Plan.Step","module":"relay.one/agent/planner","filename":"planner/step.go","lineno":214,"in_app":true},`
	body := `{"event_id":"` + eventID + `"}` + "\n" + `{"type":"event"}` + "\n" +
		`{"exception":[{"stacktrace":{"frames":[` + strings.Repeat(frame, 75) + "{}]}}]}\n"
	f := func(encoding, body string) {
		b.Run(encoding, func(b *testing.B) {
			h := New(Options{Gate: gate{}, Sink: nowhere{}})
			target := &url.URL{Path: "/api/1/envelope/"}
			w := httptest.NewRecorder()
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r := &http.Request{Method: http.MethodPost, ContentLength: int64(len(body)), RemoteAddr: "127.0.0.1:1",
					Body: readCloser{bytes.NewReader([]byte(body))}, Header: http.Header{
						"Content-Encoding": {encoding}, "X-Sentry-Auth": {"Sentry sentry_version=7, sentry_key=" + goodKey}}}
				r.URL = target
				w.Body.Reset()
				if h.ServeHTTP(w, r); w.Code != 200 {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
	f("identity", body)
	for _, name := range []string{"gzip", "deflate", "br", "zstd"} {
		f(name, compress(b, compressors[name], []byte(body)))
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }
