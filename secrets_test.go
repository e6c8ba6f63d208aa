package picket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/redact"
)

// Texts that tests look for in all that is sent.
const (
	planted = "Hunter2Planted" // is secret by what stands around it
	aloud   = "SpokenByPeople" // is content
)

// helpers lists every way to report something, with a secret wherever one may stand.
var helpers = map[string]func(ctx context.Context){
	"exception": func(ctx context.Context) {
		CaptureException(ctx, errors.New("dial postgres://bob:"+planted+"@db/app"), slog.String("api_key", planted), slog.Any("login", map[string]any{"password": planted}))
	},
	"joined": func(ctx context.Context) {
		CaptureException(ctx, errors.Join(errors.New("password="+planted), fmt.Errorf("wrapped: %w", errors.New("Authorization: Bearer "+planted))))
	},
	"message": func(ctx context.Context) { CaptureMessage(ctx, LevelInfo, "secret="+planted) },
	"panic":   func(ctx context.Context) { defer Recover(ctx); panic("token=" + planted) },
	"sentry-go": func(ctx context.Context) {
		sentry.GetHubFromContext(ctx).CaptureException(errors.New("password=" + planted))
	},
	"log": func(ctx context.Context) {
		sentry.NewLogger(ctx).Info().String("password", planted).Emitf("%s", "password="+planted)
	},
	"breadcrumb": func(ctx context.Context) {
		AddBreadcrumb(ctx, Breadcrumb{Message: "password=" + planted, Data: []Attr{slog.String("token", planted), slog.Any("m", map[string]string{"secret": planted})}})
		CaptureMessage(ctx, LevelInfo, "x")
	},
	"tag and extra": func(ctx context.Context) {
		ctx = WithExtra(WithTag(ctx, "password", planted), slog.String("url", "https://api.test/?token="+planted), slog.String("credentials", planted))
		CaptureMessage(ctx, LevelInfo, "x")
		_, run := StartExecution(ctx, Agent{Name: "a"})
		run.End(nil)
	},
	"agent error": func(ctx context.Context) {
		CaptureAgentError(ctx, "a", errors.New("x-api-key: "+planted), &ExecutionSummary{Reason: "password=" + planted,
			Tools: []ToolCall{{Name: "t", Arguments: map[string]any{"password": planted, "said": aloud}, Error: "token=" + planted,
				Result: `{"token":"` + planted + `","said":"` + aloud + `"}`}},
			Policies: []Policy{{Name: "p", Reason: "secret=" + planted}}})
	},
	"execution": func(ctx context.Context) {
		ctx, run := StartExecution(ctx, Agent{Name: "a"}, slog.String("api_key", planted))
		run.Input("my password=" + planted + " " + aloud)
		run.Output([]any{map[string]any{"role": "assistant", "content": "token=" + planted + " " + aloud}})
		run.Set(slog.Group("db", slog.String("password", planted)))
		run.Fail("password=" + planted)
		_, sub := StartExecution(ctx, Agent{Name: "b"})
		sub.End(errors.New("password=" + planted))
		run.End(nil)
	},
	"model call": func(ctx context.Context) {
		ctx, run := StartExecution(ctx, Agent{Name: "a"})
		_, call := StartModelCall(ctx, ModelCall{Model: "m", Messages: "use api_key=" + planted + " " + aloud, Instructions: "password=" + planted + " " + aloud,
			Attrs: []Attr{slog.String("authorization", planted)}})
		call.End(ModelResult{Output: `[{"role":"assistant","parts":[{"type":"tool_call","arguments":{"password":"` + planted + `","said":"` + aloud + `"}}]}]`}, errors.New("token="+planted))
		_, call = StartModelCall(ctx, ModelCall{Operation: "embeddings", Messages: []string{aloud, "password=" + planted}})
		call.End(ModelResult{}, nil)
		run.End(nil)
	},
	"tool call": func(ctx context.Context) {
		ctx, run := StartExecution(ctx, Agent{Name: "a"})
		_, tool := StartToolCall(ctx, ToolCall{Name: "t", Arguments: map[string]any{"password": planted, "text": aloud}, Attrs: []Attr{slog.String("x-api-key", planted)}})
		tool.Fail("password=" + planted)
		tool.End(map[string]any{"secret": planted, "text": aloud}, errors.New("token="+planted))
		CaptureMessage(ctx, LevelInfo, "x")
		run.End(nil)
	},
	"policy and handoff": func(ctx context.Context) {
		ctx, run := StartExecution(ctx, Agent{Name: "a"})
		RecordPolicy(ctx, Policy{Name: "p", Verdict: Deny, Reason: "saw password=" + planted})
		Handoff(ctx, Agent{Name: "token=" + planted})
		run.End(errors.New("secret=" + planted))
	},
	"transaction": func(ctx context.Context) {
		ctx, job := StartTransaction(ctx, "queue.process", "token="+planted, slog.String("password", planted))
		_, s := StartSpan(ctx, "http.client", "GET https://bob:"+planted+"@api.test/", slog.String("url.full", "https://api.test/?api_key="+planted))
		s.Fail(errors.New("password=" + planted))
		s.End()
		_, call := StartModelCall(ctx, ModelCall{Messages: "password=" + planted + " " + aloud})
		call.End(ModelResult{Output: aloud}, nil)
		job.End()
	},
	"request": func(ctx context.Context) {
		r := httptest.NewRequestWithContext(ctx, "POST", "/login?token="+planted+"&page=2", strings.NewReader(`{"password":"`+planted+`"}`))
		r.Header.Set("Authorization", "Bearer "+planted)
		r.Header.Set("Cookie", "session="+planted+"; theme=dark")
		r.Header.Set("X-Api-Key", planted)
		Middleware(MiddlewareOptions{BodyBytes: 1 << 10})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var rest [64]byte
			_, _ = r.Body.Read(rest[:])
			panic("password=" + planted)
		})).ServeHTTP(httptest.NewRecorder(), r)
	},
}

