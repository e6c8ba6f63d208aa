package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

// TestTimesFarOff stores what happened at times that no clock shows, beside what
// happened today.
func TestTimesFarOff(t *testing.T) {
	t.Parallel()
	db, in := fresh(t, Options{})
	ctx, today := context.Background(), storetest.Clock
	f := func(at time.Time) {
		t.Helper()
		id := model.NewEventID()
		trace := model.TraceID(id)
		_, err := db.Write(ctx, &model.Batch{
			Org: 1, Project: 1, Received: today,
			Events: []model.Event{{ID: id, Kind: model.KindTransaction, Timestamp: at, Started: today, Trace: trace, Payload: []byte("{}")}},
			Spans: []model.Span{{Trace: trace, ID: model.SpanID{1}, Start: today, Duration: -5, Event: id, Blob: -1},
				{Trace: trace, ID: model.SpanID{2}, Start: at, Duration: 1 << 62, Blob: 0},
				{Trace: trace, ID: model.SpanID{3}, Start: today, Duration: 1 << 62, Blob: 0}},
			SpanBlobs:  []model.SpanBlob{{Payload: []byte(`{"items":[]}`)}},
			Logs:       []model.Log{{Timestamp: at, Payload: []byte("{}")}},
			Executions: []model.Execution{{ID: id.String(), Start: at, Duration: 1 << 62, Ended: true}},
			Sessions:   []model.Session{{Started: at, Exited: 1}},
			CheckIns:   []model.CheckIn{{Monitor: "nightly", Timestamp: at, Duration: -1}},
		})
		if err != nil {
			t.Errorf("write at %s: %v", at, err)
			return
		}
		if got, err := db.Trace(ctx, in, trace); err != nil || len(got.Spans) != 3 || len(got.Payloads) == 0 {
			t.Errorf("trace at %s = %+v, %v; want 3 spans", at, got, err)
		}
		if _, err := db.Event(ctx, in, id); err != nil {
			t.Errorf("event at %s: %v", at, err)
		}
	}
	f(time.Time{})
	f(time.Unix(0, 0))
	f(time.Unix(-1, 0))
	f(today.Add(-31 * 24 * time.Hour))
	f(today.Add(-32 * 24 * time.Hour))
	f(today.Add(40 * 24 * time.Hour))
	f(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))
	f(time.Unix(1<<55, 0))
	f(time.Unix(-1<<55, 0))
	logs, q := 0, store.LogQuery{In: in, Page: store.Page{Limit: 2}}
	for more := true; more; more = q.Page.Cursor != "" {
		page, err := db.Logs(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		logs, q.Page.Cursor = logs+len(page.Logs), page.Next
	}
	if logs != 9 {
		t.Errorf("%d logs, want all 9", logs)
	}
	inWriter(t, db, func(w *writer) error { return sweep(w, today) })
}

// TestTraceIsBounded puts more under one trace id than fits into memory.
func TestTraceIsBounded(t *testing.T) {
	t.Parallel()
	db, in := fresh(t, Options{})
	trace := model.TraceID{7}
	payload := bytes.Repeat([]byte(" "), 4<<20)
	const documents = 2 * maxTracePayloads / (4 << 20)
	for range documents {
		id := model.NewEventID()
		b := &model.Batch{Org: 1, Project: 1, Received: storetest.Clock,
			Events: []model.Event{{ID: id, Kind: model.KindTransaction, Timestamp: storetest.Clock, Trace: trace, Payload: payload}},
			Spans:  []model.Span{{Trace: trace, ID: model.SpanID(id[:8]), Start: storetest.Clock, Event: id, Blob: -1}}}
		if _, err := db.Write(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Trace(context.Background(), in, trace)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Spans) != documents || len(got.Events) != documents {
		t.Errorf("%d spans and %d events, want all %d", len(got.Spans), len(got.Events), documents)
	}
	size, told := 0, 0
	for _, p := range got.Payloads {
		size += len(p)
	}
	for _, s := range got.Spans {
		if s.Payload >= 0 {
			told++
		}
	}
	if size > maxTracePayloads || told != len(got.Payloads) || told == 0 {
		t.Errorf("%d bytes of payloads for %d spans, want some and at most %d", size, told, maxTracePayloads)
	}
}

// TestPendingIsBounded has every batch bring more new slots than a fold takes away
// at a time.
func TestPendingIsBounded(t *testing.T) {
	t.Parallel()
	db, _ := fresh(t, Options{})
	const most, each = 1000, 2 * foldChunk
	inWriter(t, db, func(w *writer) error {
		db.pending.most = most
		return nil
	})
	for n := range 20 {
		b := &model.Batch{Org: 1, Project: 1, Received: storetest.Clock}
		for i := range each {
			b.Discards = append(b.Discards, model.Discard{Category: fmt.Sprint(n, "-", i), Reason: "x", Quantity: 1})
		}
		if _, err := db.Write(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		inWriter(t, db, func(*writer) error {
			if p := db.pending; p.growing.Len()+p.folding.Len() > 2*most+each {
				t.Errorf("%d and %d slots wait after batch %d", p.growing.Len(), p.folding.Len(), n)
			}
			return nil
		})
	}
}

// TestFoldKeepsPace has a fold of 1,000 slots go on while the next one gathers up to
// 2,000.
func TestFoldKeepsPace(t *testing.T) {
	t.Parallel()
	f := func(left, grown, want int) {
		t.Helper()
		p := newPending()
		p.most, p.total, p.order = 2000, 1000, make([]foldSlot, left)
		var tally rollup.Tally
		for i := range grown {
			tally.At(rollup.Key{}, time.Unix(int64(i)*60, 0)).Add(rollup.Events, 1)
		}
		p.growing.Add(&tally)
		if got := p.share(); got != want {
			t.Errorf("with %d left and %d grown it takes %d, want %d", left, grown, got, want)
		}
	}
	f(1000, 0, foldChunk)
	f(1000, 100, foldChunk)
	f(1000, 1000, 500)
	f(500, 1000, foldChunk)
	f(500, 1600, 300)
	f(150, 2000, 150)
	f(150, 9000, 150)
	f(900, 2000, 900)
}

// TestSharedCommitIsBounded queues large batches while the writer is held up.
func TestSharedCommitIsBounded(t *testing.T) {
	t.Parallel()
	db, _ := fresh(t, Options{})
	const jobs, each = 6, maxGroupRows / 2
	runs := []int{}
	err := db.alone(func(w *writer) error {
		for range jobs {
			w.db.jobs <- &job{rows: each, run: func(*txn) error { return nil }, done: make(chan error, 1)}
		}
		for len(w.db.jobs) > 0 {
			runs = append(runs, len(w.gather([]*job{<-w.db.jobs})))
		}
		return nil
	})
	if want := []int{2, 2, 2}; err != nil || !slices.Equal(runs, want) {
		t.Errorf("jobs shared commits like %v, %v; want %v", runs, err, want)
	}
}
