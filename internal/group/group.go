// Package group decides which events are the same fault: it marks the frames that
// belong to the application, fingerprints the event, and finds the title and the
// culprit that head its issue. It follows Sentry's rules to the same classes of
// events, though not to the same hashes.
//
// What it adds is said where it is done: typed agent errors go by their kind and not by
// their text (model.Exception.Fault), Go's standard library and dependencies are
// not in-app whatever the SDK says (gomodule.go), messages are parameterised for what
// agents say (scan_agent.go), and errors without a type of their own get a title from
// their text (title.go).
package group

import "relay.one/picket/internal/model"

// Assign sets Title, Culprit, Type, Value, Handled and Hashes of every error, message
// and feedback in b, and settles InApp of every frame: Yes or No, never Unknown.
// Transactions stay as they are. Hashes has at least one entry, the most specific
// first: frames of the application before all frames. Any known hash means that issue.
//
// Value is the exception's value or the message. Type is the exception's type; it is
// empty for messages and feedback, and for exceptions whose type is a placeholder.
func Assign(b *model.Batch) {
	g := grouper{
		parts:     make([]byte, 0, 768),
		text:      make([]byte, 0, 768),
		frames:    make([]byte, 0, 512),
		appFrames: make([]byte, 0, 256),
	}
	for i := range b.Events {
		e := &b.Events[i]
		switch e.Kind {
		case model.KindTransaction:
		case model.KindFeedback:
			feedback(e)
		default:
			markInApp(e)
			g.assign(e)
		}
	}
}

// assign fills in e, whose frames are marked.
func (g *grouper) assign(e *model.Event) {
	g.read(e)
	g.entitle(e)
	e.Handled = handled(e.Exceptions)
	if hash, ok := checksum(e); ok {
		e.Hashes = []model.Hash{hash}
		return
	}
	entries := builtin(e)
	if entries == nil {
		entries = e.Fingerprint
	}
	switch kindOf(entries) {
	case custom:
		e.Hashes = []model.Hash{g.customHash(e, entries)}
	case hybrid:
		e.Hashes = g.salt(e, entries, g.hashes(e))
	default:
		e.Hashes = g.hashes(e)
	}
}

// feedback fills in what a user wrote: each is an issue of its own, and a second copy
// of the same one finds it.
func feedback(e *model.Event) {
	e.Title = firstLine(e.Message, maxTitle)
	if e.Title == "" {
		e.Title = "User Feedback"
	}
	e.Type, e.Value, e.Handled = "", cut(e.Message, maxValue), model.Unknown
	e.Culprit = culprit(e)
	text := append(make([]byte, 0, 64), feedbackTag)
	if e.ID.IsZero() {
		text = append(text, e.Message...)
	} else {
		text = append(text, e.ID[:]...)
	}
	e.Hashes = []model.Hash{sum(text)}
}

// handled says whether the error was caught: No if any exception of the chain was
// not. The AI integrations of Sentry's JavaScript SDKs report every error of a
// provider as unhandled, even when the application catches it and tries again, so
// theirs says nothing.
func handled(exceptions []model.Exception) model.Tristate {
	result := model.Unknown
	for i := range exceptions {
		x := &exceptions[i]
		switch {
		case x.Handled == model.No && fromAI(x.Mechanism):
		case x.Handled == model.No:
			return model.No
		case x.Handled == model.Yes:
			result = model.Yes
		}
	}
	return result
}

func fromAI(mechanism string) bool {
	const prefix = "auto.ai."
	return len(mechanism) >= len(prefix) && mechanism[:len(prefix)] == prefix
}
