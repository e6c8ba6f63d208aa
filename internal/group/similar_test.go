package group

import (
	"slices"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
)

func TestLike(t *testing.T) {
	t.Parallel()
	type issue struct{ typ, fault, culprit, value, frames string }
	traits := func(i issue) *Traits {
		tr := TraitsOf(i.typ, i.fault, i.culprit, "", i.value)
		tr.Frames = strings.Fields(i.frames)
		return &tr
	}
	f := func(what string, a, b issue, least, most float64, reason string) {
		t.Helper()
		x, y := traits(a), traits(b)
		got, back := x.Like(y), y.Like(x)
		if got.Score < least || got.Score > most {
			t.Errorf("%s: score %.2f, want %.2f to %.2f (%q)", what, got.Score, least, most, got.Reasons)
		}
		if got.Score != back.Score {
			t.Errorf("%s: %.3f one way and %.3f the other", what, got.Score, back.Score)
		}
		if !strings.Contains(strings.Join(got.Reasons, "; "), reason) {
			t.Errorf("%s: reasons %q, want one about %q", what, got.Reasons, reason)
		}
	}
	declined := issue{"*bill.DeclinedError", "", "charge", "card 4242 declined by the bank", "bill.charge bill.run main.main"}
	f("itself", declined, declined, 0.9, 1, "the text is the same")
	f("what varies", declined, issue{"*bill.DeclinedError", "", "charge", "card 1881 declined by the bank", ""}, 0.8, 0.95, "same type: *bill.DeclinedError")
	f("moved code", declined, issue{"*bill.DeclinedError", "", "charge", "card 1 declined by the bank", "pay.charge pay.run main.main"}, 0.5, 0.8, "same culprit: charge")
	f("wrapped", declined, issue{"*fmt.wrapError", "", "refund", "refund 17: order of today: card 9 declined by the bank", "bill.charge bill.run bill.refund main.main"}, 0.5, 0.9, "within that of the other")
	f("the same place", declined, issue{"*net.OpError", "", "charge", "connection reset by peer", "bill.charge bill.run main.main"}, 0.3, 0.49, "3 of 3 functions")
	f("the same door only", declined, issue{"*net.OpError", "", "mail", "connection reset by peer", "mail.send mail.run main.main"}, 0, 0.2, "")
	f("the same type only", declined, issue{"*bill.DeclinedError", "", "mail", "too many attempts", "mail.send mail.run main.main"}, 0, 0.4, "same type")
	f("a type that says nothing", issue{typ: "*errors.errorString", value: "no such row"}, issue{typ: "*errors.errorString", value: "socket closed"}, 0, 0, "")
	f("typed agent errors", issue{"APIError", "rate_limit", "chat", "rate limit reached for gpt-4o: try again in 20s", ""},
		issue{"RateLimitError", "rate_limit", "chat", "Rate limit reached for requests, retry in 3s", ""}, 0.35, 0.8, "same agent error: rate_limit")
	f("nothing known", issue{}, issue{}, 0, 0, "")
	f("words that say nothing", issue{value: "failed to do it"}, issue{value: "it could not be"}, 0, 0, "")
	f("few words in common", issue{value: "invoice total mismatch"}, issue{value: "invoice number mismatch twice"}, 0.15, 0.5, "words in common: invoice, mismatch")
}

func TestFramesOfApplication(t *testing.T) {
	t.Parallel()
	b := &model.Batch{Events: []model.Event{{Kind: model.KindError, Platform: "python", Exceptions: []model.Exception{{Type: "ValueError", ParentID: -1, Frames: []model.Frame{
		{Module: "app.main", Function: "run", InApp: model.Yes}, {Module: "app.tools", Function: "call", InApp: model.Yes},
		{Module: "app.tools", Function: "call", InApp: model.Yes}, {Module: "requests.api", Function: "get", InApp: model.No},
	}}}}}}
	Assign(b)
	if got, want := Frames(&b.Events[0]), []string{"app.tools in call", "app.main in run"}; !slices.Equal(got, want) {
		t.Errorf("frames = %q, want %q", got, want)
	}
	if got := Frames(&model.Event{}); len(got) != 0 {
		t.Errorf("frames of an event without a stack = %q", got)
	}
}

func FuzzTraits(f *testing.F) {
	f.Add("card <4242> declined", "a < b > c", "ValueError")
	f.Fuzz(func(t *testing.T, a, b, typ string) {
		x, y := TraitsOf(typ, "", "", a, b), TraitsOf(typ, "", "", "", b)
		for _, l := range []Likeness{x.Like(&y), y.Like(&x), x.Like(&x)} {
			if l.Score < 0 || l.Score > 1 {
				t.Errorf("score %v of %q and %q", l.Score, a, b)
			}
		}
	})
}
