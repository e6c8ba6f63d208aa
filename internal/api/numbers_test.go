package api

import (
	"encoding/json"
	"math"
	"testing"
)

func TestUSD(t *testing.T) {
	t.Parallel()
	f := func(nanos int64, want string) {
		t.Helper()
		got, err := json.Marshal(usd(nanos))
		if err != nil || string(got) != want {
			t.Errorf("%d nano-dollars = %s, %v; want %s", nanos, got, err, want)
		}
	}
	f(0, "0")
	f(1, "0.000000001")
	f(1_250_000_000, "1.25")
	f(3_000_000_000, "3")
	f(-1_000_000_001, "-1.000000001")
	f(9_007_199_254_740_993, "9007199.254740993")
	f(math.MinInt64, "-9223372036.854775808")
	f(math.MaxInt64, "9223372036.854775807")
}

func TestUnpricedIsNotZero(t *testing.T) {
	t.Parallel()
	f := func(nanos, unpriced int64, want string) {
		t.Helper()
		if got, err := json.Marshal(dollars(nanos, unpriced)); err != nil || string(got) != want {
			t.Errorf("%d with %d unpriced = %s, %v; want %s", nanos, unpriced, got, err, want)
		}
	}
	f(0, 0, "0")
	f(0, 3, "null")
	f(1_000_000_000, 3, "1")
}

func TestRate(t *testing.T) {
	t.Parallel()
	f := func(part, whole int64, want, low, high float64) {
		t.Helper()
		p, s := rate(part, whole)
		if p == nil || *p != want || math.Abs(*s.Low-low) > 0.0005 || math.Abs(*s.High-high) > 0.0005 {
			t.Errorf("%d of %d = %v %+v", part, whole, p, s)
		}
	}
	f(1, 10, 0.1, 0.0179, 0.4042) // the worked example of the score interval
	f(0, 10, 0, 0, 0.2775)
	f(10, 10, 1, 0.7225, 1)
	f(500, 1000, 0.5, 0.4691, 0.5309)
	if p, s := rate(0, 0); p != nil || s.Low != nil || s.High != nil {
		t.Errorf("nothing of nothing = %v %+v, want null", p, s)
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	f := func(payload, id, name, want string) {
		t.Helper()
		for span, found := range readAttributes([]byte(payload)) {
			if span.String() == id && string(found[name]) == want {
				return
			}
		}
		t.Errorf("%s of %s is not %s in %s", name, id, want, payload)
	}
	f(`{"items":[{"span_id":"00000000000000aa","attributes":{"n":{"value":3,"type":"integer"}}}]}`, "00000000000000aa", "n", "3")
	f(`{"spans":[{"span_id":7},{"span_id":"00000000000000bb","data":{"n":1}}]}`, "00000000000000bb", "n", "1")
	f(`{"contexts":{"trace":{"span_id":"00000000000000cc","data":{"n":1}}},"spans":{}}`, "00000000000000cc", "n", "1")
	f(`{"span_id":"00000000000000DD","data":{"n":1}}`, "00000000000000dd", "n", "1")
	if got := readAttributes([]byte(`{"items":`)); len(got) != 0 {
		t.Errorf("cut short: %v", got)
	}
}
