package pipeline

import (
	"slices"

	"relay.one/picket/internal/filter"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/wire"
)

// Filters returns the filters by which events are outcast out.
func (p *Pipeline) Filters() *filter.Sets { return p.filters }

// newFilters returns the filters of the pipeline's settings, and counts what they fail on.
func (p *Pipeline) newFilters() *filter.Sets {
	return filter.NewSets(p.settings, func(expression string) {
		p.counters.set.GetOrCreateCounter(`picket_filter_errors_total{expression="` + expression + `"}`).Inc()
	})
}

// filter takes out of the batch, and of the documents that it was decoded from, what nobody
// wants, with everything that came along with it. It costs nothing where nothing is
// filtered, and changes nothing that stays.
func (p *Pipeline) filter(docs *sentry.Documents, b *model.Batch) {
	m := docs.Meta()
	e := p.settings.Of(m.Org, m.Project)
	if e.Filters.Empty() {
		return
	}
	s := sieve{Batch: b, docs: docs, set: p.filters.Of(e)}
	s.judge()
	if len(s.out) > 0 {
		s.clear()
	}
}

// sieve takes things out of one batch.
type sieve struct {
	*model.Batch
	docs *sentry.Documents
	set  *filter.Set
	out  []outcast
}

// outcast is what was judged to go.
type outcast struct {
	event   model.EventID
	trace   model.TraceID // of a transaction: spans beside it go along
	segment model.SpanID  // its root span: those that name another one do not
	reason  string
}

// judge asks about every event, and about what stands for a transaction where there is
// none: the first span of a service.
func (s *sieve) judge() {
	for i := range s.Events {
		e := &s.Events[i]
		reason := s.set.Why(&filter.Subject{Batch: s.Batch, Event: e, Root: s.docs.Root(e.ID)})
		if reason == "" {
			continue
		}
		t := outcast{event: e.ID, reason: reason}
		if e.Kind == model.KindTransaction {
			t.trace, t.segment = e.Trace, e.Span
		}
		s.out = append(s.out, t)
	}
	for i := range s.Spans {
		if x := &s.Spans[i]; x.Event.IsZero() && x.Segment {
			if reason := s.set.Why(&filter.Subject{Batch: s.Batch, Span: x}); reason != "" {
				s.out = append(s.out, outcast{trace: x.Trace, segment: x.ID, reason: reason})
			}
		}
	}
}

// why returns the reason for which an event goes; empty when it stays.
func (s *sieve) why(event model.EventID) string {
	for i := range s.out {
		if s.out[i].event == event && !event.IsZero() {
			return s.out[i].reason
		}
	}
	return ""
}

// whySpan returns the reason for which a span goes: that of its transaction, or of the one
// beside it.
func (s *sieve) whySpan(x *model.Span) string {
	if !x.Event.IsZero() {
		return s.why(x.Event)
	}
	of := x.Attributes.Get("sentry.segment.id")
	for i := range s.out {
		t := &s.out[i]
		if t.trace == x.Trace && !x.Trace.IsZero() && (of == "" || of == t.segment.String()) {
			return t.reason
		}
	}
	return ""
}

// clear takes out what was judged to go, and counts it.
func (s *sieve) clear() {
	s.reports()
	s.Events = slices.DeleteFunc(s.Events, func(e model.Event) bool { return s.count(categoryOf(e.Kind), s.why(e.ID)) })
	s.Spans = slices.DeleteFunc(s.Spans, func(x model.Span) bool { return s.count(wire.CategorySpan, s.whySpan(&x)) })
	s.Attachments = slices.DeleteFunc(s.Attachments, func(a model.Attachment) bool { return s.count(wire.CategoryAttachment, s.why(a.Event)) })
	s.docs.Leave(s.Batch)
}

// reports has what users wrote about the events of the envelope go with them, where none of
// those is left.
func (s *sieve) reports() {
	reason := ""
	for i := range s.docs.Items {
		if doc := &s.docs.Items[i]; doc.IsEvent() && doc.Kind != sentry.DocFeedback {
			if reason = s.why(doc.ID); reason == "" {
				return
			}
		}
	}
	for i := range s.docs.Items {
		doc := &s.docs.Items[i]
		if kind, _ := doc.Original(); kind == sentry.DocUserReport && reason != "" && s.why(doc.ID) == "" {
			s.out = append(s.out, outcast{event: doc.ID, reason: reason})
		}
	}
}

// count counts one that goes and reports whether it does.
func (s *sieve) count(category, reason string) bool {
	if reason == "" {
		return false
	}
	for i := range s.Discards {
		if d := &s.Discards[i]; d.Category == category && d.Reason == reason && d.Source == "server" {
			d.Quantity++
			return true
		}
	}
	s.Discards = append(s.Discards, model.Discard{Category: category, Reason: reason, Source: "server", Quantity: 1})
	return true
}
