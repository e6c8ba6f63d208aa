package tail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// disk stands in for an engine: it stores nothing and says what it is told to.
type disk struct {
	receipt store.Receipt
	err     error
}

func (d disk) Write(context.Context, *model.Batch) (store.Receipt, error) { return d.receipt, d.err }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// batch is one of everything, for project 1 of organization 1.
func batch() *model.Batch {
	agent := model.Agent{ID: "billing"}
	return &model.Batch{Org: 1, Project: 1, Received: noon, Events: []model.Event{
		{ID: model.EventID{1}, Kind: model.KindError, Level: model.LevelError, Title: "Declined: No Funds", Culprit: "charge",
			Agent: agent, Environment: "production", Issue: 7, Timestamp: noon},
		{ID: model.EventID{2}, Kind: model.KindMessage, Level: model.LevelWarning, Title: "slow", Environment: "staging", Timestamp: noon},
		{ID: model.EventID{3}, Kind: model.KindTransaction, Transaction: "POST /pay", Agent: agent, Execution: "run-2", Started: noon, Timestamp: noon.Add(time.Second)},
	}, Executions: []model.Execution{
		{ID: "run-1", Agent: agent, Ended: true, Outcome: model.OutcomeFailed, Reason: "refused", Environment: "production"},
		{ID: "run-2", Agent: agent, Outcome: model.OutcomeRunning},
	}}
}

