package scrub

import (
	"strings"
	"testing"

	"github.com/valyala/fastjson"
)

func TestOff(t *testing.T) {
	t.Parallel()
	f := checks(t, Event, Rules{Off: true, IPs: true, Sensitive: []string{"a"}}, `%`)
	f(`{"extra":{"password":"x","a":"4111111111111111"},"user":{"ip_address":"10.0.0.1"}}`, same)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	r := Rules{IPs: true}
	f := checks(t, Event, r, `%`)
	f(`{"user":{"ip_address":"10.0.0.1","id":"1"},"sdk":{"client_ip":"10.0.0.1","version":"1.2.3.4"}}`, `{"user":{"ip_address":null,"id":"1"},"sdk":{"client_ip":null,"version":"1.2.3.4"}}`)
	f(`{"request":{"env":{"REMOTE_ADDR":"10.0.0.1"},"headers":{"X-Real-Ip":"10.0.0.1, ::1","User-Agent":"Chrome/126.0.0.0"}}}`,
		`{"request":{"env":{"REMOTE_ADDR":null},"headers":{"X-Real-Ip":"[ip], [ip]","User-Agent":"Chrome/126.0.0.0"}}}`)
	f(`{"message":"from 10.0.0.1","extra":{"a":"10.0.0.1","app_version":"1.2.3.4"},"contexts":{"browser":{"version":"126.0.0.0"}}}`,
		`{"message":"from [ip]","extra":{"a":"[ip]","app_version":"1.2.3.4"},"contexts":{"browser":{"version":"126.0.0.0"}}}`)
	f(`{"spans":[{"data":{"client.address":"a","user.ip":"b","net.peer.name":"10.0.0.1","sentry.sdk.version":"1.2.3.4"}}]}`,
		`{"spans":[{"data":{"client.address":null,"user.ip":null,"net.peer.name":"[ip]","sentry.sdk.version":"1.2.3.4"}}]}`)
	f(`{"user":{"ip_address":null},"extra":{"a":"1.2.3","b":"12:30:45"},"release":"1.2.3.4"}`, same)
	f = checks(t, Session, r, `%`)
	f(`{"attrs":{"ip_address":"10.0.0.1","release":"1.2.3.4"}}`, `{"attrs":{"ip_address":null,"release":"1.2.3.4"}}`)
}

func TestOwnNames(t *testing.T) {
	t.Parallel()
	r := Rules{Sensitive: []string{"Badge"}, Safe: []string{"csrf_name"}}
	f := checks(t, Event, r, `%`)
	f(`{"extra":{"badge_no":"7","BADGE":8,"csrf_name":"password=x","password":"x","a":{"csrf_name":["password=x"]}}}`,
		`{"extra":{"badge_no":"[Filtered]","BADGE":null,"csrf_name":"password=x","password":"[Filtered]","a":{"csrf_name":["password=[Filtered]"]}}}`)
	f(`{"extra":{"j":"{\"badge\":\"x\",\"csrf_name\":\"y\"}"},"tags":{"badge":"x","csrf_name":"y"},"request":{"cookies":{"csrf_name":"y","badge":"x","sid":"z"}}}`,
		`{"extra":{"j":"{\"badge\":\"[Filtered]\",\"csrf_name\":\"y\"}"},"tags":{"badge":"[Filtered]","csrf_name":"y"},"request":{"cookies":{"csrf_name":"y","badge":"[Filtered]","sid":"[Filtered]"}}}`)
	_, meta := scrubbed(t, Event, r, `{"extra":{"badge":"x","token":"y"}}`)
	if want := `{"extra":{"badge":{"":{"rem":[["strip-fields","s",0,10]],"len":1}},"token":{"":{"rem":[["@password:filter","s",0,10]],"len":1}}}}`; meta != want {
		t.Errorf("_meta is %s", meta)
	}
}

