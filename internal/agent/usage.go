package agent

import (
	"math"
	"strconv"
	"strings"

	"relay.one/picket/internal/model"
)

const (
	// maxTokens is more than any call uses; a larger number is no count of tokens.
	maxTokens = 1_000_000_000
	// maxDollars is more than any call costs.
	maxDollars = 1_000_000
)

// readUsage writes into a model span, whose provider and model are known, what the
// call used, what its price depends on, and the cost that the SDK reported.
func readUsage(s *model.Span, v *view) {
	s.Cost = reportedCost(v.get(totalCost))
	s.Terms = model.Terms{Tier: tierOf(v)}
	if isVercel(v) {
		readVercel(s, v)
		return
	}
	s.Usage, s.Terms.Unsure = usageOf(v, countingOf(s.Provider, s.Model))
}

// tierOf returns the service tier that OpenTelemetry's attributes tell, the one that
// served the call before the one that was asked for.
func tierOf(v *view) string {
	return strings.ToLower(v.attributes.Get("openai.response.service_tier", "gen_ai.openai.response.service_tier",
		"openai.request.service_tier", "gen_ai.openai.request.service_tier"))
}

// counting is what a provider leaves out of the input and the output it counts.
type counting uint8

const (
	// countsAll is how OpenAI counts, and most who speak its protocol (Mistral, DeepSeek,
	// Groq, Cohere, OpenRouter): parts are inside of their wholes.
	countsAll counting = iota
	// cacheBeside is how Anthropic and Bedrock's Converse count: what was read from the
	// cache and written to it stands beside the input.
	cacheBeside
	// thoughtsBeside is how Google and xAI count: reasoning stands beside the output.
	thoughtsBeside
)

// countingOf returns how the provider counts. OpenAI's client speaks with others too;
// there the model's name tells with whom.
func countingOf(provider, name string) counting {
	switch {
	case strings.Contains(provider, "anthropic"), provider == "aws.bedrock":
		return cacheBeside
	case strings.HasPrefix(provider, "gcp."), provider == "x_ai":
		return thoughtsBeside
	case provider != "" && provider != "openai":
		return countsAll
	case strings.Contains(name, "claude"):
		return cacheBeside
	case strings.Contains(name, "gemini"), strings.Contains(name, "grok"):
		return thoughtsBeside
	}
	return countsAll
}

// usageOf reads the tokens of a model call so that input includes what was cached
// and output the reasoning, whatever the provider counts. Clients put most of it right
// before they send it, so how the provider counts decides only what the numbers leave
// open. It reports whether what some of the tokens were is a guess.
func usageOf(v *view, c counting) (u model.Usage, unsure bool) {
	u = slots(v)
	total := tokens(v.get(totalTokens))
	if besideInput(v) {
		u.Input += u.CacheRead + u.CacheWrite
		total = 0
	}
	unsure = include(&u, total, c)
	return u, unsure
}

// slots returns the counts as they came.
func slots(v *view) model.Usage {
	return model.Usage{
		Input: tokens(v.get(inputTokens)), Output: tokens(v.get(outputTokens)),
		CacheRead: tokens(v.get(cacheReadTokens)), CacheWrite: tokens(v.get(cacheWriteTokens)),
		Reasoning: tokens(v.get(reasoningTokens)),
	}
}

// besideInput reports whether the span is one of JavaScript's LangChain integration,
// which hands on Anthropic's own counts under names of its own, with a total that
// leaves out the cache.
func besideInput(v *view) bool {
	return v.get(origin) == "auto.ai.langchain" &&
		(v.attributes.Get("gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_creation_input_tokens") != "")
}

// include adds to input and output what they leave out. A total above their sum says
// that something is missing: the cached tokens, the reasoning, or both. When it is none
// of these, a kind is missing that the client does not tell: thoughts where they are
// counted beside, the output where there is none, else input. Of that input it is not
// known how much was cached where the provider counts so: Anthropic's JavaScript
// integration tells of the cache by the total alone. Without a total, a part larger
// than its whole says that it stands beside it.
func include(u *model.Usage, total int64, c counting) (unsure bool) {
	cached := u.CacheRead + u.CacheWrite
	missing := total - u.Input - u.Output
	switch {
	case missing <= 0:
	case missing == u.Reasoning && c == thoughtsBeside:
		u.Output += missing
	case missing == cached:
		u.Input += missing
	case missing == u.Reasoning:
		u.Output += missing
	case missing == cached+u.Reasoning:
		u.Input += cached
		u.Output += u.Reasoning
	case u.Input > 0 && u.Reasoning == 0 && c == thoughtsBeside:
		u.Output += missing
		u.Reasoning = missing
	case u.Input > 0 && u.Output == 0 && c != cacheBeside:
		u.Output = missing
	default:
		u.Input += missing
		unsure = c == cacheBeside
	}
	if cached > u.Input {
		u.Input += cached
	}
	if u.Reasoning > u.Output {
		u.Output += u.Reasoning
	}
	return unsure
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
