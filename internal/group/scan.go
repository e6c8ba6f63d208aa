package group

// The parameteriser replaces what changes from one event to the next (numbers,
// identifiers, addresses, dates) by placeholders, so that messages about the same
// fault become the same text. It reads the message once, by hand: at each place the
// kinds are tried in Sentry's order, and the first that fits wins.
//
// The kinds are Sentry's; those marked as ours help with what agents say. With
// agents off, only Sentry's are looked for, under Sentry's names.

// token is a kind of replaceable text.
type token uint8

const (
	none token = iota
	emailToken
	urlToken
	hostToken
	ipToken
	traceparentToken
	uuidToken
	sha1Token
	md5Token
	dateToken
	durationToken
	swiftToken
	hexToken
	gitToken
	floatToken
	intToken
	quotedToken
	boolToken

	// Ours.
	idToken     // call_…, toolu_…, chatcmpl-…
	randomToken // any other identifier that looks drawn by lot
	sizeToken   // 128k, 10MB
	jsonToken
	pathToken
	lineToken // :line:column behind a file's name
	macToken
	nothing // goes without a trace: the date behind a model's name
)

var placeholders = [...]string{"", "<email>", "<url>", "<hostname>", "<ip>", "<traceparent>", "<uuid>",
	"<sha1>", "<md5>", "<date>", "<duration>", "<swift_txn_id>", "<hex>", "<git_sha>", "<float>", "<int>",
	"<quoted_str>", "<bool>",
	"<id>", "<random_id>", "<size>", "<json>", "<path>", "<line>", "<mac>", ""}

// number stands for int, float, hex and git_sha when agents is on: whether an
// identifier is all digits, or a quantity is whole, is chance.
const number = "<num>"

// maxText is the most bytes that the parameteriser writes for one text. The limit
// is on what is written, not on what is read: else the length of a number would
// decide where the text ends.
const maxText = 1024

// The classes of bytes that the scanner asks for.
const (
	digit    uint16 = 1 << iota
	hexLower        // a-f
	hexUpper        // A-F
	lower           // g-z
	upper           // G-Z
	under           // _
	high            // part of a rune beyond ASCII
	space
	local // may stand before an @
	mark  // no word, but something may begin with it
	inPath
)

const (
	hexDigit = digit | hexLower | hexUpper
	letter   = hexLower | hexUpper | lower | upper
	alnum    = digit | letter
	wordy    = alnum | under | high
)

var classes = classify()

