package sentry

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

func TestTimestamp(t *testing.T) {
	t.Parallel()
	f := func(json, want string) {
		t.Helper()
		got := "none"
		if at, ok := timestamp(fastjson.MustParse(json)); ok {
			got = at.time().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", json, got, want)
		}
	}
	f(`1795435198`, "2026-11-23T11:59:58Z")
	f(`1795435198.123456`, "2026-11-23T11:59:58.123456Z")
	f(`"1795435198.25"`, "2026-11-23T11:59:58.25Z")
	f(`1.795435198e9`, "2026-11-23T11:59:58Z")
	f(`0`, "1970-01-01T00:00:00Z")
	f(`1795435198000`, "9999-12-31T23:59:59Z") // milliseconds are not guessed
	f(`1e300`, "9999-12-31T23:59:59Z")
	f(`-5`, "1969-12-31T23:59:59Z")
	f(`"2026-11-23T11:59:58Z"`, "2026-11-23T11:59:58Z")
	f(`"2026-11-23T11:59:58.123456789Z"`, "2026-11-23T11:59:58.123456Z")
	f(`"2026-11-23T12:59:58.5+01:00"`, "2026-11-23T11:59:58.5Z")
	f(`"2026-11-23T06:29:58-0530"`, "2026-11-23T11:59:58Z")
	f(`"2026-11-23T13:59:58+02"`, "2026-11-23T11:59:58Z")
	f(`"2026-11-23t11:59:58z"`, "2026-11-23T11:59:58Z")
	f(`"2026-11-23 11:59:58"`, "2026-11-23T11:59:58Z")
	f(`"2026-11-23T11:59:58"`, "2026-11-23T11:59:58Z")
	f(`" 2026-11-23T11:59:58,25 "`, "2026-11-23T11:59:58.25Z")
	f(`"2024-02-29T00:00:00Z"`, "2024-02-29T00:00:00Z")
	f(`"1969-12-31T23:00:00Z"`, "1969-12-31T23:00:00Z")
	f(`"0001-01-01T00:00:00Z"`, "0001-01-01T00:00:00Z")
	f(`"2026-02-29T00:00:00Z"`, "none")
	f(`"2026-11-31T00:00:00Z"`, "none")
	f(`"2026-13-01T00:00:00Z"`, "none")
	f(`"2026-11-23T24:00:00Z"`, "none")
	f(`"2026-11-23T11:59:58X"`, "none")
	f(`"2026-11-23T11:59:58+1:00"`, "none")
	f(`"2026-11-23"`, "none")
	f(`"yesterday, at noon o'clock"`, "none")
	f(`""`, "none")
	f(`null`, "none")
	f(`true`, "none")
	f(`{}`, "none")
	f(`NaN`, "none")
}

func TestEventTime(t *testing.T) {
	t.Parallel()
	f := func(name, sent, payload, want string, shifted bool) {
		t.Helper()
		var h wire.EnvelopeHeader
		h.SentAt, _ = time.Parse(time.RFC3339, sent)
		b := decodeItems(h, wire.Item{Type: "event", Payload: []byte(payload)})
		checkBatch(t, b)
		e := b.Events[0]
		if got := e.Timestamp.Format(time.RFC3339Nano); got != want || e.Shifted != shifted {
			t.Errorf("%s: %s shifted %v, want %s %v", name, got, e.Shifted, want, shifted)
		}
	}
	f("as told", "", `{"timestamp":"2026-11-23T11:00:00Z"}`, "2026-11-23T11:00:00Z", false)
	f("not told", "", `{}`, "2026-11-23T12:00:00Z", true)
	f("not a time", "", `{"timestamp":"soon"}`, "2026-11-23T12:00:00Z", true)
	f("small drift", "2026-11-23T11:05:01Z", `{"timestamp":"2026-11-23T11:05:00Z"}`, "2026-11-23T11:05:00Z", false)
	f("clock an hour late", "2026-11-23T11:00:00Z", `{"timestamp":"2026-11-23T10:59:30Z"}`, "2026-11-23T11:59:30Z", true)
	f("clock a day early", "2026-11-24T12:00:00Z", `{"timestamp":"2026-11-24T11:59:00Z"}`, "2026-11-23T11:59:00Z", true)
	f("slightly ahead", "", `{"timestamp":"2026-11-23T12:00:59Z"}`, "2026-11-23T12:00:59Z", false)
	f("future", "", `{"timestamp":"2026-11-23T12:01:01Z"}`, "2026-11-23T12:00:00Z", true)
	f("milliseconds", "", `{"timestamp":1795435198000}`, "2026-11-23T12:00:00Z", true)
	f("a month old", "", `{"timestamp":"2026-10-24T12:00:01Z"}`, "2026-10-24T12:00:01Z", false)
	f("older", "", `{"timestamp":"2026-10-24T11:59:59Z"}`, "2026-11-23T12:00:00Z", true)
}

