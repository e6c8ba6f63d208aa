package rollup

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// encode writes a delta as a tally does.
func encode(d *Delta) (dst []byte) {
	for _, slots := range d {
		for s, c := range slots {
			dst = c.Append(s.Append(dst))
		}
	}
	return dst
}

func TestJournalRoundTrip(t *testing.T) {
	t.Parallel()
	var tally Tally
	key := Key{Kind: Tool, Project: 3, Name: "agent\x00odd", Sub: "ключ", Environment: "e", Release: "r@1"}
	c := tally.At(key, noon)
	for i := range numCounters {
		c.Add(i, int64(i)*1000-7)
	}
	for i := range 500 {
		c.AddDuration(float64(i))
		c.AddUser(rand.Uint64())
	}
	tally.At(Key{Kind: Issue}, noon.Add(-time.Hour)).Add(Events, -1)
	tally.At(key, noon.Add(59*time.Second)).Add(Events, 7) // the same minute
	decoded, added := Delta{}, Delta{}
	if err := decoded.Decode(tally.Append(nil)); err != nil {
		t.Fatal(err)
	}
	added.Add(&tally)
	for _, got := range []Delta{decoded, added} {
		if got.Len() != 2 {
			t.Fatalf("%d slots, want 2", got.Len())
		}
		back := got.Get(Slot{key, noon.Unix() / 60})
		for i := range numCounters {
			if back.Get(i) != c.Get(i) {
				t.Errorf("counter %d = %d, want %d", i, back.Get(i), c.Get(i))
			}
		}
		for _, q := range []float64{0, 0.5, 0.95, 1} {
			want, _ := c.Quantile(q)
			if v, ok := back.Quantile(q); !ok || v != want {
				t.Errorf("quantile %v = %v, want %v", q, v, want)
			}
		}
		if back.Users() != c.Users() {
			t.Errorf("users = %d, want %d", back.Users(), c.Users())
		}
	}
}

// TestTallyIsReused counts the same events in one tally again and again, and in a
// fresh one each time.
func TestTallyIsReused(t *testing.T) {
	t.Parallel()
	limit, unlimited := NewTagLimit(), (*TagLimit)(nil)
	reused, fresh := Delta{}, Delta{}
	var tally Tally
	for range 20 {
		tally.Reset()
		var other Tally
		for range rand.IntN(300) {
			e := model.Event{Kind: model.KindError, Level: model.LevelError, Timestamp: noon.Add(-time.Duration(rand.IntN(3)) * 20 * time.Hour),
				Tags: []model.Tag{{Key: "a", Value: fmt.Sprint(rand.IntN(9))}, {Key: "b", Value: fmt.Sprint(rand.IntN(9))}}, User: model.User{ID: fmt.Sprint(rand.IntN(9))}}
			issue := model.IssueID(rand.IntN(9))
			tally.AddEvent(1, &e, issue, limit)
			other.AddEvent(1, &e, issue, unlimited)
		}
		reused.Add(&tally)
		fresh.Add(&other)
	}
	if reused.Len() != fresh.Len() {
		t.Errorf("%d slots, want %d", reused.Len(), fresh.Len())
	}
	for _, slots := range fresh {
		for s, want := range slots {
			if got := reused.Get(s); got == nil || got.Get(Events) != want.Get(Events) || got.Users() != want.Users() {
				t.Errorf("%+v = %+v, want %+v", s, got, want)
			}
		}
	}
}

// TestMergeIsAddition splits observations between two counters in every proportion.
func TestMergeIsAddition(t *testing.T) {
	t.Parallel()
	for share := range 11 {
		var whole, a, b Counters
		for i := range 1000 {
			part := &a
			if i%10 >= share {
				part = &b
			}
			for _, c := range []*Counters{&whole, part} {
				c.Add(Errors, 1)
				c.AddUsage(model.Usage{Input: int64(i), CacheRead: 1})
				c.AddDuration(float64(i))
				c.AddUser(uint64(i%300) * 0x9E3779B97F4A7C15)
			}
		}
		a.Merge(&b)
		if a.Get(Errors) != 1000 || a.Usage() != whole.Usage() || a.Users() != whole.Users() {
			t.Errorf("share %d: %d errors, %+v, %d users; want 1000, %+v, %d", share, a.Get(Errors), a.Usage(), a.Users(), whole.Usage(), whole.Users())
		}
		for _, q := range []float64{0.5, 0.99} {
			got, _ := a.Quantile(q)
			want, _ := whole.Quantile(q)
			if got != want {
				t.Errorf("share %d: quantile %v = %v, want %v", share, q, got, want)
			}
		}
	}
}

