package picket

import "strings"

// sqlTextLimit is how many bytes of a query are told.
const sqlTextLimit = 4096

// sqlText is what may be told of a query: its shape, and none of the values in it.
type sqlText struct {
	// text has ? where the query had values, and neither comments nor line breaks. It ends
	// in … when the rest was too long, or cannot be told without knowing how the server is
	// set up.
	text string
	// operation is the verb in upper case; summary is the verb and the table it is about.
	operation, summary string
}

// sqlDialect is how a database system reads what others read differently. The zero
// value is for systems we do not know, and gives away less.
type sqlDialect struct {
	// names says that double quotes are never around a value.
	names bool
	// lenient says that double quotes may be around a value, where no name can stand.
	lenient bool
	// brackets says that a name may be in brackets.
	brackets bool
	// hash says that # begins a comment.
	hash bool
	// money says that $1 is an amount and not a parameter.
	money bool
}

// sqlDialectOf returns the dialect of a system by its db.system.name.
func sqlDialectOf(system string) sqlDialect {
	switch system {
	case "postgresql", "cockroachdb", "aws.redshift", "duckdb", "oracle.db", "ibm.db2", "firebirdsql":
		return sqlDialect{names: true}
	case "microsoft.sql_server", "mssql":
		return sqlDialect{names: true, brackets: true, money: true}
	case "sqlite":
		return sqlDialect{lenient: true, brackets: true}
	case "mysql", "mariadb":
		return sqlDialect{hash: true}
	}
	return sqlDialect{}
}

// read returns what may be told of a query.
func (d sqlDialect) read(query string) sqlText {
	s := sqlScanner{sqlDialect: d, in: query, out: make([]byte, 0, min(len(query), sqlTextLimit+8))}
	for s.at < len(query) && s.trust == sqlWhole {
		s.next()
		if len(s.out) > sqlTextLimit {
			s.trust = sqlPart
		}
	}
	return s.told()
}

// sqlTrust is how much of what was read is told.
type sqlTrust uint8

const (
	sqlWhole sqlTrust = iota
	// sqlPart is up to here: what follows is read in two ways by two servers.
	sqlPart
	// sqlNothing is only the verb: the query ends inside a literal, so we may have taken
	// values for names all along.
	sqlNothing
)

// sqlScanner copies a query from in to out, token by token.
type sqlScanner struct {
	sqlDialect
	in    string
	at    int
	out   []byte
	trust sqlTrust
	// gap says that white space or a comment stood before the next token.
	gap   bool
	depth int
	// word is the last word, empty after anything but a word.
	word string

	begun  bool // a word has been read
	verb   string
	home   int // the depth the verb stands at
	target sqlTarget
}

// sqlTarget is the search for the table that the verb is about.
type sqlTarget struct {
	open   bool
	name   []byte
	closed bool
}

// told returns the result.
func (s *sqlScanner) told() sqlText {
	t := sqlText{operation: s.verb, summary: s.verb}
	switch s.trust {
	case sqlNothing:
		t.text = strings.TrimLeft(s.verb+" …", " ")
		return t
	case sqlPart:
		s.out = append(s.out[:min(len(s.out), sqlTextLimit)], "…"...)
	}
	t.text = strings.ToValidUTF8(string(s.out), "")
	if name := s.target.name; s.verb != "" && len(name) > 0 && len(name) <= 128 {
		t.summary += " " + strings.ToValidUTF8(string(name), "")
	}
	return t
}

// next reads one token, a comment or white space.
func (s *sqlScanner) next() {
	c := s.in[s.at]
	rest := s.in[s.at:]
	switch {
	case c <= ' ':
		s.at++
		s.gap = true
	case strings.HasPrefix(rest, "--"), c == '#' && s.hash:
		s.lineComment(rest)
	case strings.HasPrefix(rest, "/*"):
		s.blockComment(rest)
	case c == '\'':
		s.text(0)
	case c == '"':
		s.doubleQuoted()
	case c == '`', c == '[' && s.brackets:
		s.quotedName(c)
	case c >= '0' && c <= '9':
		s.value(sqlNumber(s.in, s.at))
	case sqlWordByte(c) && c != '$':
		s.readWord()
	case c == '$':
		s.dollar()
	default:
		s.symbol(c)
	}
}

