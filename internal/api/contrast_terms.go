package api

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// contrastKey is what the key of a filter, a selection or a baseline means.
type contrastKey struct {
	facet store.Facet
	of    contrastRows
	// read makes a condition of the values; nil takes them as they are.
	read func(values []string) (store.Condition, error)
}

// contrastRows is what has a key.
type contrastRows int

const (
	ofBoth contrastRows = iota
	ofExecutions
	ofEvents
)

func (r contrastRows) has(events bool) bool { return r == ofBoth || (r == ofEvents) == events }

// contrastKeys is the table of keys. To add one, add a line, and its name where it is asked for.
var contrastKeys = map[string]contrastKey{
	"release":      {store.FacetRelease, ofBoth, nil},
	"environment":  {store.FacetEnvironment, ofBoth, nil},
	"agent":        {store.FacetAgent, ofBoth, nil},
	"organization": {store.FacetOrganization, ofBoth, nil},
	"fault":        {store.FacetFault, ofBoth, nil},
	"version":      {store.FacetVersion, ofExecutions, nil},
	"framework":    {store.FacetFramework, ofExecutions, nil},
	"model":        {store.FacetModel, ofExecutions, nil},
	"tool":         {store.FacetTool, ofExecutions, nil},
	"failingTool":  {store.FacetFailingTool, ofExecutions, nil},
	"policy":       {store.FacetPolicy, ofExecutions, nil},
	"rule":         {store.FacetRule, ofExecutions, nil},
	"outcome":      {store.FacetOutcome, ofExecutions, readOutcomes},
	"loop":         {store.FacetLoop, ofExecutions, readNames(loopWords)},
	"parent":       {store.FacetParent, ofExecutions, readNames(parentWords)},
	"looped":       {store.FacetLoop, ofExecutions, readAny},
	"violated":     {store.FacetPolicy, ofExecutions, readAny},
	"minMs":        {store.FacetDuration, ofExecutions, readLeast(microsPerMilli)},
	"maxMs":        {store.FacetDuration, ofExecutions, readBelow(microsPerMilli)},
	"minCostUsd":   {store.FacetCost, ofExecutions, readLeast(nanosPerDollar)},
	"maxCostUsd":   {store.FacetCost, ofExecutions, readBelow(nanosPerDollar)},
	"minTokens":    {store.FacetTokens, ofExecutions, readLeast(1)},
	"maxTokens":    {store.FacetTokens, ofExecutions, readBelow(1)},
	"level":        {store.FacetLevel, ofEvents, readNames(levelWords)},
	"type":         {store.FacetType, ofEvents, nil},
	"transaction":  {store.FacetTransaction, ofEvents, nil},
	"platform":     {store.FacetPlatform, ofEvents, nil},
	"issue":        {store.FacetIssue, ofEvents, nil}, // and see issueNumbers
}

const (
	microsPerMilli = 1000
	maxTerms       = 50
	maxTermBytes   = 400
)

// Words of facets that the store keeps as numbers.
var (
	loopWords    = map[string]string{"": "", "repeat": "1", "alternate": "2", "error": "3", "no_progress": "4"}
	parentWords  = map[string]string{"no": "", "yes": "1"}
	outcomeWords = map[string]string{"running": "0", "ok": "1", "error": "2", "failed": "3"}
	levelWords   = map[string]string{"": "0", "trace": "1", "debug": "2", "info": "3", "warning": "4", "error": "5", "fatal": "6"}
)

// contrastTerms reads the terms of one parameter.
func (a *rest) contrastTerms(ctx context.Context, c access.Caller, events bool, param string, terms []string) (side store.Side, err error) {
	if len(terms) > maxTerms {
		return side, invalid(param, "%d of them are given and at most %d are taken", len(terms), maxTerms)
	}
	values := map[string][]string{}
	var keys []string
	for _, term := range terms {
		key, value, ok := strings.Cut(term, ":")
		if !ok || len(term) > maxTermBytes {
			return side, invalid(param, "%.60q is no key:value of at most %d bytes", term, maxTermBytes)
		}
		if values[key] == nil {
			keys = append(keys, key)
		}
		values[key] = append(values[key], value)
	}
	for _, key := range keys {
		said := values[key]
		if key == "issue" {
			if said, err = a.issueNumbers(ctx, c, said); err != nil {
				return side, fmt.Errorf("%s: %w", param, err)
			}
		}
		if err := contrastTerm(&side, events, key, said); err != nil {
			return side, fmt.Errorf("%s: %w", param, err)
		}
	}
	if !side.From.IsZero() && !side.To.IsZero() && !side.From.Before(side.To) {
		return side, invalid(param, "from must be before to")
	}
	return side, nil
}

