package group

import "strings"

// nextMail finds the next address that may be met at or after i.
func (s *scanner) nextMail(i int) {
	for p := i; ; {
		n := strings.IndexByte(s.text[p:], '@')
		if n < 0 {
			s.mailFrom, s.mailAt = len(s.text)+1, len(s.text)+1
			return
		}
		at := p + n
		from := at
		for from > p && classes[s.text[from-1]]&local != 0 {
			from--
		}
		if end := domainEnd(s.text, at+1); from < at && end > at+1 {
			s.mailFrom, s.mailAt, s.mailTo = from, at, end
			return
		}
		p = at + 1
	}
}

func domainEnd(t string, i int) int {
	end := i
	for {
		p := labelEnd(t, i)
		if p == i {
			return end
		}
		end = p
		if p == len(t) || t[p] != '.' {
			return end
		}
		i = p + 1
	}
}

// labelEnd returns the end of the run of letters, digits and hyphens at i.
func labelEnd(t string, i int) int {
	for i < len(t) && (classes[t[i]]&alnum != 0 || t[i] == '-') {
		i++
	}
	return i
}

// place matches URLs and host names; the word t[i:j] is where they would begin.
func (s *scanner) place(i, j int, has uint16) (token, int) {
	if j >= len(s.text) {
		return none, 0
	}
	switch s.text[j] {
	case ':':
		if end := s.urlEnd(i, j); end > 0 {
			return urlToken, end
		}
	case '.', '-':
		if has&(under|high) == 0 {
			if end := s.hostEnd(i); end > 0 {
				return hostToken, end
			}
		}
	}
	return none, 0
}

// urlEnd returns the end of the URL with the scheme t[i:j], or 0. Sentry knows the
// schemes of the web only.
func (s *scanner) urlEnd(i, j int) int {
	t := s.text
	if !strings.HasPrefix(t[j:], "://") || j+3 == len(t) {
		return 0
	}
	web := false
	switch t[i:j] {
	case "http", "https", "ws", "wss", "ftp":
		web = true
	}
	if web && (is(t, j+3, space) || strings.IndexByte("/$.?#", t[j+3]) >= 0) {
		return 0
	}
	if !web && (!s.agents || is(t, j+3, space)) {
		return 0
	}
	return skipNot(t, j+4, space)
}

// hostEnd returns the end of the host name at i, or 0: up to the last label that is
// a known top-level domain. (Sentry stops at the first.)
func (s *scanner) hostEnd(i int) int {
	if i < s.hostDead {
		return 0
	}
	t := s.text
	end := 0
	for p := i; ; {
		q := labelEnd(t, p)
		if q == p || q-p > 63 || q == len(t) || t[q] != '.' {
			if end == 0 {
				s.hostDead = q
			}
			return end
		}
		p = q + 1
		r := skip(t, p, letter)
		if r-p >= 2 && r-p <= 6 && !is(t, r, wordy) && isTopLevel(t[p:r]) {
			end = r
		}
	}
}

// isTopLevel reports whether d, all in one case, is among the commonest top-level domains.
func isTopLevel(d string) bool {
	if d[0] < 'a' {
		var b [6]byte
		for i := range len(d) {
			if d[i] >= 'a' {
				return false
			}
			b[i] = d[i] | 0x20
		}
		return commonDomain(string(b[:len(d)]))
	}
	return commonDomain(d)
}

func commonDomain(d string) bool {
	switch d {
	case "app", "biz", "cat", "club", "com", "edu", "gov", "info", "jobs", "link", "mobi", "net", "news",
		"online", "org", "pro", "site", "tips", "wiki", "xxx", "xyz",
		"ae", "al", "ar", "at", "au", "be", "bg", "br", "by", "ca", "cc", "cf", "ch", "cl", "cn", "co", "cz",
		"de", "dk", "ee", "es", "eu", "fi", "fm", "fr", "ga", "gq", "gr", "hk", "hr", "hu", "id", "ie", "il",
		"in", "io", "ir", "is", "it", "jp", "kr", "kz", "la", "lt", "lv", "ly", "me", "ms", "mx", "my", "ng",
		"nl", "no", "nz", "pe", "ph", "pl", "pt", "ro", "rs", "ru", "sa", "se", "sg", "si", "sk", "th", "tk",
		"to", "tr", "tv", "tw", "ua", "ug", "uk", "us", "vn", "za":
		return true
	}
	return false
}

