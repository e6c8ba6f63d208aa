package fault

import "strings"

// Bounds of what is read of a message.
const (
	maxMessage = 8 << 10
	maxBody    = 4 << 10
	maxCodes   = 8
)

// body is what the objects in a message say: JSON, JSON inside of a JSON string, what
// Python or Node print of an object, and what is left of any of them after truncation.
type body struct {
	codes  [maxCodes]string // values of the keys that carry codes
	n      int
	status int // HTTP status, where the body says it
	shape  shape
}

// shape is a set of what providers' bodies look like.
type shape uint8

const (
	errorObject  shape = 1 << iota // {"error": {…}}
	paramKey                       // OpenAI's error.param
	typeError                      // Anthropic's {"type": "error"}
	objectError                    // Mistral's {"object": "error"}
	innerError                     // Azure's error.innererror
	rpcDetails                     // Google's error.details
	awsException                   // {"__type": …} or {"$metadata": …}
	rpcError                       // {"jsonrpc": "2.0"}
)

// reader walks over the words and brackets of objects.
type reader struct {
	text  string
	at    int
	depth int
}

// readBody reads all the objects in text.
func readBody(text string) (b body) {
	start := strings.IndexByte(text, '{')
	if start < 0 {
		return b
	}
	r := reader{text: text[start:min(len(text), start+maxBody)]}
	key, keyDepth := "", 0
	for {
		word, mark := r.next()
		switch {
		case mark == 0:
			return b
		case mark == '{' || mark == '[':
			b.open(key)
		case mark != 'w':
		case r.colon():
			key, keyDepth = word, r.depth
			continue
		case key != "":
			b.note(key, word, keyDepth)
		}
		key = ""
	}
}

// next returns the next bracket, or a word with the mark 'w'; a mark of 0 is the end.
// Between objects it skips the prose, whose apostrophes are no quotes.
func (r *reader) next() (word string, mark byte) {
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch {
		case c == '{' || c == '[' && r.depth > 0:
			r.depth++
			r.at++
			return "", c
		case r.depth == 0:
			skipped := strings.IndexByte(r.text[r.at:], '{')
			if skipped < 0 {
				return "", 0
			}
			r.at += skipped
		case c == '}' || c == ']':
			r.depth--
			r.at++
			return "", c
		case c == '"' || c == '\'':
			return r.quoted(), 'w'
		case isName(c):
			from := r.at
			for r.at < len(r.text) && isName(r.text[r.at]) {
				r.at++
			}
			return r.text[from:r.at], 'w'
		default:
			r.at++
		}
	}
	return "", 0
}

// quoted reads the string whose opening quote is next. In JSON inside of a string every
// quote has backslashes before it, so the closing quote is the one with as many.
func (r *reader) quoted() string {
	quote := r.text[r.at]
	escapes := r.escapes(r.at)
	r.at++
	from := r.at
	for r.at < len(r.text) {
		skipped := strings.IndexByte(r.text[r.at:], quote)
		if skipped < 0 {
			break
		}
		r.at += skipped + 1
		if n := r.escapes(r.at - 1); n <= escapes {
			return r.text[from:max(from, r.at-1-n)]
		}
	}
	r.at = len(r.text)
	return r.text[from:]
}

// escapes counts the backslashes before the position.
func (r *reader) escapes(at int) int {
	n := 0
	for at-n > 0 && r.text[at-n-1] == '\\' {
		n++
	}
	return n
}

// colon skips a colon, if one is next, and says so: the word before was a key.
func (r *reader) colon() bool {
	at := r.at
	for at < len(r.text) && (r.text[at] == ' ' || r.text[at] == '\\') {
		at++
	}
	if at == len(r.text) || r.text[at] != ':' {
		return false
	}
	r.at = at + 1
	return true
}

func isName(c byte) bool {
	return c-'0' < 10 || c-'a' < 26 || c-'A' < 26 || c == '_' || c == '$' || c == '@' || c == '-'
}

// open notes that the value of the key is an object or a list.
func (b *body) open(key string) {
	switch key {
	case "error", "Error":
		b.shape |= errorObject
	case "innererror", "inner_error":
		b.shape |= innerError
	case "details":
		b.shape |= rpcDetails
	case "$metadata", "ResponseMetadata":
		b.shape |= awsException
	}
}

// note takes the value of a key.
func (b *body) note(key, value string, depth int) {
	switch key {
	case "type", "error":
		if depth == 1 && value == "error" && key == "type" {
			b.shape |= typeError
			return
		}
		b.code(value)
	case "code", "Code", "status", "reason", "name", "error_type", "__type":
		if key == "__type" {
			b.shape |= awsException
		}
		b.code(value)
	case "object":
		if value == "error" {
			b.shape |= objectError
		}
	case "param":
		b.shape |= paramKey
	case "jsonrpc":
		b.shape |= rpcError
	case "status_code", "statusCode", "raw_status_code", "httpStatusCode", "HTTPStatusCode":
		b.number(value)
	}
}

func (b *body) code(value string) {
	if b.number(value) || value == "" || len(value) > 64 || b.n == maxCodes {
		return
	}
	// com.amazonaws.bedrock#ThrottlingException
	b.codes[b.n] = value[strings.LastIndexByte(value, '#')+1:]
	b.n++
}

// number notes the value if it is an HTTP status, and says so.
func (b *body) number(value string) bool {
	status := statusOf(value)
	if status == 0 {
		return false
	}
	if b.status == 0 {
		b.status = status
	}
	return true
}

// isError reports whether any of the objects looks like an error's body.
func (b *body) isError() bool {
	return b.shape&(errorObject|typeError|objectError|awsException|rpcError) != 0
}

// family returns whose error body it looks like, and whether nobody else's looks so.
func (b *body) family() (f *family, certain bool) {
	switch {
	case b.shape&typeError != 0 && b.shape&errorObject != 0:
		return &anthropic, true
	case b.shape&objectError != 0:
		return &mistral, true
	case b.shape&innerError != 0:
		return &azure, false
	case b.shape&awsException != 0:
		return &bedrock, false
	case b.shape&errorObject != 0 && b.isRPC():
		return &google, false
	case b.shape&errorObject != 0 && b.shape&paramKey != 0:
		return &openAI, false
	}
	return nil, false
}

// isRPC reports whether the body has a status in gRPC's words, as Google's have.
func (b *body) isRPC() bool {
	for _, c := range b.codes[:b.n] {
		if r := book.codes[c]; r != nil && r.provider == google.provider {
			return true
		}
	}
	return false
}

// byCode returns the rule for the body's codes, general or not.
func (e *evidence) byCode(general bool) *rule {
	if !e.body.isError() {
		return nil
	}
	for _, c := range e.body.codes[:e.body.n] {
		if r := book.codes[c]; r != nil && r.general == general && e.in.meets(r.needs) {
			return r
		}
	}
	return nil
}

// ownCode returns the most telling of the body's codes, or nothing: those that stand in
// a table and are not general first, then the last that is not general, then any.
func (e *evidence) ownCode() (code string) {
	if !e.body.isError() {
		return ""
	}
	for _, c := range e.body.codes[:e.body.n] {
		r := book.codes[c]
		switch {
		case r == nil:
		case !r.general:
			return c
		case code == "":
			code = c
		}
	}
	return code
}
