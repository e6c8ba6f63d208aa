package price

import (
	"regexp"
	"strings"

	"relay.one/picket/internal/model"
)

// name is what a call names; offer is what the table has for it.
type (
	name  struct{ provider, model string }
	offer struct {
		model   *listing // nil when the table has no price
		pricing model.Pricing
	}
)

const (
	// maxFound bounds what is remembered: strangers choose the names.
	maxFound = 4096
	// maxName is the longest provider or model name that is looked up.
	maxName = 256
)

// offer returns what the table has for the names, remembering it.
func (t *Table) offer(provider, model string) offer {
	if len(provider) > maxName || len(model) > maxName {
		return offer{}
	}
	t.mu.RLock()
	o, ok := t.found[name{provider, model}]
	t.mu.RUnlock()
	if ok {
		return o
	}
	o = t.search(strings.ToLower(provider), strings.ToLower(model))
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.found) >= maxFound {
		clear(t.found)
	}
	// The names may be cut out of a whole payload, which must not stay for them.
	t.found[name{strings.Clone(provider), strings.Clone(model)}] = o
	return o
}

// search finds the offer for names in lower case.
func (t *Table) search(provider, name string) offer {
	if name == "" {
		return offer{}
	}
	p := t.named(provider)
	if p == nil {
		return t.guess(name)
	}
	if m := p.find(name); m != nil {
		return offer{m, model.Priced}
	}
	if m := p.find(withoutPath(name)); m != nil {
		return offer{m, model.Priced}
	}
	if m := p.find(withoutVersion(withoutPath(name))); m != nil && !free(name) {
		return offer{m, model.Guessed}
	}
	if p.guess {
		return t.guess(name)
	}
	return offer{}
}

// named returns the first provider that the name matches.
func (t *Table) named(name string) *provider {
	if name == "" {
		return nil
	}
	for _, p := range t.providers {
		if p.match.match(name) {
			return p
		}
	}
	return nil
}

// guess finds a price by the model's name alone: the provider is what stands
// before a slash, as gateways write it, or whoever claims the name.
func (t *Table) guess(name string) offer {
	if free(name) {
		return offer{}
	}
	short := withoutPath(name)
	if before, _, ok := strings.Cut(name, "/"); ok {
		if p := t.named(before); p != nil {
			if m := p.findAny(name, short); m != nil {
				return offer{m, model.Guessed}
			}
		}
	}
	for _, p := range t.providers {
		if !p.claims.match(name) && !p.claims.match(short) {
			continue
		}
		if m := p.findAny(name, short); m != nil {
			return offer{m, model.Guessed}
		}
	}
	return offer{}
}

// findAny finds the model under its whole name, without path, or without version.
func (p *provider) findAny(whole, short string) *listing {
	for _, n := range [...]string{whole, short, withoutVersion(short)} {
		if m := p.find(n); m != nil {
			return m
		}
	}
	return nil
}

// withoutPath cuts what gateways and clouds put before a model's name.
func withoutPath(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// version is the date at the end of a snapshot's name.
var version = regexp.MustCompile(`(?:[-@](?:\d{8}|\d{4}-\d{2}-\d{2})|@[a-z0-9.-]+)$`)

// withoutVersion cuts the date off a snapshot's name.
func withoutVersion(name string) string { return version.ReplaceAllString(name, "") }

// free reports whether a gateway gives the model away under this name; the
// list price is then not what it costs.
func free(name string) bool { return strings.HasSuffix(name, ":free") }
