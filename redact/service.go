package redact

// prefix is how the keys of a service begin, up to and with a hyphen or underscore,
// and how much must follow.
type prefix struct {
	text string
	tail int
}

// prefixes lists the keys of services that tell what they are. To add one, write a
// line here; keys whose first part has no hyphen or underscore need a rule.
var prefixes = [...]prefix{
	{"sk-", 20},                                                                            // OpenAI, Anthropic, DeepSeek, Langfuse
	{"sk_live_", 10}, {"sk_test_", 10}, {"rk_live_", 10}, {"rk_test_", 10}, {"whsec_", 16}, // Stripe
	{"ghp_", 30}, {"gho_", 30}, {"ghu_", 30}, {"ghs_", 30}, {"ghr_", 30}, {"github_pat_", 22},
	{"glpat-", 20}, {"gldt-", 20}, {"glrt-", 20}, // GitLab
	{"xoxb-", 10}, {"xoxp-", 10}, {"xoxa-", 10}, {"xoxr-", 10}, {"xoxs-", 10}, {"xoxe-", 10}, {"xapp-", 10}, // Slack
	{"hf_", 30}, {"gsk_", 40}, {"xai-", 40}, {"pplx-", 40}, {"nvapi-", 40}, {"tvly-", 20}, {"r8_", 30}, // models
	{"npm_", 30}, {"pypi-", 40}, {"dop_v1_", 40}, {"shpat_", 30}, {"lin_api_", 30}, {"GOCSPX-", 20},
	{"sntrys_", 30}, {"sntryu_", 30}, {"lsv2_pt_", 30}, {"lsv2_sk_", 30}, {"glsa_", 30}, {"figd_", 30}, {"sq0atp-", 20},
}

// byLast finds the prefixes by the letter before their end, of which every byte
// before a hyphen or underscore is one.
var byLast = func() (t [256][]prefix) {
	for _, p := range prefixes {
		c := p.text[len(p.text)-2]
		t[c] = append(t[c], p)
	}
	return t
}()

// prefixedKey looks for a service's key whose prefix ends at s[i].
func prefixedKey(s string, low, i int) find {
	if i <= low {
		return find{}
	}
	for _, p := range byLast[s[i-1]] {
		from := i + 1 - len(p.text)
		if from < low || s[from:i+1] != p.text || !startsWord(s, from) {
			continue
		}
		to := keyEnd(s, i+1)
		if to-i-1 >= p.tail && opaque(s[i+1:to]) {
			return find{from: from, to: to, rule: ruleKey}
		}
	}
	return find{}
}

// cloudKey looks for the access key ids of AWS and for Google's API keys.
func cloudKey(s string, low, i int) find {
	if len(s) < i+20 || !startsWord(s, i) {
		return find{}
	}
	switch s[i : i+4] {
	case "AKIA", "ASIA":
		to := i + 4
		for to < len(s) && (isUpper(s[to]) || isDigit(s[to])) {
			to++
		}
		if to == i+20 && endsWord(s, to) {
			return find{from: i, to: to, rule: ruleKey}
		}
	case "AIza":
		if to := keyEnd(s, i); to >= i+39 {
			return find{from: i, to: to, rule: ruleKey}
		}
	}
	return find{}
}

// mailKey looks for SendGrid's keys, SG.….…
func mailKey(s string, low, i int) find {
	from := i - 1
	if from < low || s[from] != 'S' || !startsWord(s, from) || i+2 >= len(s) || s[i+1] != '.' {
		return find{}
	}
	to := keyEnd(s, i+2)
	if to-i-2 < 16 || to >= len(s) || s[to] != '.' {
		return find{}
	}
	if end := keyEnd(s, to+1); end-to > 30 {
		return find{from: from, to: end, rule: ruleKey}
	}
	return find{}
}

// webToken looks for JSON web tokens, whose first two parts are objects: eyJ….eyJ….…
func webToken(s string, low, i int) find {
	from := i - 2
	if from < low || s[from:i] != "ey" || !startsWord(s, from) || from > 0 && s[from-1] == '-' {
		return find{}
	}
	head := keyEnd(s, i)
	if head-from < 10 || head >= len(s) || s[head] != '.' {
		return find{}
	}
	to := keyEnd(s, head+1)
	if to-head < 5 {
		return find{}
	}
	if to < len(s) && s[to] == '.' {
		to = keyEnd(s, to+1)
	}
	return find{from: from, to: to, rule: ruleKey}
}

// bearer looks for the token behind the word "Bearer", which stays.
func (e *editor) bearer(s string, low, i int) find {
	word := i + len("bearer")
	if len(s) <= word || s[i+1]|0x20 != 'e' || !hasFold(s[i:], "bearer") || !startsWord(s, i) {
		return find{}
	}
	from := word
	for from < len(s) && (s[from] == ' ' || s[from] == '+' || s[from] == '\t') {
		from++
	}
	if from == word {
		return find{next: word}
	}
	to := from
	for to < len(s) && isToken(s[to]) {
		to++
	}
	if to-from < 6 || !opaque(s[from:to]) {
		return find{next: word}
	}
	return find{from: from, to: to, rule: ruleBearer}
}

// isToken knows the characters of RFC 6750's b64token.
func isToken(c byte) bool {
	return isWord(c) || c == '-' || c == '.' || c == '~' || c == '+' || c == '/' || c == '='
}

func keyEnd(s string, i int) int {
	for i < len(s) && (isWord(s[i]) || s[i] == '-') {
		i++
	}
	return i
}

// opaque reports whether s looks drawn by lot or meant to be hard to guess, rather
// than a word of a sentence: it has digits or signs, capitals within, or no end.
func opaque(s string) bool {
	if len(s) >= 24 {
		return true
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isUpper(c):
			if i > 0 && !isUpper(s[i-1]) && s[i-1] != '-' {
				return true
			}
		case isLetter(c) || c >= 0x80:
		case c == '-' || c == '\'' || c == '_' || c == '/':
		case i == len(s)-1 && (c == '.' || c == '!' || c == '?'): // the end of a sentence
		default:
			return true
		}
	}
	return false
}
