package price

import (
	"fmt"
	"testing"

	"relay.one/picket/internal/model"
)

func TestApply(t *testing.T) {
	t.Parallel()
	f := func(s model.Span, want model.Cost) {
		t.Helper()
		s.Start = summer
		b := &model.Batch{Spans: []model.Span{s}}
		Apply(b, Default())
		if got := b.Spans[0].Cost; got != want {
			t.Errorf("%+v costs %+v, want %+v", s, got, want)
		}
	}
	known := model.Span{Kind: model.SpanModel, Provider: "openai", Model: "gpt-4o", Usage: model.Usage{Input: 1000}}
	f(known, model.Cost{Nanos: 2_500_000, Pricing: model.Priced})
	reported := model.Cost{Nanos: 7, Pricing: model.Reported}
	known.Cost = reported
	f(known, model.Cost{Nanos: 2_500_000, Pricing: model.Priced})
	known.Provider = "openrouter"
	f(known, reported)
	known.Provider, known.Model = "acme", "secret-9"
	f(known, reported)
	known.Usage = model.Usage{}
	f(known, reported)
	f(model.Span{Kind: model.SpanModel, Model: "secret-9", Usage: model.Usage{Output: 1}}, model.Cost{Pricing: model.Unpriced})
	f(model.Span{Kind: model.SpanTool, Provider: "openai", Model: "gpt-4o", Usage: model.Usage{Input: 1000}}, model.Cost{})
}

func TestApplySumsExecutions(t *testing.T) {
	t.Parallel()
	span := func(execution, name string) model.Span {
		return model.Span{Kind: model.SpanModel, Execution: execution, Provider: "openai", Model: name,
			Usage: model.Usage{Input: 1000}, Start: summer}
	}
	f := func(others int) {
		t.Helper()
		whole := model.Cost{Nanos: 5, Pricing: model.Reported}
		b := &model.Batch{
			Spans: []model.Span{span("a", "gpt-4o"), span("a", "gpt-4o"), span("a", "secret-9"), span("b", "gpt-4o"), span("", "gpt-4o")},
			Executions: []model.Execution{{ID: "a", ModelCalls: 3}, {ID: "b", ModelCalls: 1},
				{ID: "c", Cost: whole}},
		}
		for i := range others {
			b.Executions = append(b.Executions, model.Execution{ID: fmt.Sprint("other", i)})
		}
		for range 2 {
			Apply(b, Default())
		}
		x := b.Executions
		if want := (model.Cost{Nanos: 5_000_000, Pricing: model.Unpriced}); x[0].Cost != want || x[0].UnpricedCalls != 1 {
			t.Errorf("a costs %+v with %d unpriced, want %+v with 1", x[0].Cost, x[0].UnpricedCalls, want)
		}
		if want := (model.Cost{Nanos: 2_500_000, Pricing: model.Priced}); x[1].Cost != want {
			t.Errorf("b costs %+v, want %+v", x[1].Cost, want)
		}
		if x[2].Cost != whole {
			t.Errorf("c costs %+v, want %+v", x[2].Cost, whole)
		}
	}
	f(0)
	f(fewExecutions)
}
