package scrub

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/valyala/fastjson"
)

// appendJSON writes a tree as JSON, members in order, duplicates included.
func appendJSON(dst []byte, v *fastjson.Value) []byte {
	switch v.Type() {
	case fastjson.TypeObject:
		dst = append(dst, '{')
		v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			dst = append(appendText(dst, key), ':')
			dst = append(appendJSON(dst, v), ',')
		})
		return append([]byte(strings.TrimSuffix(string(dst), ",")), '}')
	case fastjson.TypeArray:
		dst = append(dst, '[')
		for i, e := range v.GetArray() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, e)
		}
		return append(dst, ']')
	case fastjson.TypeString:
		return appendText(dst, v.GetStringBytes())
	}
	return v.MarshalTo(dst)
}

func appendText(dst, s []byte) []byte {
	text, _ := json.Marshal(string(s))
	text = []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text)))
	return append(dst, text...)
}

type scrubFunc func(*fastjson.Value, *fastjson.Arena, Rules)

// scrubbed returns the document after f, without its _meta, which is returned apart.
func scrubbed(t *testing.T, f scrubFunc, r Rules, doc string) (out, meta string) {
	t.Helper()
	v, err := fastjson.Parse(doc)
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	f(v, new(fastjson.Arena), r)
	if m := v.Get("_meta"); m != nil {
		meta = string(appendJSON(nil, m))
		v.Del("_meta")
	}
	return string(appendJSON(nil, v)), meta
}

// same, as what a case wants, is that the document stays as it is.
const same = "="

// checks returns a function that holds a document against what is left of it. Inside
// wrap, % stands for the document.
func checks(t *testing.T, f scrubFunc, r Rules, wrap string) func(doc, want string) {
	return func(doc, want string) {
		t.Helper()
		if want == same {
			want = doc
		}
		doc, want = strings.Replace(wrap, "%", doc, 1), strings.Replace(wrap, "%", want, 1)
		got, meta := scrubbed(t, f, r, doc)
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", doc, got, want)
		}
		if (meta != "") != (doc != want) {
			t.Errorf("%s: _meta is %q", doc, meta)
		}
	}
}

func TestFree(t *testing.T) {
	t.Parallel()
	f := checks(t, Event, Rules{}, `{"extra":%}`)
	f(`{"password":"x","the_secret":"y","api-key":"z","fine":"w"}`, `{"password":"[Filtered]","the_secret":"[Filtered]","api-key":"[Filtered]","fine":"w"}`)
	f(`{"password":1,"secret":[1,2],"auth":{"a":1}}`, `{"password":null,"secret":null,"auth":null}`)
	f(`{"a":{"b":[{"token":"x"}]}}`, `{"a":{"b":[{"token":"[Filtered]"}]}}`)
	f(`{"token":"a","token":"b","a":{"pwd":"c","pwd":"d"}}`, `{"token":"[Filtered]","token":"[Filtered]","a":{"pwd":"[Filtered]","pwd":"[Filtered]"}}`)
	f(`{"pass\u0077ord":"x"}`, `{"password":"[Filtered]"}`)
	f(`{"note":"card 4111111111111111","n":4111111111111111}`, `{"note":"card [Filtered]","n":null}`)
	f(`{"path":"/home/alice/x"}`, `{"path":"/home/[Filtered]/x"}`)
	f(`{"json":"{\"password\":\"x\"}"}`, `{"json":"{\"password\":\"[Filtered]\"}"}`)
	f(`{"ansi":"\u001b[1m\u0007 password=x \ud83d\ude00\u2028\""}`, `{"ansi":"\u001b[1m\u0007 password=[Filtered] 😀\u2028\""}`)
	f(`[["Authorization","x"],["a","b"]]`, `[["Authorization","[Filtered]"],["a","b"]]`)
	f(`[{"name":"X-Api-Key","value":"x"},{"key":"token","value":7}]`, `[{"name":"X-Api-Key","value":"[Filtered]"},{"key":"token","value":null}]`)
	f(`{"sys.argv":["run","--password","x","--token=y","z"]}`, `{"sys.argv":["run","--password","[Filtered]","--token=[Filtered]","z"]}`)
	f(`["password=x"]`, `["password=[Filtered]"]`)
	f(`"password=x"`, `"password=[Filtered]"`)

	f(`{"password":"","token":"true","secret":"null","auth":"undefined","pwd":true,"jwt":null,"otp":"[Filtered]"}`, same)
	f(`{"max_tokens":100,"usage":{"input_tokens":1,"token_count":2},"author":"bob","authorized":"yes"}`, same)
	f(`[["Authorization","x","y"],["a","b"]]`, same)
	f(`["token","name"]`, same)
	f(`{"n":4111111111111112,"id":123456789012345678}`, same)
	f(`{"name":"page","value":"x"}`, same)
	f(`{}`, same)
	f(`[[],{}]`, same)
	f(`null`, same)
}

