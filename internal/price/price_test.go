package price

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

var summer = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// TestCost holds costs computed by hand from the list prices; the arithmetic in
// nano-dollars stands beside each case.
func TestCost(t *testing.T) {
	t.Parallel()
	f := func(provider, name string, u model.Usage, when time.Time, want int64, pricing model.Pricing) {
		t.Helper()
		got := Default().Cost(Call{Provider: provider, Model: name, Usage: u, At: when})
		if got != (model.Cost{Nanos: want, Pricing: pricing}) {
			t.Errorf("%s %s %+v at %v = %+v, want %d %d", provider, name, u, when, got, want, pricing)
		}
	}
	tokens := func(in, out int64) model.Usage { return model.Usage{Input: in, Output: out} }

	// Anthropic: 700·3000 + 200·300 + 100·3750 + 500·15000.
	f("anthropic", "claude-sonnet-4-5-20250929", model.Usage{Input: 1000, Output: 500, CacheRead: 200, CacheWrite: 100}, summer, 10_035_000, model.Priced)
	// A tier begins above 200,000 tokens: 200000·3000 + 10·15000, then 200001·6000 + 10·22500.
	f("anthropic", "claude-sonnet-4-5", tokens(200_000, 10), summer, 600_150_000, model.Priced)
	f("anthropic", "claude-sonnet-4-5", tokens(200_001, 10), summer, 1_200_231_000, model.Priced)
	// The price rises on the first of September: 1000·2000 + 100·10000, then 1000·3000 + 100·15000.
	f("anthropic", "claude-sonnet-5", tokens(1000, 100), at(t, "2026-08-31T23:59:59Z"), 3_000_000, model.Priced)
	f("anthropic", "claude-sonnet-5", tokens(1000, 100), at(t, "2026-09-01T00:00:00Z"), 4_500_000, model.Priced)
	f("anthropic", "claude-sonnet-5", tokens(1000, 100), at(t, "2026-09-01T01:00:00+02:00"), 3_000_000, model.Priced)

	// OpenAI: 176·2500 + 1024·1250 + 300·10000.
	f("openai", "gpt-4o-2024-08-06", model.Usage{Input: 1200, Output: 300, CacheRead: 1024}, summer, 4_720_000, model.Priced)
	// Reasoning is charged as output: 100·10000 + 1000·40000, later 100·2000 + 1000·8000.
	f("openai", "o3", model.Usage{Input: 100, Output: 1000, Reasoning: 800}, at(t, "2025-06-09T12:00:00Z"), 41_000_000, model.Priced)
	f("openai", "o3", model.Usage{Input: 100, Output: 1000, Reasoning: 800}, summer, 8_200_000, model.Priced)
	// An embedding has no price for output and needs none: 8·20.
	f("openai", "text-embedding-3-small", tokens(8, 0), summer, 160, model.Priced)
	f("openai", "text-embedding-3-small", tokens(8, 1), summer, 0, model.Unpriced)

	// Google: 10000·300 + 100·2500; above 200,000 tokens 200001·4000 + 1·18000.
	f("gcp.gemini", "models/gemini-2.5-flash", tokens(10_000, 100), summer, 3_250_000, model.Priced)
	f("gcp.vertex_ai", "gemini-3.1-pro-preview", tokens(200_001, 1), summer, 800_022_000, model.Priced)
	f("gcp.gen_ai", "gemini-2.5-flash", tokens(10_000, 100), summer, 3_250_000, model.Priced)

	// Amazon: 999·35 + 1001·8.75 + 10·140 = 45,123.75.
	f("aws.bedrock", "amazon.nova-micro-v1:0", model.Usage{Input: 2000, Output: 10, CacheRead: 1001}, summer, 45_124, model.Priced)
	// 1000·3000 + 10·15000 through an inference profile's whole name.
	f("aws.bedrock", "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-3-5-sonnet-20241022-v2:0", tokens(1000, 10), summer, 3_150_000, model.Priced)

	// Mistral: 1000·2000 + 100·6000. Cohere: 1000·150 + 100·600.
	f("mistral_ai", "mistral-large-latest", tokens(1000, 100), summer, 2_600_000, model.Priced)
	f("cohere", "command-r", tokens(1000, 100), summer, 210_000, model.Priced)

	// DeepSeek: 00:30 to 16:30 at 270 and 1100, else 135 and 550.
	f("deepseek", "deepseek-chat", tokens(100, 10), at(t, "2026-08-01T00:29:59Z"), 19_000, model.Priced)
	f("deepseek", "deepseek-chat", tokens(100, 10), at(t, "2026-08-01T00:30:00Z"), 38_000, model.Priced)
	f("deepseek", "deepseek-chat", tokens(100, 10), at(t, "2026-08-01T16:30:00Z"), 19_000, model.Priced)
	// 1000·3.625 = 3625; one token alone rounds to 4.
	f("deepseek", "deepseek-v4-pro", model.Usage{Input: 1000, CacheRead: 1000}, summer, 3_625, model.Priced)
	f("deepseek", "deepseek-v4-pro", model.Usage{Input: 1, CacheRead: 1}, summer, 4, model.Priced)

	// Perplexity charges 12 dollars per thousand requests: 12000000 + 10·1000 + 20·1000.
	f("perplexity", "sonar", tokens(10, 20), summer, 12_030_000, model.Priced)
	// Its reasoning has a price of its own: 10·2000 + 40·8000 + 60·3000.
	f("perplexity", "sonar-deep-research", model.Usage{Input: 10, Output: 100, Reasoning: 60}, summer, 520_000, model.Priced)

	// Groq: 100·590 + 50·790. xAI: 100·3000 + 10·15000. Moonshot: 100·600 + 10·3000.
	f("groq", "llama-3.3-70b-versatile", tokens(100, 50), summer, 98_500, model.Priced)
	f("x_ai", "grok-4", tokens(100, 10), summer, 450_000, model.Priced)
	f("xai", "grok-4", tokens(100, 10), summer, 450_000, model.Priced)
	f("moonshot", "kimi-k2.5", tokens(100, 10), summer, 90_000, model.Priced)

	// Free is a price; an entry without a figure is none.
	f("openai", "omni-moderation-latest", tokens(100, 0), summer, 0, model.Priced)
	f("cerebras", "qwen-3-coder-480b", tokens(100, 10), summer, 0, model.Unpriced)
	f("openai", "gpt-4o", model.Usage{}, summer, 0, model.NotACost)
	f("openai", "gpt-4o", tokens(-5, -5), summer, 0, model.NotACost)
}

