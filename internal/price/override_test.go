package price

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
)

const ownPrices = `{"as_of":"2026-09-01","providers":[
{"id":"openai","match":["our-proxy"],"service_tiers":{"priority":1.75},"models":[
 {"id":"gpt-4o","match":["gpt-4o","gpt-4o-eu"],"prices":[{"input":2,"output":8}]},
 {"id":"tuned","match":["ft:*"],"prices":[{"input":6,"output":24}]}]},
{"id":"house","match":["vllm"],"claims_models":["house-*"],"models":[
 {"id":"house-7b","match":["house-7b"],"prices":[{"input":0.1,"output":0.2}]}]}]}`

func TestLoadWith(t *testing.T) {
	t.Parallel()
	table, err := Default().LoadWith(strings.NewReader(ownPrices))
	if err != nil {
		t.Fatal(err)
	}
	f := func(provider, name, tier string, want int64, pricing model.Pricing) {
		t.Helper()
		got := table.Cost(Call{Provider: provider, Model: name, Usage: model.Usage{Input: 1000, Output: 100}, Terms: model.Terms{Tier: tier}, At: summer})
		if got != (model.Cost{Nanos: want, Pricing: pricing}) {
			t.Errorf("%q %q = %+v, want %d %d", provider, name, got, want, pricing)
		}
	}
	f("openai", "gpt-4o", "", 2_800_000, model.Priced)    // 1000·2000 + 100·8000
	f("our-proxy", "gpt-4o", "", 2_800_000, model.Priced) // likewise
	f("", "gpt-4o", "", 2_800_000, model.Guessed)         // likewise
	f("openai", "ft:gpt-4o:acme", "", 8_400_000, model.Priced)
	f("openai", "gpt-4o-mini", "", 210_000, model.Priced)           // Picket's: 1000·150 + 100·600
	f("our-proxy", "gpt-4o-mini", "", 210_000, model.Priced)        // likewise
	f("openai", "gpt-4o", "priority", 4_900_000, model.Priced)      // 2_800_000·1.75
	f("openai", "gpt-4o-mini", "flex", 105_000, model.Priced)       // Picket's service tiers stay
	f("vllm", "house-7b", "", 120_000, model.Priced)                // 1000·100 + 100·200, before Picket's idea of vllm
	f("", "house-7b", "", 120_000, model.Guessed)                   // likewise
	f("anthropic", "claude-haiku-4-5", "", 1_500_000, model.Priced) // untouched: 1000·1000 + 100·5000
	if got := table.AsOf().Format("2006-01-02"); got != "2026-09-01" {
		t.Errorf("as of %s", got)
	}
	// Picket's own table is shared and stays.
	if c := Default().Cost(Call{Provider: "openai", Model: "gpt-4o", Usage: model.Usage{Input: 1000}, At: summer}); c.Nanos != 2_500_000 {
		t.Errorf("the shipped table says %+v now", c)
	}
}

func TestOwnPricesComeFirst(t *testing.T) {
	t.Parallel()
	table, err := Default().LoadWith(strings.NewReader(ownPrices))
	if err != nil {
		t.Fatal(err)
	}
	f := func(name string, want model.Cost) {
		t.Helper()
		b := &model.Batch{Spans: []model.Span{{Kind: model.SpanModel, Provider: "openai", Model: name, Start: summer,
			Usage: model.Usage{Input: 1000}, Cost: model.Cost{Nanos: 7, Pricing: model.Reported}}}}
		for range 2 {
			Apply(b, table)
			if got := b.Spans[0].Cost; got != want {
				t.Errorf("%s costs %+v, want %+v", name, got, want)
			}
		}
	}
	f("gpt-4o", model.Cost{Nanos: 2_000_000, Pricing: model.Priced})
	f("gpt-4o-mini", model.Cost{Nanos: 7, Pricing: model.Reported})
}

func TestLoadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "prices.json")
	if _, err := Default().LoadFile(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v for no file", err)
	}
	f := func(text, want string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Default().LoadFile(path)
		if got := ""; err != nil {
			got = err.Error()
			if !strings.HasPrefix(got, path+": ") || !strings.HasSuffix(got, want) {
				t.Errorf("error %q, want %q", got, want)
			}
		} else if want != "" {
			t.Errorf("no error, want %q", want)
		}
	}
	f(ownPrices, "")
	f(strings.Replace(ownPrices, `"input":6`, `"input":-6`, 1), `line 4: provider "openai": model "tuned": price 1: input: price -6 is negative`)
	f(strings.Replace(ownPrices, `"output":0.2`, `"outptu":0.2`, 1), `line 6: provider "house": model "house-7b": price 1: outptu: there is no such kind of price`)
}

func TestLookup(t *testing.T) {
	t.Parallel()
	own, err := Default().LoadWith(strings.NewReader(ownPrices))
	if err != nil {
		t.Fatal(err)
	}
	l, ok := own.Lookup("openai", "gpt-4o-eu", summer)
	if !ok || l.Provider != "openai" || l.Model != "gpt-4o" || !l.Own || l.Pricing != model.Priced {
		t.Errorf("gpt-4o-eu: %+v %v", l, ok)
	}
	l, ok = own.Lookup("", "claude-sonnet-4-5", summer)
	want := []Rate{{"input", 3_000_000}, {"output", 15_000_000}, {"cache_read", 300_000}, {"cache_write", 3_750_000},
		{"cache_write_1h", 6_000_000}, {"output_reasoning", 15_000_000}, {"per_1000_web_searches", 10_000_000_000}}
	if !ok || l.Own || l.Pricing != model.Guessed || l.Context != 1_000_000 || !slices.Equal(l.Rates, want) {
		t.Errorf("claude-sonnet-4-5: %+v %v", l, ok)
	}
	if len(l.Tiers) != 1 || l.Tiers[0].Above != 200_000 || l.Tiers[0].Rates[0] != (Rate{"input", 6_000_000}) {
		t.Errorf("claude-sonnet-4-5: tiers %+v", l.Tiers)
	}
	l, _ = own.Lookup("anthropic", "claude-sonnet-5", at(t, "2026-09-01T00:00:00Z"))
	if l.From != at(t, "2026-09-01T00:00:00Z") || l.Rates[0] != (Rate{"input", 3_000_000}) {
		t.Errorf("claude-sonnet-5: %+v", l)
	}
	for _, n := range [...]name{{"acme", "secret-9"}, {"cerebras", "qwen-3-coder-480b"}, {"openai", ""}} {
		if l, ok := own.Lookup(n.provider, n.model, summer); ok {
			t.Errorf("%v has %+v", n, l)
		}
	}
}
