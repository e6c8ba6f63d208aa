// Package price turns the usage of a model call into money, by a table of list
// prices.
//
// A table is JSON: "as_of" (a day), "unit" (for readers) and "providers". A provider
// has an "id"; "match", patterns on the provider's name; "claims_models", patterns
// on a model's name that imply this provider when none is known; "guess", see below;
// and "models". A model has an "id"; "match", patterns on its name, tried in order,
// the first model wins; "context" in tokens; and "prices", the last whose conditions
// hold wins. In a pattern `*` is any run of characters and `re:` marks a regular
// expression; names are compared in any case.
//
// A price is in dollars per million tokens, at most six decimals, by kind: "input",
// "output", "cache_read", "cache_write" (for minutes), "cache_write_1h",
// "output_reasoning" and more that usage does not tell apart yet; "per_1000_requests"
// and "per_1000_web_searches" are in dollars per thousand. "tiers" have
// "above_input_tokens": when the whole input is longer, their prices replace the base
// for all tokens of the call. "from" is the day it begins to hold, "utc_from" and
// "utc_to" the part of the day in which it holds. A kind without a price is charged as
// its parent: cache as input, reasoning as output. A price of 0 is free; a price
// without any figure is unknown.
//
// A provider's "service_tiers" say what part of the list price its tokens cost there,
// such as 0.5 for "batch". A call on another tier than these and the usual one is
// charged the list price, and marked as guessed.
//
// Sums are exact: prices are whole pico-dollars per token and tiers whole thousandths,
// and a call is rounded once, at its end, half up to a nano-dollar.
//
// A provider that "guess" is set for serves other makers' models too, or is named
// by SDKs for whatever speaks its protocol: a model missing from its list is priced by
// who claims the model's name, and marked as guessed. For any other known provider
// a missing model is unpriced.
package price

import (
	"sync"
	"time"

	"relay.one/picket/internal/model"
)

// Table is a price table. It is safe for concurrent use.
type Table struct {
	asOf      time.Time
	providers []*provider

	mu    sync.RWMutex
	found map[name]offer
}

// AsOf returns the day, in UTC, whose prices the table holds.
func (t *Table) AsOf() time.Time { return t.asOf }

// Call is one call of a model.
type Call struct {
	Provider, Model string // as the SDK named them; the provider may be empty
	Usage           model.Usage
	Terms           model.Terms
	At              time.Time // prices depend on the time of the call
}

// Cost returns what the call cost, rounded half up to a nano-dollar: Priced, Guessed
// when the provider, the model's version or a kind of token was guessed, Unpriced when
// no price is known for a kind that was used, and NotACost when no tokens were.
func (t *Table) Cost(c Call) model.Cost {
	cost, _ := t.cost(c)
	return cost
}

// cost returns the cost of the call, and whether it is by the operator's own prices.
func (t *Table) cost(c Call) (_ model.Cost, own bool) {
	if c.Usage.Input <= 0 && c.Usage.Output <= 0 {
		return model.Cost{Pricing: model.NotACost}, false
	}
	o := t.offer(c.Provider, c.Model)
	if o.model == nil {
		return model.Cost{Pricing: model.Unpriced}, false
	}
	r := o.model.rates(c.At, c.Usage.Input)
	if r == nil {
		return model.Cost{Pricing: model.Unpriced}, false
	}
	part, known := o.model.provider.part(c.Terms.Tier)
	nanos, ok := r.charge(c.Usage, c.Terms, part)
	if !ok {
		return model.Cost{Pricing: model.Unpriced}, false
	}
	if !known || c.Terms.Unsure {
		o.pricing = model.Guessed
	}
	return model.Cost{Nanos: nanos, Pricing: o.pricing}, o.model.own
}

type provider struct {
	id            string
	match, claims patterns
	guess         bool
	models        []*listing
	serviceTiers  map[string]int64 // thousandths of the list price
}

// whole is the list price, in thousandths of it.
const whole = 1000

// part returns what part of the list price tokens cost on the service tier, in
// thousandths, and whether that is known.
func (p *provider) part(tier string) (thousandths int64, known bool) {
	switch tier {
	case "", "default", "auto", "standard", "standard_only", "on_demand", "on-demand":
		return whole, true
	}
	if n, ok := p.serviceTiers[tier]; ok {
		return n, true
	}
	return whole, false
}

// find returns the first model whose patterns match the lower-case name.
func (p *provider) find(name string) *listing {
	for _, m := range p.models {
		if m.match.match(name) {
			return m
		}
	}
	return nil
}

// listing is a model in a provider's price list.
type listing struct {
	provider *provider
	id       string
	own      bool // the operator's, not Picket's
	context  int64
	match    patterns
	prices   []conditional
}

// conditional is a price and when it holds.
type conditional struct {
	base                 rates
	tiers                []tier // rising
	from                 time.Time
	windowed             bool
	windowFrom, windowTo time.Duration // since midnight UTC; may wrap
}

// tier is what a call costs whose whole input is longer than above.
type tier struct {
	above int64
	rates
}

// rates returns the prices that hold then, for that much input; nil when none do.
func (m *listing) rates(at time.Time, input int64) *rates {
	c := m.price(at)
	if c == nil {
		return nil
	}
	return c.rates(input)
}

// price returns the price that holds then; nil when none does.
func (m *listing) price(at time.Time) *conditional {
	for i := len(m.prices) - 1; i >= 0; i-- {
		if m.prices[i].holds(at) {
			return &m.prices[i]
		}
	}
	return nil
}

func (c *conditional) holds(at time.Time) bool {
	if at.Before(c.from) {
		return false
	}
	if !c.windowed {
		return true
	}
	clock := sinceMidnight(at)
	if c.windowFrom <= c.windowTo {
		return c.windowFrom <= clock && clock < c.windowTo
	}
	return c.windowFrom <= clock || clock < c.windowTo
}

func sinceMidnight(at time.Time) time.Duration {
	at = at.UTC()
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second
}

func (c *conditional) rates(input int64) *rates {
	for i := len(c.tiers) - 1; i >= 0; i-- {
		if input > c.tiers[i].above {
			return &c.tiers[i].rates
		}
	}
	return &c.base
}
