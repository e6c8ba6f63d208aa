package redact

import (
	"strings"
	"testing"
)

// same, as what a case wants, is that the text stays as it is.
const same = "="

func check(t *testing.T, f func(string) (string, bool)) func(s, want string) {
	return func(s, want string) {
		t.Helper()
		if want == same {
			want = s
		}
		got, changed := f(s)
		if got != want {
			t.Errorf("%q\n got %q\nwant %q", s, got, want)
		}
		if changed != (got != s) {
			t.Errorf("%q: changed is %v", s, changed)
		}
		if again, _ := f(got); again != got {
			t.Errorf("%q: once %q, twice %q", s, got, again)
		}
	}
}

func TestTextCard(t *testing.T) {
	t.Parallel()
	f := check(t, Text)
	f("4111111111111111", "[Filtered]")
	f("paid with 4571234567890111.", "paid with [Filtered].") // no Luhn check, as in Sentry
	f("visa 4111 1111 1111 1111 exp 12/27", "visa [Filtered] exp 12/27")
	f("5500-0000-0000-0004", "[Filtered]")
	f("amex 378282246310005", "amex [Filtered]")
	f("amex 3782 822463 10005", "amex [Filtered]")
	f("6011000000000004, 6500000000000002", "[Filtered], [Filtered]")
	f("card=4111111111111111&n=1", "card=[Filtered]&n=1")
	f("12 4111 1111 1111 1111", "12 [Filtered]")
	f("411111111111111", same)    // a digit short
	f("41111111111111112", same)  // a digit long
	f("37828224631000", same)     // short
	f("2111111111111111", same)   // no such prefix
	f("5600000000000000", same)   // 51 to 55 only
	f("6012000000000000", same)   // 6011 or 65
	f("x4111111111111111", same)  // inside a word
	f("4111111111111111x", same)  // inside a word
	f("0.4111111111111111", same) // a fraction
	f("1700000000000", same)      // milliseconds
	f("1700000000000000", same)   // microseconds
	f("4111--1111-1111-1111-1", same)
}

func TestTextAccount(t *testing.T) {
	t.Parallel()
	f := check(t, Text)
	f("DE89370400440532013000", "[Filtered]")
	f("to DE89 3704 0044 0532 0130 00 today", "to [Filtered] today")
	f("GB29NWBK60161331926819,NO9386011117947", "[Filtered],[Filtered]")
	f("NL91ABNA0417164300", "[Filtered]")
	f("MT84MALT011000012345MTLCAST001S", "[Filtered]")
	f("DE8937040044053201300", same)   // short
	f("DE893704004405320130001", same) // long
	f("XX89370400440532013000", same)  // no such country
	f("ZDE89370400440532013000", same) // inside a word
	f("de89370400440532013000", same)
	f("DEX9370400440532013000", same)
	f("SE12-4567", same)

	f("ssn 078-05-1120", "ssn [Filtered]")
	f("(078-05-1120)", "([Filtered])")
	f("078-05-112", same)
	f("078-05-11201", same)
	f("078051120", same)
	f("a078-05-1120", same)
	f("2024-01-15", same)
	f("200 12 1234", same)
}

func TestTextURL(t *testing.T) {
	t.Parallel()
	f := check(t, Text)
	f("postgres://bob:hunter2@db:5432/app", "postgres://[Filtered]@db:5432/app")
	f("redis://:pw@cache/0", "redis://[Filtered]@cache/0")
	f("see https://a:b@x.org/p?q=1 and http://c:d@y.org", "see https://[Filtered]@x.org/p?q=1 and http://[Filtered]@y.org")
	f("mysql://bob:p@ss@db/x", "mysql://[Filtered]@db/x")
	f("mysql://bob:p/ss@db/x", "mysql://[Filtered]@db/x")
	f("https://abc123@o1.ingest.example.org/1", same) // a DSN's key is public
	f("ssh://git@github.com/x", same)
	f("http://localhost:8080/x@y", same)
	f("http://[::1]:8080/x:y@z", same)
	f("a://b c:d@e", same)
	f("https://x.org/cb?access_token=abc&state=1", "https://x.org/cb?access_token=[Filtered]&state=1")
	f("https://x.org/o?X-Amz-Signature=0a1b&x=1", "https://x.org/o?X-Amz-Signature=[Filtered]&x=1")
	f("https://x.org/o?page=2&session=abc", same)
}

