package scrub

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// gardener composes documents in which every secret contains the word hidden1, and
// every harmless value the word visible.
type gardener struct {
	*rand.Rand
	visible int
}

func pick[T any](g *gardener, of ...T) T { return of[g.IntN(len(of))] }

// quoted returns a JSON string.
func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func (g *gardener) secretName() string {
	name := pick(g, "password", "the_secret", "API_KEY", "apiKey", "auth", "Authorization", "credentials", "private-key",
		"access_token", "x-csrf-token", "jwt", "otp", "aws_secret_access_key", "db_pass", "tokenSecret", "passwd")
	return pick(g, name, strings.ToUpper(name), strings.ToLower(name))
}

func (g *gardener) name() string {
	return pick(g, "a", "order", "max_tokens", "author", "key", "total_tokens", "note", "items", "gen_ai.usage.input_tokens")
}

// text is a sentence, with or without a secret in it.
func (g *gardener) text() string {
	g.visible++
	words := []string{"visible"}
	for range g.IntN(3) {
		words = append(words, pick(g, "the quick fox", "2026-03-01T12:30:45Z", "id=7", "https://x.org/a?b=c", "ünïcode 😀", "\"quoted\"", "a\\b", "line\nbreak", "\x1b[1m"))
	}
	if g.IntN(2) == 0 {
		words = append(words, pick(g,
			"postgres://bob:hidden1@db/app",
			"https://x.org/cb?access_token=hidden1&n=1",
			"password=hidden1",
			`{"password":"hidden1"`,
			`'api_key': 'hidden1'`,
			"token: hidden1",
			"Authorization: Bearer hidden1",
			"Bearer hidden1abc",
			"-----BEGIN RSA PRIVATE KEY-----\nhidden1\n-----END RSA PRIVATE KEY-----",
			"sk-hidden1hidden1hidden1hidden1",
			"eyJhidden1hidden1.eyJhidden1.hidden1",
		))
	}
	g.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	return strings.Join(words, " ")
}

// value is any JSON value, deeper or not.
func (g *gardener) value(depth int) string {
	if depth <= 0 {
		return quoted(g.text())
	}
	switch g.IntN(7) {
	case 0:
		return g.object(depth)
	case 1:
		return "[" + g.value(depth-1) + "," + g.value(depth-1) + "]"
	case 2: // JSON in a string
		return quoted(g.object(min(depth, 2)))
	case 3:
		g.visible++
		return fmt.Sprintf(`[[%s,"hidden1"],["a","visible"]]`, quoted(g.secretName()))
	case 4:
		g.visible++
		return fmt.Sprintf(`[{"name":%s,"value":"hidden1"},{"name":"a","value":"visible"}]`, quoted(g.secretName()))
	case 5:
		return `["run","--password","hidden1"]`
	}
	return pick(g, "1", "true", "null", "[]", "{}", "-1.5e3")
}

func (g *gardener) object(depth int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range 1 + g.IntN(4) {
		if i > 0 {
			b.WriteByte(',')
		}
		if g.IntN(3) == 0 {
			fmt.Fprintf(&b, `%s:%s`, quoted(g.secretName()), pick(g, `"hidden1"`, `["hidden1"]`, `{"a":{"b":"hidden1"}}`, `"\u0068idden1"`))
		} else {
			fmt.Fprintf(&b, `%s:%s`, quoted(g.name()), g.value(depth-1))
		}
	}
	b.WriteByte('}')
	return b.String()
}

// pairs is names with values in one of the forms of headers.
func (g *gardener) pairs(secret string) string {
	g.visible++
	return pick(g,
		fmt.Sprintf(`{%s:"hidden1","a":"visible"}`, quoted(secret)),
		fmt.Sprintf(`[[%s,"hidden1"],["a","visible"]]`, quoted(secret)),
		fmt.Sprintf(`[{"key":%s,"value":"hidden1"},{"key":"a","value":"visible"}]`, quoted(secret)))
}

