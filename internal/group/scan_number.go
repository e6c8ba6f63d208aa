package group

import "strings"

// number matches what begins with a digit and is no address, identifier or date.
func (s *scanner) number(i, j int, has uint16) (token, int) {
	t := s.text
	whole := skip(t, i, digit)
	fraction := whole
	if whole < len(t) && t[whole] == '.' && is(t, whole+1, digit) {
		fraction = skip(t, whole+1, digit)
	}
	if s.agents {
		if found, end := quantity(t, i, whole, fraction); found != none {
			return found, end
		}
		if fraction > whole && !is(t, fraction, wordy) {
			return floatToken, fraction
		}
	}
	if end := secondsEnd(t, i); end > 0 {
		return durationToken, end
	}
	if found := hexWord(t[i:j], has, s.agents); found != none {
		return found, j
	}
	switch {
	case fraction > whole && !is(t, fraction, wordy):
		return floatToken, fraction
	case whole-i <= 7 && whole == j:
		return intToken, j
	}
	return none, 0
}

// secondsEnd returns the end of the duration in milliseconds or seconds that begins
// at i, or 0.
func secondsEnd(t string, i int) int {
	p := skip(t, i, digit)
	if p == i {
		return 0
	}
	if strings.HasPrefix(t[p:], "ms") {
		return p + 2
	}
	if p < len(t) && t[p] == '.' && is(t, p+1, digit) {
		p = skip(t, p+1, digit)
	}
	if p < len(t) && t[p] == 's' && !is(t, p+1, wordy) {
		return p + 1
	}
	return 0
}

// quantity matches numbers as people and Go write them: 128,000, 1.5e-9, 1m30s, 10MB.
// The digits begin at i; whole and fraction are where they and their fraction end.
func quantity(t string, i, whole, fraction int) (token, int) {
	if end := groupedEnd(t, i, whole); end > 0 {
		return intToken, end
	}
	if end := goDurationEnd(t, i); end > 0 {
		return durationToken, end
	}
	end := skip(t, fraction, wordy)
	if isSize(t[fraction:end]) {
		return sizeToken, end
	}
	if p := fraction; p < len(t) && t[p]|0x20 == 'e' {
		p++
		if p < len(t) && (t[p] == '-' || t[p] == '+') {
			p++
		}
		if q := skip(t, p, digit); q > p && !is(t, q, wordy) {
			return floatToken, q
		}
	}
	return none, 0
}

// groupedEnd returns the end of a number whose thousands are set off by commas, or 0.
func groupedEnd(t string, i, whole int) int {
	if whole-i > 3 {
		return 0
	}
	p := whole
	for p+3 < len(t) && t[p] == ',' && skip(t[:p+4], p+1, digit) == p+4 && !is(t, p+4, wordy) {
		p += 4
	}
	if p == whole {
		return 0
	}
	if p < len(t) && t[p] == '.' && is(t, p+1, digit) {
		p = skip(t, p+1, digit)
	}
	return p
}

// goDurationEnd returns the end of a duration as Go prints it, such as 1h2m3.5s or
// 250µs, or 0.
func goDurationEnd(t string, i int) int {
	p := i
	for is(t, p, digit) {
		q := skip(t, p, digit)
		if q < len(t) && t[q] == '.' && is(t, q+1, digit) {
			q = skip(t, q+1, digit)
		}
		n := unitLen(t[q:])
		if n == 0 {
			return 0
		}
		p = q + n
	}
	if p == i || is(t, p, wordy) {
		return 0
	}
	return p
}

// unitLen returns the length of the unit of time that t begins with, or 0.
func unitLen(t string) int {
	if t == "" {
		return 0
	}
	switch t[0] {
	case 's', 'h':
		return 1
	case 'm':
		if len(t) > 1 && t[1] == 's' {
			return 2
		}
		return 1
	case 'n', 'u':
		if len(t) > 1 && t[1] == 's' {
			return 2
		}
	}
	if strings.HasPrefix(t, "µs") || strings.HasPrefix(t, "μs") {
		return len("µs")
	}
	return 0
}

func isSize(unit string) bool {
	switch unit {
	case "k", "K", "M", "G", "T", "B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "kb", "mb", "gb":
		return true
	}
	return false
}

// hexWord says whether the word w, made of the classes in has, is hexadecimal: with
// 0x before it, or of one case and either long or with both digits and letters.
func hexWord(w string, has uint16, agents bool) token {
	if len(w) > 2 && w[0] == '0' && w[1]|0x20 == 'x' {
		if skip(w, 2, hexDigit) == len(w) {
			return hexToken
		}
		return none
	}
	if has&^hexDigit != 0 || has&hexLower != 0 && has&hexUpper != 0 {
		return none
	}
	mixed := has&digit != 0 && has != digit
	switch n := len(w); {
	case n >= 8, mixed && n >= 4 && n <= 6:
		return hexToken
	case mixed && n == 7 && has&hexLower != 0:
		return gitToken
	case mixed && n == 7 && agents:
		return hexToken
	}
	return none
}

// swiftEnd returns the end of an OpenStack transaction id whose first word is
// t[i:j], or 0.
func swiftEnd(t string, i, j int) int {
	const hexPart = digit | hexLower
	if j-i != 23 || t[i] != 't' || t[i+1] != 'x' || skip(t, i+2, hexPart) != j || j+10 >= len(t) || t[j] != '-' {
		return 0
	}
	if skip(t[:j+11], j+1, hexPart) != j+11 {
		return 0
	}
	return skipNot(t, j+11, space)
}

// minus matches negative numbers.
func (s *scanner) minus(i int) (token, int) {
	t := s.text
	if !is(t, i+1, digit) || clockEnd(t, i+1) > i+1 {
		return none, 0
	}
	joined := is(t, i-1, wordy)
	if joined && s.agents {
		return none, 0
	}
	j, has := i+1, uint16(0)
	for j < len(t) && classes[t[j]]&wordy != 0 {
		has |= classes[t[j]]
		j++
	}
	found, end := s.number(i+1, j, has&wordy)
	switch {
	case found == floatToken:
		return floatToken, end
	case joined:
		return none, 0
	case found == intToken, found == hexToken && has&wordy == digit:
		return found, end
	}
	return none, 0
}
