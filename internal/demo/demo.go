// Package demo simulates a fleet of AI agents that reports through the real
// sentry-go over real HTTP, so that a newcomer sees every page of Picket filled.
// Everything it sends says that it is simulated.
package demo

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// Options says what to simulate. DSN is required; Run checks the rest.
type Options struct {
	// DSN is where the fleet reports.
	DSN string
	// Executions is how many runs the history holds, besides those that they hand
	// over to; 0 means none, for a fleet that is only live.
	Executions int
	// History is how far back the runs reach, at most 30 days: the server moves what is older.
	History time.Duration
	// Live keeps the fleet working, PerMinute runs a minute, until the context ends.
	Live      bool
	PerMinute int
	// Seed tells one story from another; the same seed at the same moment sends the same.
	Seed uint64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Out is where progress is told; nil means nowhere.
	Out io.Writer
}

// Report is what the server accepted.
type Report struct {
	Executions, Errors, Transactions, Spans, Logs, CheckIns, Feedback int
}

// LongestHistory is how old an event may be before the server moves it to now.
const LongestHistory = 30 * 24 * time.Hour

// margin keeps the oldest run younger than LongestHistory until it is sent.
const margin = 10 * time.Minute

// show is one performance of the demo.
type show struct {
	Options
	crew    *crew
	planner *planner
	played  int
}

// Run simulates the fleet and returns what the server accepted. It fails when
// the server did not accept all of it. The end of ctx ends a live fleet without
// an error, and a history with one.
func Run(ctx context.Context, o Options) (Report, error) {
	s, err := newShow(o)
	if err != nil {
		return Report{}, err
	}
	defer s.crew.close()
	if err := s.history(ctx); err != nil {
		return s.report(), err
	}
	if err := s.crew.checkIns(); err != nil {
		return s.report(), err
	}
	if o.Live {
		if err := s.live(ctx); err != nil {
			return s.report(), err
		}
	}
	err = s.crew.flush(context.WithoutCancel(ctx))
	return s.report(), err
}

func newShow(o Options) (*show, error) {
	if _, err := wire.ParseDSN(o.DSN); err != nil {
		return nil, err
	}
	if o.Executions < 0 || o.History <= 0 || o.History > LongestHistory {
		return nil, fmt.Errorf("%w: executions %d, history %s: want no fewer than 0, and a history of up to %s", model.ErrInvalid, o.Executions, o.History, LongestHistory)
	}
	if o.Live && o.PerMinute <= 0 {
		return nil, fmt.Errorf("%w: %d runs a minute: want 1 or more", model.ErrInvalid, o.PerMinute)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	now := o.Now()
	tale := story{from: now.Add(-min(o.History, LongestHistory-margin)), to: now}
	return &show{Options: o, crew: newCrew(o.DSN), planner: newPlanner(tale, o.Seed)}, nil
}

// history plays the runs of the past, oldest first.
func (s *show) history(ctx context.Context) error {
	times := s.planner.story.times(rand.New(rand.NewPCG(s.Seed, 0)), s.Executions)
	var sessions ledger
	for i, at := range times {
		if err := ctx.Err(); err != nil {
			return err
		}
		x := s.planner.next(at)
		x.endBy(s.planner.story.to)
		if err := s.play(x); err != nil {
			return err
		}
		sessions.note(x)
		if tenth := max(len(times)/10, 1); (i+1)%tenth == 0 {
			fmt.Fprintf(s.Out, "%d of %d executions\n", i+1, len(times))
		}
	}
	return s.crew.sessions(&sessions)
}

func (s *show) play(x *run) error {
	for r := x; r != nil; r = r.next {
		s.played++
	}
	return s.crew.play(x)
}

// live plays runs that end just now, until ctx ends.
func (s *show) live(ctx context.Context) error {
	r := rand.New(rand.NewPCG(s.Seed, 1))
	for {
		pause := time.Duration(r.ExpFloat64() * float64(time.Minute) / float64(s.PerMinute))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		now := s.Now()
		x := s.planner.next(now)
		x.endBy(now)
		if err := s.play(x); err != nil {
			return err
		}
	}
}

// endBy moves a run, and those that it hands over to, so that all have ended by that moment.
func (x *run) endBy(moment time.Time) {
	last := x
	for last.next != nil {
		last = last.next
	}
	by := moment.Sub(last.at.Add(last.took + time.Second))
	if by >= 0 {
		return
	}
	for r := x; r != nil; r = r.next {
		r.at = r.at.Add(by)
	}
}

func (s *show) report() Report {
	got := s.crew.post.accepted()
	return Report{Executions: s.played, Errors: got.events, Transactions: got.transactions, Spans: s.crew.spans, Logs: got.logs,
		CheckIns: got.checkIns, Feedback: s.crew.told}
}
