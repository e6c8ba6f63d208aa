package redact

import "net/netip"

// number looks at the digits that begin at s[i].
func (e *editor) number(s string, low, i int) find {
	if i > low && isWord(s[i-1]) {
		if isUpper(s[i-1]) {
			if f := iban(s, low, i); f.rule != 0 {
				return f
			}
		}
		return find{next: wordEnd(s, i)}
	}
	end := digitsEnd(s, i)
	if i > low+1 && s[i-1] == '.' && isDigit(s[i-2]) { // the fraction of a number
		return find{next: end}
	}
	if e.rules.IPs {
		if to := ipv4(s, i, end); to > 0 {
			return find{from: i, to: to, rule: ruleIP}
		}
	}
	if end < i+3 {
		return find{next: wordEnd(s, end)}
	}
	if to := card(s, i); to > 0 {
		return find{from: i, to: to, rule: ruleCard}
	}
	if end == i+3 && ssn(s, i) {
		return find{from: i, to: i + 11, rule: ruleSSN}
	}
	return find{next: wordEnd(s, end)}
}

func digitsEnd(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// wordEnd skips digits and lower-case letters. What begins with capitals may be the
// key of a service, behind an underscore even inside a word.
func wordEnd(s string, i int) int {
	for i < len(s) && (isDigit(s[i]) || s[i]-'a' <= 'z'-'a') {
		i++
	}
	return i
}

// card returns where the card number that begins at s[i] ends, or 0. Its digits may
// stand apart by single spaces or hyphens, as people write them.
func card(s string, i int) int {
	c := s[i]
	if c < '3' || c > '6' || len(s) < i+15 {
		return 0
	}
	want := 16
	switch next := s[i+1]; c {
	case '3':
		if next != '4' && next != '7' {
			return 0
		}
		want = 15
	case '5':
		if next < '1' || next > '5' {
			return 0
		}
	case '6':
		if next != '5' && s[i:i+4] != "6011" {
			return 0
		}
	}
	prefix := want - 12 // stands together
	if digitsEnd(s[:i+prefix], i) < i+prefix {
		return 0
	}
	i += prefix
	for range 12 {
		if i+1 < len(s) && (s[i] == ' ' || s[i] == '-') {
			i++
		}
		if i >= len(s) || !isDigit(s[i]) {
			return 0
		}
		i++
	}
	if !endsWord(s, i) {
		return 0
	}
	return i
}

// CardNumber reports whether the digits are a card's number: prefix, length and Luhn
// check. It is for numbers in JSON, where an id is likelier than a card.
func CardNumber(digits string) bool {
	return len(digits) >= 15 && card(digits, 0) == len(digits) && luhn(digits)
}

func luhn(digits string) bool {
	sum, double := 0, false
	for i := len(digits) - 1; i >= 0; i-- {
		d := int(digits[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum, double = sum+d, !double
	}
	return sum%10 == 0
}

// ssn reports whether a US social security number, 123-45-6789, begins at s[i],
// given that three digits do.
func ssn(s string, i int) bool {
	return len(s) >= i+11 && s[i+3] == '-' && s[i+6] == '-' &&
		digitsEnd(s, i+4) == i+6 && digitsEnd(s, i+7) == i+11 && endsWord(s, i+11)
}

// iban looks for an account number whose check digits begin at s[i].
func iban(s string, low, i int) find {
	from := i - 2
	if from < low || len(s) < i+13 || !isUpper(s[from]) || !isUpper(s[from+1]) ||
		!isDigit(s[i+1]) || !startsWord(s, from) {
		return find{}
	}
	want := ibanLength(s[from:i])
	n, to := 2, i
	for ; n < want && to < len(s); to++ {
		switch c := s[to]; {
		case isDigit(c) || isLetter(c):
			n++
		case c == ' ' && n%4 == 0 && s[to-1] != ' ': // people write groups of four
		default:
			return find{}
		}
	}
	if want == 0 || n < want || !endsWord(s, to) {
		return find{}
	}
	return find{from: from, to: to, rule: ruleIBAN}
}

// ibanLength returns how long account numbers of a country are; 0 where there are none.
func ibanLength(country string) int {
	for i := 0; i+4 <= len(ibanLengths); i += 4 {
		if ibanLengths[i:i+2] == country {
			return int(ibanLengths[i+2]-'0')*10 + int(ibanLengths[i+3]-'0')
		}
	}
	return 0
}

// ibanLengths lists countries with the length of their account numbers, after the
// IBAN registry, and the countries that use them without being in it.
const ibanLengths = "DE22FR27GB22IT27ES24NL18BE16CH21AT20PL28PT25SE24DK18FI18NO15IE22LU20CZ24SK24HU28RO24BG22GR27HR21SI19" +
	"EE20LV21LT20MT31CY28IS26LI21MC27SM27VA22AD24AE23AL28AZ28BA20BH22BR29BY28CR22DO28EG29FO18GE22GI23GL18GT28" +
	"IL23IQ23JO30KW30KZ20LB28LC32LY25MD24ME22MK19MR27MU30PK24PS29QA29RS22RU33SA24SC31ST25SV28TL23TN24TR26UA29" +
	"VG24XK20DJ27BI27SD18MN20NI28SO23OM23YE30FK18HN28" +
	"DZ26AO25BJ28BF28CV25CM27CF27TD27KM27CG27CI28GQ27GA27GW25IR26MG27ML28MA28MZ25NE28SN28TG28"

// ipv4 returns where the IPv4 address whose first number is s[i:end] ends, or 0.
func ipv4(s string, i, end int) int {
	if end-i > 3 || end >= len(s) || s[end] != '.' {
		return 0
	}
	to, dots := end, 0
	for to < len(s) && to-i < 15 && (isDigit(s[to]) || s[to] == '.' && to+1 < len(s) && isDigit(s[to+1])) {
		if s[to] == '.' {
			dots++
		}
		to++
	}
	if dots != 3 || !endsWord(s, to) || to+1 < len(s) && s[to] == '.' && isDigit(s[to+1]) {
		return 0
	}
	if _, err := netip.ParseAddr(s[i:to]); err != nil {
		return 0
	}
	return to
}

// ipv6 returns the IPv6 address around s[i], or 0, 0.
func ipv6(s string, low, i int) (from, to int) {
	const longest = 45
	from, to = i, i
	for from > low && i-from < longest && isAddr(s[from-1]) {
		from--
	}
	for to < len(s) && to-i < longest && isAddr(s[to]) {
		to++
	}
	for to > from && (s[to-1] == '.' || s[to-1] == ':' && to-2 >= from && s[to-2] != ':') {
		to-- // the end of a sentence
	}
	if to-from < 3 || to-from > longest || !startsWord(s, from) || !endsWord(s, to) {
		return 0, 0
	}
	a, err := netip.ParseAddr(s[from:to])
	if err != nil || !a.Is6() {
		return 0, 0
	}
	return from, to
}

func isAddr(c byte) bool {
	return isDigit(c) || c|0x20-'a' <= 'f'-'a' || c == ':' || c == '.'
}
