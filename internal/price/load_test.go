package price

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
)

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	f := func(text string, want ...string) {
		t.Helper()
		_, err := Load(strings.NewReader(text))
		if !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", text, err)
			return
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q does not say %q", text, err, w)
			}
		}
	}
	entry := func(prices string) string {
		return `{"as_of":"2026-01-01","providers":[{"id":"acme","match":["acme"],"models":[{"id":"m1","match":["m1"],"prices":` + prices + `}]}]}`
	}
	f(``, "EOF")
	f(`[]`, "price table")
	f(`{"as_of":"yesterday"}`, "as_of", "yesterday")
	f(`{"as_of":"2026-01-01"} {}`, "more after its end")
	f(`{"as_of":"2026-01-01","suppliers":[]}`, "suppliers")
	f(`{"as_of":"2026-01-01","providers":[{"match":["a"]}]}`, "id is missing")
	f(`{"as_of":"2026-01-01","providers":[{"id":"acme","match":["re:("]}]}`, `provider "acme"`, "match")
	f(`{"as_of":"2026-01-01","providers":[{"id":"acme","match":[""]}]}`, `provider "acme"`, "empty pattern")
	f(`{"as_of":"2026-01-01","providers":[{"id":"acme","claims_models":["re:["]}]}`, `provider "acme"`, "claims_models")
	f(`{"as_of":"2026-01-01","providers":[{"id":"acme","models":[{"id":"m1"}]}]}`, `provider "acme": model "m1"`)
	f(entry(`[{"input":-1}]`), `provider "acme": model "m1": price 1: input`, "negative")
	f(entry(`[{"input":1},{"input":"2"}]`), `price 2: input`, "plain decimal")
	f(entry(`[{"input":1e3}]`), "plain decimal")
	f(entry(`[{"input":0.0000001}]`), "decimals")
	f(entry(`[{"input":1000001}]`), "above a million")
	f(entry(`[{"imput":1}]`), "imput", "no such kind")
	f(entry(`[{"input":1,"above_input_tokens":5}]`), "above_input_tokens")
	f(entry(`[{"input":1,"from":"soon"}]`), "from", "soon")
	f(entry(`[{"input":1,"utc_from":"00:30:00Z"}]`), "go together")
	f(entry(`[{"input":1,"utc_from":"00:30:00Z","utc_to":"25:00:00Z"}]`), "utc_to", "25:00:00Z")
	f(entry(`[{"input":1,"tiers":5}]`), "tiers")
	f(`{"as_of":"2026-01-01","providers":[{"id":"acme","service_tiers":{"batch":-1}}]}`, `provider "acme": service_tiers: batch`, "negative")
	f(`{"as_of":"2026-01-01","providers":[{"id":"acme","service_tiers":{"batch":0.3333}}]}`, "three decimals")
	f(`{"as_of":"2026-01-01","providers":[{"id":"acme","service_tiers":{"batch":101}}]}`, "at most 100")
	f("{\"as_of\":\"2026-01-01\",\n\"providers\":[\n{\"id\":\"a\"},\n\n{\"id\":\"b\",\"match\":[\"\"]}]}", `line 5: provider "b": match`)
	f("{\"as_of\":\"2026-01-01\",\"providers\":[{\"match\":[\"x\"],\n\"id\":\"a\",\"models\":[\n{\"id\":\"m1\",\"match\":[\"m1\"]},\n{\"id\":\"m2\"}]}]}",
		`line 4: provider "a": model "m2": id or match is missing`)
	f("{\n\"as_of\":\"2026-01-01\",\n\"providers\":5}", "line 3: ")
	f("{\n\"as_of\":\"2026-01-01\",,}", "line 2: ")
	f(entry(`[{"input":1,"tiers":[{"input":2}]}]`), "tier 1: above_input_tokens")
	f(entry(`[{"input":1,"tiers":[{"above_input_tokens":5,"input":-2}]}]`), "tier 1: input")
}

