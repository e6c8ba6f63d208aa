package redact

import "testing"

func TestQuery(t *testing.T) {
	t.Parallel()
	f := check(t, Query)
	f("token=abc&page=2", "token=[Filtered]&page=2")
	f("?API_KEY=abc&x", "?API_KEY=[Filtered]&x")
	f("a=1;password=b;c=2", "a=1;password=[Filtered];c=2")
	f("user%5Bpassword%5D=x+y&user%5Bname%5D=bob", "user%5Bpassword%5D=[Filtered]&user%5Bname%5D=bob")
	f("user[otp]=1&user[bypass]=2", "user[otp]=[Filtered]&user[bypass]=2")
	f("%74oken=abc", "%74oken=[Filtered]")
	f("X-Amz-Signature=0a1b&sig=xyz", "X-Amz-Signature=[Filtered]&sig=[Filtered]")
	f("card=4111111111111111", "card=[Filtered]")
	f("card=4111+1111+1111+1111", "card=%5BFiltered%5D")
	f("next=https%3A%2F%2Fa%3Ab1%40c.org%2F&n=1", "next=https%3A%2F%2F%5BFiltered%5D%40c.org%2F&n=1")
	f("body=%7B%22password%22%3A%22x%22%7D", "body=%7B%22password%22%3A%22%5BFiltered%5D%22%7D")
	f("", same)
	f("token=", same)
	f("token=true", same)
	f("token=[Filtered]", same)
	f("max_tokens=100&signal=x&signatures=2", same)
	f("q=a%zz+b", same)
	f("&&;;==&=", same)
}

func TestQuerySafe(t *testing.T) {
	t.Parallel()
	r := &Rules{Safe: []string{"token"}, Sensitive: []string{"page"}}
	f := check(t, func(s string) (string, bool) { return apply(r.AppendQuery, s) })
	f("token=abc&page=2&password=x", "token=abc&page=[Filtered]&password=[Filtered]")
}

func TestCookieHeader(t *testing.T) {
	t.Parallel()
	f := check(t, CookieHeader)
	f("theme=dark; sessionid=abc; csrftoken=x; lang=en", "theme=dark; sessionid=[Filtered]; csrftoken=[Filtered]; lang=en")
	f("PHPSESSID=abc", "PHPSESSID=[Filtered]")
	f("su=1;sudo=2", "su=[Filtered];sudo=[Filtered]")
	f("connect.sid=abc; Path=/; HttpOnly; Max-Age=100", "connect.sid=[Filtered]; Path=/; HttpOnly; Max-Age=100")
	f("a=4111111111111111", "a=[Filtered]")
	f("", same)
	f("theme=dark", same)
	f("session=", same)
	f("session", same)
	f("; ;=;", same)
}

func TestIsForm(t *testing.T) {
	t.Parallel()
	f := func(s string, want bool) {
		t.Helper()
		if got := IsForm(s); got != want {
			t.Errorf("IsForm(%q) = %v", s, got)
		}
	}
	f("a=1&b=2", true)
	f("user[name]=bob", true)
	f("a%20b=", true)
	f("", false)
	f("=1", false)
	f("hello", false)
	f("a=1 b=2", false)
	f("a: b=2", false)
	f(`{"a":"b=c"}`, false)
	f("<a b=c>", false)
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"token=abc&page=2", "user%5Bpassword%5D=x", "a=%7B%22b%22%3A1%7D", "theme=dark; sid=abc", "card=4111+1111+1111+1111"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		stable(t, plain.AppendQuery, s)
		stable(t, message.AppendQuery, s)
		stable(t, plain.AppendCookies, s)
	})
}
