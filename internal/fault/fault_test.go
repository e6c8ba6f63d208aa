package fault

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
)

// scenario is a block of signs, and what they are expected to be.
type scenario struct {
	line  int
	fires bool
	signs Signs
	want  map[string]string // of what is expected, only what the block names
}

var spanKinds = map[string]model.SpanKind{"model": model.SpanModel, "tool": model.SpanTool, "agent": model.SpanAgent,
	"handoff": model.SpanHandoff, "policy": model.SpanPolicy}

// scenarios reads testdata/KIND.txt; see testdata/README.txt.
func scenarios(t testing.TB, kind Kind) (list []scenario) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", string(kind)+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	fires, open := false, false
	for i, line := range strings.Split(string(raw), "\n") {
		switch line {
		case "":
			open = false
			continue
		case "fires":
			fires = true
			continue
		case "near miss":
			fires = false
			continue
		}
		if !open {
			list = append(list, scenario{line: i + 1, fires: fires, want: map[string]string{}})
			open = true
		}
		key, value, _ := strings.Cut(line, " ")
		if !list[len(list)-1].set(key, value) {
			t.Fatalf("%s.txt:%d: no such sign: %s", kind, i+1, line)
		}
	}
	return list
}

func (s *scenario) set(key, value string) (known bool) {
	switch key {
	case "type":
		s.signs.Type = value
	case "message":
		s.signs.Message = value
	case "module":
		s.signs.Module = value
	case "status":
		s.signs.HTTPStatus, _ = strconv.Atoi(value)
	case "op":
		s.signs.SpanOp = value
	case "span":
		s.signs.SpanKind, known = spanKinds[value]
		return known
	case "tool":
		s.signs.Tool = value
	case "mechanism":
		s.signs.Mechanism = value
	case "attr":
		name, v, _ := strings.Cut(value, " ")
		s.signs.Attributes = append(s.signs.Attributes, model.Tag{Key: name, Value: v})
	case "kind", "provider", "code", "retryable", "rule":
		s.want[key] = value
	default:
		return false
	}
	return true
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			fires, misses := 0, 0
			for _, s := range scenarios(t, kind) {
				if s.fires {
					fires++
					s.want["kind"] = string(kind)
				} else {
					misses++
				}
				check(t, kind, s)
			}
			if fires < 8 || misses < 5 {
				t.Errorf("%d cases that fire and %d that do not: want 8 and 5", fires, misses)
			}
		})
	}
}

func check(t *testing.T, kind Kind, s scenario) {
	t.Helper()
	f, ok := Classify(s.signs)
	got := map[string]string{"kind": string(f.Kind), "provider": f.Provider, "code": f.Code, "rule": f.Rule, "retryable": "no"}
	if f.Retryable {
		got["retryable"] = "yes"
	}
	if ok != (s.want["kind"] != "") || ok != (f != Fault{}) {
		t.Errorf("%s.txt:%d: fault %+v, %v; want kind %q", kind, s.line, f, ok, s.want["kind"])
		return
	}
	for key, want := range s.want {
		if got[key] != want {
			t.Errorf("%s.txt:%d: %s is %q, want %q (%+v)", kind, s.line, key, got[key], want, f)
		}
	}
}

// A name stands in one table only: the second would silently replace the first.
func TestTablesHaveNoDoubles(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	f := func(name string, kind Kind) {
		t.Helper()
		if seen[name] {
			t.Errorf("%s stands there twice", name)
		}
		if !slices.Contains(Kinds[:], kind) {
			t.Errorf("%s is of no kind: %q", name, kind)
		}
		seen[name] = true
	}
	for _, fam := range families {
		for _, r := range fam.types {
			f("type "+r.name, r.kind)
		}
		for _, r := range fam.codes {
			f("code "+r.code, r.kind)
		}
		for _, r := range fam.phrases {
			f("phrase "+r.text+" and "+r.also+" in "+strconv.Itoa(int(r.needs)), r.kind)
		}
	}
}

func TestStatusIn(t *testing.T) {
	t.Parallel()
	f := func(text string, want int) {
		t.Helper()
		if got := statusIn(text); got != want {
			t.Errorf("status in %q = %d, want %d", text, got, want)
		}
	}
	f("Error code: 429 - {}", 429)
	f("status code 529", 529)
	f("Request failed with status code 503", 503)
	f("status_code: 404, model_name: x", 404)
	f("HTTP 500", 500)
	f("429 Too Many Requests", 429)
	f("x: [429 Too Many Requests] y", 429)
	f(`POST "https://api.openai.com/v1/responses": 401 Unauthorized`, 401)
	f("API error occurred: Status 422", 422)
	f("used 400 tokens", 0)
	f("code 4290", 0)
	f("code 429.5", 0)
	f("", 0)
	f("45", 0)
}

