package price

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// LoadWith reads an operator's own table, see Load, and returns t with its entries
// first: a model under an id that t has too replaces that one, other models and
// providers are added. Of a provider that t knows by that id the patterns and service
// tiers are added too. t stays as it is.
func (t *Table) LoadWith(r io.Reader) (*Table, error) {
	own, err := Load(r)
	if err != nil {
		return nil, err
	}
	for _, p := range own.providers {
		for _, m := range p.models {
			m.own = true
		}
	}
	merged := &Table{asOf: t.asOf, found: map[name]offer{}}
	if own.asOf.After(t.asOf) {
		merged.asOf = own.asOf
	}
	for _, p := range own.providers {
		if !slices.ContainsFunc(t.providers, p.same) {
			merged.providers = append(merged.providers, p)
		}
	}
	for _, p := range t.providers {
		if i := slices.IndexFunc(own.providers, p.same); i >= 0 {
			p = own.providers[i].before(p)
		}
		merged.providers = append(merged.providers, p)
	}
	return merged, nil
}

// LoadFile is LoadWith for a file; its errors begin with the name.
func (t *Table) LoadFile(path string) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // it names the file
	}
	defer f.Close() // only read
	merged, err := t.LoadWith(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return merged, nil
}

func (p *provider) same(o *provider) bool { return p.id == o.id }

// before returns a provider that offers what p does and then what o does.
func (p *provider) before(o *provider) *provider {
	both := &provider{
		id: p.id, guess: p.guess || o.guess,
		match: slices.Concat(p.match, o.match), claims: slices.Concat(p.claims, o.claims),
		serviceTiers: map[string]int64{},
	}
	maps.Copy(both.serviceTiers, o.serviceTiers)
	maps.Copy(both.serviceTiers, p.serviceTiers)
	for _, m := range p.models {
		both.add(m)
	}
	for _, m := range o.models {
		if !slices.ContainsFunc(p.models, func(mine *listing) bool { return mine.id == m.id }) {
			both.add(m)
		}
	}
	return both
}

// add appends a copy of the model, which knows its provider.
func (p *provider) add(m *listing) {
	mine := *m
	mine.provider = p
	p.models = append(p.models, &mine)
}
