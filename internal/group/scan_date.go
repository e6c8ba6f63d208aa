package group

// dateForms are the dates that spell out the month, as they stand behind the weekday
// if there is one: # is one or two digits, 9 one, y two to four, @ a month, z a zone,
// a space any white space; the rest stands for itself. Longer forms come first.
var dateForms = [...]string{
	"# @ y #:99:99 z",
	"# @ y #:99 z",
	"99-@-y 99:99:99 z",
	"@ # 9999 99:99:99 GMTz",
	"@ # 99:99:99 9999",
	"@ # 99:99:99 z 9999",
	"@ #, y",
}

// dateEnd returns the end of the date or time of day at i, where the word t[i:j]
// begins, or i.
func dateEnd(t string, i, j int) int {
	c := t[i]
	switch {
	case classes[c]&digit != 0:
		if end := clockEnd(t, i); end > i {
			return end
		}
		if j-i > 2 || !is(t, j, space) && !is(t, j+1, upper|hexUpper) {
			return i
		}
	case c == 'd' && t[i:j] == "datetime":
		return datetimeEnd(t, i, j)
	case j-i < 3 || !isMonth(t[i:i+3]) && !isWeekday(t[i:i+3]):
		return i
	}
	p := i
	if classes[c]&digit == 0 && isWeekday(t[i:i+3]) {
		if p = j; p < len(t) && t[p] == ',' {
			p++
		}
		if q := skip(t, p, space); q > p {
			p = q
		} else {
			return i
		}
	}
	for _, form := range dateForms {
		if end := follow(t, p, form); end > 0 {
			return parenthesesEnd(t, end)
		}
	}
	return i
}

// parenthesesEnd skips the name of a zone in parentheses, as JavaScript adds it.
func parenthesesEnd(t string, i int) int {
	if i+1 >= len(t) || t[i] != ' ' || t[i+1] != '(' {
		return i
	}
	for p := i + 2; p < len(t) && p < i+60; p++ {
		if t[p] == ')' {
			return p + 1
		}
	}
	return i
}

// datetimeEnd returns the end of a Python datetime.datetime(…), or i.
func datetimeEnd(t string, i, j int) int {
	const rest = ".datetime("
	if j+len(rest) > len(t) || t[j:j+len(rest)] != rest {
		return i
	}
	for p := j + len(rest); p < len(t) && p < j+120; p++ {
		if t[p] == ')' {
			return p + 1
		}
	}
	return i
}

// follow returns the end of what fits the form at p, or 0.
func follow(t string, p int, form string) int {
	for k := range len(form) {
		q := p
		switch form[k] {
		case '#':
			q = skip(t[:min(len(t), p+2)], p, digit)
		case 'y':
			if q = skip(t[:min(len(t), p+4)], p, digit); q < p+2 {
				return 0
			}
		case '9':
			q = skip(t[:min(len(t), p+1)], p, digit)
		case '@':
			if p+3 <= len(t) && isMonth(t[p:p+3]) {
				q = p + 3
			}
		case 'z':
			q = zoneEnd(t, p)
		case ' ':
			q = skip(t, p, space)
		default:
			if p < len(t) && t[p] == form[k] {
				q = p + 1
			}
		}
		if q == p {
			return 0
		}
		p = q
	}
	return p
}

// zoneEnd returns the end of the time zone at p, or p.
func zoneEnd(t string, p int) int {
	if p < len(t) && (t[p] == '+' || t[p] == '-') {
		if q := skip(t, p+1, digit); q == p+5 {
			return q
		}
		return p
	}
	q := skip(t, p, upper|hexUpper)
	if q-p > 4 || is(t, q, wordy) {
		return p
	}
	return q
}

func isMonth(s string) bool {
	switch s {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec":
		return true
	}
	return false
}

func isWeekday(s string) bool {
	switch s {
	case "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat":
		return true
	}
	return false
}

// clockEnd returns the end of the date or time in digits at i, or i.
func clockEnd(t string, i int) int {
	switch n := skip(t, i, digit) - i; {
	case n == 4, n == 8:
		return isoEnd(t, i)
	case n <= 2:
		return kitchenEnd(t, i, i+n)
	}
	return i
}

// isoEnd returns the end of a date by ISO 8601, perhaps with a time, with or without
// hyphens and colons, or i.
func isoEnd(t string, i int) int {
	p := i + 4
	p, hyphen1 := optional(t, p, '-')
	if !pair(t, p, '1') {
		return i
	}
	p, hyphen2 := optional(t, p+2, '-')
	if !pair(t, p, '3') {
		return i
	}
	p += 2
	day := i
	if hyphen1 && hyphen2 {
		day = p
	}
	if p >= len(t) || t[p] != 'T' && classes[t[p]]&space == 0 || !pair(t, p+1, '2') {
		return day
	}
	p, _ = optional(t, p+3, ':')
	if !pair(t, p, '5') {
		return day
	}
	p += 2
	if q, _ := optional(t, p, ':'); pair(t, q, '5') {
		p = q + 2
		if p < len(t) && t[p] == '.' && is(t, p+1, digit) {
			p = skip(t, p+1, digit)
		}
	}
	if p < len(t) && t[p] == 'Z' {
		p++
	}
	return offsetEnd(t, p)
}

// offsetEnd skips the distance to UTC, if there is one at p.
func offsetEnd(t string, p int) int {
	q := p
	if q < len(t) && (t[q] == '+' || t[q] == '-') {
		q++
	} else if p == 0 || t[p-1] != 'Z' {
		return p
	}
	if !pair(t, q, '2') {
		return p
	}
	q, _ = optional(t, q+2, ':')
	if !pair(t, q, '5') {
		return p
	}
	return q + 2
}

// optional skips c at p and reports whether it was there.
func optional(t string, p int, c byte) (int, bool) {
	if p < len(t) && t[p] == c {
		return p + 1, true
	}
	return p, false
}

// pair reports whether two digits stand at p, of which the first is at most tens.
func pair(t string, p int, tens byte) bool {
	return is(t, p, digit) && is(t, p+1, digit) && t[p] <= tens
}

// kitchenEnd returns the end of a time of day whose hour is t[i:h], or i.
func kitchenEnd(t string, i, h int) int {
	if h-i == 2 && (t[i] > '2' || t[i] == '2' && t[i+1] > '3') || h >= len(t) || t[h] != ':' || !pair(t, h+1, '5') {
		return i
	}
	p := h + 3
	if p < len(t) && t[p] == ':' && pair(t, p+1, '5') {
		p += 3
	}
	if is(t, p, digit) || p < len(t) && t[p] == ':' {
		// Too much for a time, unless it is one with all its digits and more behind it.
		if p == h+6 && h-i == 2 {
			return p
		}
		return i
	}
	if p < len(t) && t[p] == '.' && is(t, p+1, digit) {
		p = skip(t, p+1, digit)
	}
	return halfDayEnd(t, p)
}

// halfDayEnd skips am or pm, if it is at p.
func halfDayEnd(t string, p int) int {
	q := p
	if is(t, q, space) {
		q++
	}
	if q+1 < len(t) && (t[q]|0x20 == 'a' || t[q]|0x20 == 'p') && t[q+1]|0x20 == 'm' && !is(t, q+2, wordy) {
		return q + 2
	}
	return p
}
