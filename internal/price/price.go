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
// "output", "cache_read", "cache_write", "output_reasoning" and more that usage does
// not tell apart yet; "per_1000_requests" is in dollars per thousand calls. "tiers"
// have "above_input_tokens": when the whole input is longer, their prices replace
// the base for all tokens of the call. "from" is the day it begins to hold, "utc_from"
// and "utc_to" the part of the day in which it holds. A kind without a price is
// charged as its parent: cache as input, reasoning as output. A price of 0 is free;
// a price without any figure is unknown.
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
	At              time.Time // prices depend on the time of the call
}

// Cost returns what the call cost, rounded half up to a nano-dollar: Priced, Guessed
// when the provider or the model's version was guessed from the model's name,
// Unpriced when no price is known for a kind of token that was used, and NotACost
// when no tokens were.
func (t *Table) Cost(c Call) model.Cost {
	if c.Usage.Input <= 0 && c.Usage.Output <= 0 {
		return model.Cost{Pricing: model.NotACost}
	}
	o := t.offer(c.Provider, c.Model)
	if o.model == nil {
		return model.Cost{Pricing: model.Unpriced}
	}
	r := o.model.rates(c.At, c.Usage.Input)
	if r == nil {
		return model.Cost{Pricing: model.Unpriced}
	}
	nanos, ok := r.charge(c.Usage)
	if !ok {
		return model.Cost{Pricing: model.Unpriced}
	}
	return model.Cost{Nanos: nanos, Pricing: o.pricing}
}

type provider struct {
	match, claims patterns
	guess         bool
	models        []*listing
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
	match  patterns
	prices []conditional
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
	for i := len(m.prices) - 1; i >= 0; i-- {
		if m.prices[i].holds(at) {
			return m.prices[i].rates(input)
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

// unknown stands for a price that the table does not give.
const unknown = -1

// rates are prices in pico-dollars per token, and per call for request.
type rates struct {
	input, output, cacheRead, cacheWrite, reasoning int64
	request                                         int64
}

// replaced returns r with the prices that o gives in place of its own.
func (r rates) replaced(o rates) rates {
	pick := func(mine *int64, theirs int64) {
		if theirs != unknown {
			*mine = theirs
		}
	}
	pick(&r.input, o.input)
	pick(&r.output, o.output)
	pick(&r.cacheRead, o.cacheRead)
	pick(&r.cacheWrite, o.cacheWrite)
	pick(&r.reasoning, o.reasoning)
	if o.request != 0 {
		r.request = o.request
	}
	return r
}

// fill gives kinds without a price that of their parent.
func (r *rates) fill() {
	if r.cacheRead == unknown {
		r.cacheRead = r.input
	}
	if r.cacheWrite == unknown {
		r.cacheWrite = r.input
	}
	if r.reasoning == unknown {
		r.reasoning = r.output
	}
}

// charge returns the cost in nano-dollars and whether every kind of token that
// was used has a price. Counts that contradict each other never make a negative part.
func (r *rates) charge(u model.Usage) (nanos int64, ok bool) {
	cacheRead, cacheWrite, reasoning := max(0, u.CacheRead), max(0, u.CacheWrite), max(0, u.Reasoning)
	parts := [...]struct{ tokens, price int64 }{
		{max(0, u.Input-min(u.Input, cacheRead)-cacheWrite), r.input},
		{cacheRead, r.cacheRead},
		{cacheWrite, r.cacheWrite},
		{max(0, u.Output-min(u.Output, reasoning)), r.output},
		{reasoning, r.reasoning},
		{1, r.request},
	}
	var total sum
	for _, p := range parts {
		if p.tokens == 0 {
			continue
		}
		if p.price == unknown {
			return 0, false
		}
		total.add(p.tokens, p.price)
	}
	return total.nanos(), true
}