// contrastTerm adds what the values of one key say.
func contrastTerm(side *store.Side, events bool, key string, values []string) (err error) {
	switch key {
	case "from":
		side.From, err = readMoment(key, values)
		return err
	case "to":
		side.To, err = readMoment(key, values)
		return err
	}
	k, ok := contrastKeys[key]
	if !ok || !k.of.has(events) {
		return invalid(fmt.Sprintf("%.40q", key), "there is no such key; use one of %s", strings.Join(knownKeys(events), ", "))
	}
	condition := store.Condition{Values: values}
	if k.read != nil {
		if condition, err = k.read(values); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	condition.Facet = k.facet
	side.Conditions = append(side.Conditions, condition)
	return nil
}

// knownKeys lists the keys that may be used.
func knownKeys(events bool) []string {
	names := []string{"from", "to"}
	for _, name := range slices.Sorted(maps.Keys(contrastKeys)) {
		if contrastKeys[name].of.has(events) {
			names = append(names, name)
		}
	}
	return names
}

// issueNumbers returns the numbers of issues that go by number or short id.
func (a *rest) issueNumbers(ctx context.Context, c access.Caller, names []string) ([]string, error) {
	out := make([]string, len(names))
	for i, name := range names {
		found, err := a.find(ctx, c, name)
		if err != nil {
			return nil, fmt.Errorf("issue: %w", err)
		}
		out[i] = found.ID.String()
	}
	return out, nil
}

func readMoment(key string, values []string) (time.Time, error) {
	if len(values) > 1 {
		return time.Time{}, invalid(key, "give it once")
	}
	at, err := time.Parse(time.RFC3339Nano, values[0])
	if err != nil {
		return at, invalid(key, "%.40q is no time such as 2026-01-31T10:00:00Z", values[0])
	}
	return at, nil
}

// readNames takes words for what the store has.
func readNames(words map[string]string) func([]string) (store.Condition, error) {
	return func(values []string) (c store.Condition, err error) {
		for _, v := range values {
			kept, ok := words[v]
			if !ok {
				return c, fmt.Errorf("%w: there is no %.40q; use one of %s", model.ErrInvalid, v, strings.Join(slices.Sorted(maps.Keys(words)), ", "))
			}
			c.Values = append(c.Values, kept)
		}
		return c, nil
	}
}

// readOutcomes takes wrong for what errored or failed.
func readOutcomes(values []string) (store.Condition, error) {
	var plain []string
	for _, v := range values {
		if v == "wrong" {
			plain = append(plain, "error", "failed")
			continue
		}
		plain = append(plain, v)
	}
	return readNames(outcomeWords)(plain)
}

// readAny asks whether there is any value.
func readAny(values []string) (store.Condition, error) {
	if len(values) > 1 || values[0] != "true" && values[0] != "false" {
		return store.Condition{}, fmt.Errorf("%w: give true or false, once", model.ErrInvalid)
	}
	return store.Condition{Values: []string{""}, Not: values[0] == "true"}, nil
}

func readLeast(unit float64) func([]string) (store.Condition, error) {
	return func(values []string) (store.Condition, error) {
		n, err := readNumber(values, unit)
		return store.Condition{Min: &n}, err
	}
}

func readBelow(unit float64) func([]string) (store.Condition, error) {
	return func(values []string) (store.Condition, error) {
		n, err := readNumber(values, unit)
		return store.Condition{Max: &n}, err
	}
}

// largestNumber is far more than anything costs, takes or uses, and no overflow.
const largestNumber = 1 << 60

func readNumber(values []string, unit float64) (int64, error) {
	n, err := strconv.ParseFloat(values[0], 64)
	if len(values) > 1 || err != nil || math.IsNaN(n) || math.Abs(n*unit) > largestNumber {
		return 0, fmt.Errorf("%w: give one number", model.ErrInvalid)
	}
	return int64(math.Round(n * unit)), nil
}