func TestCostOfGuesses(t *testing.T) {
	t.Parallel()
	f := func(provider, name string, want int64, pricing model.Pricing) {
		t.Helper()
		got := Default().Cost(Call{Provider: provider, Model: name, Usage: model.Usage{Input: 1000, Output: 100}, At: summer})
		if got != (model.Cost{Nanos: want, Pricing: pricing}) {
			t.Errorf("%q %q = %+v, want %d %d", provider, name, got, want, pricing)
		}
	}
	// 1000·2500 + 100·10000 for gpt-4o, 1000·3000 + 100·15000 for claude-sonnet-4.5.
	f("", "gpt-4o", 3_500_000, model.Guessed)
	f("", "GPT-4O", 3_500_000, model.Guessed)
	f("OpenAI", "GPT-4o", 3_500_000, model.Priced)
	f("openrouter", "openai/gpt-4o", 3_500_000, model.Guessed)
	f("openrouter", "anthropic/claude-sonnet-4.5", 4_500_000, model.Guessed)
	f("openai", "anthropic/claude-sonnet-4.5", 4_500_000, model.Guessed)
	f("azure.ai.openai", "gpt-4o", 3_500_000, model.Guessed)
	f("azure.ai.inference", "phi-4", 84_000, model.Priced) // 1000·70 + 100·140
	f("openai", "gpt-4o-2031-01-01", 3_500_000, model.Guessed)
	f("", "claude-sonnet-4-5@20250929", 4_500_000, model.Guessed)
	// Whoever runs the model says what it costs: no maker's price for others' hardware.
	f("ollama", "deepseek-r1", 0, model.Unpriced)
	f("groq", "kimi-k9", 0, model.Unpriced)
	f("openrouter", "deepseek/deepseek-r1:free", 0, model.Unpriced)
	f("", "llama-7", 0, model.Unpriced)
	f("openai", "", 0, model.Unpriced)
	f("openai", strings.Repeat("gpt-4o", 100), 0, model.Unpriced)
}