// lineComment skips a comment. To MySQL, two minus signs that no space follows are none.
func (s *sqlScanner) lineComment(rest string) {
	line, _, _ := strings.Cut(rest, "\n")
	if !s.names && !s.lenient && len(line) > 2 && line[0] == '-' && line[2] > ' ' && strings.ContainsAny(line, "'\"`") {
		s.trust = sqlPart
	}
	s.at += len(line)
	s.gap = true
}

// blockComment skips a comment. Some systems nest them and some do not.
func (s *sqlScanner) blockComment(rest string) {
	n := strings.Index(rest[2:], "*/")
	switch {
	case n < 0:
		s.trust = sqlNothing
	case strings.Contains(rest[2:2+n], "/*"):
		s.trust = sqlPart
	}
	s.at += n + 4
	s.gap = true
}

// text reads a literal whose quote stands prefix bytes ahead. Whether a backslash
// escapes the quote after it depends on the system, on its settings and on the
// prefix; where that matters and we cannot tell, the rest of the query is not told.
func (s *sqlScanner) text(prefix int) {
	end, doubt := sqlQuoted(s.in, s.at+prefix, '\'')
	switch {
	case prefix == 1 && s.in[s.at]|0x20 == 'e':
		end, doubt = sqlEscaped(s.in, s.at+prefix), false
	case doubt && end > 0 && strings.EqualFold(s.word, "ESCAPE") && s.in[s.at:end] == `'\'`:
		doubt = false
	}
	s.value(end)
	if doubt && s.trust == sqlWhole {
		s.trust = sqlPart
	}
}

// doubleQuoted reads a name, or what may be a value.
func (s *sqlScanner) doubleQuoted() {
	end, doubt := sqlQuoted(s.in, s.at, '"')
	switch {
	case end < 0:
		s.trust = sqlNothing
	case s.names:
		s.name(end)
	case doubt:
		s.value(end)
		s.trust = sqlPart
	case s.isName(end):
		s.name(end)
	default:
		s.value(end)
	}
}

// isName reports whether what is in double quotes up to end can only be a name.
func (s *sqlScanner) isName(end int) bool {
	if end < len(s.in) && s.in[end] == '.' || !s.gap && len(s.out) > 0 && s.out[len(s.out)-1] == '.' {
		return true
	}
	return s.lenient && sqlAmong(sqlBeforeName, s.word) != ""
}

// sqlBeforeName are the words after which SQLite has a name.
var sqlBeforeName = []string{"FROM", "JOIN", "INTO", "UPDATE", "TABLE"}

// quotedName reads a name in backticks or brackets.
func (s *sqlScanner) quotedName(open byte) {
	closing := open
	if open == '[' {
		closing = ']'
	}
	end, _ := sqlQuoted(s.in, s.at, closing)
	if end < 0 {
		s.trust = sqlNothing
		return
	}
	s.name(end)
}

// readWord reads a keyword or a name, or the literal that the word is a prefix of.
func (s *sqlScanner) readWord() {
	end := s.at + 1
	for end < len(s.in) && sqlWordByte(s.in[end]) {
		end++
	}
	word := s.in[s.at:end]
	if end < len(s.in) && s.in[end] == '\'' {
		switch {
		case strings.EqualFold(word, "q"), strings.EqualFold(word, "nq"):
			s.value(sqlDelimited(s.in, end))
			return
		case len(word) == 1:
			s.text(1)
			return
		}
	}
	s.keyword(word)
	s.emit(word)
	s.at = end
	if strings.EqualFold(s.word, "DISTINCT") && strings.EqualFold(word, "FROM") {
		word = "" // a comparison
	}
	s.word = word
}

