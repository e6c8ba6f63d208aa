package sqlite

import (
	"reflect"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

func TestSignsComeBack(t *testing.T) {
	t.Parallel()
	f := func(g model.Signs, a model.Agent) {
		t.Helper()
		var back model.Signs
		named := model.Agent{ID: a.ID, Name: a.Name} // which have columns
		if err := unpackSigns(packSigns(&g, &a), &back, &named); err != nil || back != g || named != a {
			t.Errorf("%+v of %+v came back as %+v of %+v, %v", g, a, back, named, err)
		}
	}
	f(model.Signs{}, model.Agent{})
	f(model.Signs{}, model.Agent{ID: "a", Name: "b"})
	f(model.Signs{Outcome: model.OutcomeFailed, Reason: "gave up", Fault: "rate_limit", Call: 1 << 63, Result: 7}, model.Agent{Framework: "f", Version: "2"})
	f(model.Signs{Finish: model.FinishLength, Empty: true, GaveUp: true}, model.Agent{Version: "2"})
	f(model.Signs{Refused: true, Failed: true, Result: 1}, model.Agent{})
}

func TestFactsComeBack(t *testing.T) {
	t.Parallel()
	f := func(e model.Event, own model.Own) {
		t.Helper()
		row := model.Event{Agent: model.Agent{ID: e.Agent.ID}, Execution: e.Execution, Organization: e.Organization}
		if err := unpackFacts(packFacts(&e, &own), &row); err != nil {
			t.Fatal(err)
		}
		if got := ownOfEvent(&row); !reflect.DeepEqual(got, own) || !reflect.DeepEqual(row.Report, e.Report) {
			t.Errorf("%+v and %+v came back as %+v and %+v", own, e.Report, got, row.Report)
		}
	}
	f(model.Event{}, model.Own{})
	told := model.Event{Agent: model.Agent{ID: "a", Name: "A"}, Execution: "x", Organization: "o", Conversation: "c"}
	f(told, model.Own{})
	f(told, ownOfEvent(&told))
	f(told, model.Own{Agent: model.Agent{ID: "a"}, Execution: "x", Organization: "o"})
	f(told, model.Own{Agent: model.Agent{ID: "b", Name: "B", Framework: "f", Version: "1"}, Conversation: "d"})
	f(model.Event{Report: &model.Report{Outcome: model.OutcomeError, Reason: "why", Duration: -3 * time.Nanosecond, Timed: true,
		Usage: model.Usage{Input: 1, Output: 2, CacheRead: 3, CacheWrite: 4, Reasoning: 5}, Cost: model.Cost{Nanos: 6, Pricing: model.Reported},
		Tools:    []model.ReportedCall{{Name: "t", Duration: 7, Failed: true, Call: 1 << 63}, {}},
		Policies: []model.Policy{{Name: "p", Verdict: model.VerdictFlag, Reason: "r"}}}}, model.Own{})
	if packFacts(&model.Event{Agent: model.Agent{ID: "a"}, Execution: "x"}, &model.Own{Agent: model.Agent{ID: "a"}, Execution: "x"}) != nil {
		t.Error("what the columns say takes room again")
	}
}

func TestLoopsComeBack(t *testing.T) {
	t.Parallel()
	l := model.Loop{Kind: model.LoopError, Span: model.SpanID{1, 2}, Start: time.Unix(1e9, 0).UTC(), Count: 9,
		Usage: model.Usage{Input: 1, Reasoning: 2}, Cost: model.Cost{Nanos: -3, Pricing: model.Guessed}}
	if got, err := unpackLoop(l.Kind, packLoop(&l)); err != nil || got != l {
		t.Errorf("%+v came back as %+v, %v", l, got, err)
	}
	if _, err := unpackLoop(l.Kind, packLoop(&l)[:12]); err == nil {
		t.Error("half a loop was read")
	}
}

func FuzzFacts(f *testing.F) {
	f.Add(packFacts(&model.Event{Report: &model.Report{Reason: "x", Tools: []model.ReportedCall{{Name: "t"}}}}, &model.Own{Conversation: "c"}))
	f.Add(packSigns(&model.Signs{Reason: "r", Call: 5}, &model.Agent{Version: "1"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e model.Event
		if unpackFacts(data, &e) == nil {
			own := ownOfEvent(&e)
			var again model.Event
			if err := unpackFacts(packFacts(&model.Event{Report: e.Report}, &own), &again); err != nil {
				t.Errorf("what was read cannot be read again: %v", err)
			}
		}
		var g model.Signs
		_ = unpackSigns(data, &g, &model.Agent{})
	})
}
