package group

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"relay.one/picket/internal/model"
)

// Traits are what issues are compared by, see TraitsOf. Frames may be set afterwards,
// for a closer look.
type Traits struct {
	Type, Fault, Culprit string
	// Frames are the functions of the application that the latest event ran through, see Frames.
	Frames []string
	words  []string // what the error says, a sorted set
}

// TraitsOf returns the traits of an issue with that type, typed agent error, culprit,
// title and value, as Assign sets them. Of the text what varies is left out.
func TraitsOf(typ, fault, culprit, title, value string) Traits {
	if !says(typ) {
		typ = ""
	}
	return Traits{Type: typ, Fault: fault, Culprit: culprit, words: wordsOf(orElse(value, title))}
}

// Likeness says how like two issues are.
type Likeness struct {
	// Score is 1 for those that are alike in everything that is known, 0 for those that
	// share nothing.
	Score float64
	// Reasons say what they share, the weightiest first.
	Reasons []string
}

// What each trait weighs. Those that one of the two does not have say nothing.
const (
	textWeight    = 0.45
	framesWeight  = 0.40
	typeWeight    = 0.30
	culpritWeight = 0.15
	faultWeight   = 0.10
	allWeights    = textWeight + framesWeight + typeWeight + culpritWeight + faultWeight
)

// Like compares two issues. The order does not matter.
func (t *Traits) Like(o *Traits) Likeness {
	var l likeness
	if len(t.Frames) > 0 && len(o.Frames) > 0 {
		share, common := alikeFrames(t.Frames, o.Frames)
		l.add(framesWeight, share, func() string {
			return fmt.Sprintf("%d of %d functions of the application are the same", common, max(len(t.Frames), len(o.Frames)))
		})
	}
	if len(t.words) > 0 && len(o.words) > 0 {
		share, common, within := alikeWords(t.words, o.words)
		l.add(textWeight, share, func() string { return sameWords(common, within, share) })
	}
	l.same(typeWeight, "type", t.Type, o.Type)
	l.same(culpritWeight, "culprit", t.Culprit, o.Culprit)
	l.same(faultWeight, "agent error", t.Fault, o.Fault)
	return l.sum()
}

// likeness gathers what is known.
type likeness struct {
	known, shared float64
	reasons       []string
}

// toTell is how alike a trait must be to be named as a reason.
const toTell = 0.3

func (l *likeness) add(weight, share float64, reason func() string) {
	l.known += weight
	l.shared += weight * share
	if share >= toTell {
		l.reasons = append(l.reasons, reason())
	}
}

func (l *likeness) same(weight float64, what, a, b string) {
	if a == "" || b == "" {
		return
	}
	share := 0.0
	if a == b {
		share = 1
	}
	l.add(weight, share, func() string { return "same " + what + ": " + cut(a, maxType) })
}

// sum returns the share of what is known that is alike, less where little is known.
func (l *likeness) sum() Likeness {
	if l.known == 0 {
		return Likeness{}
	}
	const least = 0.6
	return Likeness{Score: l.shared / l.known * (least + (1-least)*l.known/allWeights), Reasons: l.reasons}
}

// sameWords says what two texts share.
func sameWords(common []string, within bool, share float64) string {
	switch {
	case share == 1:
		return "the text is the same, but for what varies"
	case within:
		return "the text of one is within that of the other"
	}
	const most = 6
	text := strings.Join(common[:min(most, len(common))], ", ")
	if len(common) > most {
		text += " and more"
	}
	return "words in common: " + text
}

// alikeWords returns how alike two sets are, what they share, and whether one is within
// the other: an error that was wrapped on one of its ways.
func alikeWords(a, b []string) (share float64, common []string, within bool) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i], b[j]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			common = append(common, a[i])
			i, j = i+1, j+1
		}
	}
	const enough, ofWithin = 3, 0.8
	share = float64(len(common)) / float64(len(a)+len(b)-len(common))
	within = len(common) >= enough && len(common) == min(len(a), len(b))
	if within {
		share = max(share, ofWithin)
	}
	return share, common, within
}

// alikeFrames returns how alike two stacks are, and how many functions they share. The
// nearer to the crash, the more a function counts: all requests of a service come
// through the same ones at the other end.
func alikeFrames(a, b []string) (share float64, common int) {
	weight := func(i int) float64 { return 1 / float64(i+1) }
	shared, all := 0.0, 0.0
	for i, name := range a {
		j := slices.Index(b, name)
		if j < 0 {
			all += weight(i)
			continue
		}
		common++
		shared += weight(max(i, j))
		all += weight(min(i, j))
	}
	for j, name := range b {
		if !slices.Contains(a, name) {
			all += weight(j)
		}
	}
	return shared / all, common
}

// maxTraitFrames is the most frames that are compared.
const maxTraitFrames = 16

// Frames returns the functions of the application that an event ran through, that of
// the crash first and each once, of an event that Assign has seen.
func Frames(e *model.Event) []string {
	var out []string
	lang := languageOf(e.Platform)
	frames := stackOf(e)
	for i := len(frames) - 1; i >= 0 && len(out) < maxTraitFrames; i-- {
		f := &frames[i]
		if f.InApp != model.Yes {
			continue
		}
		name := orElse(frameCulprit(f, lang.of(f)), f.Function)
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// wordsOf returns the words of a text but for those that vary or say nothing, in lower
// case, as a sorted set.
func wordsOf(text string) []string {
	known := string(normalise(nil, text))
	var words []string
	for len(known) > 0 {
		piece, rest, _ := strings.Cut(known, "<")
		words = append(words, strings.FieldsFunc(strings.ToLower(piece), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' })...)
		if end := strings.IndexAny(rest, "> "); end >= 0 && rest[end] == '>' {
			rest = rest[end+1:] // a placeholder
		}
		known = rest
	}
	words = slices.DeleteFunc(words, func(w string) bool { return len(w) < 2 || slices.Contains(empty, w) })
	slices.Sort(words)
	return slices.Compact(words)
}

// empty are words that errors of all kinds have.
var empty = []string{"an", "and", "are", "as", "at", "be", "by", "can", "could", "did", "do", "does", "error", "exception", "failed", "failure", "for", "from",
	"has", "have", "in", "is", "it", "not", "of", "on", "or", "that", "the", "this", "to", "was", "were", "while", "with"}