// TestRowsMerge sums rows that were decoded for reading only.
func TestRowsMerge(t *testing.T) {
	t.Parallel()
	var whole, sum, read Counters
	for row := range 100 {
		var c Counters
		for i := range 40 {
			c.Add(Events, 1)
			if row%3 > 0 {
				c.AddDuration(float64(row * i))
			}
			c.AddUser(rand.Uint64())
		}
		encoded := c.Append(nil)
		read.Reset()
		if err := read.DecodeRow(encoded, 0); err != nil {
			t.Fatal(err)
		}
		var plain Counters
		if err := plain.DecodeRow(encoded, OmitUsers|OmitDurations); err != nil {
			t.Fatal(err)
		}
		if _, timed := plain.Quantile(0.5); timed || plain.Users() != 0 || plain.Get(Events) != c.Get(Events) {
			t.Errorf("row %d without sketches: %d users, durations: %v, %d events", row, plain.Users(), timed, plain.Get(Events))
		}
		clear(encoded) // as SQLite does
		got, ok := read.Quantile(0.9)
		if want, has := c.Quantile(0.9); got != want || ok != has {
			t.Errorf("row %d: quantile = %v, %v, want %v, %v", row, got, ok, want, has)
		}
		whole.Merge(&c)
		sum.Merge(&read)
		if row%2 == 0 && read.Users() != c.Users() {
			t.Errorf("row %d has %d users, want %d", row, read.Users(), c.Users())
		}
	}
	var again Counters
	if _, err := again.Decode(sum.Append(nil)); err != nil {
		t.Fatal(err)
	}
	for _, got := range []*Counters{&sum, &again} {
		if got.Users() != whole.Users() || got.Get(Events) != 4000 {
			t.Errorf("%d users and %d events, want %d and 4000", got.Users(), got.Get(Events), whole.Users())
		}
	}
}

func TestQuantilesAreWithinOnePercent(t *testing.T) {
	t.Parallel()
	var c Counters
	const n = 100_000
	for i := range n {
		c.AddDuration(float64(i + 1))
	}
	for _, q := range []float64{0.01, 0.5, 0.95, 0.99} {
		got, _ := c.Quantile(q)
		if want := q * n; math.Abs(got-want) > 0.0101*want {
			t.Errorf("quantile %v = %v, want %v within 1 %%", q, got, want)
		}
	}
	var empty Counters
	if _, ok := empty.Quantile(0.5); ok {
		t.Error("an empty counter has a median")
	}
	var hostile Counters
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -5, 1e300} {
		hostile.AddDuration(v)
	}
	if v, ok := hostile.Quantile(1); !ok || v > 1.02*maxDuration {
		t.Errorf("largest = %v, want it capped at %v", v, float64(maxDuration))
	}
}

func TestUsersAreExactWhileFew(t *testing.T) {
	t.Parallel()
	var c Counters
	for i := range 2000 {
		c.AddUser(uint64(i%50) * 0x9E3779B97F4A7C15)
	}
	if got := c.Users(); got != 50 {
		t.Errorf("users = %d, want 50", got)
	}
	for i := range 100_000 {
		c.AddUser(rand.Uint64() ^ uint64(i))
	}
	if got := c.Users(); math.Abs(float64(got)-100_050) > 6_000 {
		t.Errorf("users = %d, want 100,050 within 6 %%", got)
	}
}

