package agent

import (
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// vercelOrigin is what Sentry's JavaScript SDK gives the spans of Vercel's AI SDK that
// it read from OpenTelemetry (of version 7, which it reads otherwise, the counts are right).
const vercelOrigin = "auto.vercelai.otel"

// isVercel reports whether the span is one of Vercel's AI SDK, by way of Sentry's
// SDK or straight from OpenTelemetry.
func isVercel(v *view) bool {
	return v.get(origin) == vercelOrigin || v.attributes.Get("ai.operationId") != ""
}

// readVercel is readUsage for Vercel's AI SDK. Its version 6 includes what is cached in
// the input, and tells so by its details. Before, the input was whatever the provider
// counts, and where streams tell of cached tokens Sentry's SDK adds them for every
// provider, even if they are inside. What the provider said stands in the metadata.
func readVercel(s *model.Span, v *view) {
	s.Usage = slots(v)
	u := &s.Usage
	fillZero(&u.CacheRead, vercel(v, "cachedInputTokens"), vercel(v, "inputTokenDetails.cacheReadTokens"))
	fillZero(&u.CacheWrite, vercel(v, "inputTokenDetails.cacheWriteTokens"))
	fillZero(&u.Reasoning, vercel(v, "outputTokenDetails.reasoningTokens"), vercel(v, "reasoningTokens"))
	m := vercelMetadata(v)
	m.thoughts(u)
	if !m.anthropic(s) && vercelText(v, "inputTokenDetails.noCacheTokens") == "" && vercelText(v, "inputTokenDetails.cacheReadTokens") == "" {
		countAsProvider(u, vercel(v, "totalTokens"), countingOf(s.Provider, ""))
	}
	m.terms(s)
	include(u, 0, countsAll)
}

// countAsProvider mends the counts of versions before 6; total is what Vercel's SDK
// counted itself, zero when it did not tell.
func countAsProvider(u *model.Usage, total int64, c counting) {
	bare := u.Input - u.CacheRead
	added := total > 0 && u.CacheRead > 0 && (bare == total-u.Output || bare == total-u.Output-u.Reasoning)
	switch {
	case c == cacheBeside && added:
		u.Input += u.CacheWrite
	case c == cacheBeside:
		u.Input += u.CacheRead + u.CacheWrite
	case added:
		u.Input = bare
	}
	if u.Reasoning > 0 && total == u.Input+u.Output+u.Reasoning {
		u.Output += u.Reasoning
	}
}

// vercel returns one of Vercel's counts, which Sentry's SDK puts under a name of its own.
func vercel(v *view, name string) int64 { return tokens(vercelText(v, name)) }

func vercelText(v *view, name string) string {
	return v.attributes.Get("vercel.ai.usage."+name, "ai.usage."+name)
}

// fillZero gives n the first of the values that is above zero, unless it has one.
func fillZero(n *int64, values ...int64) {
	for _, v := range values {
		if *n == 0 {
			*n = v
		}
	}
}

// metadata is what a provider said of a call beyond what Vercel's SDK understands.
type metadata struct{ v *fastjson.Value }

func vercelMetadata(v *view) metadata {
	text := v.attributes.Get("vercel.ai.response.providerMetadata", "ai.response.providerMetadata")
	if text == "" {
		return metadata{}
	}
	parsed, err := fastjson.Parse(text)
	if err != nil {
		return metadata{} // cut off or no JSON: it says nothing
	}
	return metadata{parsed}
}

func (m metadata) tokens(path ...string) int64 {
	n := m.v.GetInt64(path...)
	if n < 0 || n > maxTokens {
		return 0
	}
	return n
}

// anthropic reads Anthropic's own counts and reports whether they are there.
func (m metadata) anthropic(s *model.Span) bool {
	if m.v.Get("anthropic", "usage", "input_tokens") == nil {
		return false
	}
	u := &s.Usage
	fillZero(&u.CacheRead, m.tokens("anthropic", "usage", "cache_read_input_tokens"))
	fillZero(&u.CacheWrite, m.tokens("anthropic", "usage", "cache_creation_input_tokens"))
	u.Input = m.tokens("anthropic", "usage", "input_tokens") + u.CacheRead + u.CacheWrite
	return true
}

// thoughts adds Google's thoughts to an output that leaves them out, and reads what
// its cache held.
func (m metadata) thoughts(u *model.Usage) {
	thoughts := m.tokens("google", "usageMetadata", "thoughtsTokenCount")
	if thoughts > 0 && u.Output == m.tokens("google", "usageMetadata", "candidatesTokenCount") {
		u.Output += thoughts
		u.Reasoning = thoughts
	}
	fillZero(&u.CacheRead, m.tokens("google", "usageMetadata", "cachedContentTokenCount"))
}

// terms reads what the price depends on, and what gateways say that the call cost.
func (m metadata) terms(s *model.Span) {
	s.Terms.CacheWriteHour = m.tokens("anthropic", "usage", "cache_creation", "ephemeral_1h_input_tokens")
	s.Terms.WebSearches = m.tokens("anthropic", "usage", "server_tool_use", "web_search_requests")
	for _, path := range [...][]string{{"anthropic", "usage", "service_tier"}, {"openai", "serviceTier"}, {"azure", "serviceTier"}} {
		if tier := m.v.GetStringBytes(path...); len(tier) > 0 {
			s.Terms.Tier = strings.ToLower(string(tier))
		}
	}
	if s.Cost.Pricing == model.Reported {
		return
	}
	if cost := m.v.Get("openrouter", "usage", "cost"); cost != nil {
		s.Cost = reportedCost(string(cost.MarshalTo(nil)))
	}
	if cost := m.v.GetStringBytes("gateway", "cost"); len(cost) > 0 {
		s.Cost = reportedCost(string(cost))
	}
}
