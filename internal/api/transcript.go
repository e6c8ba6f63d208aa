package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

type transcriptQuery struct {
	ID      string   `path:"id" doc:"The execution's id, percent-encoded"`
	Project []string `query:"project,explode" doc:"Only in these projects, by slug or numeric id"`
	Cursor  string   `query:"cursor" doc:"Where to go on in the transcript: next of the page before"`
	Limit   int      `query:"limit" default:"500" minimum:"1" maximum:"2000" doc:"The most entries of the transcript wanted"`
}

type executionStory struct {
	Execution
	Transcript []entry `json:"transcript" doc:"What happened, in order; of messages only what is new since the agent's previous call. Long texts are cut"`
	Next       *string `json:"next" doc:"The cursor of the transcript's next page; null at the end"`
	SampledBy  *string `json:"sampledBy" enum:"rate,rule,budget" doc:"Which setting of sampling left out payloads, so that the transcript has no texts: what was called, used and spent is there; null when they were kept"`
}

func (a *rest) execution(ctx context.Context, c access.Caller, in *transcriptQuery) (*executionStory, error) {
	scope, err := a.scope(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	from, err := openPlace(in.Cursor)
	if err != nil {
		return nil, err
	}
	x, err := a.store.Execution(ctx, scope, in.ID)
	if err != nil {
		return nil, fmt.Errorf("read execution: %w", err)
	}
	j := newJournal(ctx, x)
	entries, next := j.page(from, in.Limit)
	return &executionStory{executionOf(x.ExecutionRecord), entries, next, text(omission(x).String())}, j.sent.err
}

// omission returns why sampling left out what was sent with the execution's spans.
func omission(x *store.ExecutionTrace) model.Omission {
	for i := range x.Trace.Spans {
		if s := &x.Trace.Spans[i]; s.Execution == x.ID && s.Omitted != model.NotOmitted {
			return s.Omitted
		}
	}
	return model.NotOmitted
}

// placeIn is where a page of a transcript begins: behind so many steps of the same
// microsecond, and so many entries of the next. What arrives meanwhile does not
// move it.
type placeIn struct {
	micros      int64
	steps, into int
}

func openPlace(cursor string) (placeIn, error) {
	if cursor == "" {
		return placeIn{micros: minMicros}, nil
	}
	at, rest, err := openCursor(cursor)
	if err != nil {
		return placeIn{}, err
	}
	first, second, _ := strings.Cut(rest, ".")
	steps, err := strconv.ParseUint(first, 10, 31)
	into, err2 := strconv.ParseUint(second, 10, 31)
	if err != nil || err2 != nil {
		return placeIn{}, invalid("cursor", "%.60q is none of ours; leave it out to begin again", cursor)
	}
	return placeIn{at, int(steps), int(into)}, nil
}

const minMicros = -1 << 63

func (p placeIn) close() *string {
	return text(closeCursor(p.micros, fmt.Sprintf("%d.%d", p.steps, p.into)))
}

// page returns at most so many entries, and the cursor of the next page.
func (j *journal) page(from placeIn, limit int) ([]entry, *string) {
	at := j.find(from)
	j.gather(j.steps[at:min(at+limit, len(j.steps))])
	out := []entry{}
	for into := from.into; at < len(j.steps); at, into = at+1, 0 {
		if len(out) == limit {
			return out, j.place(at, 0).close()
		}
		found := j.entries(at)
		found = found[min(into, len(found)):]
		if room := limit - len(out); len(found) > room {
			return append(out, found[:room]...), j.place(at, into+room).close()
		}
		out = append(out, found...)
	}
	return out, nil
}

// find returns the step at which a page begins.
func (j *journal) find(p placeIn) int {
	at, _ := slices.BinarySearchFunc(j.steps, p.micros, func(s step, micros int64) int {
		if s.at.UnixMicro() < micros {
			return -1
		}
		return 1
	})
	return min(at+p.steps, len(j.steps))
}

// place is find's inverse.
func (j *journal) place(at, into int) placeIn {
	p := placeIn{micros: j.steps[at].at.UnixMicro(), into: into}
	for p.steps < at && j.steps[at-p.steps-1].at.UnixMicro() == p.micros {
		p.steps++
	}
	return p
}

// entries returns what there is to say of a step.
func (j *journal) entries(at int) []entry {
	s := &j.steps[at]
	one := j.entry(s)
	if s.event != none {
		one.Type, one.Error = "error", errorOf(&j.run.Trace.Events[s.event])
		return []entry{one}
	}
	span := &j.run.Trace.Spans[s.span]
	switch {
	case s.folded > 0:
		one.Type, one.Other = "other", &foldedSpans{s.folded, s.ops}
	case span.Kind == model.SpanAgent:
		return j.agentEntries(at, one)
	case span.Kind == model.SpanModel:
		one.Type, one.ModelCall = "model_call", modelCallOf(span)
		out := append(j.messages(at, false), one)
		return append(out, j.messages(at, true)...)
	case span.Kind == model.SpanTool:
		one.Type, one.ToolCall = "tool_call", toolCallOf(span, j.sent.of(span))
	case span.Kind == model.SpanPolicy:
		one.Type, one.Policy = "policy", &policy{span.Policy.Name, span.Policy.Verdict.String(), span.Policy.Reason}
	default:
		one.Type, one.Handoff = "handoff", &handoff{span.Name}
	}
	return []entry{one}
}

// agentEntries are the beginning of an agent and what it was told, or what it
// answered and its end.
func (j *journal) agentEntries(at int, one entry) []entry {
	s := &j.steps[at]
	span := &j.run.Trace.Spans[s.span]
	one.Type = "agent"
	one.AgentRun = &agentRun{"begin", span.Name, span.Execution, span.Status.String(), text(span.ErrorType)}
	if !s.end {
		one.DurationMS = nil
		return append([]entry{one}, j.messages(at, false)...)
	}
	one.AgentRun.Phase = "end"
	return append(j.messages(at, true), one)
}

// entry returns what every entry of a step says.
func (j *journal) entry(s *step) entry {
	out := entry{StartedAt: s.at.UTC(), OffsetMS: milliseconds(s.at.Sub(j.run.Start)), InLoop: s.inLoop}
	if s.event != none {
		e := &j.run.Trace.Events[s.event]
		out.TraceID, out.SpanID = traceID(e.Trace), spanID(e.Span)
		out.Href = text("/api/v1/events/" + e.ID.String())
		if e.Agent != "" {
			out.Agent = &agentName{e.Agent, e.Agent}
		}
		if s.span != none {
			out.Depth = j.nodes[s.span].depth
			j.below(&out, s.span)
		}
		return out
	}
	span := &j.run.Trace.Spans[s.span]
	out.TraceID, out.SpanID, out.Depth = traceID(span.Trace), spanID(span.ID), j.nodes[s.span].depth
	out.Href = text("/api/v1/traces/" + span.Trace.String() + "/spans/" + span.ID.String())
	out.CostUSD, out.CostNanos = costOf(span.Cost)
	if id := speaker(span); id != "" {
		out.Agent = &agentName{id, span.Agent.Name}
	}
	ms := milliseconds(s.until.Sub(span.Start))
	out.DurationMS = &ms
	if above := j.nodes[s.span].above; above != none {
		out.ParentSpanID = spanID(j.run.Trace.Spans[above].ID)
	}
	return out
}

// below puts an entry under a span, or under what stands above it when that has no
// entry itself.
func (j *journal) below(e *entry, span int) {
	above := span
	if n := &j.nodes[span]; n.shown {
		e.Depth++
	} else {
		above = n.above
	}
	if above == none {
		return
	}
	s := &j.run.Trace.Spans[above]
	e.ParentSpanID = spanID(s.ID)
	if id := speaker(s); id != "" {
		e.Agent = &agentName{id, s.Agent.Name}
	}
}

// messageEntry is an entry for a message beside the call that it belongs to.
func messageEntry(of entry, m *message, until time.Time) entry {
	of.Type, of.Message = "message", m
	of.CostUSD, of.CostNanos, of.DurationMS = nil, nil, nil
	if m.Output {
		of.OffsetMS += milliseconds(until.Sub(of.StartedAt))
		of.StartedAt = until.UTC()
	}
	return of
}

func costOf(c model.Cost) (*usd, *int64) {
	if c.Pricing == model.NotACost || c.Pricing == model.Unpriced {
		return nil, nil
	}
	nanos := c.Nanos
	return (*usd)(&nanos), &nanos
}

// speaker tells agents apart.
func speaker(s *store.SpanRecord) string {
	if s.Agent.ID != "" {
		return s.Agent.ID
	}
	return s.Agent.Name
}