// code matches addresses of machines and identifiers of fixed shape; t[i:j] is the
// first word.
func (s *scanner) code(i, j int, has uint16) (token, int) {
	t := s.text
	if has&^hexDigit != 0 {
		return none, 0
	}
	switch {
	case j-i == 40:
		return sha1Token, j
	case j-i == 32:
		return md5Token, j
	case j == len(t):
		return none, 0
	case t[j] == '.' && has == digit:
		if end := ip4End(t, i); end > 0 {
			return ipToken, end
		}
	case t[j] == ':' && j-i <= 4:
		return s.colons(i)
	case t[j] == '-':
		return dashed(t, i, j)
	}
	return none, 0
}

// dashed matches trace headers and UUIDs.
func dashed(t string, i, j int) (token, int) {
	switch {
	case j-i == 8:
		if end := shape(t, i, hexDigit, 8, 4, 4, 4, 12); end > 0 {
			return uuidToken, end
		}
	case t[i:j] == "00":
		if end := shape(t, i, digit|hexLower, 2, 32, 16, 2); end > 0 {
			return traceparentToken, end
		}
	case t[i:j] == "1":
		if end := shape(t, i, digit|hexLower, 1, 8, 24); end > 0 {
			return traceparentToken, end
		}
	}
	return none, 0
}

// shape returns the end of a text at i made of parts of those lengths with hyphens
// between them, or 0.
func shape(t string, i int, class uint16, parts ...int) int {
	for n, size := range parts {
		if n > 0 {
			if i >= len(t) || t[i] != '-' {
				return 0
			}
			i++
		}
		if i+size > len(t) || skip(t[:i+size], i, class) != i+size {
			return 0
		}
		i += size
	}
	if is(t, i, wordy) {
		return 0
	}
	return i
}

func ip4End(t string, i int) int {
	for n := range 4 {
		if n > 0 {
			if i >= len(t) || t[i] != '.' {
				return 0
			}
			i++
		}
		end := skip(t, i, digit)
		if end == i || end-i > 3 || end-i == 3 && (t[i] > '2' || t[i] == '0' || t[i:end] > "255") {
			return 0
		}
		i = end
	}
	if is(t, i, wordy) {
		return 0
	}
	return i
}

// colon matches addresses that begin with a colon, and lines and columns of files.
func (s *scanner) colon(i int) (token, int) {
	if strings.HasPrefix(s.text[i:], "::") && !is(s.text, i-1, wordy) {
		return s.colons(i)
	}
	if s.agents && is(s.text, i+1, digit) && fileBefore(s.text, i) {
		return lineToken, lineEnd(s.text, i)
	}
	return none, 0
}

// colons matches IPv6 and hardware addresses. An address without any digit is more
// likely the name of a method, as in Bad::add(), unless it is "::".
func (s *scanner) colons(i int) (token, int) {
	t := s.text
	end, groups, double, pairs := i, 0, false, true
	for {
		h := skip(t, end, hexDigit)
		if h-end > 4 {
			return none, 0
		}
		if v4 := ip4End(t, end); v4 > 0 {
			end, groups = v4, groups+2
			break
		}
		if h > end {
			groups++
			pairs = pairs && h-end == 2
			end = h
		}
		if groups == 8 {
			break
		}
		if strings.HasPrefix(t[end:], "::") && !double {
			double = true
			end += 2
			continue
		}
		if end+1 < len(t) && t[end] == ':' && h > 0 && is(t, end+1, hexDigit) {
			end++
			continue
		}
		break
	}
	if is(t, end, wordy) {
		return none, 0
	}
	switch {
	case groups == 6 && pairs && !double && s.agents:
		return macToken, end
	case !(groups == 8 && !double || groups < 8 && double):
		return none, 0
	case groups > 0 && !hasDigit(t[i:end]):
		return none, 0
	}
	if end < len(t) && t[end] == '%' {
		end = skip(t, end+1, alnum)
	}
	if end < len(t) && t[end] == '/' && is(t, end+1, digit) {
		end = skip(t, end+1, digit)
	}
	return ipToken, end
}

func hasDigit(s string) bool { return skipNot(s, 0, digit) < len(s) }
