package redact

import (
	"strings"
	"testing"
)

func TestKey(t *testing.T) {
	t.Parallel()
	f := func(name string, want bool) {
		t.Helper()
		if got := Key(name); got != want {
			t.Errorf("Key(%q) = %v, want %v", name, got, want)
		}
		if got := Key(strings.ToUpper(name)); got != want && !strings.Contains(name, "sU") && !strings.HasPrefix(name, "gen_ai") {
			t.Errorf("Key(%q) = %v, want %v", strings.ToUpper(name), got, want)
		}
	}
	// Sentry's list.
	f("password", true)
	f("a_password_here", true)
	f("passwd", true)
	f("the_secret", true)
	f("api_key", true)
	f("api-key", true)
	f("apiKey", true)
	f("X-Api-Key", true)
	f("Authorization", true)
	f("proxy-authorization", true)
	f("HTTP_AUTHORIZATION", true)
	f("auth", true)
	f("oauth2", true)
	f("credentials", true)
	f("mysql_pwd", true)
	f("privatekey", true)
	f("private_key", true)
	f("private-key", true)
	f("otp", true)
	f("two_factor", true)
	f("two-factor", true)
	f("token", true)
	f("access_token", true)
	f("csrfmiddlewaretoken", true)
	// The SDKs', and ours.
	f("pwd", true)
	f("jwt", true)
	f("bearer", true)
	f("sso", true)
	f("SAMLResponse", true)
	f("x-csrf", true)
	f("xsrf-value", true)
	f("aws_secret_access_key", true)
	f("AccountKey", true)
	f("Ocp-Apim-Subscription-Key", true)
	f("passphrase", true)
	f("passcode", true)
	f("DB_PASS", true)
	f("pass", true)
	f("cvv", true)
	f("credential", true)
	f("accessTokens", true)
	f("refresh_tokens", true)
	f("auth_tokens", true)
	f("tokenSecret", true)
	f("tokenstring", true)
	f("author_password", true)
	f("authorisation", true)
	f("authorizationHeader", true)
	f("gen_ai.request.api_key", true)
	f("http.request.header.authorization", true)

	// Near misses.
	f("", false)
	f("p", false)
	f("to", false)
	f("key", false)
	f("primary_key", false)
	f("cache_key", false)
	f("keyboard", false)
	f("monkey", false)
	f("session", false)
	f("session_id", false)
	f("hotp", false)
	f("otp_sent", false)
	f("two_factors", false)
	f("bypass", false)
	f("passed", false)
	f("compass", false)
	f("secretary", false)
	f("author", false)
	f("authors", false)
	f("co_author_name", false)
	f("authored_by", false)
	f(":authority", false)
	f("authorized", false)
	f("is_unauthorized", false)
	f("processor", false)
	f("max_tokens", false)
	f("maxTokens", false)
	f("max_token", false)
	f("token_count", false)
	f("tokenCount", false)
	f("tokens", false)
	f("prompt_tokens", false)
	f("completion_tokens_details", false)
	f("tokens_per_second", false)
	f("tokensUsed", false)
	f("totalTokens", false)
	f("token_usage", false)
	f("token_limit", false)
	f("tokenizer", false)
	f("time_to_first_token", false)
	f("cost_per_token", false)
	f("gen_ai.usage.input_tokens", false)
	f("gen_ai.usage.cache_read.input_tokens", false)
	f("gen_ai.request.max_tokens", false)
	f("gen_ai.token.type", false)
	f("ai_total_tokens_used", false)
	f("vercel.ai.usage.inputTokenDetails.cacheReadTokens", false)
	f("completion_token_details", false)
	f("ai.prompt_tokens.used", false)
	f("description", false)
	f("response.status_code", false)
}

func TestRulesKey(t *testing.T) {
	t.Parallel()
	r := Rules{Sensitive: []string{"badge", "token_count"}, Safe: []string{"auth_method"}}
	f := func(name string, want bool) {
		t.Helper()
		if got := r.Key(name); got != want {
			t.Errorf("Key(%q) = %v, want %v", name, got, want)
		}
	}
	f("password", true)
	f("Badge-Number", true)
	f("token_count", true)
	f("Auth_Method", false)
	f("auth_methods", true)
	f("name", false)
}

func TestCookie(t *testing.T) {
	t.Parallel()
	f := func(name string, want bool) {
		t.Helper()
		if got := Cookie(name); got != want {
			t.Errorf("Cookie(%q) = %v, want %v", name, got, want)
		}
	}
	for _, name := range strings.Fields("sentrysid sudo su session __session sessionid user_session symfony phpsessid " +
		"fasthttpsessionid mysession irissessionid _vercel_jwt csrf xsrf _xsrf _csrf csrf-token csrf_token xsrf-token " +
		"xsrf_token fastcsrf _iris_csrf PHPSESSID JSESSIONID connect.sid .AspNetCore.Identity.Application auth_token") {
		f(name, true)
	}
	f("theme", false)
	f("sub", false)
	f("sudoku", false)
	f("lang", false)
	f("_ga", false)
	f("max_tokens", false)
}

func TestKeyAllocates(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Key("HTTP_X_FORWARDED_FOR"); Key("Authorization"); Cookie("theme") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// names are the keys of an ordinary event.
var names = strings.Fields(`event_id platform timestamp release environment server_name contexts device arch num_cpu os name
	runtime go_maxprocs go_numcgocalls go_numroutines version extra tags agent.id execution.id url method headers
	Accept Accept-Encoding Content-Type User-Agent X-Forwarded-For Host Referer frames function module filename abs_path
	lineno in_app vars self request response args kwargs user_id items order customer retries timeout message category
	level data status_code reason query_string gen_ai.request.model gen_ai.usage.input_tokens gen_ai.response.id description
	start_timestamp parent_span_id op origin breadcrumbs values type mechanism handled exception stacktrace password
	Authorization api_key max_tokens`)

func BenchmarkKey(b *testing.B) {
	for i := 0; b.Loop(); i++ {
		Key(names[i%len(names)])
	}
}
