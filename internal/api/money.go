package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
)

// usd is nano-dollars that are written as a decimal number of dollars, exactly.
type usd int64

const nanosPerDollar = 1_000_000_000

// MarshalJSON writes 1.25 for 1,250,000,000 nano-dollars.
func (u usd) MarshalJSON() ([]byte, error) {
	sign, n := "", uint64(u)
	if u < 0 {
		sign, n = "-", -n
	}
	text := sign + strconv.FormatUint(n/nanosPerDollar, 10)
	if part := n % nanosPerDollar; part != 0 {
		digits := strconv.FormatUint(nanosPerDollar+part, 10)[1:]
		text += "." + strings.TrimRight(digits, "0")
	}
	return []byte(text), nil
}

// Schema describes the number.
func (usd) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Nullable: true, Description: "US dollars; null when no price is known"}
}

// dollars returns nanos as dollars, or nil when nothing of it is priced: what
// has no price is unknown, and not zero.
func dollars(nanos, unpriced int64) *usd {
	if nanos == 0 && unpriced > 0 {
		return nil
	}
	return (*usd)(&nanos)
}

// tokens counts tokens by kind. Cached is part of Input, Reasoning of Output.
type tokens struct {
	Input      int64 `json:"input" doc:"Tokens read, cached ones included"`
	Cached     int64 `json:"cached" doc:"Of those, read from the provider's cache"`
	CacheWrite int64 `json:"cacheWrite" doc:"Of those, written to the provider's cache"`
	Output     int64 `json:"output" doc:"Tokens written, reasoning included"`
	Reasoning  int64 `json:"reasoning" doc:"Of those, spent on reasoning"`
	Total      int64 `json:"total" doc:"Input plus output"`
}

func tokensOf(u model.Usage) tokens {
	return tokens{u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.Total()}
}

// percentiles are of durations in milliseconds, each within 1 % of the true one.
type percentiles struct {
	P50 *float64 `json:"p50" doc:"Half were no slower; null when there were none"`
	P95 *float64 `json:"p95" doc:"19 of 20 were no slower"`
	P99 *float64 `json:"p99" doc:"99 of 100 were no slower"`
}

func percentilesOf(c *rollup.Counters) percentiles {
	return percentiles{quantile(c, 0.50), quantile(c, 0.95), quantile(c, 0.99)}
}

// quantile returns nil when there are no durations.
func quantile(c *rollup.Counters, q float64) *float64 {
	ms, ok := c.Quantile(q)
	if !ok {
		return nil
	}
	ms = float64(int64(ms*1000+0.5)) / 1000 // microseconds are finer than the sketch
	return &ms
}

// milliseconds is a duration as answers give it.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// when returns nil for a time that is not known.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// text returns nil for an empty string.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
