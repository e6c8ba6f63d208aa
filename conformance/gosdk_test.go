package conformance

import (
	"sync"
	"testing"
)

var gosdkBinary = sync.OnceValues(func() (string, error) {
	return build("gosdk", "./clients/gosdk")
})

func sentryGo() dialect {
	return dialect{
		name: "sentry-go", sdk: "sentry.go", platform: "go",
		failure: "*main.RefundError", cause: "*main.LedgerError", level: "error",
		throws: frame{function: "(*teller).capture", file: "gosdk/main.go"},
		extra:  "contexts/extra",
		crumbs: true, messages: true, attaches: true,
		traces: transactions, failed: "internal_error",
	}
}

func TestSentryGo(t *testing.T) {
	t.Parallel()
	path, err := gosdkBinary()
	if err != nil {
		t.Fatal(err)
	}
	prove(t, sentryGo(), program(nil, path))
}
