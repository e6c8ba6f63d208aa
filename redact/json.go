package redact

import "strings"

// maxLevel is how deep JSON inside strings of JSON is read.
const maxLevel = 4

// maxDepth is how deep arrays and objects may nest in what is read as JSON.
const maxDepth = 200

// AppendJSON is AppendText for what may be JSON. A text that is an object, an array
// or a string is cleared by the names in it, keeping its form; what does not parse
// is cleared as a text.
func (r *Rules) AppendJSON(dst []byte, marks []Mark, s string) ([]byte, []Mark) {
	return r.appendJSON(dst, marks, s, 0)
}

func (r *Rules) appendJSON(dst []byte, marks []Mark, s string, level int) ([]byte, []Mark) {
	if level >= maxLevel || !LooksJSON(s) {
		return r.AppendText(dst, marks, s)
	}
	e := editor{rules: r, out: dst, marks: marks, zero: len(dst), src: s, level: level}
	if e.document() {
		return e.finish()
	}
	out, found := r.AppendText(dst, marks, s)
	if len(found) > len(marks) {
		out, found = r.mended(out, found, len(dst), len(marks), level)
	}
	return out, found
}

// document clears src if it is one JSON document.
func (e *editor) document() bool {
	i, ok := e.value(e.space(0), 0)
	return ok && e.space(i) == len(e.src)
}

// mended clears out[zero:] once more, since what was no JSON may have become so with
// a secret gone. The marks from the kept ones on are then one.
func (r *Rules) mended(out []byte, marks []Mark, zero, kept, level int) ([]byte, []Mark) {
	e := editor{rules: r, src: string(out[zero:]), level: level}
	if !e.document() || !e.dirty {
		return out, marks
	}
	again, _ := e.finish()
	marks = append(marks[:kept], Mark{Rule: marks[kept].Rule, End: len(again)})
	return append(out[:zero], again...), marks
}

// LooksJSON reports whether s begins like a JSON object, array or string.
func LooksJSON(s string) bool {
	for i := 0; i < len(s); i++ {
		if isSpace(s[i]) {
			continue
		}
		return s[i] == '{' || s[i] == '[' || s[i] == '"'
	}
	return false
}

// The methods below read one thing at src[i] and return where it ends, and false if
// it is not JSON.

func (e *editor) space(i int) int {
	for i < len(e.src) && isSpace(e.src[i]) {
		i++
	}
	return i
}

// value clears the value at src[i].
func (e *editor) value(i, depth int) (int, bool) {
	if i >= len(e.src) || depth > maxDepth {
		return i, false
	}
	switch e.src[i] {
	case '{':
		return e.object(i, depth)
	case '[':
		return e.array(i, depth, false)
	case '"':
		end, escaped, ok := e.str(i)
		if ok && !e.skipping {
			e.content(i+1, end-1, escaped)
		}
		return end, ok
	}
	end, ok := e.scalar(i)
	if ok && !e.skipping && CardNumber(e.src[i:end]) {
		e.replace(i, end, "null", ruleNames[ruleCard].filter)
	}
	return end, ok
}

// object clears the members of an object by their names.
func (e *editor) object(i, depth int) (int, bool) {
	i = e.space(i + 1)
	if i < len(e.src) && e.src[i] == '}' {
		return i + 1, true
	}
	called := false // a member names a secret, which stands under "value"
	for {
		name, at, ok := e.memberName(i)
		if !ok {
			return at, false
		}
		called = called || isNaming(name) && e.names(at)
		secret := name == "value" && (called || e.namedBehind(at))
		if i, ok = e.member(name, secret, at, depth); !ok {
			return i, false
		}
		if i = e.space(i); i >= len(e.src) {
			return i, false
		}
		switch e.src[i] {
		case '}':
			return i + 1, true
		case ',':
			i = e.space(i + 1)
		default:
			return i, false
		}
	}
}

// memberName reads a member's name at src[i] and returns where its value begins.
func (e *editor) memberName(i int) (name string, at int, ok bool) {
	if i >= len(e.src) || e.src[i] != '"' {
		return "", i, false
	}
	end, escaped, ok := e.str(i)
	if !ok {
		return "", i, false
	}
	name = e.plainText(i+1, end-1, escaped)
	if i = e.space(end); i >= len(e.src) || e.src[i] != ':' {
		return "", i, false
	}
	at = e.space(i + 1)
	return name, at, at < len(e.src)
}

// plainText returns what the inside of a string, src[from:to], means.
func (e *editor) plainText(from, to int, escaped bool) string {
	if !escaped || e.skipping {
		return e.src[from:to]
	}
	var buf [64]byte
	return string(unescape(buf[:0], e.src[from:to]))
}

// member clears the value at src[i] by its name.
func (e *editor) member(name string, secret bool, i, depth int) (int, bool) {
	if e.skipping {
		return e.value(i, depth+1)
	}
	container := e.src[i] == '{' || e.src[i] == '['
	safe := !container && e.rules.IsSafe(name)
	if !safe && !secret && !e.rules.Key(name) {
		return e.value(i, depth+1)
	}
	end, ok := e.skip(i, depth+1)
	if ok && !safe {
		e.hide(i, end)
	}
	return end, ok
}

