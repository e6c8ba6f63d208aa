package sqlite

import (
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
)

// strand is what a batch brings of one trace, or of the events of one execution that
// came without a trace.
type strand struct {
	strandKey
	from, to int64 // the days on which more of it may be stored
	total    int   // spans and events
	stored   int   // of those, the ones that were not there before
	spans    int   // spans alone
	seen     bool  // something that it must be put together with was there before
	told     bool  // its story was counted
}

type strandKey struct {
	trace     model.TraceID
	execution string // empty unless the trace is
}

const (
	// besides is how near to midnight the parts of a trace are also looked for on the
	// other side of it; besidesAgents the same of what is about agents, which run for
	// longer. Once anything is found, further days are looked at as well.
	besides       = 2 * time.Hour
	besidesAgents = 6 * time.Hour
	// maxReach is how many days the parts of a trace are looked for, from the first on.
	maxReach = 35
)

// strandOf returns the strand of a span or an event, made when it is not there.
func (w *batchWriter) strandOf(trace model.TraceID, execution string) *strand {
	key := strandKey{trace, ""}
	if trace.IsZero() {
		key.execution = execution
	}
	if w.last < len(w.strands) && w.strands[w.last].strandKey == key {
		return &w.strands[w.last]
	}
	if i, ok := w.strandAt(key); ok {
		w.last = i
		return &w.strands[i]
	}
	w.last = len(w.strands)
	w.strands = append(w.strands, strand{strandKey: key, from: lastDay})
	if w.byKey != nil {
		w.byKey[key] = w.last
	}
	return &w.strands[w.last]
}

// fewStrands is up to how many strands a search beats a map.
const fewStrands = 8

func (w *batchWriter) strandAt(key strandKey) (int, bool) {
	if len(w.strands) > fewStrands {
		if w.byKey == nil {
			w.byKey = make(map[strandKey]int, 4*fewStrands)
			for i := range w.strands {
				w.byKey[w.strands[i].strandKey] = i
			}
		}
		i, ok := w.byKey[key]
		return i, ok
	}
	for i := range w.strands {
		if w.strands[i].strandKey == key {
			return i, true
		}
	}
	return 0, false
}

// reach widens the days to those around a time.
func (s *strand) reach(at time.Time, beside time.Duration) {
	s.from = min(s.from, dayOf(at.Add(-beside)))
	s.to = min(max(s.to, dayOf(at.Add(beside))), s.from+maxReach)
}

// lookAround finds out what the batch brings pieces of, and of which of those
// something is stored already. It comes before anything of the batch is written.
func (w *batchWriter) lookAround() error {
	beside := besides
	if w.OwnSpans != nil {
		beside = besidesAgents
	}
	for i := range w.Spans {
		if w.isLeftOut(i) {
			continue
		}
		s := &w.Spans[i]
		st := w.strandOf(s.Trace, "")
		st.total++
		st.spans++
		st.reach(s.Start, beside)
		if s.Kind == model.SpanAgent {
			st.reach(s.Start.Add(s.Duration), beside)
		}
	}
	for i := range w.Events {
		e := &w.Events[i]
		st := w.strandOf(e.Trace, e.Execution)
		st.total++
		st.reach(e.Timestamp, beside)
	}
	for i := range w.strands {
		if err := w.look(&w.strands[i]); err != nil {
			return err
		}
	}
	return nil
}

// What a trace may have been seen by. Spans of agents change what all others of the
// trace mean. Other spans and events matter to a batch that brings spans of agents.
const (
	anyOfTrace = `SELECT 1 FROM spans_@ WHERE trace = ?1 AND project = ?2
		UNION ALL SELECT 1 FROM events_@ WHERE trace = ?1 AND project = ?2 LIMIT 1`
	aboutAgents = `SELECT 1 FROM spans_@ WHERE trace = ?1 AND project = ?2 AND signs IS NOT NULL LIMIT 1`
)

// look learns whether something is stored of a strand's trace.
func (w *batchWriter) look(st *strand) error {
	if st.trace.IsZero() {
		return nil
	}
	for day := range w.daysBetween(st.from, st.to) {
		d, err := w.dayWriter(day)
		if err != nil {
			return err
		}
		ask := &binder{stmt: d.about}
		if w.OwnSpans != nil && st.spans > 0 {
			ask.stmt = d.any
		}
		found, err := ask.blob(st.trace[:]).int(int64(w.Project)).one(func(*sqlite3.Stmt) {})
		if err != nil {
			return err
		}
		if found {
			st.seen = true
			return nil
		}
	}
	return nil
}

// lookForExecutions marks what belongs to executions that are known already.
func (w *batchWriter) lookForExecutions() error {
	if len(w.strands) == 1 && w.strands[0].seen {
		return nil // all is marked
	}
	for i := range w.Executions {
		known, err := w.knowsExecution(w.Project, w.Executions[i].ID)
		if err != nil {
			return err
		}
		if known {
			w.see(w.Executions[i].ID)
		}
	}
	return nil
}

// see marks what belongs to an execution that is known already.
func (w *batchWriter) see(execution string) {
	w.eachStrandOf(execution, func(st *strand) { st.seen = true })
}

func (t *txn) knowsExecution(p model.ProjectID, id string) (bool, error) {
	return t.c.bind("SELECT 1 FROM executions WHERE project = ? AND id = ?").int(int64(p)).text(id).one(func(*sqlite3.Stmt) {})
}

// eachStrandOf calls f for every strand in which the batch has something of an
// execution; several times for some.
func (w *batchWriter) eachStrandOf(execution string, f func(*strand)) {
	if len(w.strands) == 1 {
		f(&w.strands[0])
		return
	}
	for i := range w.Spans {
		if w.Spans[i].Execution == execution {
			f(w.strandOf(w.Spans[i].Trace, ""))
		}
	}
	for i := range w.Events {
		if w.Events[i].Execution == execution {
			f(w.strandOf(w.Events[i].Trace, execution))
		}
	}
}

// daysBetween goes through the days that are there, those of this transaction included.
func (t *txn) daysBetween(from, to int64) func(yield func(int64) bool) {
	return func(yield func(int64) bool) {
		for _, list := range [...][]int64{t.db.days.all(), t.opened} {
			for _, day := range list {
				if day >= from && day <= to && !yield(day) {
					return
				}
			}
		}
	}
}
