package fault

import "strings"

// statuses says what an HTTP status means when a model's provider answers with it.
var statuses = [...]struct {
	status int
	text   string
	kind   Kind
}{
	{400, "400", BadRequest},
	{401, "401", Authentication},
	{402, "402", QuotaExceeded},
	{403, "403", Authentication},
	{404, "404", ModelNotFound},
	{405, "405", BadRequest},
	{408, "408", ProviderTimeout},
	{409, "409", ServerError},
	{413, "413", ContextLength},
	{415, "415", BadRequest},
	{422, "422", BadRequest},
	{424, "424", ServerError}, // Bedrock's ModelErrorException
	{429, "429", RateLimit},
	{498, "498", ContentFilter}, // Cohere's
	{500, "500", ServerError},
	{502, "502", ServerError},
	{503, "503", Overloaded},
	{504, "504", ProviderTimeout},
	{520, "520", ServerError},
	{522, "522", ConnectionError},
	{524, "524", ProviderTimeout},
	{529, "529", Overloaded}, // Anthropic's
}

// statusOf returns the HTTP status of a failure that the text is, or 0.
func statusOf(text string) int {
	if len(text) != 3 || text[0] != '4' && text[0] != '5' || text[1]-'0' > 9 || text[2]-'0' > 9 {
		return 0
	}
	return int(text[0]-'0')*100 + int(text[1]-'0')*10 + int(text[2]-'0')
}

// statusIn returns the HTTP status that a message names in one of the usual ways, or 0:
// "status code 529", "Error code: 429 - …", "HTTP 503", "[429 Too Many Requests]", or the
// number first of all, as OpenAI's and Anthropic's SDKs for Node have it.
func statusIn(text string) int {
	for i := 0; i+3 <= len(text); i++ {
		skipped := strings.IndexAny(text[i:], "45")
		if skipped < 0 {
			return 0
		}
		i += skipped
		if i+3 > len(text) || i+3 < len(text) && (isName(text[i+3]) || text[i+3] == '.' && i+4 < len(text) && isName(text[i+4])) {
			continue
		}
		if status := statusOf(text[i : i+3]); status != 0 && introduced(text[:i]) {
			return status
		}
	}
	return 0
}

// introduced reports whether the text before a number says that it is a status.
func introduced(before string) bool {
	if before == "" {
		return true
	}
	trimmed := strings.TrimRight(before, " :=(\"'")
	switch {
	case trimmed == "":
		return true
	case trimmed == before:
		return strings.HasSuffix(before, ": [") || strings.HasSuffix(before, " [")
	}
	from := len(trimmed)
	for from > 0 && isWord(fold[trimmed[from-1]]) {
		from--
	}
	word := trimmed[from:]
	for _, w := range [...]string{"code", "status", "http", "error", "statuscode", "httpstatus"} {
		if len(word) == len(w) && strings.EqualFold(word, w) {
			return true
		}
	}
	// POST "https://api.openai.com/v1/chat/completions": 429 Too Many Requests, as in Go.
	return strings.HasSuffix(before, `": `)
}

// byStatus returns the rule for the HTTP status of a provider's answer.
func (e *evidence) byStatus() *rule {
	if e.in&inModel == 0 || e.in&inTool != 0 && !e.sdk {
		return nil
	}
	status := e.status
	if status == 0 {
		status = e.body.status
	}
	if status == 0 {
		status = statusIn(e.text[:min(len(e.text), 1024)])
	}
	return book.status[status]
}
