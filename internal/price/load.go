package price

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"relay.one/picket/internal/model"
)

//go:embed prices.json
var shipped []byte

// Default returns the table that ships with Picket, parsed once. Callers share it.
var Default = sync.OnceValue(func() *Table {
	t, err := Load(bytes.NewReader(shipped))
	if err != nil {
		panic("the price table shipped with picket is malformed: " + err.Error())
	}
	return t
})

// maxTable is the largest table that Load reads, in bytes.
const maxTable = 16 << 20

// Load reads a price table: JSON as the table that ships with Picket has it, which
// package documentation describes. The error is ErrInvalid and names the entry and the
// line on which it begins.
func Load(r io.Reader) (*Table, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxTable+1))
	if err != nil {
		return nil, fmt.Errorf("read price table: %w", err)
	}
	if len(text) > maxTable {
		return nil, fmt.Errorf("%w: price table is larger than %d bytes", model.ErrInvalid, maxTable)
	}
	var f file
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: price table: %s%w", model.ErrInvalid, lineOf(text, err), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: price table: there is more after its end", model.ErrInvalid)
	}
	t, err := f.table()
	if err != nil {
		return nil, fmt.Errorf("%w: price table: %s%w", model.ErrInvalid, lineOf(text, err), err)
	}
	return t, nil
}

// The JSON of a table.
type (
	file struct {
		AsOf      string         `json:"as_of"`
		Unit      string         `json:"unit"`
		Providers []fileProvider `json:"providers"`
	}
	fileProvider struct {
		ID           string                     `json:"id"`
		Match        []string                   `json:"match"`
		ClaimsModels []string                   `json:"claims_models"`
		Guess        bool                       `json:"guess"`
		ServiceTiers map[string]json.RawMessage `json:"service_tiers"`
		Models       []fileModel                `json:"models"`
	}
	fileModel struct {
		ID      string                       `json:"id"`
		Match   []string                     `json:"match"`
		Context int64                        `json:"context"`
		Prices  []map[string]json.RawMessage `json:"prices"`
	}
)

func (f *file) table() (*Table, error) {
	day, err := time.Parse(time.DateOnly, f.AsOf)
	if err != nil {
		return nil, fmt.Errorf("as_of: %q is not a day like 2026-08-21", f.AsOf)
	}
	t := &Table{asOf: day, found: map[name]offer{}}
	for i := range f.Providers {
		p, err := f.Providers[i].compile()
		if err != nil {
			return nil, &entryError{"providers", i, f.Providers[i].ID, err}
		}
		t.providers = append(t.providers, p)
	}
	return t, nil
}

func (f *fileProvider) compile() (*provider, error) {
	if f.ID == "" {
		return nil, fmt.Errorf("id is missing")
	}
	p := &provider{id: f.ID, guess: f.Guess}
	var err error
	if p.serviceTiers, err = parseServiceTiers(f.ServiceTiers); err != nil {
		return nil, fmt.Errorf("service_tiers: %w", err)
	}
	if p.match, err = parsePatterns(f.Match); err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	if p.claims, err = parsePatterns(f.ClaimsModels); err != nil {
		return nil, fmt.Errorf("claims_models: %w", err)
	}
	for i := range f.Models {
		m, err := f.Models[i].compile()
		if err != nil {
			return nil, &entryError{"models", i, f.Models[i].ID, err}
		}
		m.provider = p
		p.models = append(p.models, m)
	}
	return p, nil
}

func (f *fileModel) compile() (*listing, error) {
	if f.ID == "" || len(f.Match) == 0 {
		return nil, fmt.Errorf("id or match is missing")
	}
	match, err := parsePatterns(f.Match)
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	m := &listing{id: f.ID, context: f.Context, match: match}
	for i, raw := range f.Prices {
		p, err := compilePrice(raw)
		if err != nil {
			return nil, fmt.Errorf("price %d: %w", i+1, err)
		}
		m.prices = append(m.prices, p)
	}
	return m, nil
}

