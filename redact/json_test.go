package redact

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSONText(t *testing.T) {
	t.Parallel()
	f := check(t, JSONText)
	f(`{"password":"x","user":"bob"}`, `{"password":"[Filtered]","user":"bob"}`)
	f(` { "a" : [ {"api_key" : "x y"} , 1 ] } `, ` { "a" : [ {"api_key" : "[Filtered]"} , 1 ] } `)
	f(`{"password":123,"token":["a","b"],"auth":{"a":"b"},"pwd":true,"otp":null}`,
		`{"password":null,"token":null,"auth":null,"pwd":true,"otp":null}`)
	f(`{"pass\u0077ord":"x"}`, `{"pass\u0077ord":"[Filtered]"}`)
	f(`{"password":"a","password":"b"}`, `{"password":"[Filtered]","password":"[Filtered]"}`)
	f(`{"note":"card 4111111111111111"}`, `{"note":"card [Filtered]"}`)
	f(`{"note":"a\ncard 4111111111111111 \"x\""}`, `{"note":"a\ncard [Filtered] \"x\""}`)
	f(`{"u":"https:\/\/a:b@c\/"}`, `{"u":"https://[Filtered]@c/"}`)
	f(`{"arguments":"{\"password\":\"x\",\"n\":1}"}`, `{"arguments":"{\"password\":\"[Filtered]\",\"n\":1}"}`)
	f(`"{\"token\":\"x\"}"`, `"{\"token\":\"[Filtered]\"}"`)
	f(`[4111111111111111]`, `[null]`)
	f(`{"a":"x","a":{"token":"\ud83d\ude00"}}`, `{"a":"x","a":{"token":"[Filtered]"}}`)
	f(`[["Authorization","x"],["a","b"],["token",["c"]]]`, `[["Authorization","[Filtered]"],["a","b"],["token",null]]`)
	f(`[{"name":"X-Api-Key","value":"x"},{"value":7,"key":"token"},{"name":"a","value":"b"}]`,
		`[{"name":"X-Api-Key","value":"[Filtered]"},{"value":null,"key":"token"},{"name":"a","value":"b"}]`)
	f(`{"args":["run","--password","x","--token=y","-v","z"]}`, `{"args":["run","--password","[Filtered]","--token=[Filtered]","-v","z"]}`)
	f(`{"password":"x","user":"bo`, `{"password":"[Filtered]","user":"bo`)       // cut off
	f(`{'password': 'x'}`, `{'password': '[Filtered]'}`)                         // Python's
	f(`{"token":"\uXX","auth":{"a":"b"}}`, `{"token":"[Filtered]","auth":null}`) // no JSON but for the secret
	f("plain password=x", "plain password=[Filtered]")
	f(`{"a":1} {"password":"x"}`, `{"a":1} {"password":"[Filtered]"}`) // lines

	f("", same)
	f("{", same)
	f(`["token","name"]`, same)
	f(`[["token","name","x"],["token"],[[],"x"],["a","b"]]`, same)
	f(`{"value":"x","n":1,"o":2,"p":3,"name":"token"}`, same) // too far behind
	f(`["-a","b","--","c"]`, same)
	f(`{"max_tokens":100,"usage":{"total_tokens":12},"author":"bob"}`, same)
	f(`[4111111111111112, 4571234567890111, 1.5e3, -0.1]`, same) // ids, by the Luhn check
	f(`{"password":"","token":"null","secret":"true"}`, same)
	f(`{"a":"\ud83d\ude00 \u00e9 \/"}`, same)
	f(strings.Repeat("[", 1000)+strings.Repeat("]", 1000), same)
	f(`[01]`, same)
	f(`{"a":tru}`, same)

	f = check(t, JSONMessage)
	f(`[{"role":"user","content":"I am bob@example.com"}]`, `[{"role":"user","content":"I am [email]"}]`)
	f(`[{"parts":[{"type":"tool_call","arguments":{"password":"x"}}]}]`, `[{"parts":[{"type":"tool_call","arguments":{"password":"[Filtered]"}}]}]`)
	f("I am bob@example.com", "I am [email]")
}

func TestJSONSafe(t *testing.T) {
	t.Parallel()
	r := &Rules{Safe: []string{"token"}, Sensitive: []string{"badge"}}
	f := check(t, func(s string) (string, bool) { return apply(r.AppendJSON, s) })
	f(`{"token":"password=x","badge_no":7,"a":{"token":["password=x"]}}`, `{"token":"password=x","badge_no":null,"a":{"token":["password=[Filtered]"]}}`)
}

func FuzzJSONText(f *testing.F) {
	for _, s := range []string{`{"password":"x"}`, `{"a":[1,"b",{"token":{}}]}`, `"{\"token\":\"x\"}"`, `[4111111111111111]`,
		`{"u":"https:\/\/a:b@c\/"}`, `{"a":"{\"b\":\"{\\\"token\\\":\\\"x\\\"}\"}"}`, `{"a":"\ud83d\ude00 4111111111111111"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		stable(t, plain.AppendJSON, s)
		stable(t, message.AppendJSON, s)
		if got, _ := JSONText(s); LooksJSON(s) && json.Valid([]byte(s)) && !json.Valid([]byte(got)) {
			t.Fatalf("%q became invalid: %q", s, got)
		}
	})
}

func BenchmarkJSONText(b *testing.B) {
	s := `[{"role":"user","parts":[{"type":"text","content":"please refund order 81, it came broken"}]},` +
		strings.Repeat(`{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"lookup","arguments":{"order":81}}]},`, 20) + `{}]`
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		JSONMessage(s)
	}
}
