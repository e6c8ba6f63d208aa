package house

// layers lists the rooms bottom up. A room may import rooms of lower layers only,
// never its neighbours and never what stands above. A new room gets its place here.
var layers = [][]string{
	{"internal/model", "wire", "redact"},
	{"internal/rollup", "internal/payload", "internal/sentry", "internal/group", "internal/fault", "internal/agent", "internal/price", "internal/release", "internal/stat"},
	{"internal/scrub", "internal/store", "internal/seal", "internal/outbound"},
	{"internal/settings"},
	{"internal/query", "internal/access", "internal/signin", "internal/tail", "internal/store/storetest", "internal/filter", "internal/sample"},
	{"internal/sqlite", "internal/postgres", "internal/ingest", "internal/pipeline", "internal/alert", "internal/notify",
		"internal/upstream", "internal/hook", "internal/api", "internal/sentryapi", "internal/web"},
	{"internal/server", "internal/demo"},
	{"cmd/picket", "outpost"},
}

// sdk is the module's root package: programs of others import it, so it may import
// only what they can bear.
const sdk = "."

// sdkMayImport are the rooms and modules that the SDK stands on.
var sdkMayImport = []string{"wire", "redact", "github.com/getsentry/sentry-go"}

// plain are the rooms that import nothing but the standard library.
var plain = []string{"internal/model", "wire", "redact"}

// beside are programs and tests that stand outside of the layers; nobody imports them.
var beside = []string{"internal/bench", "internal/payload/train", "internal/house", "conformance", "examples", "adapters"}
