package sqlite

import (
	"fmt"
	"reflect"
	"slices"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
)

// tellStories counts what depends on whose the batch's spans and events are, and
// stores the executions. Nearly always nothing of its traces is stored yet: then the
// batch, as the pipeline assembled it, is their story. Otherwise the story of what was
// stored before is taken back, and that of all there is now is counted: the sum
// depends on what is stored and not on the order in which it came.
func (w *batchWriter) tellStories() error {
	fresh, stored := true, 0
	for i := range w.strands {
		st := &w.strands[i]
		stored += st.stored
		fresh = fresh && !st.seen && st.stored == st.total
	}
	if stored == 0 {
		return nil
	}
	if fresh {
		told, err := w.tellFresh()
		if told || err != nil {
			return err
		}
	} else if err := w.lookForExecutions(); err != nil {
		return err
	}
	for i := range w.strands {
		if st := &w.strands[i]; st.stored > 0 && !st.told && (st.seen || st.stored < st.total) {
			if err := w.weave(st); err != nil {
				return fmt.Errorf("assemble trace %s: %w", st.trace, err)
			}
		}
	}
	return w.tell(w.pick(func(st *strand) bool { return st.stored > 0 && !st.told }))
}

// tellFresh counts the batch as it is, of whose traces nothing is stored yet; unless
// one of its executions is known already, of another trace: then it marks what belongs
// to that, and reports false.
func (w *batchWriter) tellFresh() (told bool, err error) {
	finish(w.Batch)
	told = true
	for i := range w.Executions {
		added, err := w.addExecution(w.Project, &w.Executions[i])
		if err != nil {
			return false, err
		}
		if !added {
			w.see(w.Executions[i].ID)
			told = false
		}
	}
	if told {
		w.tally.AddStory(w.Project, w.Batch, 1)
	}
	return told, nil
}

// tell counts a story that nothing is stored of.
func (w *batchWriter) tell(b *model.Batch) error {
	finish(b)
	w.tally.AddStory(w.Project, b, 1)
	for i := range b.Executions {
		if err := w.writeExecution(w.Project, &b.Executions[i]); err != nil {
			return err
		}
	}
	return nil
}

// pick returns what was stored of the strands that are wanted, as a batch.
func (w *batchWriter) pick(want func(*strand) bool) *model.Batch {
	b := &model.Batch{Org: w.Org, Project: w.Project, Received: w.Received}
	ids := map[string]bool{}
	for i := range w.Spans {
		if s := &w.Spans[i]; w.spanStored[i] && want(w.strandOf(s.Trace, "")) {
			b.Spans = append(b.Spans, *s)
			ids[s.Execution] = true
		}
	}
	for i := range w.Events {
		if e := &w.Events[i]; w.stored[i] && want(w.strandOf(e.Trace, e.Execution)) {
			b.Events = append(b.Events, *e)
			ids[e.Execution] = true
		}
	}
	for _, x := range w.Executions {
		if ids[x.ID] {
			b.Executions = append(b.Executions, x)
		}
	}
	return b
}

// finish fills in what package agent does not know of executions: the issues that
// they hit.
func finish(b *model.Batch) {
	for i := range b.Executions {
		x := &b.Executions[i]
		x.Issues = nil
		for j := range b.Events {
			if e := &b.Events[j]; e.Issue != 0 && e.Execution == x.ID {
				x.Issues = append(x.Issues, e.Issue)
			}
		}
		slices.Sort(x.Issues)
		x.Issues = slices.Compact(x.Issues)
		if x.Traces == nil {
			x.Traces = tracesOf(b, x)
		}
	}
}

// tracesOf returns the traces that hold anything of an execution, sorted.
func tracesOf(b *model.Batch, x *model.Execution) []model.TraceID {
	ids := []model.TraceID{x.Trace}
	add := func(execution string, id model.TraceID) {
		if execution == x.ID && id != ids[len(ids)-1] {
			ids = append(ids, id)
		}
	}
	for i := range b.Spans {
		add(b.Spans[i].Execution, b.Spans[i].Trace)
	}
	for i := range b.Events {
		add(b.Events[i].Execution, b.Events[i].Trace)
	}
	slices.SortFunc(ids, compareTraces)
	ids = slices.Compact(ids)
	if ids[0].IsZero() {
		ids = ids[1:]
	}
	return ids
}

func compareTraces(a, b model.TraceID) int { return slices.Compare(a[:], b[:]) }

