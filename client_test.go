package picket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestNilIsSilent calls every method of what may be nil with nothing in its arguments.
func TestNilIsSilent(t *testing.T) {
	t.Parallel()
	for _, x := range []any{(*Client)(nil), (*Span)(nil), (*Execution)(nil), (*ModelSpan)(nil), (*ToolSpan)(nil)} {
		v := reflect.ValueOf(x)
		for i := range v.NumMethod() {
			name := fmt.Sprintf("%T.%s", x, v.Type().Method(i).Name)
			for _, out := range callWithNothing(t, name, v.Method(i)) {
				if err, ok := out.Interface().(error); ok && err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if id, ok := out.Interface().(EventID); ok && id != "" {
					t.Errorf("%s returns the id %s", name, id)
				}
			}
		}
	}
	served := false
	h := (*Client)(nil).Middleware(MiddlewareOptions{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true }))
	if h.ServeHTTP(nil, nil); !served {
		t.Error("the middleware of no client does not serve")
	}
}

func callWithNothing(t *testing.T, name string, f reflect.Value) []reflect.Value {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s panics: %v", name, r)
		}
	}()
	var in []reflect.Value
	for i := range f.Type().NumIn() {
		arg := f.Type().In(i)
		switch {
		case f.Type().IsVariadic() && i == f.Type().NumIn()-1:
		case arg == reflect.TypeFor[context.Context]():
			in = append(in, reflect.ValueOf(context.Background()))
		default:
			in = append(in, reflect.Zero(arg))
		}
	}
	return f.Call(in)
}

// Without any client the functions of the package do nothing, and still run what they
// are given.
func TestNoClientIsSilent(t *testing.T) {
	ctx := context.Background()
	ran := 0
	if id := CaptureException(ctx, io.EOF); id != "" {
		t.Errorf("id = %s", id)
	}
	CaptureMessage(ctx, LevelInfo, "x")
	CaptureAgentError(ctx, "a", io.EOF, &ExecutionSummary{Tools: []ToolCall{{Name: "x"}}})
	AddBreadcrumb(ctx, Breadcrumb{})
	RecordPolicy(ctx, Policy{})
	Handoff(ctx, Agent{})
	func() { defer Recover(ctx); panic("recovered all the same") }()
	err := Execute(ctx, Agent{}, func(ctx context.Context, x *Execution) error {
		ran++
		_, call := StartModelCall(ctx, ModelCall{})
		call.End(ModelResult{}, nil)
		_, tool := StartToolCall(ctx, ToolCall{})
		tool.End(1, nil)
		x.Input("in")
		return io.EOF
	})
	done := make(chan struct{})
	Go(ctx, func(context.Context) { ran++; close(done) })
	<-done
	v, _ := Measure(ctx, "op", "name", func(context.Context) (int, error) { ran++; return 5, nil })
	if ran != 3 || v != 5 || err != io.EOF {
		t.Errorf("ran %d, measured %d, returned %v", ran, v, err)
	}
	if err := errors.Join(Flush(ctx), Close(ctx)); err != nil || Default() != nil {
		t.Errorf("%v, default %v", err, Default())
	}
}

// captureHanging is a transport that never answers.
type captureHanging struct{}

func (captureHanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestFlushAndCloseKeepTheirDeadlines(t *testing.T) {
	t.Parallel()
	f := func(transport http.RoundTripper) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			c, err := New(Options{DSN: testDSN, Transport: transport, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			c.CaptureMessage(t.Context(), LevelInfo, "hello")
			if waited := time.Since(begin); waited != 0 {
				t.Errorf("%T: the host waited %v", transport, waited)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			err = c.Flush(ctx)
			if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Second {
				t.Errorf("%T: flush: %v after %v", transport, err, took)
			}
			if !strings.Contains(fmt.Sprint(err), "1 envelopes are still waiting") {
				t.Errorf("%T: flush: %v", transport, err)
			}
			ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err = c.Close(ctx)
			if took := time.Since(begin); err == nil || took != 5*time.Second {
				t.Errorf("%T: close: %v after %v", transport, err, took)
			}
			if n := c.Stats().Dropped["closed"]; n != 1 {
				t.Errorf("%T: %d are counted as lost", transport, n)
			}
		})
	}
	f(captureHanging{})
	f(refusing{})
}

// Who names no deadline does not wait for ever.
func TestFlushAndCloseWithoutDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{DSN: testDSN, Transport: captureHanging{}, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		c.CaptureMessage(t.Context(), LevelInfo, "hello")
		begin := time.Now()
		if err := c.Flush(context.Background()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != patience {
			t.Errorf("flush: %v after %v", err, time.Since(begin))
		}
		if err := c.Close(context.Background()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 2*patience {
			t.Errorf("close: %v after %v", err, time.Since(begin))
		}
	})
}

func TestAfterClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, c, m := testClient(t, Options{})
		x, run := StartExecution(ctx, Agent{ID: "a"})
		closeClient(t, c)
		begin := time.Now()
		if id := CaptureException(ctx, io.EOF); len(id) != 32 {
			t.Errorf("id = %q", id)
		}
		RecordPolicy(x, Policy{Name: "late"})
		run.End(nil)
		if err := errors.Join(c.Flush(context.Background()), c.Close(context.Background())); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != 0 || len(m.envelopes) != 0 {
			t.Errorf("took %v, sent %d", took, len(m.envelopes))
		}
		if n := c.Stats().Dropped["closed"]; n != 3 {
			t.Errorf("%d are counted as lost, want the error and two spans", n)
		}
	})
}

// A client reports for itself whatever another one's context carries.
func TestClientReportsForItself(t *testing.T) {
	t.Parallel()
	ctx, _, elsewhere := testClient(t, Options{})
	_, c, m := testClient(t, Options{})
	id := c.CaptureException(WithUser(ctx, User{ID: "u1"}), io.EOF)
	ev := onlyEvent(t, c, m)
	if ev["event_id"] != string(id) || at(ev, "user", "id") != "u1" || len(elsewhere.envelopes) != 0 {
		t.Errorf("sent %v, elsewhere %d", ev, len(elsewhere.envelopes))
	}
}
