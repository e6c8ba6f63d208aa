package storetest

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// send writes a batch with nothing but an envelope of the text, that many seconds after Clock.
func (f *fixture) send(t *testing.T, text string, after int, change func(*model.Outgoing)) {
	t.Helper()
	b := f.batch()
	b.Received = Clock.Add(time.Duration(after) * time.Second)
	b.Outgoing = &model.Outgoing{Categories: []string{"error"}, Envelope: []byte(text)}
	if change != nil {
		change(b.Outgoing)
	}
	f.write(t, b)
}

// waiting returns the records of a queue that may go at that time.
func (f *fixture) waiting(t *testing.T, change func(*store.OutboxQuery)) []store.OutboxRecord {
	t.Helper()
	q := store.OutboxQuery{Queue: store.OutboxQueue{Org: f.org.ID, Project: f.project.ID}, Now: Clock, Limit: 100}
	if change != nil {
		change(&q)
	}
	list, err := f.Outgoing(t.Context(), q)
	must(t, err)
	return list
}

// texts returns the envelopes of records, with spaces between.
func (f *fixture) texts(t *testing.T, list []store.OutboxRecord) string {
	t.Helper()
	var out [][]byte
	for _, r := range list {
		text, err := f.OutgoingEnvelope(t.Context(), r.Seq)
		must(t, err)
		if r.Size != int64(len(text)) {
			t.Errorf("size of %q is %d", text, r.Size)
		}
		out = append(out, text)
	}
	return string(bytes.Join(out, []byte(" ")))
}

func outboxKeepsOrder(t *testing.T, f *fixture) {
	sent := model.Outgoing{Event: model.NewEventID(), Trace: model.TraceID{7}, Categories: []string{"error", "attachment"}, SentAt: Clock.Add(-time.Hour),
		ClientIP: "203.0.113.9", Hops: 2}
	f.send(t, "a", 1, func(o *model.Outgoing) { envelope := o.Envelope; *o = sent; o.Envelope = envelope })
	f.send(t, "b", 2, func(o *model.Outgoing) { o.Categories = []string{"transaction"} })
	f.send(t, "c", 3, func(o *model.Outgoing) { o.Organization = "customer-1" })
	f.send(t, "d", 4, func(o *model.Outgoing) { o.Categories = nil })

	list := f.waiting(t, nil)
	equal(t, "envelopes", f.texts(t, list), "a b d")
	got := list[0].Outgoing
	equal(t, "event", got.Event, sent.Event)
	equal(t, "trace", got.Trace, sent.Trace)
	equal(t, "sent at", got.SentAt, sent.SentAt)
	equal(t, "client", got.ClientIP, sent.ClientIP)
	equal(t, "hops", got.Hops, sent.Hops)
	equal(t, "time", list[0].Time, Clock.Add(time.Second))
	if !slices.Equal(got.Categories, sent.Categories) {
		t.Errorf("categories = %v", got.Categories)
	}
	equal(t, "behind the first", f.texts(t, f.waiting(t, func(q *store.OutboxQuery) { q.After = list[0].Seq })), "b d")
	equal(t, "the first two", f.texts(t, f.waiting(t, func(q *store.OutboxQuery) { q.Limit = 2 })), "a b")
	equal(t, "without errors", f.texts(t, f.waiting(t, func(q *store.OutboxQuery) { q.Limited = []string{"error"} })), "b d")
	equal(t, "without part of a name", f.texts(t, f.waiting(t, func(q *store.OutboxQuery) { q.Limited = []string{"trans", "attach"} })), "a b d")
	equal(t, "the customer's", f.texts(t, f.waiting(t, func(q *store.OutboxQuery) { q.Queue.Organization = "customer-1" })), "c")

	states, err := f.OutboxStates(t.Context())
	must(t, err)
	if len(states) != 2 || states[0].Envelopes != 3 || states[1].Envelopes != 1 || states[1].Organization != "customer-1" || states[0].Bytes <= 0 {
		t.Errorf("states = %+v", states)
	}
	equal(t, "oldest", states[0].Oldest, Clock.Add(time.Second))

	must(t, f.Sent(t.Context(), list[:2]))
	must(t, f.Sent(t.Context(), list[:1])) // once more
	equal(t, "what is left", f.texts(t, f.waiting(t, nil)), "d")
	if _, err := f.OutgoingEnvelope(t.Context(), list[0].Seq); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("the envelope that was sent: %v", err)
	}
	must(t, f.Sent(t.Context(), list[2:]))
	f.send(t, "e", 5, nil)
	after := f.waiting(t, func(q *store.OutboxQuery) { q.After = list[2].Seq })
	equal(t, "what comes behind an empty queue", f.texts(t, after), "e")
}