func classify() (t [256]uint16) {
	add := func(class uint16, chars string) {
		for i := range len(chars) {
			t[chars[i]] |= class
		}
	}
	add(digit, "0123456789")
	add(hexLower, "abcdef")
	add(hexUpper, "ABCDEF")
	add(lower, "ghijklmnopqrstuvwxyz")
	add(upper, "GHIJKLMNOPQRSTUVWXYZ")
	add(under, "_")
	add(space, " \t\n\v\f\r")
	add(local|inPath, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
	add(local, ".!#$%&'*+/=?^`{|}~-")
	add(inPath, "/.-+@%~#=$&")
	add(mark, `:-"'{[/~.`)
	for c := 0x80; c < 0x100; c++ {
		t[c] |= high | inPath
	}
	return t
}

// is reports whether there is a byte at i and it has one of the classes.
func is(text string, i int, class uint16) bool {
	return i >= 0 && i < len(text) && classes[text[i]]&class != 0
}

// skip returns the end of the run of bytes of those classes that begins at i.
func skip(text string, i int, class uint16) int {
	for i < len(text) && classes[text[i]]&class != 0 {
		i++
	}
	return i
}

// skipNot returns the end of the run of bytes of none of those classes that begins at i.
func skipNot(text string, i int, class uint16) int {
	for i < len(text) && classes[text[i]]&class == 0 {
		i++
	}
	return i
}

type scanner struct {
	text   string
	out    []byte
	done   int  // text before it is in out
	agents bool // look for our kinds too

	mailFrom, mailAt, mailTo int // the next address: its start, its @ and its end
	hostDead, pathDead       int // before these no host name and no path begins
	modelDead                int
	dropFrom, dropTo         int // the date behind a model's name
	numberFrom               int // the number in a quoted name

	kept   [3]string // what the JSON document just met says of its kind
	labels int       // how many of them
}

// parameterise appends text to out with its variable parts replaced.
func parameterise(out []byte, text string, agents bool) []byte {
	s := scanner{text: text, out: out, agents: agents, mailAt: -1, dropFrom: -1}
	limit := len(out) + maxText
	i := 0
	for i < len(text) && len(s.out)+i-s.done < limit {
		if i > s.mailAt {
			s.nextMail(i)
		}
		t, end := s.match(i)
		if t != none {
			s.put(t, i, end)
		} else if i < s.mailFrom && s.mailFrom < end {
			end = s.mailFrom
		}
		i = end
	}
	s.out = append(s.out, text[s.done:max(i, s.done)]...)
	return s.out[:min(len(s.out), limit)]
}

// put replaces text[from:to].
func (s *scanner) put(t token, from, to int) {
	s.out = append(s.out, s.text[s.done:from]...)
	s.done = to
	if s.agents && t >= hexToken && t <= intToken {
		s.out = append(s.out, number...)
		return
	}
	s.out = append(s.out, placeholders[t]...)
	if t == jsonToken {
		for _, label := range s.kept[:s.labels] {
			s.out = append(append(s.out, label...), ' ')
		}
	}
}

// match returns what begins at i and where it ends, or none and the next place
// where something may begin.
func (s *scanner) match(i int) (token, int) {
	if i >= s.mailFrom && i < s.mailAt {
		return emailToken, s.mailTo
	}
	if i == s.dropFrom {
		return nothing, s.dropTo
	}
	class := classes[s.text[i]]
	switch {
	case class&mark != 0:
		return s.mark(i)
	case class&wordy == 0:
		return none, i + 1
	case is(s.text, i-1, wordy):
		return s.inside(i)
	}
	return s.word(i)
}

// word matches at the first byte of a word.
func (s *scanner) word(i int) (token, int) {
	j, has := i, uint16(0)
	for j < len(s.text) && classes[s.text[j]]&wordy != 0 {
		has |= classes[s.text[j]]
		j++
	}
	has &= wordy
	if t, end := s.place(i, j, has); t != none {
		return t, end
	}
	if t, end := s.code(i, j, has); t != none {
		return t, end
	}
	if end := dateEnd(s.text, i, j); end > i {
		return dateToken, end
	}
	if t, end := s.value(i, j, has); t != none {
		return t, end
	}
	if s.agents {
		if t, end := s.name(i, j, has); t != none {
			return t, end
		}
	}
	if has&(digit|under) == 0 {
		return none, j
	}
	return none, s.nextInside(i)
}

// value matches durations, hexadecimal and decimal numbers, and booleans.
func (s *scanner) value(i, j int, has uint16) (token, int) {
	w := s.text[i:j]
	if has&digit == 0 {
		if t := hexWord(w, has, s.agents); t != none {
			return t, j
		}
		if i > 0 && s.text[i-1] == '=' && (w == "true" || w == "True" || w == "false" || w == "False") {
			return boolToken, j
		}
		return none, 0
	}
	if classes[w[0]]&digit != 0 {
		return s.number(i, j, has)
	}
	if end := swiftEnd(s.text, i, j); end > 0 {
		return swiftToken, end
	}
	if t := hexWord(w, has, s.agents); t != none {
		return t, j
	}
	return none, 0
}

// nextInside returns the next place after i, in the same word, where something may
// begin though no word does: the first of some digits, or what follows an underscore.
func (s *scanner) nextInside(i int) int {
	for i++; is(s.text, i, wordy); i++ {
		before := classes[s.text[i-1]]
		if before&under != 0 || (before&digit == 0 && classes[s.text[i]]&digit != 0) {
			return i
		}
	}
	return i
}

// inside matches in the middle of a word.
func (s *scanner) inside(i int) (token, int) {
	if classes[s.text[i]]&digit != 0 && !is(s.text, i-1, digit) {
		if end := clockEnd(s.text, i); end > i {
			return dateToken, end
		}
	}
	if i == s.numberFrom {
		return intToken, skip(s.text, i, digit)
	}
	if s.text[i-1] == '_' {
		if t, end := s.piece(i); t != none {
			return t, end
		}
	}
	return none, s.nextInside(i)
}

// piece matches what follows an underscore.
func (s *scanner) piece(i int) (token, int) {
	j, has := i, uint16(0)
	for j < len(s.text) && classes[s.text[j]]&(alnum|high) != 0 {
		has |= classes[s.text[j]]
		j++
	}
	has &= wordy
	if has&digit == 0 {
		return none, 0
	}
	if end := secondsEnd(s.text, i); end > 0 {
		return durationToken, end
	}
	switch w := s.text[i:j]; {
	case !s.agents:
		return none, 0
	case has == digit:
		return intToken, j
	case len(w) >= 8 && hexWord(w, has, true) != none:
		return hexToken, j
	case random(w):
		return randomToken, j
	}
	return none, 0
}

// mark matches what begins with a sign.
func (s *scanner) mark(i int) (token, int) {
	var t token
	var end int
	switch s.text[i] {
	case ':':
		t, end = s.colon(i)
	case '-':
		t, end = s.minus(i)
	case '"', '\'':
		t, end = s.quote(i)
	case '{', '[':
		if s.agents {
			t, end = s.json(i)
		}
	default:
		if s.agents {
			t, end = s.path(i)
		}
	}
	if t == none {
		return none, i + 1
	}
	return t, end
}
