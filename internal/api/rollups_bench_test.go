package api_test

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkThirtyDays asks what the pages ask of forty agents with four tools, three
// policies and two releases each, over thirty days.
func BenchmarkThirtyDays(b *testing.B) {
	w := newWorld(b)
	for day := range 30 {
		var all []did
		for i := range 40 {
			for n := range 12 {
				d := did{
					agent: fmt.Sprintf("agent %02d", i), release: fmt.Sprintf("fleet@%d", n%2), environment: "production", org: fmt.Sprintf("customer %d", i%10),
					ago: time.Duration(day)*24*time.Hour + time.Duration(n)*97*time.Minute, tokens: 1000 + n, allowed: fmt.Sprintf("policy %d", n%3),
				}
				if n%4 == 0 {
					d.errorType, d.event, d.tool, d.flagged = "TimeoutError", true, fmt.Sprintf("tool %d", n/3), d.allowed
				}
				all = append(all, d)
			}
		}
		w.fleet(all...)
	}
	f := func(name, path string) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w.get(path)
			}
		})
	}
	f("stats", "/api/v1/sentry/stats/agent%2007?window=30d")
	f("agent", "/api/v1/agents/agent%2007?window=30d")
	f("agents", "/api/v1/agents?window=30d")
	f("trends", "/api/v1/sentry/trends?window=30d")
	f("trends by tool", "/api/v1/sentry/trends?window=30d&groupBy=tool")
	f("cost by agent", "/api/v1/cost?window=30d")
	f("cost by release over time", "/api/v1/cost?window=30d&groupBy=release&interval=auto")
	f("cost by issue", "/api/v1/cost?window=30d&groupBy=issue")
	f("models", "/api/v1/models?window=30d")
	f("policies", "/api/v1/policies?window=30d")
	f("policy", "/api/v1/policies/policy%201?window=30d")
	f("issues", "/api/v1/issues?window=30d")
}
