package sentry

import (
	"fmt"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// tx writes a transaction with that trace context, those times and those spans.
func tx(trace, times, spans string) string {
	return `{"type":"transaction","transaction":"t",` + times + `"contexts":{"trace":` + trace + `},"spans":[` + spans + `]}`
}

const (
	goodTrace = `{"trace_id":"` + someTrace + `","span_id":"a000000000000001"}`
	goodTimes = `"start_timestamp":1795435190,"timestamp":1795435198,`
	child     = `"trace_id":"` + someTrace + `","parent_span_id":"a000000000000001","start_timestamp":1795435191,"timestamp":1795435192`
)

func TestTransaction(t *testing.T) {
	t.Parallel()
	f := func(name, payload, want string) {
		t.Helper()
		b := decode("transaction", payload)
		checkBatch(t, b)
		var got []string
		for _, e := range b.Events {
			got = append(got, fmt.Sprintf("%s %v %s", e.Transaction, e.Timestamp.Sub(e.Started), e.Level))
		}
		for _, s := range b.Spans {
			got = append(got, fmt.Sprintf("%s<%s", s.ID.String()[15:], s.Parent.String()[15:]))
		}
		for _, d := range b.Discards {
			got = append(got, fmt.Sprintf("lost %s %d", d.Category, d.Quantity))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s: %s, want %s", name, s, want)
		}
	}
	f("plain", tx(goodTrace, goodTimes, ""), "t 8s info, 1<0")
	f("spans", tx(goodTrace, goodTimes, `{"span_id":"a000000000000002",`+child+`}`), "t 8s info, 1<0, 2<1")
	f("no name", `{"contexts":{"trace":`+goodTrace+`},`+goodTimes+`"level":"error"}`, "<unlabeled transaction> 8s error, 1<0")
	f("blank name", `{"transaction":"  ","contexts":{"trace":`+goodTrace+`},`+strings.TrimSuffix(goodTimes, ",")+`}`, "<unlabeled transaction> 8s info, 1<0")
	f("bad spans", tx(goodTrace, goodTimes, `7,null,{},{"span_id":"x",`+child+`},{"span_id":"a000000000000003","start_timestamp":5},`+
		`{"span_id":"a000000000000004","start_timestamp":1795435192,"timestamp":1795435191},{"span_id":"a000000000000001",`+child+`}`), "t 8s info, 1<0, lost span 7")
	f("span without parent and trace", tx(goodTrace, goodTimes, `{"span_id":"a000000000000002","start_timestamp":1795435191,"timestamp":1795435192}`), "t 8s info, 1<0, 2<1")
	f("no trace context", `{`+goodTimes+`"spans":[{"span_id":"a000000000000002",`+child+`}]}`, "<unlabeled transaction> 8s info, 1<0, 2<1")
	f("no trace context and no spans", `{`+goodTimes+`"spans":[]}`, "lost transaction 1, lost span 1")
	f("ends before it starts", tx(goodTrace, `"start_timestamp":1795435198,"timestamp":1795435190,`, `{}`), "lost transaction 1, lost span 2")
	f("no times", tx(goodTrace, "", ""), "lost transaction 1, lost span 1")
	f("times of the spans", tx(goodTrace, "", `{"span_id":"a000000000000002",`+child+`},{"span_id":"a000000000000003","start_timestamp":1795435190,"timestamp":1795435191}`),
		"t 2s info, 1<0, 2<1, 3<1")
	f("start of the spans", tx(goodTrace, `"timestamp":1795435195,`, `{"span_id":"a000000000000002",`+child+`}`), "t 4s info, 1<0, 2<1")
	f("before 1970", tx(goodTrace, `"start_timestamp":-8,"timestamp":-1,`, ``), "lost transaction 1, lost span 1")
}

func TestTransactionTraceFromHeader(t *testing.T) {
	t.Parallel()
	h := wire.EnvelopeHeader{Trace: wire.TraceHeader{TraceID: someTrace}}
	b := decodeItems(h, wire.Item{Type: "transaction", Payload: []byte(tx(`{"span_id":"a000000000000001"}`, goodTimes, ""))})
	if len(b.Events) != 1 || b.Events[0].Trace.String() != someTrace {
		t.Errorf("batch = %s", dump(b))
	}
}

func TestCommonParent(t *testing.T) {
	t.Parallel()
	f := func(want string, pairs ...string) {
		t.Helper()
		var list []string
		for _, p := range pairs {
			list = append(list, fmt.Sprintf(`{"span_id":"a00000000000000%c","parent_span_id":"a00000000000000%c","start_timestamp":1795435191,"timestamp":1795435192}`, p[0], p[1]))
		}
		b := decode("transaction", tx(`{"trace_id":"`+someTrace+`"}`, goodTimes, strings.Join(list, ",")))
		got := "none"
		if len(b.Events) == 1 {
			got = b.Events[0].Span.String()[15:]
			if raw, err := DecodeSpan(b.Events[0].Payload, b.Events[0].Span); err != nil {
				t.Errorf("%v: the root is not found again: %s, %v", pairs, raw, err)
			}
		}
		if got != want {
			t.Errorf("%v: root %s, want %s", pairs, got, want)
		}
	}
	f("1", "21")
	f("1", "21", "32", "41")
	f("1", "29", "31", "41")
	f("none", "12", "21")
	f("none")
}

func TestSpanV1(t *testing.T) {
	t.Parallel()
	b := decode("transaction", tx(goodTrace, goodTimes, `{"span_id":"A000000000000002",`+child+`,"op":"gen_ai.chat","description":"chat",
		"status":"deadline_exceeded","is_segment":true,"origin":"auto.ai","tags":{"agent.id":"9","other":"x"},
		"measurements":{"ai_total_tokens_used":{"value":12}},
		"data":{"gen_ai.request.model":"m","gen_ai.usage.input_tokens":12.0,"gen_ai.x":[1],"gen_ai.null":null,"gen_ai.empty":"",
		"gen_ai.long":"`+strings.Repeat("x", 1025)+`","http.method":"GET","sentry.op":"o"}}`))
	want := "[{agent.id 9} {gen_ai.request.model m} {gen_ai.usage.input_tokens 12} {gen_ai.x [1]} {sentry.op o} {sentry.origin auto.ai} {ai.total_tokens.used 12}]"
	s := b.Spans[1]
	if fmt.Sprint(s.Attributes) != want {
		t.Errorf("attributes %v, want %s", s.Attributes, want)
	}
	if s.Op != "gen_ai.chat" || s.Name != "chat" || s.Status != model.StatusDeadlineExceeded || !s.Segment || s.Agent.ID != "9" {
		t.Errorf("span = %+v", s)
	}
}

func TestManyAttributes(t *testing.T) {
	t.Parallel()
	var data strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&data, `,"gen_ai.a%d":%d`, i, i)
	}
	b := decode("transaction", tx(goodTrace, goodTimes, `{"span_id":"a000000000000002",`+child+`,"data":{`+data.String()[1:]+`}}`))
	if n := len(b.Spans[1].Attributes); n != maxAttributes {
		t.Errorf("%d attributes, want %d", n, maxAttributes)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	f := func(json string, want model.SpanStatus) {
		t.Helper()
		b := decode("transaction", tx(`{"trace_id":"`+someTrace+`","span_id":"a000000000000001","status":`+json+`}`, goodTimes, ""))
		if b.Spans[0].Status != want {
			t.Errorf("%s: %s, want %s", json, b.Spans[0].Status, want)
		}
	}
	f(`"ok"`, model.StatusOK)
	f(`"cancelled"`, model.StatusCancelled)
	f(`"unknown_error"`, model.StatusUnknown)
	f(`"error"`, model.StatusInternalError)
	f(`"model refused to answer"`, model.StatusUnknown)
	f(`"`+strings.Repeat("x", 100)+`"`, model.StatusUnknown)
	f(`0`, model.StatusOK)
	f(`13`, model.StatusInternalError)
	f(`404`, model.StatusNotFound)
	f(`"429"`, model.StatusResourceExhausted)
	f(`302`, model.StatusOK)
	f(`418`, model.StatusInvalidArgument)
	f(`502`, model.StatusInternalError)
	f(`99`, model.StatusUnknown)
	f(`null`, model.StatusUnknown)
	f(`{}`, model.StatusUnknown)
}

