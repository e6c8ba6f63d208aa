package agent

import (
	"strconv"
	"testing"

	"relay.one/picket/internal/model"
)

// FuzzUsage holds that no counts and no metadata of strangers make a part larger than
// its whole, or a negative one.
func FuzzUsage(f *testing.F) {
	const seen = `{"anthropic":{"usage":{"input_tokens":5,"cache_read_input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":3}}}}`
	f.Add("anthropic", vercelOrigin, seen, int64(5), int64(7), int64(3), int64(2), int64(4), int64(30), int64(12))
	f.Add("gcp.gemini", vercelOrigin, `{"google":{"usageMetadata":{"thoughtsTokenCount":4,"candidatesTokenCount":7}}}`, int64(5), int64(7), int64(3), int64(2), int64(4), int64(30), int64(12))
	f.Add("openai", vercelOrigin, `{"openrouter":{"usage":{"cost":-1}},"gateway":{"cost":"NaN"}}`, int64(8), int64(7), int64(3), int64(0), int64(4), int64(15), int64(12))
	f.Add("anthropic", "auto.ai.langchain", ``, int64(5), int64(7), int64(3), int64(2), int64(4), int64(12), int64(0))
	f.Fuzz(func(t *testing.T, provider, from, metadata string, in, out, read, write, thoughts, total, sdkTotal int64) {
		text := func(n int64) string { return strconv.FormatInt(n, 10) }
		s := model.Span{Op: "gen_ai.chat", Attributes: attributes("sentry.origin", from, "gen_ai.system", provider,
			"gen_ai.usage.input_tokens", text(in), "gen_ai.usage.output_tokens", text(out), "gen_ai.usage.cache_read_input_tokens", text(read),
			"gen_ai.usage.input_tokens.cache_write", text(write), "gen_ai.usage.output_tokens.reasoning", text(thoughts),
			"gen_ai.usage.total_tokens", text(total), "vercel.ai.usage.totalTokens", text(sdkTotal), "vercel.ai.response.providerMetadata", metadata)}
		b := &model.Batch{Spans: []model.Span{s}}
		Read(b)
		u, terms := b.Spans[0].Usage, b.Spans[0].Terms
		if min(u.Input, u.Output, u.CacheRead, u.CacheWrite, u.Reasoning, terms.CacheWriteHour, terms.WebSearches, b.Spans[0].Cost.Nanos) < 0 {
			t.Errorf("negative: %+v %+v %+v", u, terms, b.Spans[0].Cost)
		}
		if u.CacheRead+u.CacheWrite > u.Input || u.Reasoning > u.Output {
			t.Errorf("parts larger than their whole: %+v", u)
		}
	})
}
