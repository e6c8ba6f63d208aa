package price

import (
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
	f(known, reported)
	known.Provider = "openrouter"
	f(known, reported)
	known.Provider, known.Model = "acme", "secret-9"
	f(known, reported)
	known.Usage = model.Usage{}
	f(known, reported)
	f(model.Span{Kind: model.SpanModel, Model: "secret-9", Usage: model.Usage{Output: 1}}, model.Cost{Pricing: model.Unpriced})
	f(model.Span{Kind: model.SpanTool, Provider: "openai", Model: "gpt-4o", Usage: model.Usage{Input: 1000}}, model.Cost{})
}