func TestMeta(t *testing.T) {
	t.Parallel()
	f := func(doc, want string) {
		t.Helper()
		if _, got := scrubbed(t, Event, Rules{}, doc); got != want {
			t.Errorf("%s\n got %s\nwant %s", doc, got, want)
		}
	}
	f(`{"request":{"headers":[["Authorization","Bearer 12345678901234567890abcd"]]}}`,
		`{"request":{"headers":{"0":{"1":{"":{"rem":[["@password:filter","s",0,10]],"len":31}}}}}}`)
	f(`{"message":"zürich bob@x.org ü 4111111111111111"}`,
		`{"message":{"":{"rem":[["@email:replace","s",7,14],["@creditcard:replace","s",17,29]],"len":35}}}`)
	f(`{"extra":{"secret":[1]}}`, `{"extra":{"secret":{"":{"rem":[["@password:filter","x"]]}}}}`)
	f(`{"request":{"cookies":{"su":"x"}}}`, `{"request":{"cookies":{"su":{"":{"rem":[["@anything:filter","s",0,10]],"len":1}}}}}`)
	f(`{"exception":{"values":[{"stacktrace":{"frames":[{},{"vars":{"pwd":"x"}}]}}]}}`,
		`{"exception":{"values":{"0":{"stacktrace":{"frames":{"1":{"vars":{"pwd":{"":{"rem":[["@password:filter","s",0,10]],"len":1}}}}}}}}}}`)
	// What the client sent stays beside ours, but for originals.
	f(`{"_meta":{"extra":{"a":{"":{"len":7,"rem":[["!limit","s",1,2]],"val":"secret"}}}},"extra":{"a":"password=x"}}`,
		`{"extra":{"a":{"":{"len":7,"rem":[["!limit","s",1,2],["@password:filter","s",9,19]],"val":null}}}}`)
	f(`{"extra":{"a":"b"},"_meta":{"":{"err":[["invalid_data",{"reason":"password=x"}]],"val":true}}}`,
		`{"":{"err":[["invalid_data",{"reason":"password=[Filtered]"}]],"val":true}}`)
	f(`{"_meta":"password=x","extra":{"pwd":"x"}}`, `{"extra":{"pwd":{"":{"rem":[["@password:filter","s",0,10]],"len":1}}}}`)
	f(`{"_meta":{"a":"password=x","b":{"":"y"},"c":[{"val":"z"}]}}`, `{"a":null,"b":{"":null},"c":null}`)
	f(`{"extra":{"a":"b"}}`, ``)
	f(`{"extra":{"":{"pwd":"x"}}}`, ``) // no way to say so
}

// TestMetaBounded holds that remarks end, but scrubbing does not.
func TestMetaBounded(t *testing.T) {
	t.Parallel()
	doc := `{"extra":{` + strings.Repeat(`"pwd":"x","note":"password=y password=z",`, 1000) + `"a":1}}`
	got, meta := scrubbed(t, Event, Rules{}, doc)
	if n := strings.Count(meta, "@password"); n != maxRemarks {
		t.Errorf("%d remarks", n)
	}
	if n := strings.Count(got, "[Filtered]"); n != 3000 {
		t.Errorf("%d values filtered", n)
	}
}

// TestDepth goes as deep as the parser does.
func TestDepth(t *testing.T) {
	t.Parallel()
	n := fastjson.MaxDepth - 3
	doc := `{"extra":` + strings.Repeat(`{"a":`, n) + `{"pwd":"x"}` + strings.Repeat(`}`, n) + `}`
	if got, _ := scrubbed(t, Event, Rules{}, doc); !strings.Contains(got, `"[Filtered]"`) {
		t.Error("not found in the depth")
	}
}

// TestReuse scrubs into parsers and arenas used again, whose values share memory if
// changes are made carelessly.
func TestReuse(t *testing.T) {
	t.Parallel()
	var p fastjson.Parser
	var a fastjson.Arena
	for range 3 {
		for _, doc := range []string{
			`{"extra":{"a":{"b":[1,2,{"c":"d"}],"pwd":{"x":[1]}},"secret":[1,{"y":"z"}]}}`,
			`{"extra":{"pwd":"x","note":"password=y","a":[{"b":"c"},["d"],{"e":{"f":"g"}}],"token":{"a":"b"}}}`,
			`{"extra":{"a":[{"b":"c"},["d"]],"n":true,"o":null,"pwd":false}}`,
		} {
			want, _ := scrubbed(t, Event, Rules{}, doc)
			a.Reset()
			v, err := p.Parse(doc)
			if err != nil {
				t.Fatal(err)
			}
			Event(v, &a, Rules{})
			v.Del("_meta")
			if got := string(appendJSON(nil, v)); got != want {
				t.Errorf("%s\n got %s\nwant %s", doc, got, want)
			}
		}
	}
	if v := fastjson.MustParse(`[true,false,null]`); v.String() != `[true,false,null]` {
		t.Errorf("the literals became %s", v)
	}
}

func TestAllocates(t *testing.T) {
	v := fastjson.MustParse(ordinaryEvent())
	var a fastjson.Arena
	Event(v, &a, Rules{})
	if v.Get("_meta") != nil {
		t.Fatalf("the ordinary event holds a secret: %s", v.Get("_meta"))
	}
	if n := testing.AllocsPerRun(20, func() { Event(v, &a, Rules{}) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
