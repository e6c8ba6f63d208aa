package group

import "strings"

// What agents and their tools say, beyond Sentry's kinds. All of it is ours.

// name matches identifiers drawn by lot and paths of files; t[i:j] is a word. It also
// notes the date behind a model's name, which is then left out.
func (s *scanner) name(i, j int, has uint16) (token, int) {
	if end := s.idEnd(i, j, has); end > 0 {
		return idToken, end
	}
	if end := s.filePathEnd(i, j); end > 0 {
		return pathToken, end
	}
	s.noteModel(i, j)
	if has&digit != 0 {
		end := i
		for end < j && s.text[end] != '_' {
			end++
		}
		if random(s.text[i:end]) {
			return randomToken, end
		}
	}
	return none, 0
}

// idEnd returns the end of the identifier with a known prefix that begins with the
// word t[i:j], or 0.
func (s *scanner) idEnd(i, j int, has uint16) int {
	t := s.text
	if has&under == 0 {
		if j == len(t) || t[j] != '-' || !isPrefix(t[i:j]) {
			return 0
		}
		end := skip(t, j+1, alnum)
		if end-j-1 < 16 && !random(t[j+1:end]) || !hasDigit(t[j+1:end]) {
			return 0
		}
		return skip(t, end, wordy)
	}
	first := i + strings.IndexByte(t[i:j], '_')
	last := t[i+strings.LastIndexByte(t[i:j], '_')+1 : j]
	if !isPrefix(t[i:first]) || len(last) < 6 {
		return 0
	}
	digits, letters := 0, 0
	for k := range len(last) {
		if classes[last[k]]&digit != 0 {
			digits++
		} else {
			letters++
		}
	}
	if letters > 0 && (digits >= 2 || digits == 1 && len(last) >= 16) || letters == len(last) && scrambled(last) {
		return j
	}
	return 0
}

// isPrefix reports whether providers and frameworks begin the identifiers of calls,
// messages, runs and the like with p.
func isPrefix(p string) bool {
	switch p {
	case "call", "toolu", "srvtoolu", "tool", "fc", "run", "msg", "req", "resp", "rs", "ws", "thread", "asst", "step",
		"batch", "file", "vs", "item", "chatcmpl", "cmpl", "gen", "sess", "session", "conv", "exec", "execution",
		"task", "job", "evt", "event", "org", "proj", "user", "key", "ctc", "ctx", "trace", "span":
		return true
	}
	return false
}

// random reports whether the piece of a word looks drawn by lot: letters and digits
// take turns far more often than in any name that a person would give.
func random(w string) bool {
	if len(w) < 5 {
		return false
	}
	turns, runs, digits := 0, 1, 0
	before := classes[w[0]] & alnum
	for i := range len(w) {
		c := classes[w[i]]
		if c&high != 0 {
			return false
		}
		if c&digit != 0 {
			digits++
		}
		switch {
		case i == 0:
		case (c&digit != 0) != (before&digit != 0):
			turns++
			runs++
		case c&(upper|hexUpper) != 0 && before&(lower|hexLower) != 0:
			runs++
		}
		before = c
	}
	return turns >= 4 || len(w) >= 12 && digits > 0 && turns >= 2 && runs*5 >= len(w)*2
}

// scrambled reports whether letters alone look drawn by lot: long, and of both cases
// in short runs.
func scrambled(w string) bool {
	runs := 1
	for i := 1; i < len(w); i++ {
		if classes[w[i]]&(upper|hexUpper) != 0 && classes[w[i-1]]&(lower|hexLower) != 0 {
			runs++
		}
	}
	return len(w) >= 16 && runs*4 >= len(w)
}

// noteModel looks for a date at the end of the name of a model, so that the name is
// the same with and without it.
func (s *scanner) noteModel(i, j int) {
	t := s.text
	if i < s.modelDead || j == len(t) || t[j] != '-' || !isModel(t[i:j]) {
		return
	}
	end := j
	for end < len(t) && (classes[t[end]]&alnum != 0 || t[end] == '-' || t[end] == '.' && is(t, end+1, alnum)) {
		end++
	}
	s.modelDead = end
	if from := versionStart(t, j, end); from > 0 {
		s.dropFrom, s.dropTo = from, end
	}
}

func isModel(family string) bool {
	switch strings.ToLower(family) {
	case "gpt", "chatgpt", "o1", "o3", "o4", "codex", "whisper", "claude", "gemini", "gemma", "llama", "mistral", "mixtral",
		"codestral", "ministral", "pixtral", "magistral", "devstral", "deepseek", "qwen", "grok", "phi", "kimi", "glm":
		return true
	}
	return false
}

// versionStart returns where the date or number of a snapshot at the end of the
// model's name t[i:end] begins, with its hyphen, or 0.
func versionStart(t string, i, end int) int {
	cut := func(end int) (int, int) { // the last part: its hyphen and, when it is digits, its length
		k := i + strings.LastIndexByte(t[i:end], '-')
		if k < i {
			return -1, 0
		}
		if skip(t[:end], k+1, digit) != end {
			return k, 0
		}
		return k, end - k - 1
	}
	a, n := cut(end)
	if a < 0 {
		return 0
	}
	if t[a+1:end] == "latest" {
		return a
	}
	b, m := -1, 0
	if a > i {
		b, m = cut(a)
	}
	switch {
	case n == 8, n == 6:
		return a
	case n == 4 && m == 2, n == 2 && m == 2:
		if b > i && n == 2 {
			if c, year := cut(b); year == 4 {
				return c
			}
		}
		return b
	case n == 4, n == 3 && t[a+1] == '0':
		return a
	}
	return 0
}

