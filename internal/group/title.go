package group

import "relay.one/picket/internal/model"

// The most runes of what heads an issue.
const (
	maxTitle   = 100 // of a message, or of the value behind a type
	maxType    = 128
	maxValue   = 1024
	maxCulprit = 200
)

// entitle sets Title, Culprit, Type and Value.
func (g *grouper) entitle(e *model.Event) {
	e.Culprit = culprit(e)
	if g.main < 0 {
		text := orElse(e.Message, e.Template)
		e.Type, e.Value = "", cut(text, maxValue)
		e.Title = orElse(firstLine(text, maxTitle), "<unlabeled event>")
		return
	}
	x := &e.Exceptions[g.main]
	e.Value = cut(x.Value, maxValue)
	line := firstLine(x.Value, maxTitle)
	if x.Synthetic {
		e.Type = ""
		e.Title = "<unknown>"
		if f := crashFrame(stackOf(e)); f != nil && f.Function != "" {
			e.Title = cut(f.Function, maxCulprit)
		}
		return
	}
	e.Type = orElse(cut(x.Type, maxType), "Error")
	switch {
	case line == "":
		e.Title = e.Type
	case says(x.Type):
		e.Title = e.Type + ": " + line
	default:
		e.Title = line
	}
}

// says reports whether the type of an error says anything about it. In Go most errors
// are of types that only carry a text or wrap another error; the title of such an error
// is its text alone. The type still counts in the fingerprint, and stays in Event.Type.
func says(typ string) bool {
	switch typ {
	case "*errors.errorString", "*errors.joinError", "*fmt.wrapError", "*fmt.wrapErrors", "*fmt.fmtError",
		"*errors.fundamental", "*errors.withMessage", "*errors.withStack", "*errors.Error", "*errors.Err",
		"*xerrors.errorString", "*xerrors.wrapError", "*xerrors.noWrapError",
		"*errutil.leafError", "*errutil.withPrefix", "*withstack.withStack", "*withmessage.withMessage",
		"*eris.rootError", "*eris.wrapError", "*stacktrace.stacktrace", "*multierr.multiError",
		"*oops.OopsError", "oops.OopsError", "*trace.TraceErr":
		return false
	}
	return true
}

// culprit says where it happened: the transaction, else the frame, else the request's URL.
func culprit(e *model.Event) string {
	if e.Transaction != "" {
		return cut(e.Transaction, maxCulprit)
	}
	if len(e.Exceptions) > 0 && outermost(e).Synthetic {
		return ""
	}
	lang := languageOf(e.Platform)
	frames := stackOf(e)
	first := ""
	for i := len(frames) - 1; i >= 0; i-- {
		f := &frames[i]
		if f.InApp != model.Yes && first != "" {
			continue
		}
		place := frameCulprit(f, lang.of(f))
		if f.InApp == model.Yes && place != "" {
			return cut(place, maxCulprit)
		}
		first = orElse(first, place)
	}
	return cut(orElse(first, e.Request.URL), maxCulprit)
}

func frameCulprit(f *model.Frame, l language) string {
	function := orElse(f.Function, "?")
	file := orElse(f.Module, f.Filename)
	switch {
	case l == native:
		return function
	case file == "":
		return ""
	case l.script():
		return function + "(" + file + ")"
	}
	return file + " in " + function
}

// firstLine returns the first line of text that is not blank, of at most limit runes.
func firstLine(text string, limit int) string {
	line, _ := nextLine(text)
	return cut(line, limit)
}

// cut shortens text to limit runes, of which the last three are dots then. It never
// cuts a rune in two.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	short, n := 0, 0
	for i := range text {
		if n == limit-3 {
			short = i
		}
		if n++; n > limit {
			return text[:short] + "..."
		}
	}
	return text
}
