package conformance

import "testing"

// pythonDialect is what both majors of sentry-python have in common.
func pythonDialect(name, file string, traces tracing) dialect {
	return dialect{
		name: name, sdk: "sentry.python", platform: "python",
		failure: "RefundError", cause: "LedgerError", level: "error",
		throws: frame{function: "refund_order", file: file, source: "raise RefundError(",
			variable: "order_id", value: "81"},
		extra:  "context",
		crumbs: true, messages: true, attaches: true,
		traces: traces, failed: "internal_error",
	}
}

func python1() dialect { return pythonDialect("python-1", "report1.py", transactions) }

func python2(lifecycle string) dialect {
	traces := transactions
	if lifecycle == "stream" {
		traces = streams
	}
	return pythonDialect("python-2-"+lifecycle, "report.py", traces)
}

func TestPython1(t *testing.T) {
	t.Parallel()
	onlyWithAll(t)
	script := absolute(t, "clients/python/report1.py")
	prove(t, python1(), program(nil, venv(t, "python-1"), script))
}

func TestPython2(t *testing.T) {
	t.Parallel()
	onlyWithAll(t)
	script := absolute(t, "clients/python/report.py")
	f := func(lifecycle string) {
		t.Helper()
		t.Run(lifecycle, func(t *testing.T) {
			t.Parallel()
			env := []string{"CONFORMANCE_LIFECYCLE=" + lifecycle}
			prove(t, python2(lifecycle), program(env, venv(t, "python-2"), script))
		})
	}
	f("static")
	f("stream")
}
