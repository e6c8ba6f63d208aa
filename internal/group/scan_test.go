package group

import (
	"strings"
	"testing"
)

// TestParameteriseSentry holds Sentry's kinds under Sentry's names.
func TestParameteriseSentry(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		if got := string(parameterise(nil, text, false)); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
		// The same in the middle of a sentence.
		if got := string(parameterise(nil, "so "+text+" then", false)); got != "so "+want+" then" {
			t.Errorf("inside a sentence: %q\n got %q\nwant %q", text, got, want)
		}
	}
	f("nothing to see here", "nothing to see here")
	f("", "")

	f("ana@relay.example", "<email>")
	f("ana.b+tag@mail.relay.example", "<email>")
	f("(ana@relay.example)", "(<email>)")
	f("a @ b", "a @ b")
	f("user@", "user@")
	f("x@y@z", "<email>@z")

	f("https://api.relay.one/v1/run?id=5", "<url>")
	f("http://localhost:3001", "<url>")
	f("wss://stream.example/socket", "<url>")
	f("ftp://files.example/a b", "<url> b")
	f("https:// nothing", "https:// nothing")
	f("see https://a.example/x, please", "see <url> please")
	f("amqp://broker:5672", "amqp://broker:<int>")

	f("api.anthropic.com", "<hostname>")
	f("db-7.eu.internal.io:5432", "<hostname>:<int>")
	f("EXAMPLE.ORG", "<hostname>")
	f("Example.Org", "Example.Org")
	f("server.local", "server.local")
	f("my_host.example.net", "my_host.<hostname>")
	f("end of sentence. To go on", "end of sentence. To go on")
	f("a.b.c.d", "a.b.c.d")
	f("x.y, then api.example.com", "x.y, then <hostname>")

	f("10.0.0.7", "<ip>")
	f("192.168.1.254:8080", "<ip>:<int>")
	f("256.1.1.1", "<float>.<float>")
	f("1.2.3", "<float>.<int>")
	f("fe80::1ff:fe23:4567:890a", "<ip>")
	f("[2001:db8::8a2e:370:7334]:443", "[<ip>]:<int>")
	f("2001:db8:0:0:1:0:0:1", "<ip>")
	f("::ffff:10.0.0.1", "<ip>")
	f("fd12:3456::/48", "<ip>")
	f("fe80::1%eth0", "<ip>")
	f("1:2:3:4:5:6:7:8:9", "<ip>:<int>")
	f("Vec::push", "Vec::push")
	f("bad::add()", "bad::add()")
	f("key: value", "key: value")

	f("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "<traceparent>")
	f("Root=1-5e272390-8c398be037738dc042009320", "Root=<traceparent>")
	f("00-4bf92f3577b34da6a3ce929d0e0e4736", "<int>-<md5>")

	f("123e4567-e89b-12d3-a456-426614174000", "<uuid>")
	f("123E4567-E89B-12D3-A456-426614174000", "<uuid>")
	f("123e4567-e89b-12d3-a456-4266141740001", "<hex>-<hex>-<hex>-<hex>-<hex>")
	f("da39a3ee5e6b4b0d3255bfef95601890afd80709", "<sha1>")
	f("d41d8cd98f00b204e9800998ecf8427e", "<md5>")

	f("2025-11-23", "<date>")
	f("2025-11-23T19:05:00Z", "<date>")
	f("2025-11-23T19:05:00.123456+02:00", "<date>")
	f("2025-11-23 19:05:00", "<date>")
	f("2025-11-23 19:05", "<date>")
	f("20251123T190500Z", "<date>")
	f("20251123 1905", "<date>")
	f("report_2025-11-23.csv", "report_<date>.csv")
	f("19:05:59", "<date>")
	f("7:05 pm", "<date>")
	f("7:05pm", "<date>")
	f("23:59", "<date>")
	f("24:00", "<int>:<int>")
	f("12:34:56:78", "<date>:<int>")
	f("Sun, 23 Nov 2025 19:05:00 GMT", "<date>")
	f("Sun, 23 Nov 2025 19:05:00 +0100", "<date>")
	f("23 Nov 2025 19:05:00 UTC", "<date>")
	f("Sunday, 23-Nov-25 19:05:00 CET", "<date>")
	f("Sun Nov 23 2025 19:05:00 GMT+0100 (Central European Standard Time)", "<date>")
	f("Sun Nov 23 19:05:00 2025", "<date>")
	f("Sun Nov 23 19:05:00 UTC 2025", "<date>")
	f("Nov 23, 2025", "<date>")
	f("Sun Nov 23, 2025", "<date>")
	f("datetime.datetime(2025, 11, 23, 19, 5)", "<date>")
	f("May 5 people come", "May <int> people come")
	f("Monday comes", "Monday comes")
	f("2025-23-01", "<int>-<int>-<int>")

	f("250ms", "<duration>")
	f("3s", "<duration>")
	f("0.75s", "<duration>")
	f("wait_30s", "wait_<duration>")
	f("10 s", "<int> s")
	f("5sec", "5sec")

	f("tx0123456789abcdef01234-0123456789", "<swift_txn_id>")
	f("tx0123456789abcdef01234-0123456789-eu", "<swift_txn_id>")

	f("0x1F", "<hex>")
	f("0xdeadbeefcafe", "<hex>")
	f("0xyz", "0xyz")
	f("4f9a", "<hex>")
	f("c0ffee", "<hex>")
	f("C0FFEE", "<hex>")
	f("C0ffee", "C0ffee")
	f("4fa", "4fa")
	f("feedface", "<hex>")
	f("feedfac", "feedfac")
	f("12345678", "<hex>")
	f("-12345678", "<hex>")
	f("00000000000000000000000000000000000000000000000000", "<hex>")
	f("9c0ffe1", "<git_sha>")
	f("9C0FFE1", "9C0FFE1")

	f("3.14", "<float>")
	f("-3.14", "<float>")
	f("3.", "<int>.")
	f("x-3.14", "x<float>")
	f("42", "<int>")
	f("-42", "<int>")
	f("x-42", "x-<int>")
	f("1234567", "<int>")
	f("42nd", "42nd")
	f("v2", "v2")
	f("agent7", "agent7")
	f("user_42", "user_42")
	f("100%", "<int>%")
	f("(42)", "(<int>)")
	f("[42,43]", "[<int>,<int>]")
	f("1,234", "<int>,<int>")
	f("naïve42 café 42", "naïve42 café <int>")
	f("温度42度 42", "温度42度 <int>")

	f("name='ana'", "name=<quoted_str>")
	f(`name="ana b"`, "name=<quoted_str>")
	f(`name="ana`, `name="ana`)
	f(`name=""`, `name=""`)
	f("name = 'ana'", "name = 'ana'")
	f("retry=true", "retry=<bool>")
	f("retry=False", "retry=<bool>")
	f("retry = true", "retry = true")
	f("true", "true")
}

