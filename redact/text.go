package redact

// AppendText appends s without the secrets in it to dst, and what was replaced to
// marks. When there was nothing, both are returned as they came. The offsets of the
// marks count from the end of what dst held. It does not allocate but to grow dst
// and marks.
func (r *Rules) AppendText(dst []byte, marks []Mark, s string) ([]byte, []Mark) {
	if untriggered(s) {
		return dst, marks
	}
	e := editor{rules: r, out: dst, marks: marks, zero: len(dst), src: s}
	e.text(0, len(s))
	return e.finish()
}

// editor rewrites one text from left to right.
type editor struct {
	rules *Rules
	src   string
	out   []byte
	marks []Mark
	zero  int // where the new text begins in out
	done  int // how much of src is in out, as it was or replaced
	dirty bool
	level int // how deep this text lies in JSON inside JSON
	// skipping is set while JSON is read that does not change.
	skipping bool
}

// replace puts text where src[from:to] stood. Replacements come in order.
func (e *editor) replace(from, to int, text, rule string) {
	e.copyTo(from)
	start := len(e.out) - e.zero
	e.out = append(e.out, text...)
	e.marks = append(e.marks, Mark{Rule: rule, Start: start, End: len(e.out) - e.zero})
	e.done = to
}

func (e *editor) copyTo(at int) {
	e.out = append(e.out, e.src[e.done:at]...)
	e.done = at
	e.dirty = true
}

func (e *editor) finish() ([]byte, []Mark) {
	if e.dirty {
		e.copyTo(len(e.src))
	}
	return e.out, e.marks
}

// What a byte may be the sign of.
const (
	none uint8 = iota
	digit
	at
	colon
	equals
	hyphen
	underscore
	slash
	backslash
	letterA // AKIA, ASIA, AIza
	letterB // Bearer
	letterG // SG.
	letterJ // eyJ
)

// triggers finds the bytes on which a rule looks closer. Every rule has such a byte
// that is rare in ordinary text, so that most of a text costs one look-up a byte.
var triggers = func() (t [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		t[c] = digit
	}
	t['@'], t[':'], t['='], t['-'], t['_'], t['/'], t['\\'] = at, colon, equals, hyphen, underscore, slash, backslash
	t['A'], t['B'], t['b'], t['G'], t['J'] = letterA, letterB, letterB, letterG, letterJ
	return t
}()

// shortest is the length below which a text holds no secret: that of "pwd=x".
const shortest = 5

func untriggered(s string) bool {
	return len(s) < shortest || nextTrigger(s, 0) == len(s)
}

// nextTrigger returns where the next trigger stands, at i or behind; len(s) if there
// is none.
func nextTrigger(s string, i int) int {
	for ; i+4 <= len(s); i += 4 {
		if triggers[s[i]]|triggers[s[i+1]]|triggers[s[i+2]]|triggers[s[i+3]] != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if triggers[s[i]] != 0 {
			return i
		}
	}
	return len(s)
}

// text edits src[from:to]; rules do not look beyond.
func (e *editor) text(from, to int) {
	if to-from < shortest {
		return
	}
	s := e.src[:to]
	low := from // rules do not look back over this: the start, or the last replacement
	for i := nextTrigger(s, from); i < to; i = nextTrigger(s, i) {
		var f find
		switch triggers[s[i]] {
		case digit:
			f = e.number(s, low, i)
		case at:
			f = e.email(s, low, i)
		case colon:
			f = e.colon(s, low, i)
		case equals:
			f = e.assignment(s, low, i)
		case hyphen:
			f = e.hyphen(s, low, i)
		case underscore:
			f = prefixedKey(s, low, i)
		case slash, backslash:
			f = e.homePath(s, low, i)
		case letterA:
			f = cloudKey(s, low, i)
		case letterB:
			f = e.bearer(s, low, i)
		case letterG:
			f = mailKey(s, low, i)
		case letterJ:
			f = webToken(s, low, i)
		}
		if f.rule != 0 && f.from >= low {
			e.replace(f.from, f.to, e.placeholder(f.rule), e.ruleName(f.rule))
			i, low = f.to, f.to
			continue
		}
		i = max(i+1, f.next)
	}
}

// find is what a rule found: src[from:to], or, with no rule, where to go on.
type find struct {
	from, to int
	rule     rule
	next     int
}

// rule numbers the rules that replace.
type rule uint8

const (
	ruleCard rule = iota + 1
	ruleIBAN
	ruleSSN
	rulePEM
	ruleURL
	rulePath
	ruleEmail
	ruleBearer
	ruleIP
	ruleName // a secret with its name
	ruleKey  // the key of a service
)

// ruleNames lists what Sentry calls the rules: where Filtered is left behind, and where
// the kind of what was there is. A rule without the one or the other has no choice.
var ruleNames = [...]struct{ filter, replace, kind string }{
	ruleCard:   {"@creditcard:filter", "@creditcard:replace", "[creditcard]"},
	ruleIBAN:   {"@iban:filter", "@iban:replace", "[iban]"},
	ruleSSN:    {"@usssn:filter", "@usssn:replace", "[us-ssn]"},
	rulePEM:    {"@pemkey:filter", "", ""},
	ruleURL:    {"@urlauth:filter", "", ""},
	rulePath:   {"@userpath:filter", "@userpath:replace", "[user]"},
	ruleEmail:  {"", "@email:replace", "[email]"},
	ruleBearer: {"@bearer:filter", "@bearer:replace", "[token]"},
	ruleIP:     {"", "@ip:replace", "[ip]"},
	ruleName:   {"@password:filter", "", ""},
	ruleKey:    {"@apikey:filter", "", ""},
}

func (e *editor) named(r rule) bool {
	n := &ruleNames[r]
	return n.filter == "" || e.rules.Named && n.replace != ""
}

func (e *editor) placeholder(r rule) string {
	if e.named(r) {
		return ruleNames[r].kind
	}
	return Filtered
}

func (e *editor) ruleName(r rule) string {
	if e.named(r) {
		return ruleNames[r].replace
	}
	return ruleNames[r].filter
}

func isDigit(c byte) bool  { return c-'0' <= 9 }
func isLetter(c byte) bool { return c|0x20-'a' <= 'z'-'a' }
func isWord(c byte) bool   { return isDigit(c) || isLetter(c) || c == '_' }
func isUpper(c byte) bool  { return c-'A' <= 'Z'-'A' }
func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// startsWord reports whether no word runs into s[i] from the left.
func startsWord(s string, i int) bool { return i == 0 || !isWord(s[i-1]) }

// endsWord reports whether no word runs on at s[i].
func endsWord(s string, i int) bool { return i >= len(s) || !isWord(s[i]) }
