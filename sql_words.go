package picket

import "strings"

// sqlVerbs are the words that a statement begins with.
var sqlVerbs = []string{
	"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE", "MERGE", "VALUES",
	"BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "PRAGMA",
	"CREATE", "ALTER", "DROP", "TRUNCATE", "CALL", "EXEC", "EXECUTE", "COPY", "LOCK",
	"SHOW", "EXPLAIN", "ANALYZE", "VACUUM", "REINDEX", "REFRESH", "LISTEN", "UNLISTEN",
	"NOTIFY", "GRANT", "REVOKE", "USE", "ATTACH", "DETACH", "DO", "DECLARE", "FETCH",
}

// sqlBodies are the verbs that may follow WITH and its subqueries.
var sqlBodies = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "VALUES"}

// sqlFillers are the words that may stand between a verb and its table.
var sqlFillers = []string{"ONLY", "LATERAL", "IF", "NOT", "EXISTS", "OR", "REPLACE", "IGNORE", "ABORT", "FAIL", "ROLLBACK", "LOW_PRIORITY"}

// sqlAmong returns the keyword that word is, in whatever case, or nothing.
func sqlAmong(keywords []string, word string) string {
	for _, k := range keywords {
		if strings.EqualFold(k, word) {
			return k
		}
	}
	return ""
}

// sqlWordByte reports whether c may be in a word after its first byte.
func sqlWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}

func sqlDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// The functions below return where the literal or the name that begins at i ends, and
// a negative number if it does not.

// sqlNumber reads a number in any notation.
func sqlNumber(s string, i int) int {
	hex := strings.HasPrefix(s[i:], "0x") || strings.HasPrefix(s[i:], "0X")
	for i++; i < len(s); i++ {
		c := s[i]
		exponent := (c == '+' || c == '-') && !hex && s[i-1]|0x20 == 'e' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9'
		if c != '.' && !exponent && (!sqlWordByte(c) || c == '$') {
			break
		}
	}
	return i
}

// sqlQuoted reads up to the closing quote; two of them are one inside. It is in doubt
// when a backslash, which escapes in some systems, stands before what may be the end.
func sqlQuoted(s string, i int, closing byte) (end int, doubt bool) {
	for i++; ; i += 2 {
		n := strings.IndexByte(s[min(i, len(s)):], closing)
		if n < 0 {
			return -1, doubt
		}
		text := s[i : i+n]
		i += n
		if (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1 {
			doubt = true
		}
		if i+1 >= len(s) || s[i+1] != closing {
			return i + 1, doubt
		}
	}
}

// sqlEscaped is sqlQuoted where a backslash is known to escape.
func sqlEscaped(s string, i int) int {
	for i++; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] != '\'':
		case i+1 < len(s) && s[i+1] == '\'':
			i++
		default:
			return i + 1
		}
	}
	return -1
}

// sqlDelimited reads Oracle's q'[…]': the quote at i and the byte after it, up to that
// byte's counterpart and a quote.
func sqlDelimited(s string, i int) int {
	if i+1 >= len(s) {
		return -1
	}
	closing := s[i+1]
	if pair := strings.IndexByte("([{<", closing); pair >= 0 {
		closing = ")]}>"[pair]
	}
	n := strings.Index(s[i+2:], string(rune(closing))+"'")
	if n < 0 {
		return -1
	}
	return i + 2 + n + 2
}