func TestEventFields(t *testing.T) {
	t.Parallel()
	f := checks(t, Event, Rules{}, `%`)
	// What nothing touches.
	f(`{"event_id":"4111111111111111","release":"a@4111111111111111","environment":"password=x","dist":"4111111111111111"}`, same)
	f(`{"debug_meta":{"images":[{"code_file":"/home/alice/a.so","password":"x"}]},"modules":{"oauthlib":"3.1","token":"1"}}`, same)
	f(`{"measurements":{"ai_total_tokens_used":{"value":4111111111111111},"token":{"value":1}}}`, same)
	f(`{"transaction":"/home/dashboard","sdk":{"name":"sentry.go","version":"1.0.0.0","packages":[{"name":"auth","version":"1"}]}}`, same)
	f(`{"user":{"id":"1","email":"bob@example.com","username":"bob","ip_address":"10.0.0.1","geo":{"city":"Bern"}}}`, same)
	// What is misused is not left alone.
	f(`{"release":{"password":"x"},"event_id":["password=x"]}`, `{"release":{"password":"[Filtered]"},"event_id":["password=[Filtered]"]}`)
	f(`{"unknown":{"password":"x"},"my_secret":"y"}`, `{"unknown":{"password":"[Filtered]"},"my_secret":"[Filtered]"}`)
	f(`{"transaction":"/a?token=x","server_name":"a password=x","fingerprint":["{{ default }}","card 4111111111111111"]}`,
		`{"transaction":"/a?token=[Filtered]","server_name":"a password=[Filtered]","fingerprint":["{{ default }}","card [Filtered]"]}`)
	f(`{"user":{"id":"4111111111111111","password":"x","data":{"api_key":"y"}}}`, `{"user":{"id":"[Filtered]","password":"[Filtered]","data":{"api_key":"[Filtered]"}}}`)
	// The message stays readable.
	f(`{"message":"mail bob@example.com, card 4111111111111111"}`, `{"message":"mail [email], card [creditcard]"}`)
	f(`{"logentry":{"message":"user %s","formatted":"user bob@example.com","params":["token=x"]}}`, `{"logentry":{"message":"user %s","formatted":"user [email]","params":["token=[Filtered]"]}}`)
	f(`{"logentry":{"message":"no secret, no password","params":{"password":"x","n":1}}}`, `{"logentry":{"message":"no secret, no password","params":{"password":"[Filtered]","n":1}}}`)
	f(`{"logentry":["password=x"]}`, `{"logentry":["password=[Filtered]"]}`)
	// Aliases.
	f(`{"sentry.interfaces.Http":{"headers":{"Authorization":"x"}},"sentry.interfaces.User":{"token":"x"}}`,
		`{"sentry.interfaces.Http":{"headers":{"Authorization":"[Filtered]"}},"sentry.interfaces.User":{"token":"[Filtered]"}}`)
	f(`{"tags":{"token":"x","agent.id":"a"},"contexts":{"app":{"api_key":"x"},"oauth":{"a":1}}}`,
		`{"tags":{"token":"[Filtered]","agent.id":"a"},"contexts":{"app":{"api_key":"[Filtered]"},"oauth":null}}`)
	f(`{"tags":[["token","x"],["a","b"],{"key":"secret","value":"y"}]}`, `{"tags":[["token","[Filtered]"],["a","b"],{"key":"secret","value":"[Filtered]"}]}`)
	f(`{"contexts":{"feedback":{"message":"password=x","contact_email":"bob@example.com"}}}`, `{"contexts":{"feedback":{"message":"password=[Filtered]","contact_email":"bob@example.com"}}}`)
}