func TestBody(t *testing.T) {
	t.Parallel()
	f := func(text string, codes string, status int) {
		t.Helper()
		b := readBody(text)
		if got := strings.Join(b.codes[:b.n], " "); got != codes || b.status != status {
			t.Errorf("body of %q: codes %q and status %d, want %q and %d", text, got, b.status, codes, status)
		}
	}
	f(`don't {"error":{"type":"a","code":"b","param":null}} can't`, "a b", 0)
	f(`{'error': {'message': "it's \"{'code': 'no'}\"", 'code': 'yes'}}`, "yes", 0)
	f(`{\"error\":{\"type\":\"a \\\"q\\\" b\",\"code\":429}}`, `a \\\"q\\\" b`, 429)
	f(`{ type: 'error', error: { type: 'overloaded_error' } }`, "overloaded_error", 0)
	f(`{"error":{"code":"context_length_exceeded","message":"trunca`, "context_length_exceeded", 0)
	f(`{"__type":"com.amazonaws.bedrock#ThrottlingException"}`, "ThrottlingException", 0)
	f(`{"a":[{"code":"x"}]} {"status":"Y"}`, "x Y", 0)
	f(`no object: "code": "x"`, "", 0)
	f(`}{`, "", 0)
}

func TestClassifyAllocatesNothing(t *testing.T) {
	for _, kind := range Kinds {
		for _, s := range scenarios(t, kind) {
			if n := testing.AllocsPerRun(10, func() { Classify(s.signs) }); n != 0 {
				t.Errorf("%s.txt:%d: %v allocations", kind, s.line, n)
			}
		}
	}
}

// Whatever the text, there is an answer, and the same with more of it than counts.
func FuzzClassify(f *testing.F) {
	for _, kind := range Kinds {
		for _, s := range scenarios(f, kind) {
			f.Add(s.signs.Type, s.signs.Message, s.signs.Module, s.signs.HTTPStatus, uint8(s.signs.SpanKind))
		}
	}
	f.Fuzz(func(t *testing.T, typ, message, module string, status int, kind uint8) {
		s := Signs{Type: typ, Message: message, Module: module, HTTPStatus: status, SpanKind: model.SpanKind(kind)}
		got, ok := Classify(s)
		if ok != slices.Contains(Kinds[:], got.Kind) || ok != (got.Rule != "") {
			t.Errorf("%+v: fault %+v, %v", s, got, ok)
		}
		if len(message) >= maxMessage {
			s.Message += " overloaded_error"
			if more, _ := Classify(s); more != got {
				t.Errorf("%+v, with more text %+v", got, more)
			}
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	f := func(name string, s Signs) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s.Message)))
			for b.Loop() {
				Classify(s)
			}
		})
	}
	prose := `call handler for order 1881 of customer kim: update stock of warehouse 7: write tcp 10.0.0.7:443: connection was closed by the other side after three attempts, the last of which took a second; the order stays open and another worker will look at it in a minute or so unless somebody cancels it before then`
	f("nothing 300 B", Signs{Type: "*fmt.wrapError", Module: "fmt", Message: prose[:300]})
	f("nothing 8 KB", Signs{Type: "ValueError", Message: strings.Repeat(prose, 30)[:8<<10]})
	f("object 8 KB", Signs{Type: "ValueError", Message: strings.Repeat(`{"id":17,"name":"kim","tags":["a","b"]} `, 300)[:8<<10]})
	f("openai body", Signs{Type: "openai.RateLimitError", Message: `Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000', 'type': 'tokens', 'param': None, 'code': 'rate_limit_exceeded'}}`})
}

// What can be truncated by an SDK is recognised all the same, as long as its code is there.
func TestTruncatedBodies(t *testing.T) {
	t.Parallel()
	const whole = `Error code: 400 - {'error': {'type': 'invalid_request_error', 'code': 'context_length_exceeded', 'message': "This model's limit is hit", 'param': 'messages'}}`
	for end := strings.Index(whole, "exceeded'") + len("exceeded'"); end <= len(whole); end++ {
		f, ok := Classify(Signs{Type: "openai.BadRequestError", Message: whole[:end]})
		if !ok || f.Kind != ContextLength || f.Code != "context_length_exceeded" {
			t.Errorf("%q: %+v, %v", whole[:end], f, ok)
		}
	}
}