// TestCostOfContradictions holds the worked check of Sentry's formula and counts
// that cannot be.
func TestCostOfContradictions(t *testing.T) {
	t.Parallel()
	table := load(t, `{"as_of":"2026-01-01","providers":[{"id":"p","match":["p"],"models":[{"id":"m","match":["m"],
		"prices":[{"input":10000,"cache_read":40000,"output":20000,"output_reasoning":30000}]}]}]}`)
	f := func(u model.Usage, want int64) {
		t.Helper()
		if got := table.Cost(Call{Provider: "p", Model: "m", Usage: u}).Nanos; got != want {
			t.Errorf("%+v = %d, want %d", u, got, want)
		}
	}
	const dollar = 1_000_000_000
	f(model.Usage{Input: 1000, CacheRead: 500}, 25*dollar)
	f(model.Usage{Output: 2000, Reasoning: 1000}, 50*dollar)
	f(model.Usage{Input: 1000, CacheRead: 500, Output: 2000, Reasoning: 1000}, 75*dollar)
	f(model.Usage{Input: 10, CacheRead: 100}, 4*dollar)
	f(model.Usage{Input: 10, CacheRead: 6, CacheWrite: 6}, (6*40+6*10)*dollar/1000)
	f(model.Usage{Input: 10, CacheRead: -3}, dollar/10)
	f(model.Usage{Output: 10, Reasoning: 20}, 20*30*dollar/1000)
	f(model.Usage{Input: math.MaxInt64, Output: math.MaxInt64}, math.MaxInt64)
	f(model.Usage{Input: math.MaxInt64, CacheRead: math.MaxInt64, CacheWrite: math.MaxInt64, Output: 1}, math.MaxInt64)
}

func load(t testing.TB, text string) *Table {
	t.Helper()
	table, err := Load(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestPattern(t *testing.T) {
	t.Parallel()
	f := func(text, name string, want bool) {
		t.Helper()
		p, err := parsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.match(name); got != want {
			t.Errorf("%q matches %q = %v", text, name, got)
		}
	}
	f("gpt-4o", "gpt-4o", true)
	f("GPT-4o", "gpt-4o", true)
	f("gpt-4o", "gpt-4o-mini", false)
	f("gpt-4o*", "gpt-4o-mini", true)
	f("*claude*", "us.claude-3", true)
	f("*claude", "us.claude-3", false)
	f("a*b*c", "axxbyyc", true)
	f("a*b*c", "axxcyyb", false)
	f("ab*ba", "aba", false)
	f("*", "", true)
	f("re:^o[134]", "o3-mini", true)
	f("re:^o[134]", "O3-mini", true)
	f("re:^o[134]", "foo3", false)
}

func TestAsOf(t *testing.T) {
	t.Parallel()
	if got, want := Default().AsOf(), time.Date(2026, 8, 21, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("as of %v, want %v", got, want)
	}
}

func TestFoundIsBoundedAndSafe(t *testing.T) {
	t.Parallel()
	table := load(t, `{"as_of":"2026-01-01","providers":[{"id":"p","match":["p"],"models":[{"id":"m","match":["m*"],"prices":[{"input":1}]}]}]}`)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2 * maxFound {
				c := table.Cost(Call{Provider: "p", Model: fmt.Sprint("m", g, i), Usage: model.Usage{Input: 1}})
				if c.Nanos != 1000 {
					t.Errorf("cost %d", c.Nanos)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := len(table.found); n > maxFound {
		t.Errorf("%d names remembered, at most %d wanted", n, maxFound)
	}
}

func BenchmarkCost(b *testing.B) {
	c := Call{Provider: "anthropic", Model: "claude-sonnet-4-5-20250929", At: summer,
		Usage: model.Usage{Input: 1000, Output: 500, CacheRead: 200, CacheWrite: 100}}
	b.ReportAllocs()
	for b.Loop() {
		Default().Cost(c)
	}
}

func BenchmarkCostOfUnseen(b *testing.B) {
	table := Default()
	b.ReportAllocs()
	for b.Loop() {
		table.search("openrouter", "nobody/knows-this-model-1234")
	}
}