func TestException(t *testing.T) {
	t.Parallel()
	shapes := []string{`{"exception":%}`, `{"exception":[%]}`, `{"exception":{"values":[%]}}`, `{"exception":{"values":%}}`,
		`{"sentry.interfaces.Exception":{"values":[null,%]}}`}
	for _, shape := range shapes {
		f := checks(t, Event, Rules{}, shape)
		f(`{"type":"TokenError","module":"auth","value":"no password given"}`, same)
		f(`{"type":"E","value":"open /home/alice/x: card 4111111111111111"}`, `{"type":"E","value":"open /home/[Filtered]/x: card [Filtered]"}`)
		f(`{"type":"E","value":"{\"token\":\"x\"}"}`, `{"type":"E","value":"{\"token\":\"[Filtered]\"}"}`)
		f(`{"mechanism":{"type":"generic","handled":false,"data":{"password":"x"}}}`, `{"mechanism":{"type":"generic","handled":false,"data":{"password":"[Filtered]"}}}`)
		f(`{"stacktrace":{"frames":[{"filename":"/home/alice/a.py","abs_path":"/home/alice/a.py","function":"token=x","lineno":1}]}}`, same)
		f(`{"stacktrace":{"frames":[{"vars":{"password":"x","self":"<A>","p":"/home/alice"}}]}}`, `{"stacktrace":{"frames":[{"vars":{"password":"[Filtered]","self":"<A>","p":"/home/[Filtered]"}}]}}`)
		f(`{"stacktrace":{"frames":[{"vars":["password=x"],"context_line":"key = 'sk-a1B2a1B2a1B2a1B2a1B2'","pre_context":["token = next()","secret = \"x\""]}]}}`,
			`{"stacktrace":{"frames":[{"vars":["password=[Filtered]"],"context_line":"key = '[Filtered]'","pre_context":["token = next()","secret = \"[Filtered]\""]}]}}`)
		f(`{"raw_stacktrace":{"frames":[{"vars":{"token":"x"}}]},"my_token":"x"}`, `{"raw_stacktrace":{"frames":[{"vars":{"token":"[Filtered]"}}]},"my_token":"[Filtered]"}`)
	}
	f := checks(t, Event, Rules{}, `{"threads":{"values":[%]},"stacktrace":{"frames":[]}}`)
	f(`{"id":1,"name":"main","stacktrace":{"frames":[{"vars":{"token":"x"}}]}}`, `{"id":1,"name":"main","stacktrace":{"frames":[{"vars":{"token":"[Filtered]"}}]}}`)
}

