package sqlite

import (
	"maps"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
)

// What is put together at the most. Of a trace with more, what comes late is counted
// by what it says of itself.
const (
	maxWebSpans  = 20_000
	maxWebEvents = 2_000
	maxWebTraces = 16
	maxTurns     = 40
	// maxOvergrown is how many traces are remembered that are more than that.
	maxOvergrown = 10_000
)

// web is everything that hangs together: by trace and, where executions run through
// several traces, by execution.
type web struct {
	*batchWriter
	from, to   int64 // the days that are looked at
	traces     map[model.TraceID]bool
	executions map[string]bool
	spans      []spanFact
	events     []eventFact
	loaded     map[model.EventID]bool // the ids of events
	grown      bool                   // loading found traces that are not loaded yet
	fresh      map[spanKey]bool       // the spans that the batch brought
	first      int64                  // the first and the last day on which anything was found
	final      int64
	frozen     bool // it is too much

	before, after *model.Batch // assembled, without and with what the batch brought
}

// spanFact is a stored span as it says itself, about that it came in a batch that is
// about agents, fresh that this batch brought it.
type spanFact struct {
	model.Span
	at           pointer
	about, fresh bool
}

type eventFact struct {
	model.Event
	row   eventRow
	fresh bool
}

// newWeb begins with a strand.
func newWeb(w *batchWriter, st *strand) *web {
	v := &web{batchWriter: w, from: st.from, to: st.to, traces: map[model.TraceID]bool{}, executions: map[string]bool{}}
	if !st.trace.IsZero() {
		v.traces[st.trace] = true
	}
	for i := range w.Events {
		if e := &w.Events[i]; e.Execution != "" && w.strandOf(e.Trace, e.Execution).strandKey == st.strandKey {
			v.executions[e.Execution] = true
		}
	}
	return v
}

// holds reports whether a strand is part of the web.
func (v *web) holds(st *strand) bool {
	if st.trace.IsZero() {
		return st.execution != "" && v.executions[st.execution]
	}
	return v.traces[st.trace]
}

// spin loads what the web is known to hold, puts it together and sees where that
// leads, until it leads nowhere new.
func (v *web) spin() error {
	followed := map[string]bool{}
	for turn := 0; ; turn++ {
		if err := v.load(); err != nil {
			return err
		}
		if v.frozen = v.frozen || turn > maxTurns; v.frozen {
			return nil
		}
		v.before, v.after = v.assembled(true), v.assembled(false)
		grown := v.widen() || v.grown
		for _, list := range [...][]model.Execution{v.after.Executions, v.before.Executions} {
			more, err := v.followAll(list, followed)
			if err != nil {
				return err
			}
			grown = grown || more
		}
		if !grown {
			return nil
		}
	}
}

// followAll follows the executions that have not been, and reports whether one of them
// led to more than is loaded.
func (v *web) followAll(list []model.Execution, followed map[string]bool) (grown bool, err error) {
	for i := range list {
		id := list[i].ID
		if followed[id] {
			continue
		}
		followed[id] = true
		more, err := v.follow(id)
		if err != nil {
			return false, err
		}
		grown = grown || more
	}
	return grown, nil
}

// widen takes in the day before the first and after the last one on which anything
// was found, if there are any, and reports whether there were.
func (v *web) widen() bool {
	from, to := v.from, v.to
	if v.first == v.from && v.isOpen(v.from-1) {
		v.from--
	}
	if v.final == v.to && v.isOpen(v.to+1) {
		v.to++
	}
	if v.to-v.from > maxReach {
		v.from, v.to = from, to
	}
	return v.from != from || v.to != to
}

// follow takes in what an execution runs through, and reports whether there was more
// than is loaded.
func (v *web) follow(id string) (more bool, err error) {
	known := v.executions[id]
	v.executions[id] = true
	x, err := v.c.readExecution(v.Project, id)
	if err != nil {
		return false, err
	}
	if x != nil {
		more = v.addDays(x)
		for _, trace := range x.Traces {
			more = v.addTrace(trace) || more
		}
	}
	v.eachStrandOf(id, func(st *strand) { more = v.addStrand(st) || more })
	if known {
		return more, nil
	}
	for day := range v.daysBetween(v.from, v.to) {
		err := v.c.bind(in(day, "SELECT id, trace FROM events_@ WHERE execution = ? AND execution <> '' AND issue > 0 AND project = ?")).
			text(id).int(int64(v.Project)).each(func(s *sqlite3.Stmt) error {
			if !v.loaded[eventID(s, 0)] {
				more = true
				v.addTrace(traceID(s, 1))
			}
			return nil
		})
		if err != nil {
			return more, err
		}
	}
	return more, nil
}

func (v *web) addTrace(id model.TraceID) bool {
	if id.IsZero() || v.traces[id] {
		return false
	}
	v.traces[id] = true
	return true
}

func (v *web) addStrand(st *strand) bool {
	wider := st.from < v.from || st.to > v.to
	v.from, v.to = min(v.from, st.from), max(v.to, st.to)
	return v.addTrace(st.trace) || wider
}