func outboxSetsAside(t *testing.T, f *fixture) {
	f.send(t, "a", 1, nil)
	f.send(t, "bb", 2, nil)
	list := f.waiting(t, nil)
	list[0].Tries, list[0].Due, list[0].Problem = 3, Clock.Add(time.Minute), "413: too large"
	list[0].Envelope, list[0].Categories = []byte("half"), []string{"attachment"}
	must(t, f.Postpone(t.Context(), list[:1]))
	equal(t, "what goes now", f.texts(t, f.waiting(t, nil)), "bb")
	later := f.waiting(t, func(q *store.OutboxQuery) { q.Now = Clock.Add(time.Minute) })
	equal(t, "what goes later", f.texts(t, later), "half bb")
	equal(t, "tries", later[0].Tries, 3)
	equal(t, "problem", later[0].Problem, "413: too large")
	equal(t, "categories", later[0].Categories[0], "attachment")

	aside, err := f.OutboxAside(t.Context(), f.scope(), 10)
	must(t, err)
	equal(t, "aside", f.texts(t, aside), "half")
	states, err := f.OutboxStates(t.Context())
	must(t, err)
	equal(t, "count of those aside", states[0].Aside, 1)

	stranger, _ := f.tenant(t, "other")
	must(t, f.Hurry(t.Context(), store.Scope{Org: stranger.ID}))
	equal(t, "what another tenant hurries", f.texts(t, f.waiting(t, nil)), "bb")
	if aside, err = f.OutboxAside(t.Context(), store.Scope{Org: stranger.ID}, 10); err != nil || len(aside) != 0 {
		t.Errorf("another tenant sees aside: %v, %v", aside, err)
	}
	must(t, f.Hurry(t.Context(), f.scope()))
	equal(t, "what goes in a hurry", f.texts(t, f.waiting(t, nil)), "half bb")
	must(t, f.Sent(t.Context(), f.waiting(t, nil)))
	if states, err = f.OutboxStates(t.Context()); err != nil || len(states) != 0 {
		t.Errorf("states of nothing = %+v, %v", states, err)
	}
}

func outboxHoldsTraces(t *testing.T, f *fixture) {
	held := func(n byte) func(*model.Outgoing) {
		return func(o *model.Outgoing) { o.Trace, o.Held = model.TraceID{n}, true }
	}
	f.send(t, "a1", 1, held(1))
	f.send(t, "b", 2, held(2))
	f.send(t, "a2", 3, held(1))
	f.send(t, "c", 4, held(3))
	f.send(t, "free", 5, func(o *model.Outgoing) { o.Trace = model.TraceID{2} })
	equal(t, "what goes", f.texts(t, f.waiting(t, nil)), "free")
	traces, err := f.HeldTraces(t.Context(), Clock.Add(3*time.Second), 10)
	must(t, err)
	if len(traces) != 2 || traces[0].Trace != (model.TraceID{1}) || !traces[0].Since.Equal(Clock.Add(time.Second)) {
		t.Errorf("held traces = %+v", traces)
	}
	must(t, f.Decide(t.Context(), f.org.ID, f.project.ID, model.TraceID{1}, true))
	equal(t, "what is released", f.texts(t, f.waiting(t, nil)), "a1 a2 free")
	b := f.batch()
	b.Decided = []model.Decision{{Trace: model.TraceID{2}, Keep: false}, {Trace: model.TraceID{3}, Keep: true}}
	f.write(t, b)
	equal(t, "what is decided by a batch", f.texts(t, f.waiting(t, nil)), "a1 a2 c free")
	states, err := f.OutboxStates(t.Context())
	must(t, err)
	equal(t, "envelopes", states[0].Envelopes, 4)
	equal(t, "held", states[0].Held, 0)
}

func outboxIsBounded(t *testing.T, f *fixture) {
	for i := range 10 {
		f.send(t, string(rune('a'+i)), i, func(o *model.Outgoing) { o.Categories = []string{"error", "attachment"} })
	}
	states, err := f.OutboxQueues(t.Context())
	must(t, err)
	one := states[0].Bytes / 10
	trim := func(l store.OutboxLimit, reason string) (n int64) {
		for {
			some, err := f.TrimOutbox(t.Context(), l, reason)
			must(t, err)
			if len(some) == 0 {
				return n
			}
			n += some[store.OutboxQueue{Org: f.org.ID, Project: f.project.ID}]
		}
	}
	equal(t, "removed when there is room", trim(store.OutboxLimit{Bytes: 10 * one}, "outbox_overflow"), 0)
	equal(t, "removed by bytes", trim(store.OutboxLimit{Bytes: 7 * one}, "outbox_overflow"), 3)
	equal(t, "what is left", f.texts(t, f.waiting(t, nil)), "d e f g h i j")
	equal(t, "removed by age", trim(store.OutboxLimit{Before: Clock.Add(5 * time.Second)}, "outbox_expired"), 2)
	equal(t, "what is left", f.texts(t, f.waiting(t, nil)), "f g h i j")

	counted := map[string]int64{}
	q := store.RollupQuery{In: f.scope(), Kind: rollup.Discarded, From: Clock.Add(-time.Hour), To: Clock.Add(time.Hour)}
	must(t, f.Rollup(t.Context(), q, func(r store.RollupRow) error {
		counted[r.Sub] += r.Counters.Get(rollup.Quantity)
		return nil
	}))
	equal(t, "overflow", counted["error\x00outbox_overflow"], 3)
	equal(t, "overflow of attachments", counted["attachment\x00outbox_overflow"], 3)
	equal(t, "expired", counted["error\x00outbox_expired"], 2)
}

func outboxTakesNoCopies(t *testing.T, f *fixture) {
	e := f.event("Fault", Clock)
	one := func(events ...model.Event) {
		b := f.batch(events...)
		b.Outgoing = &model.Outgoing{Event: e.ID, Envelope: []byte("x")}
		f.write(t, b)
	}
	one(e)
	one(e)
	equal(t, "envelopes after a copy", f.texts(t, f.waiting(t, nil)), "x")
	one(e, f.event("Fault", Clock))
	equal(t, "envelopes after a copy with something new", f.texts(t, f.waiting(t, nil)), "x x")
}
