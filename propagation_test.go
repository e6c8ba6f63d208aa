package picket

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

const (
	someTrace = "0123456789abcdef0123456789abcdef"
	someSpan  = "fedcba9876543210"
)

// headers makes a header of names and values.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestContinueTrace(t *testing.T) {
	t.Parallel()
	f := func(h http.Header, continues bool, want decision) {
		t.Helper()
		tr := continueTrace(h)
		if got := tr.id.String() == someTrace && tr.parent.String() == someSpan; got != continues {
			t.Errorf("%v: continued is %t: %s-%s", h, got, tr.id, tr.parent)
		}
		if tr.sampled != want {
			t.Errorf("%v: decision %d, want %d", h, tr.sampled, want)
		}
		if tr.id == (sentry.TraceID{}) || tr.span == (sentry.SpanID{}) || !continues && (tr.parent != (sentry.SpanID{}) || tr.id.String() == someTrace) {
			t.Errorf("%v: %s-%s behind %s", h, tr.id, tr.span, tr.parent)
		}
	}
	const both = someTrace + "-" + someSpan
	f(headers(), false, undecided)
	f(headers("sentry-trace", both), true, undecided)
	f(headers("sentry-trace", both+"-1"), true, sampled)
	f(headers("sentry-trace", both+"-0"), true, dropped)
	f(headers("sentry-trace", both+"-2"), true, undecided)
	f(headers("sentry-trace", "\t"+both+"-1 "), true, sampled)
	f(headers("sentry-trace", strings.ToUpper(both)), true, undecided)
	f(headers("sentry-trace", someTrace), false, undecided)
	f(headers("sentry-trace", someTrace+"_"+someSpan), false, undecided)
	f(headers("sentry-trace", someTrace+"-"+someSpan[:15]+"x"), false, undecided)
	f(headers("sentry-trace", strings.Repeat("0", 32)+"-"+someSpan), false, undecided)
	f(headers("sentry-trace", someTrace+"-"+strings.Repeat("0", 16)), false, undecided)
	f(headers("traceparent", "00-"+both+"-01"), true, undecided)
	f(headers("traceparent", "00-"+both+"-00"), true, undecided)
	f(headers("traceparent", "01-"+both+"-01-more"), true, undecided)
	f(headers("traceparent", "00-"+both+"-01-more"), false, undecided)
	f(headers("traceparent", "ff-"+both+"-01"), false, undecided)
	f(headers("traceparent", "00-"+both+"-xx"), false, undecided)
	f(headers("traceparent", "00-"+both), false, undecided)
	f(headers("sentry-trace", both+"-0", "traceparent", "00-"+strings.Repeat("1", 32)+"-"+someSpan+"-01"), true, dropped)
	f(headers("sentry-trace", "rubbish", "traceparent", "00-"+both+"-01"), true, undecided)
}

func TestBaggageIn(t *testing.T) {
	t.Parallel()
	const both = someTrace + "-" + someSpan
	f := func(h http.Header, remote *wire.TraceHeader, foreign string) trace {
		t.Helper()
		tr := continueTrace(h)
		if (tr.remote == nil) != (remote == nil) || remote != nil && *tr.remote != *remote {
			t.Errorf("%v: remote is %+v, want %+v", h, tr.remote, remote)
		}
		if tr.foreign != foreign {
			t.Errorf("%v: foreign members are %q, want %q", h, tr.foreign, foreign)
		}
		return tr
	}
	tr := f(headers("sentry-trace", both+"-1",
		"baggage", "other=1;p=2 , sentry-trace_id="+someTrace+",sentry-public_key=k,sentry-release=shop%401%2C2,sentry-unknown=x",
		"baggage", "sentry-sample_rate=0.25,sentry-sample_rand=0.125, sentry-transaction = GET%20/x ;p=1,another=2,other=1;p=2"),
		&wire.TraceHeader{TraceID: someTrace, PublicKey: "k", Release: "shop@1,2", SampleRate: "0.25", SampleRand: "0.125", Transaction: "GET /x"},
		"other=1;p=2,another=2,other=1;p=2")
	if tr.rate != 0.25 || tr.rand != 0.125 {
		t.Errorf("rate %v, rand %v", tr.rate, tr.rand)
	}
	f(headers("sentry-trace", both), &wire.TraceHeader{}, "")
	f(headers("sentry-trace", both, "baggage", "sentry-trace_id="+strings.Repeat("1", 32)+",sentry-release=x,a=b"), &wire.TraceHeader{}, "a=b")
	f(headers("sentry-trace", both, "baggage", "sentry-release=%zz,sentry-environment="+strings.Repeat("x", 300)), &wire.TraceHeader{}, "")
	f(headers("traceparent", "00-"+both+"-01", "baggage", "a=b,sentry-release=x"), nil, "a=b")
	f(headers("baggage", "a=b"), nil, "") // no trace goes on, so nothing does
	tr = f(headers("sentry-trace", both, "baggage", "long="+strings.Repeat("x", maxBaggage)+",short=1"), &wire.TraceHeader{}, "short=1")
	if tr.rand < 0 || tr.rand >= 1 {
		t.Errorf("rand = %v", tr.rand)
	}
	tr = continueTrace(headers("traceparent", "00-"+both+"-01", "baggage", strings.Repeat("a=b,", maxMembers+5)))
	if n := strings.Count(tr.foreign, "a=b"); n != maxMembers {
		t.Errorf("%d members, want %d", n, maxMembers)
	}
}