// TestUsersAddUp merges few and many users, decoded and not, in every way.
func TestUsersAddUp(t *testing.T) {
	t.Parallel()
	f := func(a, b int) {
		t.Helper()
		var x, y, decoded, row Counters
		for i := range a {
			x.AddUser(xxhash.Sum64String(fmt.Sprint(i)))
		}
		for i := range b {
			y.AddUser(xxhash.Sum64String(fmt.Sprint(i + a/2))) // half of a's, too
		}
		for _, c := range []*Counters{&x, &y} {
			if _, err := decoded.Decode(c.Append(nil)); err != nil {
				t.Fatal(err)
			}
			if err := row.DecodeRow(c.Append(nil), 0); err != nil {
				t.Fatal(err)
			}
		}
		x.Merge(&y)
		want := int64(max(a, a/2+b))
		for i, c := range []*Counters{&x, &decoded, &row} {
			if got := c.Users(); math.Abs(float64(got-want)) > 0.06*float64(want) || want <= 100 && got != want {
				t.Errorf("%d and %d users: the sum's way %d has %d, want %d", a, b, i, got, want)
			}
		}
	}
	for _, a := range []int{0, 1, 2, maxFew, maxFew + 1, 60, 3000, 20_000} {
		for _, b := range []int{0, 1, maxFew - 1, maxFew, 40, 5000} {
			f(a, b)
		}
	}
}

func TestTagLimit(t *testing.T) {
	t.Parallel()
	l := NewTagLimit()
	admit := func(issue model.IssueID, day time.Time, key, value string) string {
		_, tag := l.admit(issue, day, model.Tag{Key: key, Value: value})
		return tag.Value
	}
	other := 0
	for i := range 200 {
		if admit(1, noon, "request", fmt.Sprint(i)) == OtherValues {
			other++
		}
	}
	if other != 200-maxTagValues {
		t.Errorf("%d values were lumped, want %d", other, 200-maxTagValues)
	}
	if got := admit(1, noon, "request", "3"); got != "3" {
		t.Errorf("a known value became %q", got)
	}
	if got := admit(2, noon, "request", "x"); got != "x" {
		t.Errorf("another issue's value became %q", got)
	}
	if fresh := l.Fresh(); len(fresh) != maxTagValues+1 {
		t.Errorf("%d fresh values, want %d", len(fresh), maxTagValues+1)
	}
	if fresh := l.Fresh(); len(fresh) != 0 {
		t.Errorf("%d fresh values the second time, want none", len(fresh))
	}
	if got := admit(1, noon.Add(24*time.Hour), "request", "new"); got != "new" {
		t.Errorf("the next day a value became %q", got)
	}
}

func TestTagLimitOfKeys(t *testing.T) {
	t.Parallel()
	l := NewTagLimit()
	var tally Tally
	for i := range 10_000 {
		tally.AddEvent(1, &model.Event{Kind: model.KindError, Timestamp: noon, Tags: []model.Tag{{Key: fmt.Sprint("key", i), Value: "x"}}}, 1, l)
	}
	d := Delta{}
	d.Add(&tally)
	if tags := len(d[IssueTag]); tags != maxTags+1 {
		t.Errorf("%d rows of tags, want %d and one for the others", tags, maxTags)
	}
	other := d.Get(Slot{Key{Kind: IssueTag, Project: 1, Name: "1", Sub: OtherTags + "\x00" + OtherValues}, startOfDay(noon).Unix() / 60})
	if got := other.Get(Events); got != 10_000-maxTags {
		t.Errorf("%d other tags were counted, want %d", got, 10_000-maxTags)
	}
	if _, tag := l.admit(1, noon, model.Tag{Key: "key7", Value: "y"}); tag != (model.Tag{Key: "key7", Value: "y"}) {
		t.Errorf("a new value of a known tag became %v", tag)
	}
}

