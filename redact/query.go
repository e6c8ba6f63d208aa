package redact

import (
	"net/url"
	"strings"
)

// AppendQuery is AppendText for a query string or a form body, name=value&…: names
// and order stay, and values of secret names become Filtered as a whole.
func (r *Rules) AppendQuery(dst []byte, marks []Mark, s string) ([]byte, []Mark) {
	e := editor{rules: r, out: dst, marks: marks, zero: len(dst), src: s}
	for from := 0; from < len(s); {
		to := from
		for to < len(s) && s[to] != '&' && s[to] != ';' {
			to++
		}
		e.parameter(from, to)
		from = to + 1
	}
	return e.finish()
}

// parameter clears the name=value that is src[from:to].
func (e *editor) parameter(from, to int) {
	if from < to && e.src[from] == '?' {
		from++
	}
	sign := strings.IndexByte(e.src[from:to], '=')
	if sign < 0 {
		e.text(from, to)
		return
	}
	name, at := e.src[from:from+sign], from+sign+1
	if strings.IndexByte(name, '%') >= 0 {
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
	}
	switch {
	case e.rules.IsSafe(name):
	case e.rules.Parameter(name):
		e.blank(at, to)
	case strings.IndexByte(e.src[at:to], '%') >= 0 || strings.IndexByte(e.src[at:to], '+') >= 0:
		e.encoded(at, to)
	default:
		e.text(at, to)
	}
}

// blank puts Filtered where a secret stands, unless there is none.
func (e *editor) blank(from, to int) {
	if v := e.src[from:to]; !Blank(v) {
		e.replace(from, to, Filtered, ruleNames[ruleName].filter)
	}
}

// Blank reports whether a text is no secret under any name: empty, a literal such as
// true or null, or filtered already.
func Blank(s string) bool { return isLiteral(s) || s == Filtered }

// encoded clears a percent-encoded value; what changes is encoded anew.
func (e *editor) encoded(from, to int) {
	value, err := url.QueryUnescape(e.src[from:to])
	if err != nil {
		e.text(from, to)
		return
	}
	out, marks := e.rules.AppendJSON(nil, nil, value)
	if len(marks) > 0 {
		e.replace(from, to, url.QueryEscape(string(out)), marks[0].Rule)
	}
}

// Parameter reports whether the value of the URL parameter with this name is secret:
// by the rules' Key, or because it signs the URL.
func (r *Rules) Parameter(name string) bool {
	if open := strings.LastIndexByte(name, '['); open > 0 && name[len(name)-1] == ']' { // user[otp]
		return r.Key(name) || r.Key(name[open+1:len(name)-1])
	}
	return r.Key(name) || queryKey(name) && !r.IsSafe(name)
}

// queryKey knows the signatures of URLs that are as good as a password.
func queryKey(name string) bool {
	return endsFold(name, "signature") || len(name) == 3 && hasFold(name, "sig")
}

// IsForm reports whether s looks like a form body or a query string: name=value
// pairs without spaces.
func IsForm(s string) bool {
	sign := strings.IndexByte(s, '=')
	if sign <= 0 {
		return false
	}
	for i := 0; i < sign; i++ {
		if c := s[i]; !isWord(c) && c != '-' && c != '.' && c != '%' && c != '[' && c != ']' && c != '+' {
			return false
		}
	}
	return strings.IndexByte(s, ' ') < 0 && strings.IndexByte(s, '\n') < 0
}

// AppendCookies is AppendText for a Cookie or Set-Cookie header, name=value; …:
// names and order stay, and values of secret cookies become Filtered as a whole.
func (r *Rules) AppendCookies(dst []byte, marks []Mark, s string) ([]byte, []Mark) {
	e := editor{rules: r, out: dst, marks: marks, zero: len(dst), src: s}
	for from := 0; from < len(s); {
		to := from
		for to < len(s) && s[to] != ';' {
			to++
		}
		e.cookie(from, to)
		from = to + 1
	}
	return e.finish()
}

// cookie clears the name=value that is src[from:to].
func (e *editor) cookie(from, to int) {
	for from < to && e.src[from] == ' ' {
		from++
	}
	sign := strings.IndexByte(e.src[from:to], '=')
	if sign < 0 {
		e.text(from, to)
		return
	}
	name, at := strings.TrimRight(e.src[from:from+sign], " "), from+sign+1
	switch {
	case e.rules.IsSafe(name):
	case e.rules.Cookie(name):
		e.blank(at, to)
	default:
		e.text(at, to)
	}
}

// Cookie reports whether the value of the cookie with this name is secret, by the
// rules' names and by Cookie.
func (r *Rules) Cookie(name string) bool {
	return r.Key(name) || !r.IsSafe(name) && sessionCookie(name)
}
