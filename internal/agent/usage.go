package agent

import (
	"math"
	"strconv"

	"relay.one/picket/internal/model"
)

const (
	// maxTokens is more than any call uses; a larger number is no count of tokens.
	maxTokens = 1_000_000_000
	// maxDollars is more than any call costs.
	maxDollars = 1_000_000
)

// usageOf reads the tokens of a model call so that input includes what was cached
// and output the reasoning, whatever the provider counts.
func usageOf(v *view) model.Usage {
	u := model.Usage{
		Input: tokens(v.get(inputTokens)), Output: tokens(v.get(outputTokens)),
		CacheRead: tokens(v.get(cacheReadTokens)), CacheWrite: tokens(v.get(cacheWriteTokens)),
		Reasoning: tokens(v.get(reasoningTokens)),
	}
	include(&u, tokens(v.get(totalTokens)))
	return u
}

// include adds to input and output what they leave out. A total above their sum
// says that something is missing: the cached tokens (Anthropic counts them beside
// the input), the reasoning (Google counts it beside the output), both, or else input
// that is counted nowhere. Without a total, a part larger than its whole says the same.
func include(u *model.Usage, total int64) {
	cached := u.CacheRead + u.CacheWrite
	missing := total - u.Input - u.Output
	switch {
	case missing <= 0:
	case missing == cached:
		u.Input += cached
	case missing == u.Reasoning:
		u.Output += u.Reasoning
	case missing == cached+u.Reasoning:
		u.Input += cached
		u.Output += u.Reasoning
	default:
		u.Input += missing
	}
	if cached > u.Input {
		u.Input += cached
	}
	if u.Reasoning > u.Output {
		u.Output += u.Reasoning
	}
}

// tokens reads a count of tokens; what is none is zero.
func tokens(s string) int64 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(f) || math.Abs(f) > maxTokens {
			return 0
		}
		n = int64(f)
	}
	if n < 0 || n > maxTokens {
		return 0
	}
	return n
}

// reportedCost reads a cost in dollars that the SDK worked out. Zero is what SDKs say
// that know no price.
func reportedCost(s string) model.Cost {
	dollars, err := strconv.ParseFloat(s, 64)
	if err != nil || !(dollars > 0 && dollars <= maxDollars) {
		return model.Cost{}
	}
	return model.Cost{Nanos: int64(math.Round(dollars * 1e9)), Pricing: model.Reported}
}

// used reports whether the span brings tokens or money.
func used(s *model.Span) bool { return s.Usage.Total() > 0 || s.Cost.Pricing == model.Reported }
