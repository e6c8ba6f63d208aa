package fault

// index finds all the phrases of the tables in one pass over a text. Phrases begin at
// the beginning of a word. The first three bytes of most words begin no phrase, which
// costs one look at first; heads leads the others to the phrases that begin so.
type index struct {
	texts []string             // folded
	first [1 << 15 / 64]uint64 // bits for the first three bytes, five bits of each
	heads [4096]uint16
	next  []uint16 // of the phrase of that number, another one with the same head
}

// hits is the set of phrases found.
type hits [6]uint64

func (h *hits) has(phrase int) bool { return h[phrase>>6]&(1<<(phrase&63)) != 0 }

func newIndex() index {
	// Number 0 is no phrase, so that a head of 0 means none.
	return index{texts: []string{""}, next: []uint16{0}}
}

// add makes the text one of the phrases and returns its number.
func (x *index) add(text string) int {
	folded := make([]byte, len(text))
	for i := range len(text) {
		folded[i] = fold[text[i]]
	}
	for n, t := range x.texts {
		if t == string(folded) {
			return n
		}
	}
	n := len(x.texts)
	if n >= len(hits{})*64 || len(folded) < 3 {
		panic("fault: a phrase too many or too short: " + text)
	}
	three := firstThree(folded[0], folded[1], folded[2])
	x.first[three>>6] |= 1 << (three & 63)
	head := &x.heads[three%uint(len(x.heads))]
	x.texts, x.next = append(x.texts, string(folded)), append(x.next, *head)
	*head = uint16(n)
	return n
}

func firstThree(a, b, c byte) uint {
	return uint(a&31)<<10 | uint(b&31)<<5 | uint(c&31)
}

// scan adds the phrases in text to h and reports whether there are any.
func (x *index) scan(text string, h *hits) (found bool) {
	for i := 0; i+2 < len(text); i++ {
		c := letters[text[i]]
		if c < wordy {
			continue
		}
		three := uint(c&31)<<10 | uint(letters[text[i+1]]&31)<<5 | uint(letters[text[i+2]]&31)
		if x.first[three>>6]&(1<<(three&63)) != 0 && x.begin(text[i:], three, h) {
			found = true
		}
		for i++; i < len(text) && letters[text[i]] >= wordy; i++ {
		}
	}
	return found
}

// begin adds the phrases that the text begins with to h and reports whether there are any.
func (x *index) begin(text string, three uint, h *hits) (found bool) {
	for n := x.heads[three%uint(len(x.heads))]; n != 0; n = x.next[n] {
		if begins(text, x.texts[n]) {
			h[n>>6] |= 1 << (n & 63)
			found = true
		}
	}
	return found
}

// begins reports whether the text begins with the phrase, in the singular or plural.
func begins(text, phrase string) bool {
	n := len(phrase)
	if len(text) < n {
		return false
	}
	for i := range n {
		if fold[text[i]] != phrase[i] {
			return false
		}
	}
	if n < len(text) && text[n] == 's' {
		n++
	}
	return n == len(text) || !isWord(fold[text[n]]) || !isWord(phrase[len(phrase)-1])
}

func isWord(c byte) bool { return c-'a' < 26 || c-'0' < 10 }

// letters holds the low five bits of every byte, folded, and whether it is one of a word.
var letters = letterTable()

const wordy = 1 << 7

func letterTable() (t [256]byte) {
	for i := range t {
		t[i] = fold[i] & 31
		if isWord(fold[i]) {
			t[i] |= wordy
		}
	}
	return t
}

// fold maps bytes to what phrases are compared by: small letters, and spaces for
// whatever joins words.
var fold = foldTable()

func foldTable() (t [256]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case c-'A' < 26:
			c += 'a' - 'A'
		case c == '_', c == '-', c == '\t', c == '\n', c == '\r':
			c = ' '
		}
		t[i] = c
	}
	return t
}

// byPhrase returns the first rule whose words are in the message.
func (e *evidence) byPhrase(rules *[]rule) *rule {
	if !e.found {
		return nil
	}
	for i := range *rules {
		r := &(*rules)[i]
		if e.hits.has(r.text) && e.hits.has(r.also) && e.in.meets(r.needs) {
			return r
		}
	}
	return nil
}