// weave puts a strand together with everything that it belongs to, and replaces the
// story that was told of that.
func (w *batchWriter) weave(st *strand) error {
	v := newWeb(w, st)
	if err := v.spin(); err != nil {
		return err
	}
	w.eachTold(v)
	if v.frozen {
		return w.tellAlone(v)
	}
	finish(v.before)
	finish(v.after)
	w.tally.AddStory(w.Project, v.before, -1)
	w.tally.AddStory(w.Project, v.after, 1)
	w.tally.AddStory(w.Project, w.leftOut(v), 1)
	if err := w.replaceExecutions(v.before.Executions, v.after.Executions); err != nil {
		return err
	}
	return w.amendEvents(v)
}

// leftOut returns the events that came with a strand of the web and have nothing to
// do with it: those of no execution, where the trace has no spans of agents.
func (w *batchWriter) leftOut(v *web) *model.Batch {
	b := &model.Batch{}
	for i := range w.Events {
		if e := &w.Events[i]; w.stored[i] && !v.loaded[e.ID] && v.holds(w.strandOf(e.Trace, e.Execution)) {
			b.Events = append(b.Events, *e)
		}
	}
	return b
}

// eachTold notes that the story of every strand that the web holds is counted.
func (w *batchWriter) eachTold(v *web) {
	for i := range w.strands {
		st := &w.strands[i]
		if v.holds(st) {
			st.told = true
		}
	}
}

// tellAlone counts what belongs to more than can be put together by what the batch
// says of it. Executions that are known stay as they are.
func (w *batchWriter) tellAlone(v *web) error {
	b := w.pick(v.holds)
	known := map[string]bool{}
	for i := range b.Executions {
		id := b.Executions[i].ID
		var err error
		if known[id], err = w.knowsExecution(w.Project, id); err != nil {
			return err
		}
	}
	b.Executions = slices.DeleteFunc(b.Executions, func(x model.Execution) bool { return known[x.ID] })
	return w.tell(b)
}

// replaceExecutions writes the executions that changed and deletes those that are no
// more: one that an error told of may turn out to be part of another.
func (w *batchWriter) replaceExecutions(before, after []model.Execution) error {
	old := make(map[string]*model.Execution, len(before))
	for i := range before {
		old[before[i].ID] = &before[i]
	}
	for i := range after {
		x := &after[i]
		was := old[x.ID]
		delete(old, x.ID)
		if was != nil && reflect.DeepEqual(was, x) {
			continue
		}
		if err := w.writeExecution(w.Project, x); err != nil {
			return err
		}
	}
	for id := range old {
		err := w.c.bind("DELETE FROM executions WHERE project = ? AND id = ?").int(int64(w.Project)).text(id).run()
		if err != nil {
			return fmt.Errorf("delete execution %s: %w", id, err)
		}
	}
	return nil
}

// amendEvents writes whose events are now, where that is not what their columns say.
func (w *batchWriter) amendEvents(v *web) error {
	for i := range v.after.Events {
		e, row := &v.after.Events[i], &v.events[i].row
		if e.Agent.ID == row.Agent && e.Execution == row.Execution && e.Organization == row.Organization {
			continue
		}
		err := w.c.bind(in(row.at.day, "UPDATE events_@ SET agent = ?, execution = ?, organization = ?, facts = ? WHERE seq = ?")).
			text(e.Agent.ID).text(e.Execution).text(e.Organization).blobOrNull(packFacts(e, &v.after.OwnEvents[i])).int(row.seq).run()
		if err != nil {
			return fmt.Errorf("amend event %s: %w", e.ID, err)
		}
		if e.Issue != 0 && e.Agent.ID != "" {
			w.tags.Note(e.Issue, e.Timestamp, model.Tag{Key: rollup.AgentTag, Value: e.Agent.ID})
		}
	}
	return nil
}

// assembled returns the facts, or those of them that are old, as a batch, assembled.
// Spans of traces that have none about agents tell their owners nothing and stay as
// they are.
func (v *web) assembled(old bool) *model.Batch {
	about := map[model.TraceID]bool{}
	for i := range v.spans {
		if s := &v.spans[i]; s.about && !(old && s.fresh) {
			about[s.Trace] = true
		}
	}
	b := &model.Batch{Org: v.Org, Project: v.Project, Spans: make([]model.Span, 0, len(v.spans))}
	var plain []model.Span
	for i := range v.spans {
		switch s := &v.spans[i]; {
		case old && s.fresh:
		case about[s.Trace]:
			b.Spans = append(b.Spans, s.Span)
		default:
			plain = append(plain, s.Span)
		}
	}
	for i := range v.events {
		if e := &v.events[i]; !old || !e.fresh {
			b.Events = append(b.Events, e.Event)
		}
	}
	agent.AssembleWith(b, v.db.opt.Rules)
	b.Spans = append(b.Spans, plain...)
	return b
}
