package upstream

import (
	"errors"
	"math/rand/v2"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// verdict is what an upstream's answer means.
type verdict uint8

const (
	taken   verdict = iota
	gone            // it is not in the outbox any more
	refused         // for itself: it is set aside
	limited         // it has to wait for a category
	away            // the upstream does not answer, or not sensibly
	barred          // the upstream does not take the key
	broken          // our own outbox cannot be read
	stopped         // we stop, or it goes elsewhere now
)

// result is what became of an envelope that was sent.
type result struct {
	record  store.OutboxRecord // with an Envelope: what is left of it
	verdict verdict
	problem string
	// blamed says that the envelope may be what the upstream stumbled over.
	blamed bool
	after  time.Duration // how long the upstream wants to be left alone; zero when it does not say
	limits []limit
	epoch  int
}

// settle draws the conclusions from what became of an envelope.
func (l *lane) settle(r result) {
	l.flying--
	now := l.now()
	for _, limit := range r.limits {
		l.limits.extend(limit, now)
	}
	switch r.verdict {
	case taken:
		l.accept(&r, now)
		l.notes.sent(r.record)
	case gone, stopped:
		delete(l.faults, r.record.Seq)
		l.notes.release(r.record.Seq)
	case refused:
		l.accept(&r, now)
		l.setAside(&r, now)
	case limited:
		l.wait(&r, now)
	case away:
		l.stumble(&r, now)
	case barred:
		l.pause(&r, model.UpstreamRefuses, now)
		l.putBack(&r, now)
	case broken:
		l.log.Error("read envelope from the outbox", "error", errors.New(r.problem))
		l.notes.release(r.record.Seq) // it is found again at the next look from the start
	}
}

// accept notes that the upstream works.
func (l *lane) accept(r *result, now time.Time) {
	l.took++
	delete(l.faults, r.record.Seq)
	if r.epoch == l.epoch {
		l.recover(now)
		l.window = min(2*l.window, l.pace.InFlight)
	}
}

// recover ends a trouble: the upstream answered sensibly something that was sent after it
// had begun.
func (l *lane) recover(now time.Time) {
	if l.trouble.there() {
		l.log.Info("the upstream answers again", "host", l.dsn.Host, "away", now.Sub(l.trouble.since).Round(time.Second))
		l.trouble = trouble{}
	}
}

// wait leaves an envelope to when its categories are not limited any more.
func (l *lane) wait(r *result, now time.Time) {
	if r.epoch == l.epoch {
		l.recover(now)
	}
	if !l.limits.hold(r.record.Categories) { // none of its own were named
		for _, category := range orAll(r.record.Categories) {
			l.limits.extend(limit{category, or(r.after, l.pace.Limited)}, now)
		}
	}
	l.meters.limited.Inc()
	if r.record.Envelope != nil {
		l.putBack(r, now)
		return
	}
	l.notes.release(r.record.Seq)
}

func orAll(categories []string) []string {
	if len(categories) == 0 {
		return []string{""}
	}
	return categories
}

func or(a, b time.Duration) time.Duration {
	if a > 0 {
		return a
	}
	return b
}

// patience is how often an envelope may be what an upstream stumbled over, while it took
// others in between, before it is set aside.
const patience = 2

// stumble deals with an upstream that did not answer sensibly. An envelope that it stumbles
// over again and again, while it takes others, is set aside, since it would hold up all.
func (l *lane) stumble(r *result, now time.Time) {
	if r.blamed {
		before := l.faults[r.record.Seq]
		l.faults[r.record.Seq] = fault{before.times + 1, l.took}
		if before.times+1 >= patience && l.took > before.took {
			delete(l.faults, r.record.Seq)
			r.problem += "; it takes others"
			l.setAside(r, now)
			return
		}
	}
	l.pause(r, model.UpstreamAway, now)
	l.putBack(r, now)
}

// putBack has an envelope sent first of all, once it may be.
func (l *lane) putBack(r *result, now time.Time) {
	if l.cursors[r.record.Queue()] == nil && r.record.Envelope == nil {
		l.notes.release(r.record.Seq) // it goes elsewhere now
		return
	}
	if r.record.Envelope != nil { // what is left of it is noted, and found again
		r.record.Due = now
		l.notes.postpone(r.record)
		return
	}
	at := 0
	for at < len(l.ready) && l.ready[at].Seq < r.record.Seq {
		at++
	}
	l.ready = append(l.ready[:at], append([]store.OutboxRecord{r.record}, l.ready[at:]...)...)
}

// setAside has an envelope tried again later, in nobody's way.
func (l *lane) setAside(r *result, now time.Time) {
	r.record.Problem, r.record.Due = r.problem, now.Add(jitter(backoff(l.pace.Aside, l.pace.Longest, r.record.Tries)))
	r.record.Tries++
	l.meters.refused.Inc()
	l.log.Warn("the upstream refused an envelope", "project", r.record.Project, "event", r.record.Event, "problem", r.problem, "again", r.record.Due)
	l.notes.postpone(r.record)
}

// pause leaves the upstream alone for a while. What was under way already when the trouble
// began says nothing new.
func (l *lane) pause(r *result, health model.UpstreamHealth, now time.Time) {
	if r.epoch != l.epoch {
		return
	}
	l.epoch++
	l.window = 1
	t := &l.trouble
	if t.health != health {
		l.log.Warn("the upstream takes nothing", "host", l.dsn.Host, "problem", r.problem)
		*t = trouble{health: health, since: now}
	}
	t.problem = r.problem
	wait := rand.N(backoff(l.pace.First, l.pace.Most, t.tries) + 1)
	if health == model.UpstreamRefuses {
		wait = l.pace.Refused
	}
	t.tries++
	t.until = now.Add(max(wait, min(r.after, l.pace.Longest)))
	l.meters.pauses.Inc()
}

// backoff doubles the first wait with every try, up to the longest.
func backoff(first, longest time.Duration, tries int) time.Duration {
	for range tries {
		if first >= longest {
			return longest
		}
		first *= 2
	}
	return min(first, longest)
}

// jitter spreads waits of the same length, by a fifth.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/5+1) }
