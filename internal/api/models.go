package api

import (
	"cmp"
	"context"
	"maps"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

type modelsQuery struct {
	Pricing string `query:"pricing" enum:"unpriced" doc:"unpriced: only models of which calls have no price, with what it takes to price them"`
	AgentFilter
	Paging
}

type modelList struct {
	Window window       `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Models []modelStats `json:"models" doc:"Most calls first; with pricing=unpriced most unpriced calls first"`
	Next   *string      `json:"next" doc:"The cursor of the next page; null at the end"`
}

// modelStats is how the calls of one model went and what they cost.
type modelStats struct {
	Provider      string    `json:"provider" doc:"As SDKs named it; empty when they did not"`
	Model         string    `json:"model"`
	Calls         int64     `json:"calls"`
	Errors        int64     `json:"errors" doc:"Of the calls, those that failed"`
	ErrorRate     *float64  `json:"errorRate" doc:"Errors as a share of calls"`
	ErrorRateOf   share     `json:"errorRateOf" doc:"What errorRate stands on"`
	Tokens        tokens    `json:"tokens"`
	CostUSD       *usd      `json:"costUsd" doc:"What the calls with a price cost; null when none had one"`
	CostNanos     int64     `json:"costNanos"`
	PricedCalls   int64     `json:"pricedCalls" doc:"Calls priced by the table, and those without tokens, which cost nothing"`
	GuessedCalls  int64     `json:"guessedCalls" doc:"Calls whose price was guessed from the model's name"`
	ReportedCalls int64     `json:"reportedCalls" doc:"Calls whose cost is the SDK's word"`
	UnpricedCalls int64     `json:"unpricedCalls" doc:"Calls with tokens and no known price: not in costUsd"`
	P50MS         *float64  `json:"p50Ms" doc:"Half of the calls were no slower, in milliseconds"`
	P95MS         *float64  `json:"p95Ms" doc:"19 of 20 calls were no slower, in milliseconds"`
	Unpriced      *unpriced `json:"unpriced,omitempty" doc:"What it takes to price the model; only where that was asked for"`
}

func modelStatsOf(s *sum) modelStats {
	m := modelStats{
		Calls: s.Get(rollup.Calls), Errors: s.Get(rollup.CallErrors), Tokens: tokensOf(s.Usage()), CostNanos: s.Get(rollup.CostNanos),
		UnpricedCalls: s.Get(rollup.Unpriced), GuessedCalls: s.Get(rollup.GuessedCalls), ReportedCalls: s.Get(rollup.ReportedCalls),
		P50MS: quantile(s.Counters, 0.50), P95MS: quantile(s.Counters, 0.95),
	}
	m.Provider, m.Model = splitModel(s.name)
	m.ErrorRate, m.ErrorRateOf = rate(m.Errors, m.Calls)
	m.CostUSD = dollars(m.CostNanos, m.UnpricedCalls)
	m.PricedCalls = max(0, m.Calls-m.UnpricedCalls-m.GuessedCalls-m.ReportedCalls)
	return m
}

// unpriced is what is to be known of a model whose calls have no price.
type unpriced struct {
	Tokens    *tokens      `json:"tokens,omitempty" doc:"The tokens without a price; left out when other calls of the model had one, since they are counted together"`
	Agents    []agentCalls `json:"agents" doc:"The ten agents with most unpriced calls"`
	PricedNow bool         `json:"pricedNow" doc:"The table has a price by now: calls that come from now on have one, those that are stored stay as they are"`
	Override  prices       `json:"override" doc:"What to write into the file of --prices, with your price in dollars per million tokens for each null"`
}

type agentCalls struct {
	AgentID       string `json:"agentId" doc:"Empty for calls that belong to no agent"`
	UnpricedCalls int64  `json:"unpricedCalls"`
}

// prices is a price table as package price reads it.
type prices struct {
	AsOf      string           `json:"as_of" doc:"The day of your prices"`
	Providers []pricesProvider `json:"providers"`
}

type pricesProvider struct {
	ID           string        `json:"id"`
	Match        []string      `json:"match,omitempty"`
	ClaimsModels []string      `json:"claims_models,omitempty"`
	Models       []pricesModel `json:"models"`
}

type pricesModel struct {
	ID     string       `json:"id"`
	Match  []string     `json:"match"`
	Prices []pricesRate `json:"prices"`
}

type pricesRate struct {
	Input  *float64 `json:"input" doc:"Dollars per million tokens"`
	Output *float64 `json:"output" doc:"Dollars per million tokens"`
}

const topAgents = 10

func byUnpriced(s *sum) int64 { return s.Get(rollup.Unpriced) }

func (a *rest) models(ctx context.Context, c access.Caller, in *modelsQuery) (*modelList, error) {
	rows, q, err := a.narrowed(ctx, c, in.AgentFilter, rollup.Model)
	if err != nil {
		return nil, err
	}
	weight := byCalls
	if in.Pricing != "" {
		weight = byUnpriced
		maps.DeleteFunc(rows, func(_ string, s *sum) bool { return byUnpriced(s) <= 0 })
	}
	page, next, err := pageOf(ranked(rows, weight), weight, in.Paging)
	if err != nil {
		return nil, err
	}
	out := &modelList{a.covered(q), each(page, modelStatsOf), next}
	if in.Pricing != "" {
		err = a.tellUnpriced(ctx, q, page, out.Models)
	}
	return out, err
}

// tellUnpriced says of each model, of the row at the same place, what is not priced.
func (a *rest) tellUnpriced(ctx context.Context, q store.RollupQuery, rows []*sum, models []modelStats) error {
	agents, err := a.unpricedAgents(ctx, q)
	if err != nil {
		return err
	}
	for i, s := range rows {
		m := &models[i]
		_, known := a.prices.Lookup(m.Provider, m.Model, a.now())
		u := &unpriced{PricedNow: known, Override: a.override(m.Provider, m.Model)}
		if m.CostNanos == 0 && m.GuessedCalls == 0 && m.ReportedCalls == 0 {
			u.Tokens = &m.Tokens
		}
		top := ranked(agents[s.name], byUnpriced)
		u.Agents = each(top[:min(len(top), topAgents)], func(s *sum) agentCalls { return agentCalls{s.name, byUnpriced(s)} })
		m.Unpriced = u
	}
	return nil
}

// unpricedAgents finds, by model and agent, the calls without a price.
func (a *rest) unpricedAgents(ctx context.Context, q store.RollupQuery) (map[string]map[string]*sum, error) {
	cells, err := a.cells(ctx, q)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]*sum{}
	for at, n := range cells {
		if n.unpriced <= 0 {
			continue
		}
		if out[at.sub] == nil {
			out[at.sub] = map[string]*sum{}
		}
		named(out[at.sub], at.agent).Add(rollup.Unpriced, n.unpriced)
	}
	return out, nil
}

// override returns the entry of an operator's price table that gives the model a price.
func (a *rest) override(provider, name string) prices {
	p := pricesProvider{ID: cmp.Or(a.prices.ProviderID(provider), provider, "unknown"),
		Models: []pricesModel{{ID: name, Match: []string{name}, Prices: []pricesRate{{}}}}}
	switch {
	case provider == "":
		p.ClaimsModels = []string{name}
	case p.ID == provider && a.prices.ProviderID(provider) == "":
		p.Match = []string{provider}
	}
	return prices{a.now().UTC().Format("2006-01-02"), []pricesProvider{p}}
}