func TestTextPath(t *testing.T) {
	t.Parallel()
	f := check(t, Text)
	f("/home/alice/app.py", "/home/[Filtered]/app.py")
	f("open /Users/Bob.Smith/x: denied", "open /Users/[Filtered]/x: denied")
	f("file:///home/alice/x", "file:///home/[Filtered]/x")
	f("/mnt/home/alice", "/mnt/home/[Filtered]")
	f(`C:\Users\alice\AppData`, `C:\Users\[Filtered]\AppData`)
	f(`C:\\Users\\alice\\AppData`, `C:\\Users\\[Filtered]\\AppData`)
	f(`c:\users\John Smith\x`, `c:\users\[Filtered]\x`)
	f(`C:\Users\alice is full`, `C:\Users\[Filtered] is full`)
	f(`C:\Documents and Settings\alice\x`, `C:\Documents and Settings\[Filtered]\x`)
	f("C:/Users/alice/x", "C:/Users/[Filtered]/x")
	f("/home/", same)
	f("/home", same)
	f("/homes/alice", same)
	f("/users/42/orders", same) // a route
	f("https://x.org/home/alice", same)
	f(`\Userspace\x`, same)

	f = check(t, Message)
	f("/home/alice/app.py", same)
}

func TestTextKeyBlock(t *testing.T) {
	t.Parallel()
	f := check(t, Text)
	begin, end := "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
	f(begin+"\nMIIEpAIBAAKC\nAQEA+/=\n"+end, begin+"\n[Filtered]\n"+end)
	f("x "+begin+`\nMIIEpAIBAAKC\n`+end+" y", "x "+begin+`\n[Filtered]\n`+end+" y")
	f(begin+"\nProc-Type: 4,ENCRYPTED\n\nMIIE\n"+end, begin+"\n[Filtered]\n"+end)
	f(begin+"\nMIIEpAIBAAKC", begin+"\n[Filtered]") // cut off
	f("-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\n[Filtered]\n-----END PUBLIC KEY-----")
	f("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", same)
	f(begin+end, same)
	f("-----BEGIN ", same)
	f("----------------", same)
}

