package query

import "strings"

// Parts cuts a term's value at its wildcards and returns the literal texts between
// them: one part is a value without wildcard; the first and the last may be empty.
// `\*` is a literal star; any other backslash stands for itself.
func Parts(value string) []string {
	if !strings.Contains(value, "*") {
		return []string{value}
	}
	var parts []string
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		switch {
		case value[i] == '\\' && i+1 < len(value) && value[i+1] == '*':
			b.WriteByte('*')
			i++
		case value[i] == '*':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(value[i])
		}
	}
	return append(parts, b.String())
}
