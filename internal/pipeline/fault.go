package pipeline

import (
	"relay.one/picket/internal/fault"
	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// incidents are the kinds of fault that are one incident whatever the text says and
// whatever type the client wrapped it in. The others, such as an error of a tool, may be
// any fault of that kind, and are grouped by what they say as everywhere.
var incidents = map[fault.Kind]bool{
	fault.RateLimit: true, fault.Overloaded: true, fault.QuotaExceeded: true, fault.ContextLength: true, fault.ContentFilter: true,
	fault.Authentication: true, fault.ModelNotFound: true, fault.TurnLimit: true, fault.BudgetLimit: true, fault.ServerError: true,
	fault.ProviderTimeout: true,
}

// tellFaults names the typed agent errors in a batch: of error events, and of spans
// that failed.
func tellFaults(b *model.Batch) {
	for i := range b.Spans {
		s := &b.Spans[i]
		if !s.Status.Failed() && s.ErrorType == "" {
			continue
		}
		if f, ok := fault.Classify(signsOf(s)); ok {
			s.Signs.Fault = string(f.Kind)
		}
	}
	for i := range b.Events {
		if e := &b.Events[i]; e.Kind == model.KindError || e.Kind == model.KindMessage && e.Level >= model.LevelError {
			tellFault(e, spanOf(e))
		}
	}
}

// signsOf returns what a failed span says of its fault.
func signsOf(s *model.Span) fault.Signs {
	return fault.Signs{Type: s.ErrorType, Message: s.Attributes.Get("sentry.status.message", "error.message", "exception.message"),
		SpanOp: s.Op, SpanKind: s.Kind, Tool: s.Tool, Attributes: s.Attributes}
}

// spanOf returns what the event itself tells of the span that it happened in: its
// operation. The span may come in the same envelope or in another, and an error must not
// be another fault for that.
func spanOf(e *model.Event) *model.Span {
	s := &model.Span{Op: e.Op}
	switch e.Op {
	case wire.OpExecuteTool:
		s.Kind = model.SpanTool
	case wire.OpChat, "gen_ai.responses", "gen_ai.generate_content", "gen_ai.generate_text", "gen_ai.text_completion", "gen_ai.embeddings":
		s.Kind = model.SpanModel
	}
	return s
}

// tellFault names the fault of an event: the first of its exceptions, from the
// outermost inwards, that is one, else its message.
func tellFault(e *model.Event, s *model.Span) {
	signs := signsOf(s)
	for i := len(e.Exceptions) - 1; i >= 0; i-- {
		x := &e.Exceptions[i]
		signs.Type, signs.Message, signs.Module, signs.Mechanism = x.Type, x.Value, x.Module, x.Mechanism
		f, ok := fault.Classify(signs)
		if !ok {
			continue
		}
		if e.Fault == "" {
			e.Fault, e.FaultProvider = string(f.Kind), f.Provider
		}
		if incidents[f.Kind] {
			x.Fault = string(f.Kind) + "/" + f.Provider
		}
	}
	if len(e.Exceptions) > 0 {
		return
	}
	signs.Type, signs.Message = "", e.Message
	if f, ok := fault.Classify(signs); ok && incidents[f.Kind] {
		e.Fault, e.FaultProvider = string(f.Kind), f.Provider
	}
}
