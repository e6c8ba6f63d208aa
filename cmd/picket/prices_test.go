package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
)

func TestPrices(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "prices.json")
	write := func(price string) {
		t.Helper()
		text := "{\"as_of\":\"2026-09-01\",\"providers\":[\n{\"id\":\"openai\",\"models\":[\n{\"id\":\"gpt-4o\",\"match\":[\"gpt-4o\"],\"prices\":[{\"input\":" + price + "}]}]}]}"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := func(name string) (string, bool) { return path, name == "PICKET_PRICES" }
	write("2")
	c, err := serveConfig(call{nil, env, nil, os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	got := c.Prices.Cost(price.Call{Provider: "openai", Model: "gpt-4o", Usage: model.Usage{Input: 1000}, At: time.Now()})
	if got != (model.Cost{Nanos: 2_000_000, Pricing: model.Priced}) {
		t.Errorf("a thousand tokens cost %+v", got)
	}
	write(`"cheap"`)
	want := path + `: invalid: price table: line 3: provider "openai": model "gpt-4o": price 1: input: `
	if _, err := serveConfig(call{nil, env, nil, os.Stderr}); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "--prices: ") {
		t.Errorf("error %v, want %q", err, want)
	}
	if _, err := serveConfig(call{[]string{"--prices", path + ".not"}, env, nil, os.Stderr}); err == nil || !strings.Contains(err.Error(), "--prices: ") {
		t.Errorf("error %v for a file that is not there", err)
	}
}
