package scrub

import (
	"testing"

	"github.com/valyala/fastjson"
)

func TestPersonal(t *testing.T) {
	t.Parallel()
	f := func(strip func(*fastjson.Value) bool, doc, want string) {
		t.Helper()
		v, err := fastjson.Parse(doc)
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		found := strip(v)
		if want == same {
			want = doc
		}
		got := string(appendJSON(nil, v))
		if got != want {
			t.Errorf("%s\nis     %s\nshould %s", doc, got, want)
		}
		if found != (want != doc) {
			t.Errorf("%s: found = %v", doc, found)
		}
	}
	event := func(v *fastjson.Value) bool { return PersonalEvent(v, new(fastjson.Arena)) }

	f(event, `{"user":{"id":"7","email":"a@b.io","username":"a","name":"A","ip_address":"10.1.1.1","geo":{"city":"Bonn"},"plan":"pro"}}`, `{"user":{"id":"7","plan":"pro"}}`)
	f(event, `{"user":{"id":"a@b.io","email":"x","email":"y"},"sentry.interfaces.User":{"id":"::1"}}`, `{"user":{},"sentry.interfaces.User":{}}`)
	f(event, `{"user":{"id":7},"user":null,"tags":{"email":"x"},"extra":{"email":"a@b.io"}}`, same)
	f(event, `{"user":"a","request":[1],"contexts":7,"spans":{},"breadcrumbs":"x","sdk":[]}`, same)
	f(event, `{"request":{"url":"https://x.io","cookies":"a=b","headers":{"Cookie":"a=b","X-Forwarded-For":"1.1.1.1","Accept":"*/*"},"env":{"REMOTE_ADDR":"1.1.1.1","HTTP_X_REAL_IP":"1.1.1.1","SERVER_NAME":"x"}}}`,
		`{"request":{"url":"https://x.io","headers":{"Accept":"*/*"},"env":{"SERVER_NAME":"x"}}}`)
	f(event, `{"request":{"headers":[["cookie","a=b"],["Accept","*/*"],["Forwarded","for=1.1.1.1"]]}}`, `{"request":{"headers":[["cookie",null],["Accept","*/*"],["Forwarded",null]]}}`)
	f(event, `{"contexts":{"trace":{"op":"x","data":{"user.email":"a@b.io","http.request.header.x_forwarded_for":"1.1.1.1","http.request.header.cookie.a":"b","http.url":"u"}},"response":{"cookies":{},"status_code":200},"feedback":{"message":"m","name":"A","contact_email":"a@b.io"}}}`,
		`{"contexts":{"trace":{"op":"x","data":{"http.url":"u"}},"response":{"status_code":200},"feedback":{"message":"m"}}}`)
	f(event, `{"spans":[{"data":{"client.address":"1.1.1.1","server.address":"x"},"tags":{"user.name":"A"}}],"breadcrumbs":{"values":[{"data":{"user.email":"x"},"message":"m"}]}}`,
		`{"spans":[{"data":{"server.address":"x"},"tags":{}}],"breadcrumbs":{"values":[{"data":{},"message":"m"}]}}`)
	f(event, `{"tags":[["user.email","a@b.io"],["region","eu"]],"breadcrumbs":[{"data":{"user.geo.city":"Bonn"}}]}`, `{"tags":[["user.email",null],["region","eu"]],"breadcrumbs":[{"data":{}}]}`)
	f(event, `{"platform":"python","sdk":{"client_ip":"1.1.1.1","settings":{"infer_ip":"auto"}}}`, `{"platform":"python","sdk":{"settings":{"infer_ip":"never"}}}`)
	f(event, `{"platform":"javascript"}`, `{"platform":"javascript","sdk":{"settings":{"infer_ip":"never"}}}`)
	f(event, `{"platform":"javascript","sdk":{"settings":{"infer_ip":"never"}}}`, same)

	f(PersonalSpans, `{"items":[{"attributes":{"user.id":{"type":"string","value":"a@b.io"},"user.email":{"value":"x"},"gen_ai.system":{"value":"y"}}}],"ingest_settings":{"infer_ip":"auto","infer_user_agent":"auto"}}`,
		`{"items":[{"attributes":{"gen_ai.system":{"value":"y"}}}],"ingest_settings":{"infer_ip":"never","infer_user_agent":"auto"}}`)
	f(PersonalSpans, `{"op":"x","data":{"user.id":"7","net.peer.ip":"1.1.1.1"}}`, `{"op":"x","data":{"user.id":"7"}}`)
	f(PersonalLogs, `{"items":[{"body":"b","attributes":{"user.name":{"value":"A"}}},7]}`, `{"items":[{"body":"b","attributes":{}},7]}`)
	f(PersonalSession, `{"did":"a@b.io","sid":"s","attrs":{"ip_address":"1.1.1.1","release":"r"}}`, `{"sid":"s","attrs":{"release":"r"}}`)
	f(PersonalSession, `{"did":"7","aggregates":[{"did":"::1","exited":1}]}`, `{"did":"7","aggregates":[{"exited":1}]}`)
	f(PersonalReport, `{"event_id":"e","name":"A","email":"a@b.io","comments":"c"}`, `{"event_id":"e","comments":"c"}`)
	f(PersonalHeader, `{"event_id":"e","remote_addr":"1.1.1.1","trace":{"trace_id":"t","user_id":"a@b.io"},"sdk":{"name":"n","settings":{"infer_ip":"auto"}}}`,
		`{"event_id":"e","trace":{"trace_id":"t"},"sdk":{"name":"n","settings":{"infer_ip":"never"}}}`)
}

func TestHeader(t *testing.T) {
	t.Parallel()
	f := func(doc, want string) {
		t.Helper()
		if want == same {
			want = doc
		}
		if got, meta := scrubbed(t, Header, Rules{}, doc); got != want || meta != "" {
			t.Errorf("%s\nis     %s\nshould %s\n%s", doc, got, want, meta)
		}
	}
	f(`{"event_id":"4111111111111111","sent_at":"2026-01-01T00:00:00Z","sdk":{"name":"sentry.go","version":"1","packages":[{"name":"a"}]},"trace":{"trace_id":"41111111111111111111111111111111","sample_rand":"0.4111111111111111"}}`, same)
	f(`{"type":"attachment","length":7,"filename":"dump.txt"}`, same)
	f(`{"api_key":"abc123","trace":{"transaction":"GET /?password=hunter2"}}`, `{"api_key":"[Filtered]","trace":{"transaction":"GET /?password=[Filtered]"}}`)
}

func TestAnything(t *testing.T) {
	t.Parallel()
	doc := `{"a":{"password":"hunter2"},"b":["--token","abc"],"_meta":{"":{}}}`
	v := fastjson.MustParse(doc)
	Anything(v, new(fastjson.Arena), Rules{})
	if got, want := string(appendJSON(nil, v)), `{"a":{"password":"[Filtered]"},"b":["--token","[Filtered]"],"_meta":{"":{}}}`; got != want {
		t.Errorf("%s\nis     %s\nshould %s", doc, got, want)
	}
}