// names writes items so that they can be compared.
func names(l *Listener) string {
	var out []string
	for {
		select {
		case i, ok := <-l.Items():
			switch {
			case !ok:
				return strings.Join(append(out, "end"), " ")
			case i.Event != nil:
				out = append(out, strings.Fields(cmp.Or(i.Event.Title, i.Event.Transaction))[0])
			default:
				out = append(out, i.Execution.ID)
			}
		default:
			return strings.Join(out, " ")
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	f := func(filter Filter, want string) {
		t.Helper()
		var h Hub
		l, err := h.Listen(filter)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Behind(disk{}).Write(t.Context(), batch()); err != nil {
			t.Fatal(err)
		}
		if got := names(l); got != want {
			t.Errorf("%+v hears %q, want %q", filter, got, want)
		}
	}
	ours := store.Scope{Org: 1}
	f(Filter{In: ours}, "Declined: slow run-1")
	f(Filter{In: ours, Transactions: true}, "Declined: slow POST run-1")
	f(Filter{In: ours, Agent: "billing"}, "Declined: run-1")
	f(Filter{In: ours, Environment: "staging"}, "slow")
	f(Filter{In: ours, Least: model.LevelError}, "Declined: run-1")
	f(Filter{In: ours, Text: "NO FUNDS"}, "Declined:")
	f(Filter{In: ours, Text: "refused"}, "run-1")
	f(Filter{In: ours, Text: "nothing"}, "")
	f(Filter{In: ours, Kinds: []Kind{Messages, Executions}}, "slow run-1")
	f(Filter{In: ours, Kinds: []Kind{Errors}}, "Declined:")
	f(Filter{In: ours, Kinds: []Kind{Transactions}}, "")
	f(Filter{In: ours, Kinds: []Kind{Transactions}, Transactions: true}, "POST")
	f(Filter{In: ours, Running: true}, "Declined: slow run-1 run-2")
	f(Filter{In: ours, Running: true, Transactions: true, Execution: "run-2"}, "POST run-2")
	f(Filter{In: ours, Execution: "run-2"}, "")
	f(Filter{In: store.Scope{Org: 1, Projects: []model.ProjectID{1}}}, "Declined: slow run-1")
	f(Filter{In: store.Scope{Org: 1, Projects: []model.ProjectID{2}}}, "")
	f(Filter{In: store.Scope{Org: 2}}, "")
	f(Filter{In: store.Scope{Org: 2, Projects: []model.ProjectID{1}}}, "")
	f(Filter{}, "")
}

func TestOnlyWhatIsStoredIsTold(t *testing.T) {
	t.Parallel()
	var h Hub
	l, err := h.Listen(Filter{In: store.Scope{Org: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Behind(disk{err: model.ErrFull}).Write(t.Context(), batch()); !errors.Is(err, model.ErrFull) {
		t.Errorf("error %v", err)
	}
	if got := names(l); got != "" {
		t.Errorf("heard %q of what was not stored", got)
	}
	known := disk{receipt: store.Receipt{Duplicates: []model.EventID{{1}}}}
	if r, err := h.Behind(known).Write(t.Context(), batch()); err != nil || len(r.Duplicates) != 1 {
		t.Errorf("receipt %v, %v", r, err)
	}
	if got := names(l); got != "slow run-1" {
		t.Errorf("heard %q", got)
	}
}

func TestSlowListenersLose(t *testing.T) {
	t.Parallel()
	var h Hub
	slow, err := h.Listen(Filter{In: store.Scope{Org: 1}, Agent: "billing"})
	if err != nil {
		t.Fatal(err)
	}
	w := h.Behind(disk{})
	for range buffered {
		if _, err := w.Write(t.Context(), batch()); err != nil {
			t.Fatal(err)
		}
	}
	if got := slow.Dropped(); got != buffered {
		t.Errorf("%d were dropped, want %d", got, buffered)
	}
	if got := slow.Dropped(); got != 0 {
		t.Errorf("%d are told twice", got)
	}
	if got := len(strings.Fields(names(slow))); got != buffered {
		t.Errorf("%d are left, want %d", got, buffered)
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	var h Hub
	a, err := h.Listen(Filter{In: store.Scope{Org: 1}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.Listen(Filter{In: store.Scope{Org: 1}})
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	a.Close()
	if _, err := h.Behind(disk{}).Write(t.Context(), batch()); err != nil {
		t.Fatal(err)
	}
	if got := names(a); got != "" {
		t.Errorf("a closed listener hears %q", got)
	}
	h.Close()
	h.Close()
	b.Close()
	if got := names(b); got != "Declined: slow run-1 end" {
		t.Errorf("heard %q", got)
	}
	late, err := h.Listen(Filter{In: store.Scope{Org: 1}})
	if err != nil || names(late) != "end" {
		t.Errorf("a listener after the end: %v", err)
	}
	late.Close()
	if n := h.count.Load(); n != 0 {
		t.Errorf("%d listeners are counted", n)
	}
}

func TestTooManyListen(t *testing.T) {
	t.Parallel()
	var h Hub
	passed := 0
	for range 2 * maxListenersO {
		if l, err := h.Listen(Filter{In: store.Scope{Org: 1}}); err == nil {
			passed++
			defer l.Close()
		} else if !errors.Is(err, model.ErrBusy) {
			t.Fatal(err)
		}
	}
	if passed != maxListenersO {
		t.Errorf("%d listen", passed)
	}
	for org := model.OrgID(2); org < 10; org++ {
		for range maxListenersO {
			if l, err := h.Listen(Filter{In: store.Scope{Org: org}}); err == nil {
				passed++
				defer l.Close()
			}
		}
	}
	if passed != maxListeners {
		t.Errorf("%d listen altogether", passed)
	}
}

// Listeners come and go while batches are written.
func TestConcurrently(t *testing.T) {
	t.Parallel()
	var h Hub
	done := make(chan error)
	go func() {
		w := h.Behind(disk{})
		for range 2000 {
			if _, err := w.Write(context.Background(), batch()); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 200 {
		l, err := h.Listen(Filter{In: store.Scope{Org: 1}, Text: "funds"})
		if err != nil {
			t.Fatal(err)
		}
		names(l)
		l.Close()
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("é", longest), strings.Repeat("x", longest-1) + "é"} {
		if got := cut(text); len(got) > longest || strings.ContainsRune(got, '\uFFFD') || !strings.HasPrefix(text, got) {
			t.Errorf("%.10q is cut to %d bytes", text, len(got))
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, listeners := range []int{0, 1, 16} {
		b.Run(fmt.Sprint(listeners, " listeners"), func(b *testing.B) {
			var h Hub
			for range listeners {
				if _, err := h.Listen(Filter{In: store.Scope{Org: 1}, Text: "funds"}); err != nil {
					b.Fatal(err)
				}
			}
			w, batch := h.Behind(disk{}), batch()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Write(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
