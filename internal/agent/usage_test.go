package agent

import (
	"testing"

	"relay.one/picket/internal/model"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	f := func(want model.Usage, pairs ...string) {
		t.Helper()
		for i := 0; i < len(pairs); i += 2 {
			pairs[i] = "gen_ai.usage." + pairs[i]
		}
		var v view
		v.read(&model.Span{Attributes: attributes(pairs...)})
		if got, _ := usageOf(&v, countsAll); got != want {
			t.Errorf("%v = %+v, want %+v", pairs, got, want)
		}
	}
	type usage = model.Usage
	const cacheRead, cacheWrite, reasoning = "cache_read.input_tokens", "cache_creation.input_tokens", "reasoning.output_tokens"

	f(usage{})
	f(usage{Input: 10, Output: 5}, "input_tokens", "10", "output_tokens", "5")
	f(usage{Input: 10, Output: 5}, "prompt_tokens", "10", "completion_tokens", "5.0")
	// OpenAI: the parts are inside, and the total says so.
	f(usage{Input: 1200, Output: 300, CacheRead: 1024, Reasoning: 128},
		"input_tokens", "1200", "output_tokens", "300", cacheRead, "1024", reasoning, "128", "total_tokens", "1500")
	// Anthropic: cached tokens stand beside the input, and the total has them.
	f(usage{Input: 1150, Output: 300, CacheRead: 1000, CacheWrite: 50},
		"input_tokens", "100", "output_tokens", "300", cacheRead, "1000", cacheWrite, "50", "total_tokens", "1450")
	// Anthropic's JavaScript integration tells of them by the total alone.
	f(usage{Input: 1150, Output: 300}, "input_tokens", "100", "output_tokens", "300", "total_tokens", "1450")
	// Without a total, more cached than there is input says the same.
	f(usage{Input: 1150, Output: 300, CacheRead: 1000, CacheWrite: 50},
		"input_tokens", "100", "output_tokens", "300", cacheRead, "1000", cacheWrite, "50")
	f(usage{Input: 1100, Output: 300, CacheRead: 1000}, "input_tokens", "1100", "output_tokens", "300", cacheRead, "1000")
	// Google: thoughts stand beside the output.
	f(usage{Input: 100, Output: 700, Reasoning: 500}, "input_tokens", "100", "output_tokens", "200", reasoning, "500", "total_tokens", "800")
	f(usage{Input: 100, Output: 700, Reasoning: 500}, "input_tokens", "100", "output_tokens", "200", reasoning, "500")
	// Both beside.
	f(usage{Input: 150, Output: 30, CacheRead: 50, Reasoning: 10},
		"input_tokens", "100", "output_tokens", "20", cacheRead, "50", reasoning, "10", "total_tokens", "180")
	// What nobody counts is input.
	f(usage{Input: 130, Output: 20, CacheRead: 50}, "input_tokens", "100", "output_tokens", "20", cacheRead, "50", "total_tokens", "150")
	f(usage{Input: 42}, "total_tokens", "42")
	f(usage{Input: 22, Output: 20}, "output_tokens", "20", "total_tokens", "42")
	// A total that is too small is none.
	f(usage{Input: 10, Output: 5}, "input_tokens", "10", "output_tokens", "5", "total_tokens", "3")
	// What is no count is none.
	f(usage{Output: 5}, "input_tokens", "-10", "output_tokens", "5")
	f(usage{Output: 5}, "input_tokens", "NaN", "output_tokens", "5", cacheRead, "1e300", cacheWrite, "many")
	f(usage{Output: 5}, "input_tokens", "9223372036854775807", "output_tokens", "5")
}

// TestUsageByProvider holds what only knowing how the provider counts can tell.
func TestUsageByProvider(t *testing.T) {
	t.Parallel()
	f := func(provider, name string, given, want model.Usage, total int64, wantUnsure bool) {
		t.Helper()
		got := given
		if unsure := include(&got, total, countingOf(provider, name)); got != want || unsure != wantUnsure {
			t.Errorf("%s %s: %+v of %d = %+v %v, want %+v %v", provider, name, given, total, got, unsure, want, wantUnsure)
		}
	}
	type usage = model.Usage
	bare := usage{Input: 100, Output: 20}
	thought := usage{Input: 100, Output: 70, Reasoning: 50}
	f("gcp.gemini", "gemini-2.5-pro", bare, thought, 170, false)
	f("x_ai", "grok-4", bare, thought, 170, false)
	f("openai", "gemini-2.5-pro", bare, thought, 170, false)
	f("", "grok-4", bare, thought, 170, false)
	f("anthropic", "claude-sonnet-4-5", bare, usage{Input: 150, Output: 20}, 170, true)
	f("vertex.anthropic", "claude-sonnet-4-5", bare, usage{Input: 150, Output: 20}, 170, true)
	f("aws.bedrock", "amazon.nova-pro-v1:0", bare, usage{Input: 150, Output: 20}, 170, true)
	f("", "claude-sonnet-4-5", bare, usage{Input: 150, Output: 20}, 170, true)
	f("openrouter", "google/gemini-2.5-pro", bare, usage{Input: 150, Output: 20}, 170, false)
	f("acme", "m1", bare, usage{Input: 150, Output: 20}, 170, false)
	// All the budget went into thoughts, and there is no output.
	f("gcp.gemini", "gemini-2.5-pro", usage{Input: 100}, usage{Input: 100, Output: 70, Reasoning: 70}, 170, false)
	f("acme", "m1", usage{Input: 100}, usage{Input: 100, Output: 70}, 170, false)
	f("anthropic", "claude-sonnet-4-5", usage{Input: 100}, usage{Input: 170}, 170, true)
	// As many cached tokens as thoughts: the provider decides what is missing.
	f("gcp.gemini", "gemini-2.5-pro", usage{Input: 100, Output: 20, CacheRead: 50, Reasoning: 50},
		usage{Input: 100, Output: 70, CacheRead: 50, Reasoning: 50}, 170, false)
	f("anthropic", "claude-sonnet-4-5", usage{Input: 100, Output: 80, CacheRead: 50, Reasoning: 50},
		usage{Input: 150, Output: 80, CacheRead: 50, Reasoning: 50}, 230, false)
	// Nothing is missing, nothing is added.
	for _, p := range [...]string{"openai", "anthropic", "gcp.gemini", "aws.bedrock", "x_ai"} {
		all := usage{Input: 100, Output: 20, CacheRead: 90, CacheWrite: 5, Reasoning: 15}
		f(p, "m1", all, all, 120, false)
		f(p, "m1", all, all, 0, false)
	}
}

func TestReportedCost(t *testing.T) {
	t.Parallel()
	f := func(s string, want model.Cost) {
		t.Helper()
		if got := reportedCost(s); got != want {
			t.Errorf("%q = %+v, want %+v", s, got, want)
		}
	}
	f("0.0123", model.Cost{Nanos: 12_300_000, Pricing: model.Reported})
	f("1e-9", model.Cost{Nanos: 1, Pricing: model.Reported})
	f("3", model.Cost{Nanos: 3_000_000_000, Pricing: model.Reported})
	for _, s := range [...]string{"", "0", "-1", "NaN", "Inf", "1e30", "free"} {
		f(s, model.Cost{})
	}
}