// TestRandFits has callers that told their decision and rate but not the number behind it.
func TestRandFits(t *testing.T) {
	t.Parallel()
	f := func(flag, rate string, low, high float64) {
		t.Helper()
		for range 200 {
			tr := continueTrace(headers("sentry-trace", someTrace+"-"+someSpan+flag, "baggage", "sentry-trace_id="+someTrace+",sentry-sample_rate="+rate))
			if tr.rand < low || tr.rand >= high {
				t.Fatalf("%s by %s: rand = %v, want %v to %v", flag, rate, tr.rand, low, high)
			}
		}
	}
	f("-1", "0.1", 0, 0.1)
	f("-0", "0.1", 0.1, 1)
	f("-1", "1", 0, 1)
	f("-0", "0", 0, 1)
	f("-1", "0", 0, 1) // cannot be
	f("-0", "1", 0, 1) // nor this
	f("", "0.1", 0, 1)
	f("-1", "NaN", 0, 1)
}

func TestInject(t *testing.T) {
	t.Parallel()
	ctx, _, _ := testClient(t, Options{})
	root, s := StartTransaction(ctx, "job", "sync, all")
	inner, child := StartSpan(root, "function", "step")
	h := headers("baggage", "mine=1, sentry-release=old", "sentry-trace", "old", "traceparent", "old")
	Inject(inner, h)
	f := func(name, want string) {
		t.Helper()
		if got := strings.Join(h.Values(name), "|"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	ids := s.TraceID() + "-" + child.SpanID()
	tr := &nodeOf(root).scope.trace
	want := tr.header(nodeOf(root).scope.client, "sync, all")
	f("sentry-trace", ids+"-1")
	f("traceparent", "00-"+ids+"-01")
	f("baggage", "sentry-trace_id="+s.TraceID()+",sentry-public_key=0123456789abcdef0123456789abcdef,sentry-release=shop@1.2.3,sentry-environment=test,"+
		"sentry-transaction=sync%2C%20all,sentry-sampled=true,sentry-sample_rate=1,sentry-sample_rand="+want.SampleRand+",mine=1")
	back := continueTrace(h)
	if back.id != tr.id || back.parent != child.id || back.sampled != sampled || back.rand != tr.rand || *back.remote != want || back.foreign != "mine=1" {
		t.Errorf("read back: %+v %+v", back, back.remote)
	}
	h = http.Header{}
	Inject(t.Context(), h)
	if len(h) > 0 {
		t.Errorf("outside of every scope: %v", h)
	}
}

// TestInjectRoute gives the name of a transaction away only where it is a route.
func TestInjectRoute(t *testing.T) {
	t.Parallel()
	f := func(inside bool, pattern, want string) {
		t.Helper()
		h := http.Header{}
		_, c, m := testClient(t, Options{})
		inject := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { Inject(r.Context(), h) })
		mux := http.NewServeMux()
		mux.Handle(pattern, inject)
		s := &site{t, c, m, c.Middleware(MiddlewareOptions{})(mux)}
		if !inside {
			s.h = c.Middleware(MiddlewareOptions{})(inject)
		}
		s.ask("GET", "/users/ann")
		if got := continueTrace(h).remote.Transaction; got != want {
			t.Errorf("%s: transaction %q, want %q", pattern, got, want)
		}
		s.one(wire.ItemTransaction)
		if got := s.m.envelopes[0].Header.Trace.Transaction; got != want {
			t.Errorf("%s: transaction %q in the envelope, want %q", pattern, got, want)
		}
	}
	f(true, "GET /users/{id}", "GET /users/{id}")
	f(false, "GET /users/{id}", "")
}

// TestProxy passes a request on with the headers it came with.
func TestProxy(t *testing.T) {
	t.Parallel()
	var h http.Header
	s := newSite(t, Options{}, MiddlewareOptions{}, "/", func(_ http.ResponseWriter, r *http.Request) {
		h = r.Header.Clone()
		h.Add("Baggage", "own=1")
		Inject(r.Context(), h)
	})
	s.ask("GET", "/", "sentry-trace", someTrace+"-"+someSpan+"-1", "baggage", "tenant=7,sentry-trace_id="+someTrace+",sentry-release=x")
	if got := h.Values("Baggage"); len(got) != 1 || got[0] != "sentry-trace_id="+someTrace+",sentry-release=x,tenant=7,own=1" {
		t.Errorf("baggage %q", got)
	}
	span := at(s.one(wire.ItemTransaction), "contexts", "trace", "span_id")
	if got := h.Get("Sentry-Trace"); got != someTrace+"-"+span.(string)+"-1" {
		t.Errorf("sentry-trace %s behind span %v", got, span)
	}
}

// TestForeignGoesOn passes what others put into baggage on to the next service.
func TestForeignGoesOn(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	s := newSite(t, Options{}, MiddlewareOptions{}, "/", func(_ http.ResponseWriter, r *http.Request) { Inject(r.Context(), h) })
	s.ask("GET", "/", "traceparent", "00-"+someTrace+"-"+someSpan+"-01", "baggage", "tenant=7;ttl=1,sentry-release=x")
	tx := s.one(wire.ItemTransaction)
	same(t, tx, someTrace, "contexts", "trace", "trace_id")
	same(t, tx, someSpan, "contexts", "trace", "parent_span_id")
	if b := h.Get("Baggage"); !strings.HasSuffix(b, ",tenant=7;ttl=1") || !strings.HasPrefix(b, "sentry-trace_id="+someTrace) {
		t.Errorf("baggage %s", b)
	}
}

func FuzzContinueTrace(f *testing.F) {
	f.Add(someTrace+"-"+someSpan+"-1", "", "a=b,sentry-trace_id="+someTrace+",sentry-sample_rand=0.5,sentry-sample_rate=0.25")
	f.Add("", "00-"+someTrace+"-"+someSpan+"-01", "sentry-release=%40,=,;;,")
	f.Add("x", "y", strings.Repeat("a=b,", 3000))
	_, c, _ := testClient(f, Options{TracesSampleRate: -1})
	f.Fuzz(func(t *testing.T, sentryTrace, traceparent, baggage string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = headers("sentry-trace", sentryTrace, "traceparent", traceparent, "baggage", baggage)
		tr := continueTrace(r.Header)
		if tr.id == (sentry.TraceID{}) || tr.span == (sentry.SpanID{}) || !(tr.rand >= 0 && tr.rand < 1) || !(tr.rate >= 0 && tr.rate <= 1) {
			t.Fatalf("%+v", tr)
		}
		out := http.Header{}
		c.Middleware(MiddlewareOptions{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			Inject(r.Context(), out)
		})).ServeHTTP(httptest.NewRecorder(), r)
		if n := len(out.Get("Baggage")); n > 2*maxBaggage {
			t.Errorf("baggage of %d bytes", n)
		}
		again := continueTrace(out)
		if tr.parent != (sentry.SpanID{}) && again.id != tr.id {
			t.Errorf("%s became %s", tr.id, again.id)
		}
		if again.parent == (sentry.SpanID{}) {
			t.Errorf("what was sent does not continue the trace: %v", out)
		}
	})
}