func TestStatusInTags(t *testing.T) {
	t.Parallel()
	f := func(fields string, want model.SpanStatus) {
		t.Helper()
		b := decode("transaction", tx(goodTrace, goodTimes, `{"span_id":"a000000000000002",`+fields+`,`+child+`}`))
		if b.Spans[1].Status != want {
			t.Errorf("%s: %s, want %s", fields, b.Spans[1].Status, want)
		}
	}
	f(`"tags":{"status":"internal_error"}`, model.StatusInternalError)
	f(`"tags":[["status","internal_error"]]`, model.StatusUnknown)
	f(`"tags":{"status":"internal_error"},"status":"ok"`, model.StatusOK)
	f(`"status":"not_found","tags":{"status":"ok"}`, model.StatusNotFound)
	f(`"tags":7`, model.StatusUnknown)
}

// TestLongValues holds that of what went into a call and what came out of it something
// is known, however long it is.
func TestLongValues(t *testing.T) {
	t.Parallel()
	f := func(name, value string, want bool) {
		t.Helper()
		data := `"data":{"` + name + `":` + value + `}`
		v1 := decode("transaction", tx(goodTrace, goodTimes, `{"span_id":"a000000000000002",`+child+`,`+data+`}`)).Spans[1]
		v2 := decode("span", `{"items":[`+v2("a000000000000002", ``, `"`+name+`":{"value":`+value+`}`)+`]}`).Spans[0]
		root := decode("transaction", tx(`{"trace_id":"`+someTrace+`","span_id":"a000000000000001",`+data+`}`, goodTimes, "")).Spans[0]
		for _, s := range []model.Span{v1, v2, root} {
			if (len(s.Long) == 1) != want || s.Attributes.Get(name) != "" {
				t.Errorf("%s: %+v, %v", name, s.Long, s.Attributes)
			}
			if want && (s.Long[0].Name != name || len(s.Long[0].Head) != maxEnds || !strings.HasSuffix(value, s.Long[0].Tail+`"`) ||
				s.Long[0].Hash != v1.Long[0].Hash || s.Long[0].Hash == 0) {
				t.Errorf("%s: %+v", name, s.Long[0])
			}
		}
	}
	long := `"` + strings.Repeat("x", 1024) + `end"`
	f("gen_ai.tool.call.result", long, true)
	f("gen_ai.request.messages", long, true)
	f("gen_ai.tool.description", long, false)
	if list := decode("span", `{"items":[`+v2("a000000000000002", ``, `"gen_ai.tool.call.arguments":{"value":["`+long[1:]+`]}`)+`]}`).Spans[0].Long; len(list) != 1 || list[0].Head[:3] != `["x` {
		t.Errorf("a list is %+v", list)
	}
}