func TestLoadConditions(t *testing.T) {
	t.Parallel()
	table := load(t, `{"as_of":"2026-01-01","providers":[{"id":"p","match":["p"],"models":[
		{"id":"tiers","match":["tiers"],"prices":[{"input":1,"output":2,"cache_read":0.5,"tiers":[
			{"above_input_tokens":200,"input":30},{"above_input_tokens":100,"input":3}]}]},
		{"id":"night","match":["night"],"prices":[{"input":2},{"input":1,"utc_from":"22:00:00Z","utc_to":"06:00:00Z"}]},
		{"id":"later","match":["later"],"prices":[{"input":1,"from":"2026-02-01"}]}]}]}`)
	f := func(name string, u model.Usage, when string, want int64, pricing model.Pricing) {
		t.Helper()
		got := table.Cost(Call{Provider: "p", Model: name, Usage: u, At: at(t, when)})
		if got != (model.Cost{Nanos: want, Pricing: pricing}) {
			t.Errorf("%s %+v at %s = %+v, want %d %d", name, u, when, got, want, pricing)
		}
	}
	const noon, midnight = "2026-01-15T12:00:00Z", "2026-01-15T00:00:00Z"
	// A tier replaces what it names; output and cached input keep their base price.
	f("tiers", model.Usage{Input: 100, CacheRead: 10, Output: 1}, noon, 90_000+5_000+2_000, model.Priced)
	f("tiers", model.Usage{Input: 101, CacheRead: 10, Output: 1}, noon, 91*3_000+5_000+2_000, model.Priced)
	f("tiers", model.Usage{Input: 201}, noon, 201*30_000, model.Priced)
	f("night", model.Usage{Input: 1}, noon, 2_000, model.Priced)
	f("night", model.Usage{Input: 1}, midnight, 1_000, model.Priced)
	f("night", model.Usage{Input: 1}, "2026-01-15T22:00:00Z", 1_000, model.Priced)
	f("night", model.Usage{Input: 1}, "2026-01-15T06:00:00Z", 2_000, model.Priced)
	f("later", model.Usage{Input: 1}, noon, 0, model.Unpriced)
	f("later", model.Usage{Input: 1}, "2026-02-01T00:00:00Z", 1_000, model.Priced)
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"as_of":"2026-01-01","providers":[{"id":"p","match":["p*"],"claims_models":["re:m"],"service_tiers":{"batch":0.5},"models":[
		{"id":"m","match":["*m"],"context":5,"prices":[{"input":1.5,"cache_read":0.000001,"from":"2026-01-01",
		"utc_from":"00:00:00Z","utc_to":"01:00:00Z","tiers":[{"above_input_tokens":5,"output":9}],"per_1000_requests":3}]}]}]}`))
	f.Add([]byte(`{"as_of":"2026-01-01","providers":[{"id":"p","models":[{"id":"m","match":["m"],"prices":[null]}]}]}`))
	f.Add([]byte("{\"as_of\":\"2026-01-01\",\n\"providers\":[{\"id\":\"openai\",\n\"models\":[{\"id\":\"gpt-4o\"}]}]}"))
	f.Add(shipped[:2000])
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := Default().LoadWith(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, model.ErrInvalid) {
				t.Fatalf("error %v is no ErrInvalid", err)
			}
			return
		}
		for _, n := range [...]name{{"p", "m"}, {"", "m"}, {"x", "p/m"}, {"openai", "gpt-4o"}} {
			c := table.Cost(Call{Provider: n.provider, Model: n.model, At: summer, Terms: model.Terms{CacheWriteHour: 7, WebSearches: 1 << 40, Tier: "batch"},
				Usage: model.Usage{Input: 1 << 40, Output: 1 << 40, CacheRead: 1 << 41, CacheWrite: 9, Reasoning: 3}})
			if c.Nanos < 0 {
				t.Fatalf("negative cost %d", c.Nanos)
			}
			if l, ok := table.Lookup(n.provider, n.model, summer); !ok && c.Pricing == model.Priced {
				t.Fatalf("%+v is priced and yet not listed: %+v", n, l)
			}
		}
	})
}