func compilePrice(raw map[string]json.RawMessage) (conditional, error) {
	var c conditional
	base, err := parseRates(raw, "from", "utc_from", "utc_to", "tiers")
	if err != nil {
		return c, err
	}
	c.base = base
	if err := parseConditions(raw, &c); err != nil {
		return c, err
	}
	tiers, err := parseTiers(raw["tiers"], base)
	if err != nil {
		return c, err
	}
	c.tiers = tiers
	c.base.fill()
	return c, nil
}

func parseTiers(raw json.RawMessage, base rates) ([]tier, error) {
	if raw == nil {
		return nil, nil
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("tiers: %w", err)
	}
	var tiers []tier
	for i, entry := range list {
		var t tier
		if err := json.Unmarshal(entry["above_input_tokens"], &t.above); err != nil || t.above <= 0 {
			return nil, fmt.Errorf("tier %d: above_input_tokens: want a positive whole number, have %.40s", i+1, entry["above_input_tokens"])
		}
		own, err := parseRates(entry, "above_input_tokens")
		if err != nil {
			return nil, fmt.Errorf("tier %d: %w", i+1, err)
		}
		t.rates = base.replaced(own)
		t.fill()
		tiers = append(tiers, t)
	}
	slices.SortStableFunc(tiers, func(a, b tier) int { return cmp.Compare(a.above, b.above) })
	return tiers, nil
}

// parseRates reads the prices of an entry; beside lists the keys that are none.
func parseRates(raw map[string]json.RawMessage, beside ...string) (rates, error) {
	var r rates
	for k := range r {
		r[k] = unknown
	}
	for key, text := range raw {
		if slices.Contains(beside, key) {
			continue
		}
		n, err := parsePrice(string(text))
		if err != nil {
			return r, fmt.Errorf("%s: %w", key, err)
		}
		if !r.set(key, n) {
			return r, fmt.Errorf("%s: there is no such kind of price", key)
		}
	}
	return r, nil
}

// set puts a price where its key belongs and reports whether the key is known.
func (r *rates) set(key string, n int64) bool {
	for k := range kinds {
		if kinds[k].key != key {
			continue
		}
		if kind(k).perThousand() {
			n *= 1000 // dollars per thousand are a thousand times dollars per million
		}
		r[k] = n
		return true
	}
	return slices.Contains(untold[:], key)
}

// untold lists the kinds that have prices but that no client tells apart.
var untold = [...]string{"input_audio", "cache_read_audio", "output_audio", "input_image", "cache_read_image",
	"output_image", "input_video", "output_video", "output_citation"}

func parseConditions(raw map[string]json.RawMessage, c *conditional) error {
	if text, ok := raw["from"]; ok {
		day, err := time.Parse(`"`+time.DateOnly+`"`, string(text))
		if err != nil {
			return fmt.Errorf("from: %.40s is not a day like 2026-08-21", text)
		}
		c.from = day
	}
	from, hasFrom := raw["utc_from"]
	to, hasTo := raw["utc_to"]
	if hasFrom != hasTo {
		return fmt.Errorf("utc_from and utc_to go together")
	}
	if !hasFrom {
		return nil
	}
	var err error
	c.windowed = true
	if c.windowFrom, err = parseClock(from); err != nil {
		return fmt.Errorf("utc_from: %w", err)
	}
	if c.windowTo, err = parseClock(to); err != nil {
		return fmt.Errorf("utc_to: %w", err)
	}
	return nil
}

// parseClock reads a time of day as the time since midnight.
func parseClock(text json.RawMessage) (time.Duration, error) {
	at, err := time.Parse(`"15:04:05Z"`, string(text))
	if err != nil {
		return 0, fmt.Errorf("%.40s is not a time like 16:30:00Z", text)
	}
	return sinceMidnight(at), nil
}

// parseServiceTiers reads which part of the list price tokens cost, in thousandths.
func parseServiceTiers(raw map[string]json.RawMessage) (map[string]int64, error) {
	tiers := map[string]int64{}
	for tier, text := range raw {
		n, err := parsePrice(string(text)) // in millionths
		if err != nil {
			return nil, fmt.Errorf("%s: %w", tier, err)
		}
		if n%1000 != 0 || n > 100*1_000_000 {
			return nil, fmt.Errorf("%s: %.40s is no factor of at most 100 with three decimals", tier, text)
		}
		tiers[strings.ToLower(tier)] = n / 1000
	}
	return tiers, nil
}