func TestBefore1970(t *testing.T) {
	t.Parallel()
	b := decode("event", `{"timestamp":"1969-07-20T20:17:40Z"}`)
	if len(b.Events) != 0 || len(b.Discards) != 1 || b.Discards[0].Reason != "before_1970" {
		t.Errorf("batch = %+v", b)
	}
}

func TestDriftMovesWholeTransactions(t *testing.T) {
	t.Parallel()
	h := wire.EnvelopeHeader{SentAt: noon.Add(-3 * time.Hour)}
	b := decodeItems(h, wire.Item{Type: "transaction", Payload: []byte(`{"start_timestamp":"2026-11-23T08:59:50Z",
		"timestamp":"2026-11-23T08:59:58Z","contexts":{"trace":{"trace_id":"` + someTrace + `","span_id":"a000000000000001"}},
		"spans":[{"span_id":"a000000000000002","start_timestamp":"2026-11-23T08:59:51Z","timestamp":"2026-11-23T08:59:52Z"}]}`)})
	checkBatch(t, b)
	if len(b.Spans) != 2 || !b.Spans[0].Start.Equal(noon.Add(-10*time.Second)) || !b.Events[0].Started.Equal(b.Spans[0].Start) ||
		!b.Spans[1].Start.Equal(noon.Add(-9*time.Second)) || b.Spans[1].Duration != time.Second || !b.Events[0].Shifted {
		t.Errorf("batch = %s", dump(b))
	}
}

func TestOldContainerMovesAsAWhole(t *testing.T) {
	t.Parallel()
	const span = `{"trace_id":"` + someTrace + `","span_id":"a00000000000000`
	b := decode("span", `{"items":[`+span+`1","start_timestamp":1000,"end_timestamp":1010},`+span+`2","start_timestamp":1002,"end_timestamp":1003}]}`)
	checkBatch(t, b)
	if len(b.Spans) != 2 || !b.Spans[0].Start.Equal(noon.Add(-10*time.Second)) || !b.Spans[1].Start.Equal(noon.Add(-8*time.Second)) {
		t.Errorf("batch = %s", dump(b))
	}
}

func TestSpanFarOutsideOfItsTransaction(t *testing.T) {
	t.Parallel()
	b := decode("transaction", `{"start_timestamp":1795435190,"timestamp":1795435198,"contexts":{"trace":{"trace_id":"`+someTrace+
		`","span_id":"a000000000000001"}},"spans":[{"span_id":"a000000000000002","start_timestamp":1,"timestamp":1795435198},
		{"span_id":"a000000000000003","start_timestamp":5,"timestamp":7}]}`)
	checkBatch(t, b)
	if len(b.Spans) != 3 || b.Spans[2].Duration != 2*time.Second {
		t.Errorf("batch = %s", dump(b))
	}
}

func FuzzTimestamp(f *testing.F) {
	f.Add("2026-11-23T11:59:58.123456789Z")
	f.Add("2024-02-29 23:59:60+05:30")
	f.Add("0000-01-01t00:00:00-2459")
	f.Add("1795435198.25")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseTime([]byte(s))
		want, err := time.Parse(time.RFC3339Nano, s)
		if err == nil && (!ok || got != min(microsOf(want), latest)) {
			t.Errorf("%q is %d, %v, want %d", s, got, ok, microsOf(want))
		}
		a := new(fastjson.Arena)
		checkMicros(t, a.NewString(s))
		if n, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			checkMicros(t, a.NewNumberFloat64(n))
		}
	})
}

// checkMicros checks that every clock can work with the time.
func checkMicros(t *testing.T, v *fastjson.Value) {
	t.Helper()
	at, ok := timestamp(v)
	if !ok {
		return
	}
	if year := at.time().Year(); year < -1 || year > 9999 {
		t.Errorf("%s lies in the year %d", v, year)
	}
	e := model.Event{}
	e.Timestamp, _ = newClock(noon, noon.Add(-5*time.Hour)).at(v)
	checkTime(t, e.Timestamp)
}