func (v *web) addDays(x *model.Execution) bool {
	st := strand{from: lastDay}
	st.reach(x.Start, besidesAgents)
	st.reach(end(x), besidesAgents)
	return v.addStrand(&st)
}

// load reads all facts of the web.
func (v *web) load() error {
	v.spans, v.events = v.spans[:0], v.events[:0]
	v.loaded, v.grown = map[model.EventID]bool{}, false
	v.first, v.final = lastDay, 0
	if v.frozen = v.tooMuch(); v.frozen {
		return nil
	}
	for _, trace := range slices.SortedFunc(maps.Keys(v.traces), compareTraces) {
		begin := len(v.spans)
		err := v.eachOpen(func(day int64) error { return v.loadSpans(day, trace) })
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(v.spans[begin:], func(s spanFact) bool { return s.about }) {
			continue // its events have nothing to do with each other, unless by execution
		}
		err = v.eachOpen(func(day int64) error { return v.loadEvents(day, "trace = ?", func(b *binder) { b.blob(trace[:]) }) })
		if err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.executions)) {
		err := v.eachOpen(func(day int64) error {
			return v.loadEvents(day, "execution = ? AND execution <> '' AND issue > 0", func(b *binder) { b.text(id) })
		})
		if err != nil {
			return err
		}
	}
	v.tieSpans()
	v.frozen = v.tooMuch()
	return nil
}

// tooMuch reports whether the web is more than can be put together. Of its traces that
// is remembered: it stays true.
func (v *web) tooMuch() bool {
	for id := range v.traces {
		if v.overgrown[id] {
			return true
		}
	}
	if len(v.traces) <= maxWebTraces && len(v.spans) <= maxWebSpans && len(v.events) <= maxWebEvents {
		return false
	}
	if len(v.traces) == 1 && len(v.overgrown) < maxOvergrown {
		for id := range v.traces {
			v.overgrown[id] = true
		}
	}
	return true
}

// eachOpen calls f for the days of the web, unless it is too much already.
func (v *web) eachOpen(f func(day int64) error) error {
	for day := range v.daysBetween(v.from, v.to) {
		if len(v.spans) > maxWebSpans || len(v.events) > maxWebEvents {
			return nil
		}
		if err := f(day); err != nil {
			return err
		}
	}
	return nil
}

func (v *web) loadSpans(day int64, trace model.TraceID) error {
	return v.c.bind(in(day, "SELECT "+spanColumns+" FROM spans_@ WHERE trace = ? AND project = ? LIMIT ?")).
		blob(trace[:]).int(int64(v.Project)).int(int64(maxWebSpans + 1 - len(v.spans))).
		each(func(s *sqlite3.Stmt) error {
			r, err := scanSpan(s, day)
			v.spans = append(v.spans, spanFact{r.Span, r.at, r.about, v.isFresh(&r.Span, day)})
			v.first, v.final = min(v.first, day), max(v.final, day)
			return err
		})
}

// isFresh reports whether a span that is stored came with the batch.
func (v *web) isFresh(s *model.Span, day int64) bool {
	if v.fresh == nil {
		v.fresh = make(map[spanKey]bool, len(v.Spans))
		for i := range v.Spans {
			if s := &v.Spans[i]; v.spanStored[i] {
				v.fresh[spanKey{s.Trace, s.ID, dayOf(s.Start)}] = true
			}
		}
	}
	return v.fresh[spanKey{s.Trace, s.ID, day}]
}

// spanKey names a row of a span.
type spanKey struct {
	trace model.TraceID
	id    model.SpanID
	day   int64
}

func (v *web) loadEvents(day int64, cond string, bind func(b *binder)) error {
	b := v.c.bind(in(day, "SELECT "+eventColumns+" FROM events_@ WHERE "+cond+" AND project = ? LIMIT ?"))
	bind(b)
	return b.int(int64(v.Project)).int(int64(maxWebEvents + 1)).each(func(s *sqlite3.Stmt) error {
		row := scanEvent(s, day)
		if v.loaded[row.ID] {
			return nil
		}
		v.loaded[row.ID] = true
		e, err := row.fact()
		v.events = append(v.events, eventFact{e, row, v.isFreshEvent(row.ID)})
		v.first, v.final = min(v.first, day), max(v.final, day)
		v.grown = v.addTrace(row.Trace) || v.grown
		return err
	})
}

func (v *web) isFreshEvent(id model.EventID) bool {
	for i := range v.Events {
		if v.Events[i].ID == id && v.stored[i] {
			return true
		}
	}
	return false
}

// tieSpans tells spans which transaction they came in: the one whose payload is theirs.
func (v *web) tieSpans() {
	transactions := map[pointer]model.EventID{}
	for i := range v.events {
		if e := &v.events[i]; e.Kind == model.KindTransaction {
			transactions[e.row.at] = e.ID
		}
	}
	for i := range v.spans {
		v.spans[i].Event = transactions[v.spans[i].at]
	}
}
