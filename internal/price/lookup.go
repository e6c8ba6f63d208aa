package price

import (
	"strings"
	"time"

	"relay.one/picket/internal/model"
)

// Listing is what a table says of a model at one time, for showing.
type Listing struct {
	Provider, Model string // the table's ids
	Pricing         model.Pricing
	Own             bool      // by the operator's own prices
	Context         int64     // in tokens; zero when the table does not say
	From            time.Time // since when these prices hold; zero for ever
	Rates           []Rate
	Tiers           []Tier // rising
}

// Rate is the price of one kind, under its key in a table.
type Rate struct {
	Kind string
	// Micros is the price in millionths of a dollar: per million tokens, or per
	// million calls or searches where Kind begins with per_1000.
	Micros int64
}

// Tier is what a model costs whose whole input is longer than Above tokens.
type Tier struct {
	Above int64
	Rates []Rate
}

// Lookup returns what the table has for the names an SDK gives, at that time; the
// provider may be empty. It returns false when calls of that model are unpriced. That a
// single call is may still depend on what it used: see Cost.
func (t *Table) Lookup(provider, name string, at time.Time) (Listing, bool) {
	o := t.offer(provider, name)
	if o.model == nil {
		return Listing{}, false
	}
	c := o.model.price(at)
	if c == nil || c.base[input] == unknown && c.base[output] == unknown {
		return Listing{}, false
	}
	l := Listing{
		Provider: o.model.provider.id, Model: o.model.id, Pricing: o.pricing, Own: o.model.own,
		Context: o.model.context, From: c.from, Rates: c.base.list(),
	}
	for i := range c.tiers {
		l.Tiers = append(l.Tiers, Tier{Above: c.tiers[i].above, Rates: c.tiers[i].list()})
	}
	return l, true
}

// ProviderID returns the table's id of the provider that SDKs give that name; empty
// when the table knows none of it.
func (t *Table) ProviderID(name string) string {
	if p := t.named(strings.ToLower(name)); p != nil {
		return p.id
	}
	return ""
}

// list returns the prices that are known and charged.
func (r *rates) list() []Rate {
	var list []Rate
	for k, price := range r {
		if price == unknown || kind(k) == request && price == 0 {
			continue
		}
		list = append(list, Rate{Kind: kinds[k].key, Micros: price})
	}
	return list
}
