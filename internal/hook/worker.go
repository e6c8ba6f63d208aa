package hook

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Worker finds out what deliveries mean, and does that. What it was doing when the
// process ended, it does again: nothing of it depends on how often.
type Worker struct {
	Options
	wake chan struct{}
}

// NewWorker returns a worker. Run or Work have it work.
func NewWorker(o Options) *Worker { return &Worker{Options: o, wake: make(chan struct{}, 1)} }

// Wake tells Run that a delivery was stored. It does not block.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is awake
	}
}

const (
	// together is how many deliveries are taken up at a time, and side by side how many of
	// them are worked on at once.
	together   = 256
	sideBySide = 32
	// lookAgain is how often what is to be tried again is looked for.
	lookAgain = 2 * time.Second
	// maxTries is how often a delivery is tried, over some two hours.
	maxTries            = 24
	firstWait, mostWait = 2 * time.Second, 10 * time.Minute
)

// Run works on what there is and what comes, until ctx ends. What it was at then is due
// for the next process.
func (w *Worker) Run(ctx context.Context) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for ctx.Err() == nil {
		n, err := w.Work(ctx)
		if err != nil && ctx.Err() == nil {
			w.log().Error("webhooks: deliveries could not be worked on", "error", err)
		}
		if n > 0 && err == nil {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-tick.C:
		}
	}
}

// Work does what is due now, some deliveries at most, and returns how many they were. Its
// errors are the store's: what went wrong with a delivery is noted with it.
func (w *Worker) Work(ctx context.Context) (int, error) {
	list, err := w.Store.DueDeliveries(ctx, w.now(), together)
	if err != nil {
		return 0, fmt.Errorf("deliveries that are due: %w", err)
	}
	lines := make(chan []store.Delivery, len(list))
	for _, line := range inLines(list) {
		lines <- line
	}
	close(lines)
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	for range min(sideBySide, len(lines)) {
		wg.Go(func() {
			for line := range lines {
				if err := w.workOn(ctx, line); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return len(list), errors.Join(errs...)
}

// inLines puts deliveries about the same thing one behind the other.
func inLines(list []store.Delivery) (lines [][]store.Delivery) {
	at := map[string]int{}
	for _, d := range list {
		key := fmt.Sprint(d.Org, " ", d.Subject)
		i, ok := at[key]
		if !ok || d.Subject == "" {
			i = len(lines)
			lines = append(lines, nil)
			at[key] = i
		}
		lines[i] = append(lines[i], d)
	}
	return lines
}

func (w *Worker) workOn(ctx context.Context, line []store.Delivery) error {
	for _, d := range line {
		if err := w.settle(ctx, &d); err != nil && ctx.Err() != nil {
			return nil // interrupted: that is no outcome
		}
		if err := w.Store.SettleDelivery(context.WithoutCancel(ctx), d); err != nil {
			return fmt.Errorf("note what became of delivery %d: %w", d.ID, err)
		}
	}
	return nil
}

// timeout bounds the work on one delivery, calls of Sentry's API included.
const timeout = 30 * time.Second

// settle works on a delivery, writes into it what became of it, and returns what went wrong.
func (w *Worker) settle(ctx context.Context, d *store.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	d.Tries++
	v, err := w.survive(ctx, d)
	now := w.now()
	d.State, d.Outcome, d.Due, d.Noted = v.state, v.text, time.Time{}, now
	if err == nil {
		return nil
	}
	d.State, d.Outcome = store.DeliveryFailed, reason(err)
	if d.Tries < maxTries {
		d.Due = now.Add(max(backoff(d.Tries, firstWait, mostWait), retryAfter(err)))
	}
	return err
}

// survive is judge, where our own mistakes end nothing but the work on this delivery: it
// is stored, and would end every process that comes after, too.
func (w *Worker) survive(ctx context.Context, d *store.Delivery) (v verdict, err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			w.log().Error("webhooks: a mistake in Picket", "delivery", d.ID, "mistake", mistake, "stack", string(debug.Stack()))
			err = errors.New("a mistake in Picket, which the log of the server tells more of")
		}
	}()
	return w.judge(ctx, d)
}

// judge finds out what a delivery means, and does that.
func (w *Worker) judge(ctx context.Context, d *store.Delivery) (verdict, error) {
	var p fastjson.Parser
	root, err := p.ParseBytes(d.Body)
	if err != nil {
		return ignored("Its body cannot be read: %.100s", err.Error()), nil
	}
	j := &job{Worker: w, payload: payload{root}, d: d, in: store.Scope{Org: d.Org}}
	m, _ := meaningOf(d.Resource, d.Action)
	return m.do(j, ctx)
}

// job is the work on one delivery.
type job struct {
	*Worker
	payload
	d  *store.Delivery
	in store.Scope
}

// reason says in a sentence what went wrong, without what only the log should hold.
func reason(err error) string {
	var told *apiError
	switch {
	case errors.As(err, &told):
		return told.Error()
	case errors.Is(err, model.ErrBusy), errors.Is(err, model.ErrFull), errors.Is(err, context.DeadlineExceeded):
		return "Picket was too busy"
	}
	return "Something went wrong here: " + err.Error()
}

// apiError is an error of Sentry's API.
type apiError struct {
	doing string
	err   error
}

// Error implements error.
func (e *apiError) Error() string {
	return fmt.Sprintf("Sentry's API, asked %s: %v", e.doing, e.err)
}

// Unwrap returns what the client said.
func (e *apiError) Unwrap() error { return e.err }

// retryAfter returns how long an error asks to wait.
func retryAfter(err error) time.Duration {
	var later interface{ RetryAfter() time.Duration }
	if errors.As(err, &later) {
		return later.RetryAfter()
	}
	return 0
}
