package conformance

import (
	"path/filepath"
	"testing"
)

// nodeDialect is what all majors of @sentry/node have in common.
func nodeDialect(name string, traces tracing) dialect {
	return dialect{
		name: name, sdk: "sentry.javascript.node", platform: "node",
		failure: "RefundError", cause: "LedgerError", level: "error",
		throws: frame{function: "refundOrder", file: "clients/node/report.js", source: "throw new RefundError("},
		extra:  "context",
		crumbs: true, messages: true, attaches: true,
		traces: traces, failed: "internal_error",
	}
}

func node7() dialect        { return nodeDialect("node-7", transactions) }
func node10() dialect       { return nodeDialect("node-10", transactions) }
func node11() dialect       { return stacked(nodeDialect("node-11", streams)) }
func node11Static() dialect { return stacked(nodeDialect("node-11-static", transactions)) }

// stacked is a dialect that sends a stack with messages, as 11 does.
func stacked(d dialect) dialect {
	d.stacked = "tellStory"
	return d
}

// nodeProgram runs clients/node/report.js with the SDK of that client folder.
func nodeProgram(t *testing.T, version string, major, minor int, env ...string) teller {
	t.Helper()
	binary := node(t, major, minor)
	env = append(env, "CONFORMANCE_MODULES="+npm(t, version))
	return program(env, binary, absolute(t, filepath.Join("clients", "node", "report.js")))
}

func TestNode7(t *testing.T) {
	t.Parallel()
	prove(t, node7(), nodeProgram(t, "node7", 8, 0))
}

func TestNode10(t *testing.T) {
	t.Parallel()
	prove(t, node10(), nodeProgram(t, "node10", 18, 0))
}

func TestNode11(t *testing.T) {
	t.Parallel()
	prove(t, node11(), nodeProgram(t, "node11", 20, 19))
}

func TestNode11Static(t *testing.T) {
	t.Parallel()
	prove(t, node11Static(), nodeProgram(t, "node11", 20, 19, "CONFORMANCE_LIFECYCLE=static"))
}
