package pipeline

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/wire"
)

// bill is a file in testdata/bills: what a provider answers, composed from its
// documentation, what that costs, worked out by hand, and what clients send of it.
// Sums are in nano-dollars: tokens·price + … = total.
type bill struct {
	About    string
	Source   string // of the answer's shape and meaning
	At       time.Time
	Response json.RawMessage
	Bill     string
	Clients  []struct {
		Client  string
		Op      string
		Data    map[string]any
		Usage   model.Usage
		Sum     string // the bill, when empty
		Why     string // it is not the bill
		Pricing string
	}
}

var pricings = map[string]model.Pricing{"": model.Priced, "priced": model.Priced, "guessed": model.Guessed,
	"unpriced": model.Unpriced, "reported": model.Reported}

// TestBills holds that what clients send costs what the provider bills, or says why
// it cannot.
func TestBills(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bills/*.json")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d bills, at least 8 wanted: %v", len(files), err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			t.Parallel()
			checkBill(t, readBill(t, name))
		})
	}
}

func readBill(t *testing.T, name string) (b bill) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // only read
	d := json.NewDecoder(f)
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

func checkBill(t *testing.T, b bill) {
	t.Helper()
	due := worked(t, b.Bill)
	if b.About == "" || b.Source == "" || len(b.Response) < 20 || len(b.Clients) == 0 {
		t.Error("the bill does not say what it is of")
	}
	for _, c := range b.Clients {
		s := sent(t, c.Op, c.Data, b.At)
		if s.Usage != c.Usage {
			t.Errorf("%s: usage %+v, want %+v", c.Client, s.Usage, c.Usage)
		}
		want := due
		if c.Sum != "" {
			want = worked(t, c.Sum)
		}
		if (want != due) != (c.Why != "") {
			t.Errorf("%s costs %d of %d, because: %q", c.Client, want, due, c.Why)
		}
		if got := (model.Cost{Nanos: want, Pricing: pricings[c.Pricing]}); s.Cost != got {
			t.Errorf("%s costs %+v, want %+v", c.Client, s.Cost, got)
		}
	}
}

// sent returns the span as it comes out of an envelope that holds it.
func sent(t *testing.T, op string, data map[string]any, at time.Time) model.Span {
	t.Helper()
	from := float64(at.UnixMilli()) / 1000
	origin, _ := data["sentry.origin"].(string)
	payload, err := json.Marshal(map[string]any{
		"type": "transaction", "transaction": "run", "start_timestamp": from, "timestamp": from + 2,
		"contexts": map[string]any{"trace": map[string]any{"trace_id": "0123456789abcdef0123456789abcdef", "span_id": "0123456789abcdef"}},
		"spans": []any{map[string]any{"trace_id": "0123456789abcdef0123456789abcdef", "span_id": "fedcba9876543210",
			"parent_span_id": "0123456789abcdef", "op": op, "origin": origin, "start_timestamp": from, "timestamp": from + 1, "data": data}},
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := wire.ReadEnvelope(fmt.Appendf(nil, "{}\n{\"type\":\"transaction\",\"length\":%d}\n%s\n", len(payload), payload))
	if err != nil {
		t.Fatal(err)
	}
	m := meta()
	m.Received = at.Add(time.Minute)
	docs := sentry.Parse(e, m)
	b := sentry.Decode(docs)
	docs.Release()
	agent.Read(b)
	price.Apply(b, price.Default())
	for i := range b.Spans {
		if b.Spans[i].Op == op {
			return b.Spans[i]
		}
	}
	t.Fatalf("no span %s in %+v", op, b.Spans)
	return model.Span{}
}

// worked returns the total of a sum that was worked out by hand, after doing it again:
// it is rounded half up, once.
func worked(t *testing.T, text string) int64 {
	t.Helper()
	left, right, _ := strings.Cut(text, " = ")
	sum := new(big.Rat)
	for product := range strings.SplitSeq(left, " + ") {
		n := big.NewRat(1, 1)
		for factor := range strings.SplitSeq(product, "·") {
			f, ok := new(big.Rat).SetString(factor)
			if !ok {
				t.Fatalf("%q: %q is no number", text, factor)
			}
			n.Mul(n, f)
		}
		sum.Add(sum, n)
	}
	sum.Add(sum, big.NewRat(1, 2))
	total := new(big.Int).Div(sum.Num(), sum.Denom()).Int64()
	if got := fmt.Sprint(total); got != right {
		t.Fatalf("%q: it is %s", text, got)
	}
	return total
}
