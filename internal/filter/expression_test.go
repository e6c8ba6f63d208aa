package filter

import (
	"strings"
	"testing"

	"relay.one/picket/internal/settings"
)

func one(when string) settings.Filters {
	return settings.Filters{Expressions: []settings.Expression{{Name: "x", When: when}}}
}

// TestExpressions asks for everything that there is.
func TestExpressions(t *testing.T) {
	t.Parallel()
	f := func(item, payload, when string, want bool) {
		t.Helper()
		s := one(when)
		set, err := Compile(&s)
		if err != nil {
			t.Errorf("%s: %v", when, err)
			return
		}
		if got := set.Why(subject(t, item, payload)) != ""; got != want {
			t.Errorf("%s: %v, failures %v", when, got, set.Failures())
		}
	}
	yes := func(when string) { t.Helper(); f("event", anError, when, true) }
	no := func(when string) { t.Helper(); f("event", anError, when, false) }
	yes(`event.kind == "error" && event.type == "error"`)
	yes(`event.level == "error" && event.platform == "python"`)
	yes(`event.release.startsWith("shop@") && event.environment == "prod" && event.dist == ""`)
	yes(`event.server_name == "web-1" && event.logger == "shop.cart"`)
	yes(`event.tags["region"] == "eu" && "region" in event.tags && event.tags.region == "eu"`)
	no(`event.tags["city"] == "Rome"`)
	yes(`event.tags["city"] == "" && !("city" in event.tags)`)
	yes(`event.tags.exists(k, event.tags[k] == "eu")`)
	yes(`exception.type == "ToolError" && exception.value.contains("not found")`)
	yes(`exception.value.matches("(?i)^order [0-9]+ ")`)
	yes(`"KeyError" in exception.types && exception.values.exists(v, v == "'id'") && size(exception.types) == 2`)
	yes(`user.id == "42" && user.email.endsWith("@example.com") && user.username == "" && user.ip == ""`)
	yes(`request.url == "https://shop.example.com/cart" && request.method == "POST" && request.headers["x-team"] == "blue"`)
	yes(`request.user_agent == "Mozilla/5.0" && request.headers["nix"] == ""`)
	yes(`agent.id == "billing" && agent.name == "Billing" && agent.framework == "crew" && agent.version == "3"`)
	yes(`execution == "run-1" && organization == "acme" && conversation == ""`)
	yes(`sdk.name == "sentry.python" && sdk.version == "2.0.0"`)
	yes(`event.message == "" && event.op == "" && event.status == "" && event.duration_ms == 0.0 && event.transaction == ""`)
	f("event", `{"message":"hello"}`, `event.kind == "message" && event.type == "default" && event.message == "hello" && exception.type == "" && size(exception.types) == 0`, true)
	f("transaction", aTransaction, `event.kind == "transaction" && event.transaction == "GET /healthz" && event.op == "http.server" && event.status == "ok"`, true)
	f("transaction", aTransaction, `event.duration_ms > 249 && event.duration_ms < 251.0`, true)
	f("feedback", `{"contexts":{"feedback":{"message":"hm"}}}`, `event.kind == "feedback" && event.type == "feedback" && event.message == "hm"`, true)
}

func TestExpressionRefuses(t *testing.T) {
	t.Parallel()
	f := func(when string, want ...string) {
		t.Helper()
		s := one(when)
		_, err := Compile(&s)
		if err == nil {
			t.Errorf("%s is taken", when)
			return
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not say %q", when, err, w)
			}
		}
	}
	f("", "is empty")
	f(" \n", "is empty")
	f("event.mesage == ''", "line 1, column 1: there is no event.mesage; event has kind, type, message")
	f("true &&\n user.nom.contains('x')", "line 2, column 2: there is no user.nom; user has id, email")
	f("event == 1", "there is no event; event has")
	f("evnt.message == ''", "undeclared reference to 'evnt'; there are event, exception, user")
	f("event.level ==\n  1", "line 1, column 13", "no matching overload")
	f("event.level", "is of type string", "true or false")
	f("event.level == ", "line 1, column 16", "Syntax error")
	f("has(event.tags.x)", "there is no has()", "event.tags")
	f("exception.types.map(t, t) == []", "undeclared reference")
	f(`event.message.matches("(")`, "error parsing regexp")
	f(strings.Repeat("x", 2001), "2001 bytes")
	f(strings.Repeat("(", 200)+"true"+strings.Repeat(")", 200), "recursion")
	f(`event.message.matches("(a{1,500}){1,500}")`, "regex")
}

// TestExpressionFails looks at what cannot be worked out: it filters nothing, and is told.
func TestExpressionFails(t *testing.T) {
	t.Parallel()
	f := func(when, want string) {
		t.Helper()
		s := one(when)
		set, err := Compile(&s)
		if err != nil {
			t.Errorf("%s: %v", when, err)
			return
		}
		told := 0
		set.failed = func(string) { told++ }
		if why := set.Why(subject(t, "event", anError)); why != "" {
			t.Errorf("%s filters", when)
		}
		list := set.Failures()
		if len(list) != 1 || list[0].Count != 1 || !strings.Contains(list[0].Last, want) || told != 1 {
			t.Errorf("%s: %+v, told %d times", when, list, told)
		}
		if failed, _ := set.Last(); len(failed) != 1 || !strings.HasPrefix(failed[0], "x: ") {
			t.Errorf("%s: told %v", when, failed)
		}
		if failed, _ := set.Last(); len(failed) != 0 {
			t.Errorf("%s: told twice", when)
		}
	}
	f("1 / size(event.message) == 1", "divi")
	f("exception.types[7] == 'x'", "index")
	f(`exception.types.exists(a, exception.types.exists(b, exception.types.exists(c, exception.types.exists(d, exception.types.exists(e,
		exception.types.exists(g, exception.types.exists(h, exception.types.exists(i, exception.types.exists(j, exception.types.exists(k,
		exception.types.exists(l, exception.types.exists(m, a+b+c+d+e+g+h+i+j+k+l+m == ''))))))))))))`, "more than 20000 steps")
}

// FuzzExpression looks whether anything can be written that does worse than fail.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{`event.level == "x"`, `event.tags["a"] in exception.types`, `1/0 == 1`, `"a".matches("a*")`, `exception.types.all(t, t == "")`, `{"a":1}.a == 1`, `[[1]][0][0] < 2`} {
		f.Add(s)
	}
	x := subject(f, "event", anError)
	f.Fuzz(func(t *testing.T, when string) {
		s := one(when)
		set, err := Compile(&s)
		if err != nil {
			return
		}
		set.Why(&Subject{Batch: x.Batch, Event: x.Event, Root: x.Root})
		for _, l := range set.Failures() {
			if strings.Contains(l.Last, "internal error") {
				t.Errorf("%s: %s", when, l.Last)
			}
		}
	})
}
