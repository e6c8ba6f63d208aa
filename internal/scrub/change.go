package scrub

import (
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"relay.one/picket/redact"
)

// Values are changed in place, by assigning to them, since fastjson's own Set finds
// only the first of several members under one key, and has to look for it. What is
// assigned must own nothing that another value owns as well: fastjson uses the memory
// of values again. And true, false and null must never be assigned to, as all trees
// share them.

// filtered is what takes the place of secret strings.
var filtered = *fastjson.MustParse(`"` + redact.Filtered + `"`)

// Names of rules, in the words of Sentry.
const (
	ruleName   = "@password:filter"
	ruleOwn    = "strip-fields" // the project's own names
	ruleCookie = "@anything:filter"
	ruleRemove = "@anything:remove"
	ruleCard   = "@creditcard:filter"
)

// blank clears what stands under a secret name as a whole.
func (w *walker) blank(key string, v *fastjson.Value) { w.blankBy(w.nameRule(key), v) }

// nameRule returns the rule that makes a name secret.
func (w *walker) nameRule(key string) string {
	if w.named && !redact.Key(key) && w.text.IsSensitive(key) {
		return ruleOwn
	}
	return ruleName
}

func (w *walker) blankBy(rule string, v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeString:
		s := view(v.GetStringBytes())
		if redact.Blank(s) {
			return
		}
		was := utf8.RuneCountInString(s)
		*v = filtered
		w.remark(was, redact.Mark{Rule: rule, End: len(redact.Filtered)})
	case fastjson.TypeNumber, fastjson.TypeObject, fastjson.TypeArray:
		w.remove(rule, v)
	}
}

// remove makes a value null.
func (w *walker) remove(rule string, v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeNull, fastjson.TypeTrue, fastjson.TypeFalse:
		return
	}
	*v = fastjson.Value{}
	w.remark(0, redact.Mark{Rule: rule})
}

// blankText is blank for values that are texts, whatever type they come in: headers,
// cookies, parameters, tags.
func (w *walker) blankText(rule string, v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeNumber:
		*v = filtered
		w.remark(0, redact.Mark{Rule: rule, End: len(redact.Filtered)})
	case fastjson.TypeArray:
		w.path = append(w.path, step{list: true})
		at := len(w.path) - 1
		for i, e := range v.GetArray() {
			w.path[at].index = i
			w.blankBy(rule, e)
		}
		w.path = w.path[:at]
	default:
		w.blankBy(rule, v)
	}
}

// str clears a string by patterns, and by names if it is JSON.
func (w *walker) str(v *fastjson.Value, r *redact.Rules) { w.edit(v, r.AppendJSON) }

// editor is one of the Append methods of redact.Rules.
type editor func(dst []byte, marks []redact.Mark, s string) ([]byte, []redact.Mark)

// edit changes a string.
func (w *walker) edit(v *fastjson.Value, f editor) {
	s := view(v.GetStringBytes())
	if len(s) < 4 {
		return
	}
	out, marks := f(w.buf[:0], w.marks[:0], s)
	if len(marks) == 0 {
		return
	}
	w.buf, w.marks = out, marks
	was := utf8.RuneCountInString(s)
	inCharacters(marks, out)
	*v = *newString(out)
	w.remark(was, marks...)
}

// inCharacters turns the offsets of marks from bytes into characters.
func inCharacters(marks []redact.Mark, s []byte) {
	bytes, chars := 0, 0
	for i := range marks {
		m := &marks[i]
		start := chars + utf8.RuneCount(s[bytes:m.Start])
		chars = start + utf8.RuneCount(s[m.Start:m.End])
		bytes = m.End
		m.Start, m.End = start, chars
	}
}

// newString returns a string of its own. An arena does not serve: it quotes in Go's
// way, which is not JSON's, and uses the memory of its values again.
func newString(s []byte) *fastjson.Value {
	quoted := make([]byte, 0, len(s)+8)
	quoted = append(quoted, '"')
	for _, c := range s {
		if c == '"' || c == '\\' {
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, c)
	}
	v, err := fastjson.ParseBytes(append(quoted, '"'))
	if err != nil {
		return &filtered // unreachable: what is quoted parses
	}
	return v
}

// number removes what is a card's number.
func (w *walker) number(v *fastjson.Value) {
	w.buf = v.MarshalTo(w.buf[:0])
	if len(w.buf) >= 15 && redact.CardNumber(string(w.buf)) {
		w.remove(ruleCard, v)
	}
}

// maxRemarks bounds what is written into one _meta, so that its nodes stay quick to find.
const maxRemarks = 100

// remark writes into _meta what was done to the value at the path: the marks with
// their offsets in characters, and how long the text was; 0 if that is not told.
// A mark without an end tells of a removal.
func (w *walker) remark(was int, marks ...redact.Mark) {
	if w.quiet || w.remarks >= maxRemarks || w.unmarkable() {
		return
	}
	a := w.arena
	node := w.node()
	list := node.Get("rem")
	if list.GetArray() == nil {
		list = a.NewArray()
		node.Set("rem", list)
	}
	for _, m := range marks {
		if w.remarks++; w.remarks > maxRemarks {
			break
		}
		r := a.NewArray()
		r.SetArrayItem(0, a.NewString(m.Rule))
		if m.End == 0 {
			r.SetArrayItem(1, a.NewString("x"))
		} else {
			r.SetArrayItem(1, a.NewString("s"))
			r.SetArrayItem(2, a.NewNumberInt(m.Start))
			r.SetArrayItem(3, a.NewNumberInt(m.End))
		}
		list.SetArrayItem(len(list.GetArray()), r)
	}
	if was > 0 && node.Get("len") == nil {
		node.Set("len", a.NewNumberInt(was))
	}
}

// unmarkable reports whether the path has an empty key: in _meta that is where facts
// stand.
func (w *walker) unmarkable() bool {
	for _, s := range w.path[w.base:] {
		if s.key == "" && !s.list {
			return true
		}
	}
	return false
}

// node returns the node of _meta for the value at the path, made if need be.
func (w *walker) node() *fastjson.Value {
	n := w.child(w.root, "_meta")
	for _, s := range w.path[w.base:] {
		key := s.key
		if s.list {
			key = strconv.Itoa(s.index)
		}
		n = w.child(n, key)
	}
	return w.child(n, "")
}

func (w *walker) child(v *fastjson.Value, key string) *fastjson.Value {
	if c := v.Get(key); c.GetObject() != nil {
		return c
	}
	c := w.arena.NewObject()
	v.Set(key, c)
	return c
}

// meta clears what a client wrote into _meta: originals go, the rest is cleared by
// patterns, and what has no business there goes too.
func (w *walker) meta(v *fastjson.Value) {
	w.quiet = true
	w.metaNode(v)
	w.quiet = false
}

func (w *walker) metaNode(v *fastjson.Value) {
	o := v.GetObject()
	if o == nil {
		w.remove("", v)
		return
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		if len(key) > 0 {
			w.metaNode(v)
			return
		}
		w.metaFacts(v)
	})
}

func (w *walker) metaFacts(v *fastjson.Value) {
	o := v.GetObject()
	if o == nil {
		w.remove("", v)
		return
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "rem", "err":
			w.patterns(v, &w.message)
		case "len":
			w.fixed("len", v)
		default:
			w.remove("", v)
		}
	})
}