// TestParameteriseAgents holds the kinds that are ours, and the numbers that become one.
func TestParameteriseAgents(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		if got := string(parameterise(nil, text, true)); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
	f("3 of 3.5, 12345678, 4f9a, 9c0ffe1, 0x1F", "<num> of <num>, <num>, <num>, <num>, <num>")
	f("128,000 tokens", "<num> tokens")
	f("1,234,567.89 USD", "<num> USD")
	f("1,2,3", "<num>,<num>,<num>")
	f("1e-9 or 2.5E+10", "<num> or <num>")
	f("128k of 200K tokens", "<size> of <size> tokens")
	f("512MB, 1.5GiB, 10B", "<size>, <size>, <size>")
	f("after 1m30s", "after <duration>")
	f("after 2h45m0.5s", "after <duration>")
	f("250µs 250μs 90ns 1.5ms", "<duration> <duration> <duration> <duration>")
	f("-5ms", "-<duration>")

	f("No tool output found for function call call_abc123.", "No tool output found for function call <id>.")
	f("call_9xQ2VbXh7Lk3PzR8 failed", "<id> failed")
	f("toolu_01A09q90qw90lq917835lq9", "<id>")
	f("toolu_bdrk_01Xk4mP9vQ7rT2", "<id>")
	f("run_K3jf92mQpx", "<id>")
	f("msg_01XFDUDYJgAACzvnptvVoYEL", "<id>")
	f("req_011CSHoEeqs5C35K2UUqR7Fy", "<id>")
	f("resp_67ccd2bed1ec8190b14f964abc054267", "<id>")
	f("chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "<id>")
	f("org-AbCdEf123456789012345678", "<id>")
	f("run-7c1811ed-e98f-4c9c-a9f9-58c757ff494f", "run-<uuid>")
	f("call_function failed", "call_function failed")
	f("run_step_2 failed", "run_step_<num> failed")
	f("tool_use_blocks", "tool_use_blocks")
	f("session id cus_4fGh71Kd92", "session id cus_<random_id>")
	f("session id cus_fG4h71Kd92", "session id cus_<random_id>")
	f("invoice k9Mtd2gDcgG", "invoice <random_id>")
	f("01ARZ3NDEKTSV4RRFFQ69G5FAV", "<random_id>")
	f("pod api-7d9f8b6c5-x2k4q", "pod api-<num>-<random_id>")
	f("utf8mb4_unicode_ci v1beta1 sha256 base64 ipv4 oauth2", "utf8mb4_unicode_ci v1beta1 sha256 base64 ipv4 oauth2")
	f("getOAuth2TokenFromUrl HTTPStatus404Error", "getOAuth2TokenFromUrl HTTPStatus404Error")
	f("user_42 agent_7 x86_64", "user_<num> agent_<num> x86_<num>")

	f("gpt-4o-2024-08-06 is overloaded", "gpt-4o is overloaded")
	f("gpt-4o is overloaded", "gpt-4o is overloaded")
	f("gpt-4-0613", "gpt-<num>")
	f("claude-3-5-sonnet-20241022", "claude-<num>-<num>-sonnet")
	f("claude-3-5-sonnet-latest", "claude-<num>-<num>-sonnet")
	f("gemini-2.5-pro-preview-05-06", "gemini-<num>-pro-preview")
	f("gemini-1.5-flash-002", "gemini-<num>-flash")
	f("mistral-large-2402", "mistral-large")
	f("o1-mini o3", "o1-mini o3")
	f("backup-2024-08-06", "backup-<date>")

	f(`{"a": 1, "b": [2, 3]}`, "<json>")
	f(`got {"a": {"b": "}"}} here`, "got <json> here")
	f(`400 - {"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}}`,
		"<num> - <json>invalid_request_error context_length_exceeded ")
	f("429 - {'error': {'type': 'tokens', 'code': 'rate_limit_exceeded'}}", "<num> - <json>tokens rate_limit_exceeded ")
	f(`{"code": "E1"} {"status": "ok 5"}`, "<json> <json>")
	f(`cut off {"a": {"b": "c`, "cut off <json>")
	f(`[{"a": 1}, {"a": 2}]!`, "<json>!")
	f(`["a", "b"] [1, 2] [1]`, "<json> <json> [<num>]")
	f("{name} {} [] [x] {{ y }}", "{name} {} [] [x] {{ y }}")
	f("[Errno 2] No such file", "[Errno <num>] No such file")
	f(`{"unclosed`, `{"unclosed`)

	f("/home/ana/agent/run.py", "<path>")
	f("open '/tmp/run-8f3a/config.json': no such file", "open '<path>': no such file")
	f("cannot read /etc/picket/keys.", "cannot read <path>.")
	f("~/notes/a.md, ./bin, ../c/d", "<path>, <path>, <path>")
	f(`C:\Users\ana\plan.docx is locked`, "<path> is locked")
	f("src/agent/tools.py:10:5: error", "<path>: error")
	f("github.com/acme/app/store.py", "<hostname>/acme/app/store.py")
	f("main.go:12:34: undefined: x", "main.go<line>: undefined: x")
	f("main.go:7: undefined: x", "main.go<line>: undefined: x")
	f("GET /v1/chat/completions", "GET /v1/chat/completions")
	f("and/or text/html n/a", "and/or text/html n/a")
	f("and / or", "and / or")
	f("postgres://u:p@db:5432/app", "<url>")
	f("file:///tmp/x", "<url>")

	f("KeyError: 'user_x12'", "KeyError: 'user_x<num>'")
	f("KeyError: 'x9k2p'", "KeyError: <quoted_str>")
	f("KeyError: 'abc123'", "KeyError: '<num>'")
	f(`column "age" of "t9"`, `column "age" of "t<num>"`)
	f("invalid tool 'web_search_20250305'", "invalid tool 'web_search_<num>'")
	f("after '1m30s' or '30s'", "after '<duration>' or '<duration>'")
	f("can't open user's file 5", "can't open user's file <num>")
	f(`"this is a rather long quotation that nobody would take for the name of a thing"`, "<quoted_str>")
	f(`code = Unavailable desc = "transport: error while dialing: connection refused by all of them"`,
		`code = Unavailable desc = "transport: error while dialing: connection refused by all of them"`)
	f("model 'o3' not found", "model 'o3' not found")
	f("aa:bb:cc:00:11:22", "<mac>")
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		if got := string(normalise(nil, text)); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
	f("one line", "one line")
	f("  one line \n", "one line")
	f("first\nsecond", "first\nsecond")
	f("first\r\n\r\nsecond 2", "first\nsecond <num>")
	f("first\n \nsecond\nthird", "first\nsecond...")
	f("", "")
	f(" \n ", "")
}

// TestParameteriseLength checks that where a text is cut does not depend on what was
// replaced in it, and that the cut stays within bounds.
func TestParameteriseLength(t *testing.T) {
	t.Parallel()
	short := strings.Repeat("item 7 of the list; ", 200)
	long := strings.Repeat("item 7654321 of the list; ", 200)
	a, b := parameterise(nil, short, true), parameterise(nil, long, true)
	if string(a) != string(b) || len(a) != maxText {
		t.Errorf("texts of %d and %d bytes, want the same one of %d", len(a), len(b), maxText)
	}
	if got := parameterise([]byte("before "), long, true); len(got) != maxText+len("before ") || !strings.HasPrefix(string(got), "before item") {
		t.Errorf("%d bytes after a prefix", len(got))
	}
}