func TestBreadcrumbs(t *testing.T) {
	t.Parallel()
	for _, shape := range []string{`{"breadcrumbs":[%]}`, `{"breadcrumbs":{"values":[%]}}`} {
		f := checks(t, Event, Rules{}, shape)
		f(`{"category":"auth","type":"http","message":"done","data":{"url":"https://x.org/a","status_code":200}}`, same)
		f(`{"message":"password=x","data":{"url":"https://a:b@x.org/?token=y","http.query":"token=z&a=b"}}`,
			`{"message":"password=[Filtered]","data":{"url":"https://[Filtered]@x.org/?token=[Filtered]","http.query":"token=[Filtered]&a=b"}}`)
		f(`{"data":"password=x"}`, `{"data":"password=[Filtered]"}`)
		f(`{"data":{"arguments":["token: a1b2","x"]}}`, `{"data":{"arguments":["token: [Filtered]","x"]}}`)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	f := checks(t, Event, Rules{}, `{"request":%}`)
	f(`{"headers":{"Authorization":"Bearer x","cookie":"a=b; sessionid=x","Accept":"*/*","X-Forwarded-For":"10.0.0.1"}}`,
		`{"headers":{"Authorization":"[Filtered]","cookie":"a=b; sessionid=[Filtered]","Accept":"*/*","X-Forwarded-For":"10.0.0.1"}}`)
	f(`{"headers":[["authorization","x"],["Set-Cookie",["sid=x; Path=/","a=b"]]]}`, `{"headers":[["authorization","[Filtered]"],["Set-Cookie",["sid=[Filtered]; Path=/","a=b"]]]}`)
	f(`{"headers":{"X-Auth-Token":["x","y"],"X-Api-Key":7}}`, `{"headers":{"X-Auth-Token":["[Filtered]","[Filtered]"],"X-Api-Key":"[Filtered]"}}`)
	f(`{"cookies":"a=b; PHPSESSID=x"}`, `{"cookies":"a=b; PHPSESSID=[Filtered]"}`)
	f(`{"cookies":{"a":"b","sessionid":"x","su":"y"}}`, `{"cookies":{"a":"b","sessionid":"[Filtered]","su":"[Filtered]"}}`)
	f(`{"cookies":[["csrftoken","x"],["a","b"]]}`, `{"cookies":[["csrftoken","[Filtered]"],["a","b"]]}`)
	f(`{"query_string":"token=x&a=b"}`, `{"query_string":"token=[Filtered]&a=b"}`)
	f(`{"query_string":{"token":"x","sig":"y","a":["b"]}}`, `{"query_string":{"token":"[Filtered]","sig":"[Filtered]","a":["b"]}}`)
	f(`{"query_string":[["token","x"],["a","b"]]}`, `{"query_string":[["token","[Filtered]"],["a","b"]]}`)
	f(`{"url":"https://a:b@x.org/home/alice?token=x"}`, `{"url":"https://[Filtered]@x.org/home/alice?token=[Filtered]"}`)
	f(`{"data":{"password":"x","a":[{"token":"y"}]}}`, `{"data":{"password":"[Filtered]","a":[{"token":"[Filtered]"}]}}`)
	f(`{"data":"{\"password\":\"x\",\"a\":1}"}`, `{"data":"{\"password\":\"[Filtered]\",\"a\":1}"}`)
	f(`{"data":"password=x+y&a=b"}`, `{"data":"password=[Filtered]&a=b"}`)
	f(`{"data":"card 4111111111111111"}`, `{"data":"card [Filtered]"}`)
	f(`{"env":{"HTTP_COOKIE":"sid=x","REMOTE_ADDR":"10.0.0.1","QUERY_STRING":"token=x","DB_PASSWORD":"y","PATH":"/bin"}}`,
		`{"env":{"HTTP_COOKIE":"sid=[Filtered]","REMOTE_ADDR":"10.0.0.1","QUERY_STRING":"token=[Filtered]","DB_PASSWORD":"[Filtered]","PATH":"/bin"}}`)
	f(`{"api_target":"graphql","data":{"query":"{a}","variables":{"id":"1","n":2,"b":true}}}`, `{"api_target":"graphql","data":{"query":"{a}","variables":{"id":"[Filtered]","n":null,"b":true}}}`)

	f(`{"headers":{"User-Agent":"token=x 4111111111111111"},"method":"POST","url":"/home/dashboard"}`, same)
	f(`{"data":{"variables":{"id":"1"}}}`, same)
	f(`{"headers":"Accept: a","cookies":{},"query_string":[],"data":null,"env":[]}`, same)

	f = checks(t, Event, Rules{}, `{"contexts":{"response":%}}`)
	f(`{"headers":{"Set-Cookie":"sid=x"},"status_code":200,"data":{"token":"x"}}`, `{"headers":{"Set-Cookie":"sid=[Filtered]"},"status_code":200,"data":{"token":"[Filtered]"}}`)
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	spans := []func(doc, want string){
		checks(t, Event, Rules{}, `{"spans":[{"data":%}]}`),
		checks(t, Event, Rules{}, `{"contexts":{"trace":{"data":%}}}`),
		checks(t, Span, Rules{}, `{"data":%}`),
		checks(t, Span, Rules{}, `{"attributes":%}`),
		checks(t, Log, Rules{}, `{"attributes":%}`),
	}
	for _, f := range spans {
		f(`{"gen_ai.usage.input_tokens":12,"gen_ai.request.max_tokens":100,"gen_ai.request.model":"gpt-5"}`, same)
		f(`{"gen_ai.input.messages":"[{\"role\":\"user\",\"content\":\"I am bob@example.com\"}]"}`, `{"gen_ai.input.messages":"[{\"role\":\"user\",\"content\":\"I am [email]\"}]"}`)
		f(`{"gen_ai.tool.call.arguments":"{\"password\":\"x\",\"order\":81}"}`, `{"gen_ai.tool.call.arguments":"{\"password\":\"[Filtered]\",\"order\":81}"}`)
		f(`{"gen_ai.tool.call.result":{"token":"x","mail":"bob@example.com"}}`, `{"gen_ai.tool.call.result":{"token":"[Filtered]","mail":"[email]"}}`)
		f(`{"gen_ai.tool.definitions":"[{\"name\":\"login\",\"parameters\":{\"password\":{\"type\":\"string\"}}}]"}`, same)
		f(`{"gen_ai.tool.definitions":[{"parameters":{"password":{"type":"string"}}}]}`, same)
		f(`{"mcp.prompt.result.content":"card 4111111111111111"}`, `{"mcp.prompt.result.content":"card [creditcard]"}`)
		f(`{"http.request.header.authorization":"x","http.request.header.cookie.sessionid":"y","http.request.header.cookie":"sid=z"}`,
			`{"http.request.header.authorization":"[Filtered]","http.request.header.cookie.sessionid":"[Filtered]","http.request.header.cookie":"sid=[Filtered]"}`)
		f(`{"http.response.header.set_cookie":["sid=z"],"url.query":"token=x","url.full":"https://x.org/home/bob?token=x"}`,
			`{"http.response.header.set_cookie":["sid=[Filtered]"],"url.query":"token=[Filtered]","url.full":"https://x.org/home/bob?token=[Filtered]"}`)
		f(`{"http.request.header.user_agent":"token=x","user_agent.original":"token=x","sentry.op":"auth","sentry.release":"1.2.3.4"}`, same)
		f(`{"db.query.text":"UPDATE u SET password='x'","api_key":"y","card":4111111111111111}`, `{"db.query.text":"UPDATE u SET password='[Filtered]'","api_key":"[Filtered]","card":null}`)
		f(`{"sentry.message.parameter.password":"x","sentry.description":"GET /?token=x"}`, `{"sentry.message.parameter.password":"[Filtered]","sentry.description":"GET /?token=[Filtered]"}`)
	}
	for _, f := range []func(doc, want string){checks(t, Span, Rules{}, `{"attributes":%}`), checks(t, Log, Rules{}, `{"attributes":%}`)} {
		f(`{"token":{"value":"x","type":"string"},"n":{"value":1,"type":"integer"}}`, `{"token":{"value":"[Filtered]","type":"string"},"n":{"value":1,"type":"integer"}}`)
		f(`{"gen_ai.tool.call.arguments":{"value":"{\"password\":\"x\"}","type":"string"}}`, `{"gen_ai.tool.call.arguments":{"value":"{\"password\":\"[Filtered]\"}","type":"string"}}`)
		f(`{"secret":{"value":7,"type":"integer"},"a":{"value":["password=x"],"type":"array"}}`, `{"secret":{"value":null,"type":"integer"},"a":{"value":["password=[Filtered]"],"type":"array"}}`)
		f(`{"gen_ai.usage.output_tokens":{"value":7,"type":"integer"}}`, same)
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	f := checks(t, Span, Rules{}, `%`)
	f(`{"trace_id":"4111111111111111","span_id":"a","op":"auth","description":"GET /home/x","status":"ok","timestamp":1.5}`, same)
	f(`{"description":"GET https://a:b@x.org","tags":{"token":"x"},"links":[{"trace_id":"a","attributes":{"token":"x"}}],"password":"x"}`,
		`{"description":"GET https://[Filtered]@x.org","tags":{"token":"[Filtered]"},"links":[{"trace_id":"a","attributes":{"token":"[Filtered]"}}],"password":"[Filtered]"}`)
}

func TestOtherDocuments(t *testing.T) {
	t.Parallel()
	f := checks(t, Log, Rules{}, `%`)
	f(`{"timestamp":1.5,"trace_id":"4111111111111111","level":"info","body":"hello"}`, same)
	f(`{"body":"mail bob@example.com with Bearer abc123def","token":"x"}`, `{"body":"mail [email] with Bearer [token]","token":"[Filtered]"}`)
	f = checks(t, UserReport, Rules{}, `%`)
	f(`{"event_id":"4111111111111111","name":"Bob","email":"bob@example.com","comments":"it broke"}`, same)
	f(`{"comments":"my card is 4111 1111 1111 1111"}`, `{"comments":"my card is [Filtered]"}`)
	f = checks(t, CheckIn, Rules{}, `%`)
	f(`{"check_in_id":"a","monitor_slug":"auth","status":"ok","contexts":{"trace":{"trace_id":"a"}}}`, same)
	f(`{"monitor_config":{"token":"x"},"contexts":{"app":{"secret":"x"}}}`, `{"monitor_config":{"token":"[Filtered]"},"contexts":{"app":{"secret":"[Filtered]"}}}`)
	f = checks(t, Session, Rules{}, `%`)
	f(`{"sid":"a","did":"bob","status":"ok","attrs":{"release":"1.0.0.0","ip_address":"10.0.0.1","user_agent":"x"}}`, same)
	f(`{"did":"token=x","attrs":{"password":"x"}}`, `{"did":"token=[Filtered]","attrs":{"password":"[Filtered]"}}`)
}

func TestContainers(t *testing.T) {
	t.Parallel()
	doc := `{"version":2,"items":[{"body":"a"},{"body":"bob@example.com"},{"attributes":{"token":{"value":"x","type":"string"}}}],"secret":"x"}`
	got, meta := scrubbed(t, Logs, Rules{}, doc)
	want := `{"version":2,"items":[{"body":"a"},{"body":"[email]","_meta":{"body":{"":{"rem":[["@email:replace","s",0,7]],"len":15}}}},` +
		`{"attributes":{"token":{"value":"[Filtered]","type":"string"}},"_meta":{"attributes":{"token":{"value":{"":{"rem":[["@password:filter","s",0,10]],"len":1}}}}}}],"secret":"[Filtered]"}`
	if got != want {
		t.Errorf("logs\n got %s\nwant %s", got, want)
	}
	if want := `{"secret":{"":{"rem":[["@password:filter","s",0,10]],"len":1}}}`; meta != want {
		t.Errorf("_meta of logs is %s", meta)
	}
	got, _ = scrubbed(t, Spans, Rules{}, `{"items":[{"name":"a","attributes":{"pwd":{"value":1,"type":"integer"}}}]}`)
	want = `{"items":[{"name":"a","attributes":{"pwd":{"value":null,"type":"integer"}},"_meta":{"attributes":{"pwd":{"value":{"":{"rem":[["@password:filter","x"]]}}}}}}]}`
	if got != want {
		t.Errorf("spans\n got %s\nwant %s", got, want)
	}
	got, _ = scrubbed(t, Spans, Rules{}, `{"items":{"a":{"token":"x"}}}`)
	if want = `{"items":{"a":{"token":"[Filtered]"}}}`; got != want {
		t.Errorf("no list\n got %s\nwant %s", got, want)
	}
}