// field is one member of an event, as a client may send it.
func (g *gardener) field() string {
	switch g.IntN(13) {
	case 0:
		return `"extra":` + pick(g, g.object(4), "["+g.value(3)+"]")
	case 1:
		return `"contexts":{"app":` + g.object(3) + `,"trace":{"data":` + g.object(3) + `}}`
	case 2:
		return `"request":{"headers":` + g.pairs(g.secretName()) + `,"data":` + g.value(3) + `}`
	case 3:
		return `"request":{"cookies":` + g.pairs(pick(g, "sessionid", "PHPSESSID", "su", "xsrf", "auth")) + `,"query_string":` + g.pairs(pick(g, g.secretName(), "sig")) + `}`
	case 4:
		g.visible += 3
		return fmt.Sprintf(`"request":{"cookies":"a=visible; sessionid=hidden1","query_string":"%s=hidden1&a=visible","data":"a=visible&user%%5B%s%%5D=hidden1"}`,
			url.QueryEscape(g.secretName()), url.QueryEscape(g.secretName()))
	case 5:
		return `"user":{"id":"7","data":` + g.object(3) + `}`
	case 6:
		crumb := `{"category":"a","message":` + quoted(g.text()) + `,"data":` + g.value(3) + `}`
		return `"breadcrumbs":` + pick(g, "["+crumb+"]", `{"values":[`+crumb+`]}`)
	case 7:
		e := `{"type":"E","value":` + quoted(g.text()) + `,"stacktrace":{"frames":[{"function":"f","vars":` + g.value(3) + `}]}}`
		return `"exception":` + pick(g, e, "["+e+"]", `{"values":[`+e+`]}`)
	case 8:
		return `"tags":` + g.pairs(g.secretName())
	case 9:
		return `"spans":[{"op":"a","description":` + quoted(g.text()) + `,"data":` + g.object(3) + `,"tags":` + g.pairs(g.secretName()) + `}]`
	case 10:
		return `"spans":[{"data":{` + quoted(pick(g, "gen_ai.tool.call.arguments", "gen_ai.input.messages")) + `:` + quoted(g.object(3)) + `}}]`
	case 11:
		return `"logentry":{"formatted":` + quoted(g.text()) + `,"params":` + g.value(2) + `}`
	}
	return `"unknown":` + g.value(3)
}

// TestNothingHiddenSurvives plants secrets in every scrubbed field of a few thousand
// documents.
func TestNothingHiddenSurvives(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		g := &gardener{Rand: rand.New(rand.NewPCG(seed, 1))}
		var fields []string
		for range 1 + g.IntN(4) { // some under the same key
			fields = append(fields, g.field())
		}
		doc := "{" + strings.Join(fields, ",") + "}"
		got, meta := scrubbed(t, Event, Rules{}, doc)
		if strings.Contains(got+meta, "hidden1") {
			t.Fatalf("seed %d: hidden survives\n%s\n%s", seed, doc, got)
		}
		if n := strings.Count(got, "visible"); n < strings.Count(doc, "visible")-strings.Count(doc, "hidden1") {
			t.Fatalf("seed %d: of what is visible only %d stay\n%s\n%s", seed, n, doc, got)
		}
		if again, more := scrubbed(t, Event, Rules{}, got); again != got || more != "" {
			t.Fatalf("seed %d: not stable\n%s\n%s", seed, got, again)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(`{"request":{"headers":[["Authorization","x"]],"data":"a=b","cookies":"sid=1"},"_meta":{"a":{"":{"val":1}}}}`)
	f.Add(`{"exception":{"values":[{"value":"password=x","stacktrace":{"frames":[{"vars":{"token":"x"}}]}}]},"message":"a@b.org"}`)
	f.Add(`{"spans":[{"data":{"gen_ai.input.messages":"[{\"token\":\"x\"}]"}}],"tags":[["token","x"]],"extra":{"a":4111111111111111}}`)
	f.Add(`{"items":[{"body":"x","attributes":{"token":{"value":"x","type":"string"}}}],"_meta":[]}`)
	for seed := range uint64(20) {
		g := &gardener{Rand: rand.New(rand.NewPCG(seed, 2))}
		f.Add("{" + g.field() + "," + g.field() + "}")
	}
	rules := []Rules{{}, {IPs: true}, {Sensitive: []string{"a"}, Safe: []string{"ab", "token"}}}
	kinds := []scrubFunc{Event, Span, Spans, Log, Logs, UserReport, CheckIn, Session}
	f.Fuzz(func(t *testing.T, doc string) {
		if !json.Valid([]byte(doc)) || !utf8.ValidString(doc) {
			return // documents are made valid before they come here
		}
		for _, r := range rules {
			for _, kind := range kinds {
				once := marshalled(t, kind, r, doc)
				if !json.Valid([]byte(once)) {
					t.Fatalf("%s became invalid: %s", doc, once)
				}
				// Writing alone changes half a surrogate pair, so both are written anew.
				same, twice := marshalled(t, kind, Rules{Off: true}, once), marshalled(t, kind, r, once)
				if twice != same {
					t.Fatalf("%s\n once %s\ntwice %s", doc, same, twice)
				}
			}
		}
	})
}

func marshalled(t *testing.T, f scrubFunc, r Rules, doc string) string {
	t.Helper()
	out, meta := scrubbed(t, f, r, doc)
	if meta == "" {
		return out
	}
	return strings.TrimSuffix(strings.TrimSuffix(out, "}"), ",") + pickComma(out) + `"_meta":` + meta + `}`
}

// pickComma returns what must stand before another member of an object.
func pickComma(object string) string {
	if object == "{}" {
		return ""
	}
	return ","
}
