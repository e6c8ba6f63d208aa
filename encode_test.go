package picket

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"relay.one/picket/redact"
)

// encodedBy returns what write writes.
func encodedBy(t testing.TB, o encodeOptions, write func(e *encoder)) string {
	t.Helper()
	e := acquireEncoder(newEncodeSettings(o))
	defer e.release()
	write(e)
	if !json.Valid(e.buf) {
		t.Errorf("not JSON: %s", e.buf)
	}
	return string(e.buf)
}

func TestEncodeText(t *testing.T) {
	t.Parallel()
	f := func(s, want string) {
		t.Helper()
		if got := encodedBy(t, encodeOptions{}, func(e *encoder) { e.text(s) }); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
	f("", `""`)
	f("plain", `"plain"`)
	f("a\"b\\c\n\t\r\x00\x1f", `"a\"b\\c\n\t\r\u0000\u001f"`)
	f("grüße 😀\u2028", `"grüße 😀`+"\u2028"+`"`)
	f("a\xffb\xc3", `"a`+"\ufffd"+`b`+"\ufffd"+`"`)
	f("\xe2\x82", `"`+"\ufffd\ufffd"+`"`)
	f("password=hunter2 ok", `"password=[Filtered] ok"`)
	f(`{"token":"t1","n":2}`, `"{\"token\":\"[Filtered]\",\"n\":2}"`)
	f("/home/ada/x.go", `"/home/[Filtered]/x.go"`)
}

func TestEncodeRaw(t *testing.T) {
	t.Parallel()
	if got := encodedBy(t, encodeOptions{}, func(e *encoder) { e.raw("password=hunter2\xff") }); got != "\"password=hunter2\ufffd\"" {
		t.Errorf("%s", got)
	}
}

func TestEncodeCutsTexts(t *testing.T) {
	t.Parallel()
	f := func(s, want string) {
		t.Helper()
		if got := encodedBy(t, encodeOptions{maxText: 16}, func(e *encoder) { e.text(s) }); got != want {
			t.Errorf("%.40q: %s, want %s", s, got, want)
		}
	}
	f("0123456789abcdef", `"0123456789abcdef"`)
	f("0123456789abcdefg", `"0123456789abc…"`)
	f("0123456789ab😀😀", `"0123456789ab…"`)
	f(strings.Repeat("\xbf", 40), `"`+strings.Repeat("\ufffd", 9)+`…"`)
	f("abc password=hunter2hunter2 d", `"abc password=…"`)
	f("abcdefg key "+strings.Repeat("x ", 9000), `"abcdefg key x…"`)
	f(`["aaaaaaaaaa","bbbbbbbbbb","cccccccccc"]`, `"[\"aaaaaaaaaa\",\"bbbbbbbbbb\",\"…\"]"`)
	f(`[INFO] what begins like JSON`, `"[INFO] what b…"`)
}

// TestEncodeCutsNoSecretInHalf puts a secret at every place around the cut.
func TestEncodeCutsNoSecretInHalf(t *testing.T) {
	t.Parallel()
	const limit = 64
	for before := range 8000 {
		if before > 200 && before < 4000 {
			continue
		}
		s := strings.Repeat("a ", before/2) + "postgres://bob:" + strings.Repeat("Hidden1", 8) + "@db/app " + strings.Repeat("b ", 3000)
		got := encodedBy(t, encodeOptions{maxText: limit}, func(e *encoder) { e.text(s) })
		if strings.Contains(got, "Hidden") || len(got) > limit+2 {
			t.Fatalf("before %d: %s", before, got)
		}
	}
}

type (
	encodeLevel  string
	encodeTime   struct{ time.Time }
	encodeStruct struct {
		Name     string `json:"name"`
		Password string `json:"password"`
		Rate     float64
		hidden   int
		Skipped  string `json:"-"`
	}
	encodeSelf   struct{ Next *encodeSelf }
	encodePanics struct{}
	encodeBadLog struct{}
	encodeLogged struct{}
	encodeName   struct{ name string }
	encodeMixed  struct {
		Good string
		Bad  encodePanics
	}
)

func (encodePanics) MarshalJSON() ([]byte, error) { panic("marshal") }
func (encodeBadLog) LogValue() slog.Value         { panic("log") }
func (encodeLogged) LogValue() slog.Value {
	return slog.GroupValue(slog.String("shown", "yes"), slog.String("password", "hunter2"))
}
func (n *encodeName) String() string { return n.name }

func TestEncodeValue(t *testing.T) {
	t.Parallel()
	f := func(v any, want string) {
		t.Helper()
		if got := encodedBy(t, encodeOptions{}, func(e *encoder) { e.value("k", v) }); got != want {
			t.Errorf("%T %v: %s, want %s", v, v, got, want)
		}
	}
	text := "x"
	f(nil, `null`)
	f(true, `true`)
	f(-7, `-7`)
	f(int8(-7), `-7`)
	f(uint64(math.MaxUint64), `18446744073709551615`)
	f(1.5, `1.5`)
	f(1e-9, `1e-09`)
	f(1e30, `1e+30`)
	f(math.NaN(), `null`)
	f(math.Inf(-1), `null`)
	f(float32(0.5), `0.5`)
	f(complex(1, 2), `"(1+2i)"`)
	f(4111111111111111, `null`) // a card's number
	f(4111111111111112, `4111111111111112`)
	f(time.Date(2026, 1, 2, 3, 4, 5, 60, time.FixedZone("", 3600)), `"2026-01-02T02:04:05.00000006Z"`)
	f(encodeTime{time.Unix(0, 0)}, `"1970-01-01T00:00:00Z"`)
	f(90*time.Second, `"1m30s"`)
	f([]byte("password=hunter2"), `"password=[Filtered]"`)
	f([]byte{0xff, 0, 1}, `"[3 bytes]"`)
	f(json.RawMessage(`{"token":"x","a":[1, 2]}`), `{"token":"[Filtered]","a":[1,2]}`)
	f(json.RawMessage(`{`), `"[unserializable: json.RawMessage]"`)
	f(json.Number("12"), `12`)
	f(json.Number("true"), `"true"`)
	f(json.Number("x"), `"x"`)
	f(errors.New("token=t0ken failed"), `"token=[Filtered] failed"`)
	f(fmt.Errorf("a: %w", errors.ErrUnsupported), `"a: unsupported operation"`)
	f(net.IPv4(10, 0, 0, 1), `"10.0.0.1"`)
	f(&url.URL{Scheme: "https", Host: "x.org", User: url.UserPassword("a", "hunter2")}, `"https://[Filtered]@x.org"`)
	f(&encodeName{"ada"}, `"ada"`)
	f((*encodeName)(nil), `null`)
	f(encodeLevel("info"), `"info"`)
	f(&text, `"x"`)
	f((*string)(nil), `null`)
	f(make(chan int), `"[unserializable: chan int]"`)
	f(func() {}, `"[unserializable: func()]"`)
	f((chan int)(nil), `null`)
	f(encodePanics{}, `"[unserializable: picket.encodePanics]"`)
	f(encodeBadLog{}, `"[panicked: picket.encodeBadLog]"`)
	f(encodeLogged{}, `{"shown":"yes","password":"[Filtered]"}`)
	f(slog.IntValue(3), `3`)
	f(slog.GroupValue(slog.Int("a", 1), slog.Group("b", "c", 2)), `{"a":1,"b.c":2}`)
}

func TestEncodeContainers(t *testing.T) {
	t.Parallel()
	f := func(v any, want string) {
		t.Helper()
		if got := encodedBy(t, encodeOptions{}, func(e *encoder) { e.value("k", v) }); got != want {
			t.Errorf("%T %v: %s, want %s", v, v, got, want)
		}
	}
	f(map[string]any{"b": 1, "a": "x", "Password": "p", "pin_token": 3, "is_secret": true, "secret": nil, "passwd": ""},
		`{"Password":"[Filtered]","a":"x","b":1,"is_secret":true,"passwd":"","pin_token":"[Filtered]","secret":null}`)
	f(map[string]any(nil), `null`)
	f(map[string]any{}, `{}`)
	f(map[string]string{"b": "1", "api_key": "2"}, `{"api_key":"[Filtered]","b":"1"}`)
	f(map[string]float64{"a": math.NaN(), "max_tokens": 5}, `{"a":null,"max_tokens":5}`)
	f(map[int]string{2: "b", 1: "a"}, `{"1":"a","2":"b"}`)
	f(map[string]any{"a\xff\n": 1}, `{"a`+"\ufffd"+`\n":1}`)
	f([]any{1, "a", nil, []string{"b"}}, `[1,"a",null,["b"]]`)
	f([]string(nil), `null`)
	f([]float32{0.5, float32(math.NaN())}, `[0.5,null]`)
	f([3]int{1, 2, 3}, `[1,2,3]`)
	f([]any{"psql", "--password", "hunter2", "--host", "db"}, `["psql","--password","[Filtered]","--host","db"]`)
	f([]string{"psql", "--password", "hunter2", "x"}, `["psql","--password","[Filtered]","x"]`)
	f([]any{[]any{"api_key", "hunter2"}, []any{"a", "b"}}, `[["api_key","[Filtered]"],["a","b"]]`)
	f(map[string]any{"name": "password", "value": "hunter2"}, `{"name":"password","value":"[Filtered]"}`)
	f(encodeStruct{Name: "a", Password: "hunter2", Rate: 2, hidden: 3}, `{"name":"a","password":"[Filtered]","Rate":2}`)
	f(&encodeStruct{Name: "a", Rate: math.NaN()}, `{"Rate":null,"name":"a","password":""}`)
	f([]encodeStruct{{Name: "password=hunter2"}}, `[{"name":"password=[Filtered]","password":"","Rate":0}]`)
	f(map[string]encodePanics{"a": {}}, `{"a":"[unserializable: picket.encodePanics]"}`)
	f(encodeMixed{Good: "g"}, `{"Bad":"[unserializable: picket.encodePanics]","Good":"g"}`)
	f([]any{encodeBadLog{}, 1}, `["[panicked: picket.encodeBadLog]",1]`)
	f(struct{ C chan int }{}, `{"C":null}`)
}

func TestEncodeBounds(t *testing.T) {
	t.Parallel()
	self := map[string]any{"a": 1}
	self["self"], self["also"] = self, []any{self, self, self, self}
	next := &encodeSelf{}
	next.Next = next
	many := make(map[string]any, 5000)
	for i := range 5000 {
		many[fmt.Sprint(i)] = i
	}
	f := func(v any, most int) {
		t.Helper()
		if got := encodedBy(t, encodeOptions{}, func(e *encoder) { e.value("", v) }); len(got) > most {
			t.Errorf("%T: %d bytes, want at most %d", v, len(got), most)
		}
	}
	f(self, encodeMaxValue+1<<10)
	f(next, 1000)
	f(many, 20_000)
	f(make([]int, 1<<20), encodeMaxValue+100)
	f(strings.Split(strings.Repeat("word ", 1<<18), " "), encodeMaxValue+100)
	f(strings.Repeat("[", 1<<20), defaultMaxText+10)
	f(json.RawMessage(strings.Repeat("[", 5000)+strings.Repeat("]", 5000)), 100)
	f(json.RawMessage(strings.Repeat("[", 5000)+`"password=x"`+strings.Repeat("]", 5000)), 100)
}

func TestEncodeAttr(t *testing.T) {
	t.Parallel()
	f := func(a slog.Attr, plain, typed string) {
		t.Helper()
		in := func(shape attrShape) string {
			return encodedBy(t, encodeOptions{pii: true}, func(e *encoder) {
				e.open()
				e.attrsAs([]slog.Attr{a}, shape)
				e.close()
			})
		}
		if got := in(attrsPlain); got != "{"+plain+"}" {
			t.Errorf("%v plain: %s, want {%s}", a, got, plain)
		}
		if got := in(attrsTyped); got != "{"+typed+"}" {
			t.Errorf("%v typed: %s, want {%s}", a, got, typed)
		}
	}
	one := func(a slog.Attr, value, typ string) {
		t.Helper()
		f(a, `"k":`+value, `"k":{"value":`+value+`,"type":"`+typ+`"}`)
	}
	one(slog.String("k", "v"), `"v"`, "string")
	one(slog.String("k", "password=hunter2"), `"password=[Filtered]"`, "string")
	one(slog.Int("k", -3), `-3`, "integer")
	one(slog.Uint64("k", 3), `3`, "integer")
	one(slog.Uint64("k", math.MaxUint64), `"18446744073709551615"`, "string")
	one(slog.Float64("k", 0.25), `0.25`, "double")
	one(slog.Bool("k", true), `true`, "boolean")
	one(slog.Duration("k", 1500*time.Microsecond), `1.5`, "double")
	one(slog.Time("k", time.Unix(0, 1)), `"1970-01-01T00:00:00.000000001Z"`, "string")
	one(slog.Any("k", []string{"a", "b"}), `["a","b"]`, "array")
	one(slog.Any("k", []float64{1, math.NaN()}), `[1,null]`, "array")
	one(slog.Any("k", errors.New("boom")), `"boom"`, "string")
	one(slog.Any("k", encodeLevel("l")), `"l"`, "string")
	one(slog.Any("k", int8(3)), `3`, "integer")
	one(slog.Any("k", float32(0.5)), `0.5`, "double")
	one(slog.Any("k", map[string]any{"a": 1, "token": "t"}), `"{\"a\":1,\"token\":\"[Filtered]\"}"`, "string")
	one(slog.Any("k", []any{1, "a"}), `"[1,\"a\"]"`, "string")
	one(slog.Any("k", encodeBadLog{}), `"[panicked: picket.encodeBadLog]"`, "string")
	one(slog.Any("k", make(chan int)), `"[unserializable: chan int]"`, "string")
	f(slog.Any("k", encodeLogged{}), `"k.shown":"yes","k.password":"[Filtered]"`,
		`"k.shown":{"value":"yes","type":"string"},"k.password":{"value":"[Filtered]","type":"string"}`)
	f(slog.Float64("k", math.NaN()), ``, ``)
	f(slog.Any("k", nil), ``, ``)
	f(slog.Any("k", (*encodeName)(nil)), ``, ``)
	f(slog.Attr{}, ``, ``)
	f(slog.Group("g"), ``, ``)
	f(slog.Group("g", slog.Int("a", 1), slog.Group("h", slog.Bool("b", true))), `"g.a":1,"g.h.b":true`,
		`"g.a":{"value":1,"type":"integer"},"g.h.b":{"value":true,"type":"boolean"}`)
	f(slog.Group("", slog.Int("a", 1)), `"a":1`, `"a":{"value":1,"type":"integer"}`)
	f(slog.String("api_key", "k"), `"api_key":"[Filtered]"`, `"api_key":{"value":"[Filtered]","type":"string"}`)
	f(slog.Int("pin_token", 4), `"pin_token":"[Filtered]"`, `"pin_token":{"value":"[Filtered]","type":"string"}`)
	f(slog.Int("gen_ai.usage.input_tokens", 4), `"gen_ai.usage.input_tokens":4`,
		`"gen_ai.usage.input_tokens":{"value":4,"type":"integer"}`)
}

// TestEncodePlaces sees attributes that are cleared by what they are.
func TestEncodePlaces(t *testing.T) {
	t.Parallel()
	f := func(o encodeOptions, key string, v any, want string) {
		t.Helper()
		got := encodedBy(t, o, func(e *encoder) {
			e.open()
			e.attr(slog.Any(key, v))
			e.close()
		})
		if want != "" {
			want = `"` + key + `":` + want
		}
		if got != "{"+want+"}" {
			t.Errorf("%s %v: %s, want {%s}", key, v, got, want)
		}
		m := map[string]any{key: v}
		native := encodedBy(t, o, func(e *encoder) { e.bag(m, (*encoder).attribute) })
		if _, ok := v.(string); ok && native != got {
			t.Errorf("%s in a map: %s, as an attribute %s", key, native, got)
		}
	}
	none, pii, anon := encodeOptions{}, encodeOptions{pii: true}, encodeOptions{pii: true, anonymize: true, key: []byte("k")}
	f(none, "gen_ai.tool.call.arguments", `{"password":"x","to":"ada@example.com"}`, `"{\"password\":\"[Filtered]\",\"to\":\"[email]\"}"`)
	f(none, "gen_ai.tool.call.arguments", map[string]any{"password": "x"}, `"{\"password\":\"[Filtered]\"}"`)
	f(none, "gen_ai.input.messages", []any{map[string]any{"content": "mail ada@example.com"}}, `"[{\"content\":\"mail [email]\"}]"`)
	f(none, "gen_ai.tool.definitions", `[{"password":{"type":"string"}}]`, `"[{\"password\":{\"type\":\"string\"}}]"`)
	f(none, "gen_ai.tool.definitions", []any{map[string]any{"password": map[string]any{"type": "string"}}},
		`"[{\"password\":{\"type\":\"string\"}}]"`)
	f(none, "gen_ai.tool.definitions", []encodeStruct{{Password: "string"}}, `"[{\"Rate\":0,\"name\":\"\",\"password\":\"string\"}]"`)
	f(none, "gen_ai.request.max_tokens", 5, `5`)
	f(encodeOptions{noContent: true}, "gen_ai.input.messages", `[]`, ``)
	f(encodeOptions{noContent: true}, "gen_ai.tool.name", `search`, `"search"`)
	f(none, "url.query", "a=1&signature=hunter2", `"a=1&signature=[Filtered]"`)
	f(none, "http.request.header.authorization", "Basic aaa", `"[Filtered]"`)
	f(none, "http.request.header.x_api_key", []string{"aaa"}, `["[Filtered]"]`)
	f(none, "http.request.header.cookie", "session=abc", ``)
	f(pii, "http.request.header.cookie", "session=abc; a=1", `"session=[Filtered]; a=1"`)
	f(pii, "http.request.header.cookie", []string{"session=abc; a=1"}, `["session=[Filtered]; a=1"]`)
	f(pii, "http.request.header.cookie.session", "abc", `"[Filtered]"`)
	f(none, "http.request.header.x-forwarded-for", "10.0.0.1", ``)
	f(pii, "http.request.header.x-forwarded-for", "10.0.0.1", `"10.0.0.1"`)
	f(none, "user_agent.original", "token=abcdef", `"token=abcdef"`)
	f(none, "client.address", "10.0.0.1", ``)
	f(pii, "client.address", "10.0.0.1", `"10.0.0.1"`)
	f(anon, "client.address", "10.0.0.1", ``)
	f(encodeOptions{pii: true, rules: redact.Rules{IPs: true}}, "client.address", "10.0.0.1", ``)
	f(none, "user.email", "ada@example.com", `"ada@example.com"`)
	f(anon, "user.email", "ada@example.com", ``)
	f(none, "user.id", 7, `7`)
	f(anon, "user.id", 7, `"anon-9c737d163bcd1315"`)
	f(anon, "note", "ada@example.com", `"[email]"`)
}

func TestEncodeRules(t *testing.T) {
	t.Parallel()
	o := encodeOptions{rules: redact.Rules{Sensitive: []string{"iban_no"}, Safe: []string{"csrf_token"}, IPs: true}}
	m := map[string]string{"my_iban_no": "1", "csrf_token": "password=x", "a": "from 10.0.0.1", "version": "120.0.0.0"}
	got := encodedBy(t, o, func(e *encoder) { e.value("", m) })
	const want = `{"a":"from [ip]","csrf_token":"password=x","my_iban_no":"[Filtered]","version":"120.0.0.0"}`
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestEncodeLastAttrHolds(t *testing.T) {
	t.Parallel()
	got := encodedBy(t, encodeOptions{}, func(e *encoder) {
		e.open()
		e.plainAttrs([]slog.Attr{slog.Int("a", 1), slog.Int("b", 2), slog.Int("a", 3)})
		e.close()
	})
	if got != `{"b":2,"a":3}` {
		t.Error(got)
	}
}

func TestEncodePseudonym(t *testing.T) {
	t.Parallel()
	of := func(key, id string) string {
		e := acquireEncoder(newEncodeSettings(encodeOptions{anonymize: true, key: []byte(key)}))
		defer e.release()
		return e.pseudonym(id)
	}
	a := of("k", "ada")
	if !strings.HasPrefix(a, "anon-") || len(a) != len("anon-")+16 || a != of("k", "ada") {
		t.Errorf("pseudonym %q", a)
	}
	if a == of("l", "ada") || a == of("k", "bob") || of("k", "") != "" {
		t.Error("pseudonyms of different keys or ids are the same, or nobody has one")
	}
}

// TestEncodeLeavesMaps sees that the host's values are as they were.
func TestEncodeLeavesMaps(t *testing.T) {
	t.Parallel()
	m := map[string]any{"password": "p", "in": map[string]any{"token": "t"}, "list": []any{"--password", "x"}}
	before := fmt.Sprint(m)
	encodedBy(t, encodeOptions{}, func(e *encoder) { e.value("", m) })
	if after := fmt.Sprint(m); after != before {
		t.Errorf("%s, was %s", after, before)
	}
}

func TestEncodeReleaseForgets(t *testing.T) {
	t.Parallel()
	s := newEncodeSettings(encodeOptions{})
	e := acquireEncoder(s)
	e.value("", map[string]any{"a": strings.Repeat("x", 1000)})
	e.buf = make([]byte, 1<<20)
	e.release()
	if cap(e.buf) > encodeMaxKept || len(e.marks)+len(e.keys)+e.depth != 0 || e.encodeSettings != nil {
		t.Errorf("kept %d bytes, %+v", cap(e.buf), e.keys)
	}
}