// hide clears src[i:end], a value under a secret name.
func (e *editor) hide(i, end int) {
	switch c := e.src[i]; {
	case c == '"':
		e.blank(i+1, end-1)
	case c != 't' && c != 'f' && c != 'n':
		e.replace(i, end, "null", ruleNames[ruleName].filter)
	}
}

// isNaming reports whether a member tells the name of what is in the member "value".
func isNaming(name string) bool { return name == "name" || name == "key" }

// names reports whether the string at src[i], if it is one, is the name of a secret.
func (e *editor) names(i int) bool {
	if e.skipping || e.src[i] != '"' {
		return false
	}
	end, escaped, ok := e.str(i)
	return ok && e.rules.Names(e.plainText(i+1, end-1, escaped))
}

// Names reports whether s, a value beside another, is the name of a secret: Key, but
// not for what is a sentence.
func (r *Rules) Names(s string) bool {
	const longest = 64
	return len(s) <= longest && strings.IndexByte(s, ' ') < 0 && r.Key(s)
}

// namedBehind is for objects that tell the name behind the value, which is at src[i]:
// it reports whether the next member, or the one after it, names a secret.
func (e *editor) namedBehind(i int) bool {
	for range 3 {
		if e.skipping || e.src[i] == '{' || e.src[i] == '[' {
			return false
		}
		end, ok := e.skip(i, maxDepth)
		if end = e.space(end); !ok || end >= len(e.src) || e.src[end] != ',' {
			return false
		}
		name, at, ok := e.memberName(e.space(end + 1))
		if !ok {
			return false
		}
		if isNaming(name) && e.names(at) {
			return true
		}
		i = at
	}
	return false
}

// array clears the elements of an array. One inside another may be a [name, value],
// and a flag such as --password makes the string behind it secret.
func (e *editor) array(i, depth int, inside bool) (int, bool) {
	i = e.space(i + 1)
	if i < len(e.src) && e.src[i] == ']' {
		return i + 1, true
	}
	secret := false // the next element is
	for n := 0; ; n++ {
		from := i
		var ok bool
		if i, ok = e.element(i, depth+1, secret); !ok {
			return i, false
		}
		secret = !e.skipping && (e.isFlag(from, i) || inside && n == 0 && e.names(from) && e.oneMore(i, depth))
		if i = e.space(i); i >= len(e.src) {
			return i, false
		}
		switch e.src[i] {
		case ']':
			return i + 1, true
		case ',':
			i = e.space(i + 1)
		default:
			return i, false
		}
	}
}

// element clears the element of an array at src[i].
func (e *editor) element(i, depth int, secret bool) (int, bool) {
	switch {
	case i < len(e.src) && secret:
		end, ok := e.skip(i, depth)
		if ok {
			e.hide(i, end)
		}
		return end, ok
	case i < len(e.src) && e.src[i] == '[' && depth <= maxDepth:
		return e.array(i, depth, true)
	}
	return e.value(i, depth)
}

// isFlag reports whether src[from:to] is a string such as --password.
func (e *editor) isFlag(from, to int) bool {
	const shortest = len(`"-pwd"`)
	if to-from < shortest || e.src[from+1] != '-' || e.src[from] != '"' {
		return false
	}
	flag := e.src[from+1 : to-1]
	return e.rules.Flag(flag)
}

// Flag reports whether s is a flag on a command line whose value, the next word, is
// secret: --password.
func (r *Rules) Flag(s string) bool {
	return len(s) >= 4 && s[0] == '-' && strings.IndexByte(s, '=') < 0 && r.Names(s)
}

// oneMore reports whether exactly one element follows behind src[i]. Deep down it
// does not look through containers, which would be read once for every level.
func (e *editor) oneMore(i, depth int) bool {
	const deep = 8
	if i = e.space(i); i >= len(e.src) || e.src[i] != ',' {
		return false
	}
	i = e.space(i + 1)
	if i >= len(e.src) || depth > deep && (e.src[i] == '[' || e.src[i] == '{') {
		return false
	}
	end, ok := e.skip(i, depth)
	end = e.space(end)
	return ok && end < len(e.src) && e.src[end] == ']'
}

// content clears the inside of a string, src[from:to].
func (e *editor) content(from, to int, escaped bool) {
	s := e.src[from:to]
	if !escaped && !LooksJSON(s) {
		e.text(from, to)
		return
	}
	if len(s) < shortest {
		return
	}
	plain := s
	if escaped {
		plain = string(unescape(make([]byte, 0, len(s)), s))
	}
	out, marks := e.rules.appendJSON(nil, nil, plain, e.level+1)
	if len(marks) > 0 {
		e.replace(from, to, string(escape(nil, out)), marks[0].Rule)
	}
}

// skip reads a value without changing it.
func (e *editor) skip(i, depth int) (int, bool) {
	e.skipping = true
	end, ok := e.value(i, depth)
	e.skipping = false
	return end, ok
}
