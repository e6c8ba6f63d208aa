package group

import "strings"

// normalise appends to out what a message or the value of an exception says of its
// fault: its first two lines that are not blank, parameterised, with an ellipsis when
// there are more.
func normalise(out []byte, text string) []byte {
	line, rest := nextLine(text)
	out = parameterise(out, line, true)
	if line, rest = nextLine(rest); line == "" {
		return out
	}
	out = append(out, '\n')
	out = parameterise(out, line, true)
	if line, _ = nextLine(rest); line != "" {
		out = append(out, "..."...)
	}
	return out
}

// nextLine returns the first line of text that is not blank, without the white space
// around it, and what follows.
func nextLine(text string) (line, rest string) {
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	end := strings.IndexAny(text, "\n\r")
	if end < 0 {
		return strings.TrimRight(text, " \t\v\f"), ""
	}
	return strings.TrimRight(text[:end], " \t\v\f"), text[end:]
}
