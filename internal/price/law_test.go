package price

import (
	"math/rand/v2"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

// parts are the disjoint counts that a call is charged for.
type parts struct{ fresh, read, write, hour, shown, thoughts, searches int64 }

func (p parts) usage() (model.Usage, model.Terms) {
	u := model.Usage{Input: p.fresh + p.read + p.write + p.hour, CacheRead: p.read, CacheWrite: p.write + p.hour,
		Output: p.shown + p.thoughts, Reasoning: p.thoughts}
	return u, model.Terms{CacheWriteHour: p.hour, WebSearches: p.searches}
}

func (p *parts) fields() []*int64 {
	return []*int64{&p.fresh, &p.read, &p.write, &p.hour, &p.shown, &p.thoughts, &p.searches}
}

func (p parts) plus(o parts) parts {
	theirs := o.fields()
	for i, n := range p.fields() {
		*n += *theirs[i]
	}
	return p
}

// draw returns counts of up to most, many of them zero.
func draw(r *rand.Rand, most int64) (p parts) {
	for _, n := range p.fields() {
		if r.IntN(3) > 0 {
			*n = r.Int64N(most)
		}
	}
	return p
}

// eachPrice calls f with every price in the shipped table and a time at which it holds.
func eachPrice(t *testing.T, f func(m *listing, at time.Time)) {
	t.Helper()
	n := 0
	for _, p := range Default().providers {
		for _, m := range p.models {
			for _, c := range m.prices {
				at := c.from
				if at.IsZero() {
					at = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
				}
				f(m, at.Add(c.windowFrom))
				n++
			}
		}
	}
	if n < 544 {
		t.Errorf("%d prices, there should be 544 and more", n)
	}
}

func charge(m *listing, at time.Time, p parts) (int64, bool) {
	u, terms := p.usage()
	return m.rates(at, u.Input).charge(u, terms, whole)
}

// TestCostRisesWithEachCount holds for every price of the table, across its tiers too.
func TestCostRisesWithEachCount(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	eachPrice(t, func(m *listing, at time.Time) {
		for range 20 {
			p := draw(r, 400_000)
			before, ok := charge(m, at, p)
			if before < 0 {
				t.Errorf("%s costs %d for %+v", m.id, before, p)
			}
			for i := range p.fields() {
				more := p
				*more.fields()[i] += 1 + r.Int64N(100_000)
				if after, okMore := charge(m, at, more); ok && okMore && after < before {
					t.Errorf("%s costs %d for %+v, %d for %+v", m.id, before, p, after, more)
				}
			}
		}
	})
}

// TestCostAddsUp holds where no tier changes: each of three roundings is off by half
// a nano-dollar at most, so the sum is off by one.
func TestCostAddsUp(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	eachPrice(t, func(m *listing, at time.Time) {
		for range 20 {
			p, o := draw(r, 2_000), draw(r, 2_000)
			if u, _ := p.plus(o).usage(); m.rates(at, u.Input) != m.rates(at, 0) {
				continue
			}
			a, okA := charge(m, at, p)
			b, okB := charge(m, at, o)
			both, ok := charge(m, at, p.plus(o))
			fee := m.rates(at, 0)[request] / picosPerNano // each call has its own
			if ok != (okA && okB) || ok && (both+fee-a-b > 1 || both+fee-a-b < -1) {
				t.Errorf("%s: %d + %d = %d for %+v and %+v", m.id, a, b, both, p, o)
			}
		}
	})
}

// TestCostOfTerms holds costs worked out by hand.
func TestCostOfTerms(t *testing.T) {
	t.Parallel()
	f := func(provider, name string, u model.Usage, terms model.Terms, want int64, pricing model.Pricing) {
		t.Helper()
		got := Default().Cost(Call{Provider: provider, Model: name, Usage: u, Terms: terms, At: summer})
		if got != (model.Cost{Nanos: want, Pricing: pricing}) {
			t.Errorf("%s %s %+v %+v = %+v, want %d %d", provider, name, u, terms, got, want, pricing)
		}
	}
	u := model.Usage{Input: 1000, Output: 100, CacheWrite: 800}
	// 200·3000 + 800·3750 + 100·15000, then with 300 of the writes for an hour: 200·3000 + 500·3750 + 300·6000 + 100·15000.
	f("anthropic", "claude-sonnet-4-5", u, model.Terms{}, 5_100_000, model.Priced)
	f("anthropic", "claude-sonnet-4-5", u, model.Terms{CacheWriteHour: 300}, 5_775_000, model.Priced)
	// More for an hour than was written is all that was written: 200·3000 + 800·6000 + 100·15000.
	f("anthropic", "claude-sonnet-4-5", u, model.Terms{CacheWriteHour: 9000}, 6_900_000, model.Priced)
	f("anthropic", "claude-sonnet-4-5", u, model.Terms{CacheWriteHour: -9}, 5_100_000, model.Priced)
	// Above 200,000 tokens an hour costs 12 dollars a million: 100000·6000 + 200000·12000.
	f("anthropic", "claude-sonnet-4-5", model.Usage{Input: 300_000, CacheWrite: 200_000}, model.Terms{CacheWriteHour: 200_000}, 3_000_000_000, model.Priced)
	// Each search costs a cent: 5100000 + 2·10000000; in a batch the tokens cost half, the searches do not.
	f("anthropic", "claude-sonnet-4-5", u, model.Terms{WebSearches: 2}, 25_100_000, model.Priced)
	f("anthropic", "claude-sonnet-4-5", u, model.Terms{WebSearches: 2, Tier: "batch"}, 22_550_000, model.Priced)
	// Half of 1001·150 + 10·600 = 156150 is 78075; half of 3·150 is 225.
	f("openai", "gpt-4o-mini", model.Usage{Input: 1001, Output: 10}, model.Terms{Tier: "flex"}, 78_075, model.Priced)
	f("openai", "gpt-4o-mini", model.Usage{Input: 3}, model.Terms{Tier: "batch"}, 225, model.Priced)
	f("openai", "gpt-4o-mini", model.Usage{Input: 3}, model.Terms{Tier: "default"}, 450, model.Priced)
	f("groq", "llama-3.3-70b-versatile", model.Usage{Input: 100}, model.Terms{Tier: "flex"}, 59_000, model.Priced)
	// A tier without a price costs what the list says, as far as we know.
	f("openai", "gpt-4o-mini", model.Usage{Input: 3}, model.Terms{Tier: "priority"}, 450, model.Guessed)
	f("openai", "gpt-4o-mini", model.Usage{Input: 3}, model.Terms{Unsure: true}, 450, model.Guessed)
	// Searches that have no price leave the call without one.
	f("groq", "llama-3.3-70b-versatile", model.Usage{Input: 100}, model.Terms{WebSearches: 1}, 0, model.Unpriced)
}