func TestTextServiceKey(t *testing.T) {
	t.Parallel()
	f := check(t, Text)
	tail := strings.Repeat("a1B2", 10)
	for _, p := range []string{"sk-", "sk-proj-", "sk-ant-api03-", "sk_live_", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-",
		"hf_", "gsk_", "npm_", "whsec_", "sntryu_", "sntrys_", "lsv2_pt_", "GOCSPX-"} {
		f("key "+p+tail+" used", "key [Filtered] used")
		f("x"+p+tail[:4], same)
	}
	f("id AKIAIOSFODNN7EXAMPLE.", "id [Filtered].")
	f("AIzaSyA-1234567890abcdefghijklmnopqrstu", "[Filtered]")
	f("SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "[Filtered]")
	f("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1 end", "jwt [Filtered] end")
	f("AKIAIOSFODNN7EXAMPL", same)
	f("AKIAIOSFODNN7EXAMPLES", same)
	f("XAKIAIOSFODNN7EXAMPLE", same)
	f("sk-learn", same)
	f("risk-a1B2a1B2a1B2a1B2a1B2", same)
	f("task_sk-", same)
	f("SG.short.x", same)
	f("eyJ.x", same)
	f("heyJude.and.so", same)
}

func TestTextBearer(t *testing.T) {
	t.Parallel()
	f := check(t, Text)
	f("Bearer abc123def", "Bearer [Filtered]")
	f("got bearer eyX.y-z_1+/= back", "got bearer [Filtered] back")
	f("the bearer walks on", same)
	f("Bearer token missing", same)
	f("Bearer", same)
	f("Bearer ", same)
	f("forbearer abc123def", same)
	f("Authorization: Bearer abc123def", "Authorization: [Filtered]")
	f("Authorization: Basic dXNlcjpwYXNz\r\nHost: x", "Authorization: [Filtered]\r\nHost: x")

	f = check(t, Message)
	f("Bearer ABC123xyz: foo1", "Bearer [token]: foo1")
	f("API request failed with Bearer ABC123xyz and other data", "API request failed with Bearer [token] and other data")
}

func TestTextAssignment(t *testing.T) {
	t.Parallel()
	f := check(t, Text)
	f("password=hunter", "password=[Filtered]")
	f("a token=abc, b", "a token=[Filtered], b")
	f("token:abc1", "token:[Filtered]")
	f("DB_PASSWORD=x y", "DB_PASSWORD=[Filtered] y")
	f("password = hunter", "password = [Filtered]")
	f(`password="a b" c`, `password="[Filtered]" c`)
	f(`{"password":"x","user":"bob"`, `{"password":"[Filtered]","user":"bob"`)
	f(`{'api_key': 'x', 'n': 1}`, `{'api_key': '[Filtered]', 'n': 1}`)
	f(`{\"password\":\"a b\",\"n\":1`, `{\"password\":\"[Filtered]\",\"n\":1`)
	f(`"password":"a\"b","n":1`, `"password":"[Filtered]","n":1`)
	f(`"password" => "x"`, `"password" => "[Filtered]"`)
	f(`"password":"cut off`, `"password":"[Filtered]`)
	f("password: hunter2", "password: [Filtered]")
	f("Server=db;Password=a;Database=b", "Server=db;Password=[Filtered];Database=b")
	f("user[password]=x&user[name]=bob", "user[password]=[Filtered]&user[name]=bob")
	f("--api-key=abc --verbose", "--api-key=[Filtered] --verbose")
	f(`token := "abc"`, `token := "[Filtered]"`)

	f("max_tokens=100", same)
	f("author=bob", same)
	f("page=2&limit=10", same)
	f("Unexpected token: }", same)
	f("invalid token: expected end", same)
	f("password: must be longer", same)
	f("password=", same)
	f("password=true", same)
	f("password=%s, token='%v'", same)
	f("SET password = ? WHERE id = ?", same)
	f("password=${PASSWORD}&token=%(token)s", same)
	f(`{"password":null}`, same)
	f("if token == abc {", same)
	f("token = lexer.next()", same)
	f("token := lexer.next()", same)
	f("auth: {", same)
	f("time: 12:30:45", same)
	f("no tokens left: 12345", same)
	f("passwords", same)
}

func TestTextSource(t *testing.T) {
	t.Parallel()
	r := &Rules{Source: true}
	f := check(t, func(s string) (string, bool) { return apply(r.AppendText, s) })
	f(`API_KEY = "abc"`, `API_KEY = "[Filtered]"`)
	f(`connect(password='abc', retries=3)`, `connect(password='[Filtered]', retries=3)`)
	f("self.password = password", same)
	f("connect(password=password)", same)
	f("token = next(tokens)", same)
}

func TestMessage(t *testing.T) {
	t.Parallel()
	f := check(t, Message)
	f("mail bob@example.com now", "mail [email] now")
	f("'bob.o'neil+x@mail.example.co.uk'.", "'[email]'.")
	f("<bob@example.com>,alice@x.io", "<[email]>,[email]")
	f("?to=bob@example.com&x", "?to=[email]&x")
	f("jürgen@example.com", "[email]")
	f("card 4111111111111111", "card [creditcard]")
	f("DE89370400440532013000", "[iban]")
	f("078-05-1120", "[us-ssn]")
	f("password=x", "password=[Filtered]")
	f("lodash@4.17.21", same)
	f("root@localhost", same)
	f("@mention", same)
	f("a@b", same)
	f("x @ y.com", same)
	f("bob@", same)
	f("bob@.com", same)
	f("bob@x.", same)
	f("from 10.1.2.3", same)

	f = check(t, Text)
	f("mail bob@example.com now", same)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	r := &Rules{IPs: true}
	f := check(t, func(s string) (string, bool) { return apply(r.AppendText, s) })
	f("from 10.1.2.3", "from [ip]")
	f("10.1.2.3:8080, 192.168.0.255.", "[ip]:8080, [ip].")
	f("2001:db8::8a2e:370:7334", "[ip]")
	f("at ::1 and fe80::1.", "at [ip] and [ip].")
	f("[2001:db8::1]:80", "[[ip]]:80")
	f("::ffff:10.0.0.1", "[ip]")
	f("10.1.2.256", same)
	f("10.1.2", same)
	f("1.2.3.4.5", same)
	f("v10.1.2.3", same)
	f("12:30:45", same)
	f("std::vector", same)
	f("a::b", same)
}

func TestMarks(t *testing.T) {
	t.Parallel()
	r := &Rules{Named: true, Emails: true}
	out, marks := r.AppendText([]byte("kept "), nil, "a bob@x.org b 4111111111111111")
	if string(out) != "kept a [email] b [creditcard]" || len(marks) != 2 ||
		marks[0] != (Mark{"@email:replace", 2, 9}) || marks[1] != (Mark{"@creditcard:replace", 12, 24}) {
		t.Errorf("%q %v", out, marks)
	}
	out, marks = r.AppendText([]byte("kept "), marks[:1], "nothing here 1")
	if string(out) != "kept " || len(marks) != 1 {
		t.Errorf("%q %v", out, marks)
	}
}

func TestTextAllocates(t *testing.T) {
	s := strings.Repeat("GET https://x.org/a?b=1 took 12.5 ms at 2024-01-15T12:30:45Z for 550e8400-e29b-41d4-a716-446655440000. ", 4)
	if n := testing.AllocsPerRun(100, func() { Text(s); Message(s); JSONText(s); Query(s); CookieHeader(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"password=x token:abc1", "https://a:b@c/d?token=e", `{"a":"b`, "4111 1111 1111 1111", "Bearer a1b2c3",
		"-----BEGIN A KEY-----\nx\n-----END", `C:\Users\a b\c`, "DE89 3704 0044 0532 0130 00", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.x"} {
		f.Add(s)
	}
	all := &Rules{Paths: true, Emails: true, IPs: true, Named: true}
	f.Fuzz(func(t *testing.T, s string) {
		stable(t, plain.AppendText, s)
		stable(t, message.AppendText, s)
		stable(t, all.AppendText, s)
	})
}

// stable checks what must hold of any text: clearing it twice changes nothing, and
// the marks lie in the new text, in order.
func stable(t *testing.T, f appender, s string) {
	t.Helper()
	out, marks := f(nil, nil, s)
	if (len(out) == 0) != (len(marks) == 0) {
		t.Fatalf("%q: %d bytes, %d marks", s, len(out), len(marks))
	}
	last := 0
	for _, m := range marks {
		if m.Start < last || m.End <= m.Start || m.End > len(out) || m.Rule == "" {
			t.Fatalf("%q: %q has marks %v", s, out, marks)
		}
		last = m.End
	}
	if again, marks := f(nil, nil, string(out)); len(marks) > 0 {
		t.Fatalf("%q\n once %q\ntwice %q", s, out, again)
	}
}

var prose = strings.Repeat("the quick fox jumps over lazy dogs while ordinary text flows past without any sign ", 100)
var logline = strings.Repeat("2024-01-15T12:30:45Z INFO GET https://x.org/api/orders?page=2&limit=10 took 12.5 ms (id=550e8400-e29b-41d4) ", 80)

func benchmarkText(b *testing.B, s string) {
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		Text(s)
	}
}

func BenchmarkTextProse(b *testing.B) { benchmarkText(b, prose) }
func BenchmarkTextLog(b *testing.B)   { benchmarkText(b, logline) }
func BenchmarkTextShort(b *testing.B) { benchmarkText(b, "connection refused") }

// TestTextHostile feeds texts made to be read over and over; in square time each of
// them would take very long.
func TestTextHostile(t *testing.T) {
	t.Parallel()
	all := &Rules{Paths: true, Emails: true, IPs: true, Named: true, Sensitive: []string{"x"}}
	for _, part := range []string{"-eyJ", "a://", "a@", "/home/", `\Users\`, "4 ", "4-", "-----BEGIN KEY", "-----BEGIN A KEY-----",
		"bearer ", "bearer-", "token:", `token:"`, `"token":'`, "=", ":", ": ", " :", `":`, `\":`, "SG.", "AIza", "DE89 ", "sk-", "::", "[", `{"a":`,
		`{"token":{"a":`, `"\"`, "%22", "a=%25&", ";", "token=%7B", "1.", "://@a"} {
		s := strings.Repeat(part, 1<<18/len(part))
		all.AppendText(nil, nil, s)
		all.AppendJSON(nil, nil, s)
		all.AppendQuery(nil, nil, s)
		all.AppendCookies(nil, nil, s)
	}
}