// sentBy returns all that is sent when something is reported in that way.
func sentBy(t *testing.T, o Options, u User, report func(ctx context.Context)) string {
	t.Helper()
	ctx, c, m := testClient(t, o)
	report(WithUser(ctx, u))
	flush(t, c)
	var b strings.Builder
	for _, e := range m.envelopes {
		b.Write(e.Header.Raw)
		for _, item := range e.Items {
			b.Write(item.Payload)
		}
	}
	if b.Len() == 0 {
		t.Error("nothing is sent")
	}
	return b.String()
}

func TestSecretsDoNotLeave(t *testing.T) {
	t.Parallel()
	f := func(o Options, wantSpoken bool) {
		t.Helper()
		said := false
		for name, report := range helpers {
			text := sentBy(t, o, User{ID: "u1", Email: "ada@example.com"}, report)
			if at := strings.Index(text, planted); at >= 0 {
				t.Errorf("%s: a secret is sent: …%s…", name, text[max(0, at-200):at+20])
			}
			if o.ExecutionSampleRate == 0 && !strings.Contains(text, redact.Filtered) {
				t.Errorf("%s: nothing was filtered, so nothing was tested: %s", name, text)
			}
			if at := strings.Index(text, aloud); at >= 0 {
				said = true
				if !wantSpoken {
					t.Errorf("%s: content is sent: …%s…", name, text[max(0, at-200):at+20])
				}
			}
		}
		if said != wantSpoken {
			t.Errorf("content is sent: %v, want %v", said, wantSpoken)
		}
	}
	f(Options{}, true)
	f(Options{SendDefaultPII: true}, true)
	f(Options{OmitContent: true}, false)
	f(Options{Scrubbing: &redact.Rules{Emails: true, IPs: true}}, true)
	f(Options{ExecutionSampleRate: -1, TracesSampleRate: -1}, true)
}

func TestUsersMayBeAnonymous(t *testing.T) {
	t.Parallel()
	f := func(u User) {
		t.Helper()
		names := map[string]bool{}
		for name, report := range helpers {
			text := sentBy(t, Options{AnonymizeUsers: true, SendDefaultPII: true}, u, report)
			for _, known := range []string{u.ID, u.Email, u.Name, u.IP, "ada%40"} {
				if known != "" && strings.Contains(text, known) {
					t.Errorf("%s: %q is sent: %s", name, known, text)
				}
			}
			if name == "log" {
				continue // sentry-go's logs take the user from its own scope
			}
			_, rest, found := strings.Cut(text, `anon-`)
			if !found {
				t.Errorf("%s: no pseudonym is sent: %s", name, text)
			}
			for found {
				names[rest[:16]] = true
				_, rest, found = strings.Cut(rest, `anon-`)
			}
		}
		if len(names) != 1 {
			t.Errorf("%+v has several pseudonyms: %v", u, names)
		}
	}
	f(User{ID: "user-4711", Email: "ada@example.com", Name: "Ada Lovelace", IP: "203.0.113.9"})
	f(User{Email: "ada@example.com", Name: "Ada Lovelace"})
}

// Addresses and innocent cookies leave only when they are asked for.
func TestPIIIsOptIn(t *testing.T) {
	t.Parallel()
	f := func(pii bool) {
		t.Helper()
		for name, report := range helpers {
			text := sentBy(t, Options{SendDefaultPII: pii}, User{ID: "u1", IP: "203.0.113.9"}, report)
			if name != "log" && name != "request" && strings.Contains(text, "203.0.113.9") != pii {
				t.Errorf("%s: the address is sent: %v, want %v: %s", name, !pii, pii, text)
			}
			if !pii && (strings.Contains(text, "203.0.113.9") || strings.Contains(text, "192.0.2.1") || strings.Contains(text, "dark")) {
				t.Errorf("%s: a cookie or an address is sent: %s", name, text)
			}
			if pii && name == "request" && !strings.Contains(text, "theme=dark") {
				t.Errorf("%s: the cookie is not sent: %s", name, text)
			}
			if !strings.Contains(text, `"u1"`) && name != "log" && name != "request" {
				t.Errorf("%s: the user is not sent: %s", name, text)
			}
		}
	}
	f(false)
	f(true)
}
