package scrub

import (
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fastjson"
)

// ordinaryEvent composes an error of some 9 KB as a web service's SDK sends it, with
// nothing secret in it.
func ordinaryEvent() string {
	var b strings.Builder
	b.WriteString(`{"event_id":"9f1c2a7be0d94f3c8a5d6e7f80911223","timestamp":"2026-03-01T12:30:45.123456Z","platform":"python","level":"error",` +
		`"release":"shop@4.17.2","environment":"production","server_name":"web-7f9c","transaction":"/api/orders/{id}",` +
		`"sdk":{"name":"sentry.python","version":"2.60.0"},"modules":{"django":"5.1","requests":"2.32.3"},` +
		`"user":{"id":"8123","username":"alice","ip_address":"{{auto}}"},` +
		`"tags":{"agent.id":"refunds","agent.name":"Refund agent","execution.id":"ex_81a2","region":"eu-west-1","customer.tier":"gold"},` +
		`"contexts":{"trace":{"trace_id":"771a43a4192642f0b136d5159a501700","span_id":"b0e6f15b45c36b12","op":"http.server","status":"internal_error"},` +
		`"runtime":{"name":"CPython","version":"3.13.1"},"os":{"name":"Linux","version":"6.8.0"},"agent":{"id":"refunds","framework":"langgraph","version":"1.2"}},` +
		`"request":{"url":"https://shop.example.org/api/orders/81","method":"POST","query_string":"page=2&limit=10",` +
		`"headers":{"Accept":"application/json","Accept-Encoding":"gzip, deflate","Content-Type":"application/json","Host":"shop.example.org","User-Agent":"Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0"},` +
		`"data":{"order":81,"reason":"broken","lines":[{"sku":"A-1","count":2}]},"env":{"SERVER_NAME":"shop","SERVER_PORT":"443"}},` +
		`"extra":{"sys.argv":["manage.py","runserver"],"attempt":2,"note":"third party answered late"},"exception":{"values":[{"type":"KeyError",` +
		`"value":"'amount' is missing in the answer of the payment service","module":"builtins","mechanism":{"type":"django","handled":false},"stacktrace":{"frames":[`)
	for i := range 40 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"function":"handle_%d","module":"shop.orders","filename":"shop/orders.py","lineno":%d,"in_app":true,"vars":{"self":"<View>","order_id":"%d","retries":"3"}}`, i, 10+i, 800+i)
	}
	b.WriteString(`]}}]},"breadcrumbs":{"values":[`)
	for i := range 30 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"timestamp":1772368245.%d,"category":"query","message":"SELECT * FROM orders WHERE id = %%s","data":{"rows":%d}}`, i, i)
	}
	b.WriteString(`]}}`)
	return b.String()
}

// agentTransaction composes a transaction of some 16 KB with 12 spans of an agent.
func agentTransaction() string {
	var b strings.Builder
	b.WriteString(`{"type":"transaction","transaction":"invoke_agent refunds","start_timestamp":1772368245.1,"timestamp":1772368251.5,` +
		`"contexts":{"trace":{"trace_id":"771a43a4192642f0b136d5159a501700","span_id":"b0e6f15b45c36b12","op":"gen_ai.invoke_agent"}},"spans":[`)
	for i := range 12 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"trace_id":"771a43a4192642f0b136d5159a501700","span_id":"a0e6f15b45c36b%d","parent_span_id":"b0e6f15b45c36b12",`+
			`"op":"gen_ai.chat","description":"chat gpt-5","status":"ok","start_timestamp":1772368246.%d,"timestamp":1772368247.5,`+
			`"data":{"gen_ai.request.model":"gpt-5","gen_ai.request.max_tokens":1024,"gen_ai.usage.input_tokens":%d,"gen_ai.input.messages":%q}}`,
			10+i, i, 800+i, `[{"role":"system","content":"You are a careful agent who refunds orders; ask before you act."},`+
				strings.Repeat(`{"role":"user","parts":[{"type":"text","content":"Please refund order 81, it came broken, and tell me when."}]},`, 6)+`{"role":"assistant","content":""}]`)
	}
	b.WriteString(`]}`)
	return b.String()
}

func BenchmarkEvent(b *testing.B)       { benchmark(b, ordinaryEvent()) }
func BenchmarkTransaction(b *testing.B) { benchmark(b, agentTransaction()) }

func benchmark(b *testing.B, s string) {
	var p fastjson.Parser
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			_, _ = p.Parse(s)
		}
	})
	b.Run("parse-scrub", func(b *testing.B) {
		var a fastjson.Arena
		b.ReportAllocs()
		for b.Loop() {
			a.Reset()
			v, _ := p.Parse(s)
			Event(v, &a, Rules{})
		}
	})
	b.Run("scrub", func(b *testing.B) {
		var a fastjson.Arena
		v, _ := p.Parse(s)
		b.ReportAllocs()
		for b.Loop() {
			Event(v, &a, Rules{})
		}
	})
}