func TestCountersDoNotOverflow(t *testing.T) {
	t.Parallel()
	const most = math.MaxInt64
	f := func(a, b, want int64) {
		t.Helper()
		var merged, decoded Counters
		for _, n := range []int64{a, b} {
			var c Counters
			c.Add(CostNanos, n)
			merged.Merge(&c)
			if _, err := decoded.Decode(c.Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
		if merged.Get(CostNanos) != want || decoded.Get(CostNanos) != want {
			t.Errorf("%d + %d = %d merged and %d decoded, want %d", a, b, merged.Get(CostNanos), decoded.Get(CostNanos), want)
		}
	}
	f(1, 2, 3)
	f(most, 1, most)
	f(most-1, most-1, most)
	f(-most, -most, math.MinInt64)
	f(most, -1, most-1)
	f(-5, 3, -2)
}

func TestNewerCountersAreRefused(t *testing.T) {
	t.Parallel()
	var c Counters
	if _, err := c.Decode([]byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x02}); err == nil {
		t.Error("a row with an unknown counter was read")
	}
}

func FuzzDelta(f *testing.F) {
	var tally Tally
	tally.At(Key{Kind: Agent, Name: "a"}, noon).AddDuration(5)
	tally.At(Key{Kind: Issue, Name: "1"}, noon).AddUser(5)
	f.Add(tally.Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := Delta{}
		if d.Decode(data) != nil {
			return
		}
		again := Delta{}
		if err := again.Decode(encode(&d)); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}

func BenchmarkAddEvent(b *testing.B) {
	e := &model.Event{Kind: model.KindError, Level: model.LevelError, Timestamp: noon, Type: "Timeout", Environment: "production", Release: "app@1",
		User: model.User{ID: "u"}, Agent: model.Agent{ID: "a"}}
	for i := range 12 {
		e.Tags = append(e.Tags, model.Tag{Key: fmt.Sprint("key", i), Value: fmt.Sprint("value", i)})
	}
	var tally Tally
	limit := NewTagLimit()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%64 == 0 { // a commit
			tally.Reset()
		}
		tally.AddEvent(1, e, model.IssueID(i%100), limit)
	}
}

// BenchmarkDecodeDelta reads a journal of which the slots are known, by the slot.
func BenchmarkDecodeDelta(b *testing.B) {
	var tally Tally
	limit := NewTagLimit()
	for n := range 100 {
		e := &model.Event{Kind: model.KindError, Level: model.LevelError, Timestamp: noon, Type: fmt.Sprint("Timeout", n), Environment: "production", Release: "app@1",
			User: model.User{ID: fmt.Sprint(n)}, Agent: model.Agent{ID: fmt.Sprint("agent-", n%50)}, Tags: []model.Tag{{Key: "region", Value: "eu"}, {Key: "runtime", Value: "python 3.13"}}}
		tally.AddEvent(1, e, model.IssueID(n), limit)
	}
	journal, sum := tally.Append(nil), Delta{}
	b.ReportAllocs()
	for b.Loop() {
		if err := sum.Decode(journal); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tally.Len()), "ns/slot")
}

// TestFailureOfErrorType blames the error that was captured, and what the span says only
// where none was.
func TestFailureOfErrorType(t *testing.T) {
	t.Parallel()
	f := func(want string, events ...model.Event) {
		t.Helper()
		var tally Tally
		tally.AddStory(1, &model.Batch{Events: events, Executions: []model.Execution{{ID: "x", Agent: model.Agent{ID: "a"}, Start: noon, Ended: true,
			Outcome: model.OutcomeError, Reason: "tool_error", Cost: model.Cost{Nanos: 7, Pricing: model.Priced}}}}, 1)
		var d Delta
		d.Add(&tally)
		got := map[string]int64{}
		for s, c := range d[ErrorType] {
			if n := c.Get(FailedCostNanos); n != 0 {
				got[s.Sub] = n
			}
		}
		if len(got) != 1 || got[want] != 7 {
			t.Errorf("failed cost by type %v, want 7 of %s", got, want)
		}
	}
	event := func(id byte, typ, execution string, level model.Level) model.Event {
		return model.Event{ID: model.EventID{id}, Kind: model.KindError, Timestamp: noon.Add(time.Duration(id) * time.Second), Type: typ, Execution: execution, Level: level}
	}
	f("tool_error")
	f("KeyError", event(2, "KeyError", "x", model.LevelError), event(1, "ValueError", "x", model.LevelError))
	f("tool_error", event(1, "KeyError", "y", model.LevelError), event(2, "Warning", "x", model.LevelWarning))
}
