package sqlite

import (
	"fmt"

	"relay.one/picket/internal/model"
)

// insertPlain writes a span that is no call and no evaluation, and says nothing of an
// agent; insertCall any span. Most spans are plain, and every column bound costs.
const (
	insertPlain = `INSERT OR IGNORE INTO spans_@ (trace, id, project, parent, start, duration, op, name, status, kind, segment,
	release, environment, user, agent, agent_name, execution, conversation, organization, block, offset, length, signs)
	VALUES (?,?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?, ?)`
	insertCall = `INSERT OR IGNORE INTO spans_@ (trace, id, project, parent, start, duration, op, name, status, kind, segment,
	release, environment, user, agent, agent_name, execution, conversation, organization, block, offset, length, signs,
	provider, model, tool, error_type, policy, verdict, reason, input, output, cache_read, cache_write, reasoning, cost, pricing)
	VALUES (?,?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`
)

// writeSpans stores the batch's spans. Those of a transaction that was there
// already are there, too, if on another day, and change nothing.
func (w *batchWriter) writeSpans() error {
	blobs := make([]pointer, len(w.SpanBlobs)) // kept once a span needs it
	event := 0                                 // the one that the last span came in
	for i := range w.Spans {
		s := &w.Spans[i]
		if s.Blob < 0 {
			if event = w.eventOf(s, event); event < len(w.stored) && !w.stored[event] {
				continue
			}
		}
		if w.isLeftOut(i) {
			continue
		}
		at, err := w.spanPayload(s, event, blobs)
		if err != nil {
			return err
		}
		dw, err := w.dayWriter(dayOf(s.Start))
		if err != nil {
			return err
		}
		if err := dw.insertSpan(w.Batch, i, at); err != nil {
			return fmt.Errorf("write span %s of trace %s: %w", s.ID, s.Trace, err)
		}
		if w.c.Changes() == 0 {
			continue
		}
		w.spanStored[i] = true
		w.strandOf(s.Trace, "").stored++
		w.spans++
	}
	return nil
}

// eventOf returns the index of the transaction that a span came in, looking at
// the likely one first; len(w.Events) when it is not there.
func (w *batchWriter) eventOf(s *model.Span, likely int) int {
	if likely < len(w.Events) && w.Events[likely].ID == s.Event {
		return likely
	}
	for i := range w.Events {
		if w.Events[i].ID == s.Event {
			return i
		}
	}
	return len(w.Events)
}

// spanPayload returns where the payload that holds the span stands. The span's
// row keeps the payload's day apart from its own: they differ around midnight.
func (w *batchWriter) spanPayload(s *model.Span, event int, blobs []pointer) (pointer, error) {
	if s.Blob < 0 {
		if event < len(w.pointers) && near(w.pointers[event].day, dayOf(s.Start)) {
			return w.pointers[event], nil
		}
		return pointer{}, nil // not known, or months off its transaction: no payload
	}
	if w.Omitted != model.NotOmitted {
		return omitted(0, 0, w.Omitted), nil
	}
	at, day := &blobs[s.Blob], dayOf(s.Start)
	if at.length == 0 || !near(at.day, day) {
		var err error
		if *at, err = w.keep(day, w.SpanBlobs[s.Blob].Payload); err != nil {
			return pointer{}, err
		}
	}
	return *at, nil
}

// ownOf returns what span i says of itself.
func ownOf(b *model.Batch, i int) model.Own {
	if b.OwnSpans != nil {
		return b.OwnSpans[i]
	}
	s := &b.Spans[i]
	return model.Own{Kind: s.Kind, Agent: s.Agent, Execution: s.Execution, Conversation: s.Conversation,
		Organization: s.Organization, User: s.User, ErrorType: s.ErrorType, Usage: s.Usage, Cost: s.Cost}
}

// isPlain reports whether the columns of insertPlain hold all that the span says of
// itself.
func isPlain(s *model.Span, own *model.Own) bool {
	return own.Kind == model.SpanOther && s.Policy == model.Policy{} && own.ErrorType == statusError(s)
}

// statusError is the type of error of a span that says no more of it than its status.
func statusError(s *model.Span) string {
	if s.Status.Failed() {
		return s.Status.String()
	}
	return ""
}

func (d *dayWriter) insertSpan(b *model.Batch, i int, at pointer) error {
	s, own := &b.Spans[i], ownOf(b, i)
	plain := isPlain(s, &own)
	bind := &binder{stmt: d.calls}
	if plain {
		bind.stmt = d.plain
	}
	bind.blob(s.Trace[:]).blob(s.ID[:]).int(int64(b.Project)).span(s.Parent)
	bind.int(micros(s.Start)).int(s.Duration.Microseconds()).text(s.Op).text(s.Name)
	bind.int(int64(s.Status)).int(int64(own.Kind)).int(packSegment(s, own.Kind))
	bind.text(s.Release).text(s.Environment).text(own.User.Key()).text(own.Agent.ID).text(own.Agent.Name)
	bind.text(own.Execution).text(own.Conversation).text(own.Organization)
	bind.int(packBlock(at, dayOf(s.Start))).int(at.offset).int(at.length)
	switch signs := packSigns(&s.Signs, &own.Agent); {
	case signs != nil:
		bind.blob(signs)
	case b.OwnSpans != nil || !plain:
		bind.int(1)
	default:
		bind.null()
	}
	if plain {
		return bind.run()
	}
	bind.text(s.Provider).text(s.Model).text(s.Tool).text(own.ErrorType)
	bind.text(s.Policy.Name).int(int64(s.Policy.Verdict)).text(s.Policy.Reason)
	bind.int(own.Usage.Input).int(own.Usage.Output).int(own.Usage.CacheRead).int(own.Usage.CacheWrite).int(own.Usage.Reasoning)
	return bind.int(own.Cost.Nanos).int(int64(own.Cost.Pricing)).run()
}

// packSegment puts whether the span is a segment and the rate that it was sampled at
// into one number, that where it matters: on what may be a transaction or an execution.
func packSegment(s *model.Span, own model.SpanKind) int64 {
	rate := int64(0)
	if s.Segment || own == model.SpanAgent {
		rate = int64(s.SampleRate)
	}
	return rate<<1 | flag(s.Segment)
}

// near reports whether packBlock can tell one day from the other.
func near(a, b int64) bool { return a-b < 32 && b-a < 32 }

// packBlock puts a block's id and the days between the span's day and the
// block's into one number: id times 64, plus the difference plus 32. The days are
// near each other.
func packBlock(at pointer, day int64) int64 {
	if at.block == 0 {
		return 0
	}
	return at.block<<6 | (at.day-day+32)&63
}

// unpackBlock is the other way round.
func unpackBlock(packed, day, offset, length int64) pointer {
	return pointer{day: day + packed&63 - 32, block: packed >> 6, offset: offset, length: length}
}

func flag(v bool) int64 {
	if v {
		return 1
	}
	return 0
}
