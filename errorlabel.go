package picket

import "strings"

// errorLabel names the kind of an error in a few words that do not vary: the nearest
// name in its chain, else what its cause says, less what varies.
func errorLabel(err error) string {
	name, cause := nameInChain(err)
	if name != "" {
		return name
	}
	return pattern(errorText(cause))
}

// nameInChain returns the nearest name in err's chain, and the innermost of its
// unnamed errors where there is none.
func nameInChain(err error) (name string, cause error) {
	for depth := 0; err != nil && depth < maxErrorDepth; depth++ {
		if name, _ := errorName(err, kindOf(err)); name != "" {
			return name, err
		}
		cause = err
		one, many, _ := unwrapped(err)
		if one == nil && len(many) > 0 {
			one = many[0]
		}
		err = one
	}
	return "", cause
}

// anonymousFingerprint tells errors without a name apart. All that one line of code
// captures would be one issue otherwise: "no such order" and "card declined" alike. It is
// nil for errors that have a name.
func anonymousFingerprint(err error) []string {
	name, cause := nameInChain(err)
	if name != "" || cause == nil {
		return nil
	}
	return []string{"{{ default }}", pattern(errorText(cause))}
}

// maxPattern is how many bytes of a text make its pattern.
const maxPattern = 120

// pattern returns a text with a star where it may vary: for words with a digit in
// them, and for what stands in quotes. Stars beside each other are one.
func pattern(text string) string {
	var words []string
	quoted := false
	for word := range strings.FieldsSeq(encodeShorten(text, maxPattern)) {
		core := strings.Trim(word, ".,:;()[]{}")
		opens, closes := startsQuote(core), endsQuote(core)
		varies := quoted || opens || strings.ContainsAny(core, "0123456789")
		if opens || quoted {
			quoted = !closes
		}
		switch {
		case !varies:
			words = append(words, word)
		case len(words) == 0 || words[len(words)-1] != "*":
			words = append(words, "*")
		}
	}
	return strings.Join(words, " ")
}

const quotes = "\"'`"

func startsQuote(word string) bool { return word != "" && strings.IndexByte(quotes, word[0]) >= 0 }

func endsQuote(word string) bool {
	return len(word) > 1 && strings.IndexByte(quotes, word[len(word)-1]) >= 0
}