// quote matches quoted values: whatever is quoted behind an equals sign, and, as ours,
// long texts and words that letters and digits take turns in. Quoted names stay, but
// for a number in them.
func (s *scanner) quote(i int) (token, int) {
	t := s.text
	n := strings.IndexByte(t[i+1:], t[i])
	if n < 1 {
		return none, 0
	}
	end := i + 1 + n + 1
	if i > 0 && t[i-1] == '=' {
		return quotedToken, end
	}
	if !s.agents || is(t, i-1, wordy) || is(t, end, wordy) {
		return none, 0
	}
	if n > 60 {
		if quotesError(t[:i]) {
			return none, 0
		}
		return quotedToken, end
	}
	from, runs := digitRuns(t[i+1 : end-1])
	if runs > 1 {
		return quotedToken, end
	}
	if runs == 1 {
		s.numberFrom = i + 1 + from
	}
	return none, 0
}

// quotesError reports whether what is quoted behind the text is an error of someone
// else's, as gRPC quotes them.
func quotesError(before string) bool {
	before = strings.TrimRight(before, " :=(")
	end := len(before)
	for end > 0 && classes[before[end-1]]&wordy != 0 {
		end--
	}
	switch strings.ToLower(before[end:]) {
	case "desc", "description", "detail", "details", "error", "err", "failed", "failure", "msg", "message", "reason", "cause":
		return true
	}
	return false
}

// digitRuns counts the runs of digits in one word that begins with a letter and is not
// replaced by itself, and returns where the last one is. Names of models have none.
func digitRuns(w string) (from, runs int) {
	if !is(w, 0, letter) || isModel(w) {
		return 0, 0
	}
	has := uint16(0)
	for i := range len(w) {
		c := classes[w[i]] & wordy
		if c == 0 {
			return 0, 0
		}
		if has |= c; c == digit && !is(w, i-1, digit) {
			from = i
			runs++
		}
	}
	if has&^hexDigit == 0 {
		return 0, 0
	}
	return from, runs
}

// json matches JSON documents, Python's way of printing them, and lists of values.
// A document that is cut off reaches to the end of the text. What it says of the kind
// of error is kept: else all faults of one provider would be one.
func (s *scanner) json(i int) (token, int) {
	t := s.text
	s.labels = 0
	p := skip(t, i+1, space)
	if p >= len(t) {
		return none, 0
	}
	switch {
	case t[i] == '{' && opensObject(t, i), t[i] == '[' && opensObject(t, p), t[i] == '[' && isQuote(t[p]):
		return jsonToken, s.documentEnd(i)
	case t[i] == '[':
		return numbersEnd(t, i)
	}
	return none, 0
}

// opensObject reports whether an object with a quoted key begins at i.
func opensObject(t string, i int) bool {
	p := skip(t, i+1, space)
	if t[i] != '{' || p >= len(t) || !isQuote(t[p]) {
		return false
	}
	p = skip(t, stringEnd(t, p), space)
	return p < len(t) && t[p] == ':'
}

func isQuote(c byte) bool { return c == '"' || c == '\'' }

// numbersEnd matches a list of two numbers or more.
func numbersEnd(t string, i int) (token, int) {
	commas := 0
	for p := i + 1; p < len(t); p++ {
		switch c := t[p]; {
		case c == ']' && commas > 0:
			return jsonToken, p + 1
		case c == ',':
			commas++
		case classes[c]&(digit|space) == 0 && strings.IndexByte(".-+eE", c) < 0:
			return none, 0
		}
	}
	return none, 0
}

// documentEnd returns the end of the JSON document at i and notes what it says of
// its kind.
func (s *scanner) documentEnd(i int) int {
	t := s.text
	depth, key := 0, ""
	for p := i; p < len(t); p++ {
		switch t[p] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return p + 1
			}
		case '"', '\'':
			end := stringEnd(t, p)
			text := t[p+1 : max(p+1, end-1)]
			after := skip(t, end, space)
			switch {
			case after < len(t) && t[after] == ':':
				key = text
			case s.labels < len(s.kept) && isKind(key) && isLabel(text):
				s.kept[s.labels] = text
				s.labels++
			}
			p = end - 1
		case ',':
			key = ""
		}
	}
	return len(t)
}

// stringEnd returns the end of the quoted string at i, or of the text when the quote
// is not closed.
func stringEnd(t string, i int) int {
	for p := i + 1; p < len(t); p++ {
		switch t[p] {
		case '\\':
			p++
		case t[i]:
			return p + 1
		}
	}
	return len(t)
}

func isKind(key string) bool {
	switch key {
	case "type", "code", "status", "reason", "error", "error_type", "error_code":
		return true
	}
	return false
}

// isLabel reports whether the text is a name such as rate_limit_exceeded.
func isLabel(text string) bool {
	if text == "" || len(text) > 40 {
		return false
	}
	for i := range len(text) {
		if classes[text[i]]&(letter|under) == 0 && text[i] != '-' && text[i] != '.' {
			return false
		}
	}
	return true
}