// dollar reads a literal in dollar quotes, a numbered parameter, or just the sign.
func (s *sqlScanner) dollar() {
	end := s.at + 1
	for end < len(s.in) && sqlWordByte(s.in[end]) && s.in[end] != '$' {
		end++
	}
	tag := s.in[s.at:end]
	switch {
	case len(tag) > 1 && tag[1] <= '9':
		if s.money || len(tag) > 6 || !sqlDigits(tag[1:]) || end < len(s.in) && (s.in[end] == '.' || s.in[end] == '$') {
			s.symbol('$')
			return
		}
		s.target.close()
		s.word = ""
		s.emit(tag)
		s.at = end
	case end < len(s.in) && s.in[end] == '$':
		end++
		n := strings.Index(s.in[end:], s.in[s.at:end])
		if n < 0 {
			s.trust = sqlNothing
			return
		}
		s.value(end + n + end - s.at)
	default:
		s.symbol('$')
	}
}

// symbol copies a byte that is no part of a word.
func (s *sqlScanner) symbol(c byte) {
	switch c {
	case '(':
		s.depth++
	case ')':
		s.depth--
	}
	s.word = ""
	if c == '.' && s.target.open && len(s.target.name) > 0 {
		s.target.name = append(s.target.name, c)
	} else {
		s.target.close()
	}
	s.emit(s.in[s.at : s.at+1])
	s.at++
	if c == '?' {
		for s.at < len(s.in) && s.in[s.at] >= '0' && s.in[s.at] <= '9' {
			s.at++
		}
	}
}

// value stands for the literal up to end; a negative end is none.
func (s *sqlScanner) value(end int) {
	if end < 0 {
		s.trust = sqlNothing
		return
	}
	s.target.close()
	s.word = ""
	s.emit("?")
	s.at = end
}

// name copies a quoted name up to end.
func (s *sqlScanner) name(end int) {
	name := s.in[s.at:end]
	s.target.take(name[1 : len(name)-1])
	s.word = ""
	s.emit(name)
	s.at = end
}

func (s *sqlScanner) emit(token string) {
	if s.gap && len(s.out) > 0 {
		s.out = append(s.out, ' ')
	}
	s.gap = false
	s.out = append(s.out, token...)
}

// keyword follows the words, to find the verb and the table it is about.
func (s *sqlScanner) keyword(word string) {
	first := !s.begun
	s.begun = true
	switch {
	case first:
		s.found(sqlAmong(sqlVerbs, word))
	case s.verb == "WITH" && s.depth == s.home:
		s.found(sqlAmong(sqlBodies, word))
	case s.target.open && sqlAmong(sqlFillers, word) != "":
	case s.target.open:
		s.target.take(word)
	case s.depth == s.home && s.verb != "" && strings.EqualFold(word, sqlIntroducer(s.verb)):
		s.target.open = !s.target.closed
	}
}

// found notes the verb, if it is one.
func (s *sqlScanner) found(verb string) {
	if verb != "" {
		s.verb, s.home = verb, s.depth
		s.target.open = verb == "UPDATE"
	}
}

// take adds a part of the table's name.
func (t *sqlTarget) take(part string) {
	if !t.open {
		return
	}
	if n := len(t.name); n > 0 && t.name[n-1] != '.' {
		t.close()
		return
	}
	t.name = append(t.name, part...)
}

func (t *sqlTarget) close() {
	if t.open {
		t.open, t.closed = false, true
	}
}

// sqlIntroducer returns the word after which the verb's table stands.
func sqlIntroducer(verb string) string {
	switch verb {
	case "SELECT", "DELETE":
		return "FROM"
	case "INSERT", "REPLACE", "MERGE":
		return "INTO"
	case "CREATE", "ALTER", "DROP", "TRUNCATE":
		return "TABLE"
	}
	return ""
}
