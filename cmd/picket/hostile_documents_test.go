package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// samples hold one good item of each type that is stored, with the fields that are
// read. Every value in them is replaced by every hostile value in turn.
var samples = map[string]string{
	"event": `{"event_id":"%ID%","timestamp":"2026-11-23T10:00:00Z","platform":"python","level":"error","logger":"l","transaction":"t",
		"server_name":"s","release":"r@1.0","dist":"d","environment":"e","message":"m","logentry":{"message":"m %s","params":["p"],"formatted":"m p"},
		"exception":{"values":[{"type":"T","value":"v","module":"m","thread_id":1,"mechanism":{"type":"generic","handled":true,"synthetic":false,
			"exception_id":0,"parent_id":1,"is_exception_group":false,"meta":{"signal":{"number":1}}},
			"stacktrace":{"frames":[{"function":"f","raw_function":"f","module":"m","package":"p","filename":"f.py","abs_path":"/f.py","lineno":1,"colno":2,
				"context_line":"x","pre_context":["a"],"post_context":["b"],"in_app":true,"vars":{"a":1},"data":{"sourcemap":"s"},"platform":"python"}]}}]},
		"threads":{"values":[{"id":1,"name":"n","crashed":true,"current":true,"stacktrace":{"frames":[{"function":"g"}]}}]},
		"breadcrumbs":{"values":[{"timestamp":1,"type":"t","category":"c","level":"info","message":"m","data":{"a":1}}]},
		"request":{"url":"http://u/","method":"GET","query_string":"a=b","data":"d","headers":{"A":"b"},"cookies":{"a":"b"},"env":{"REMOTE_ADDR":"1.2.3.4"}},
		"user":{"id":"1","email":"a@b.c","username":"u","ip_address":"1.2.3.4","geo":{"city":"c"},"data":{"a":1}},
		"contexts":{"trace":{"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcdef","op":"o","status":"ok","data":{"a":1}},
			"os":{"name":"n","version":"v"},"agent":{"id":"a","name":"n","framework":"f","version":"v","capabilities":["c"]},
			"execution":{"id":"x","outcome":"ok"},"organization":{"id":"o"},"response":{"status_code":500}},
		"tags":{"a":"b","agent.id":"a"},"extra":{"a":[1,{"b":2}]},"fingerprint":["{{ default }}","x"],"modules":{"m":"1"},
		"sdk":{"name":"n","version":"v","integrations":["i"],"packages":[{"name":"n","version":"v"}],"settings":{"infer_ip":"auto"}},
		"debug_meta":{"images":[{"type":"elf","code_file":"c"}]},"_meta":{"message":{"":{"len":1}}},"errors":[{"type":"t"}]}`,
	"transaction": `{"event_id":"%ID%","type":"transaction","timestamp":1764000002.5,"start_timestamp":1764000001.5,"transaction":"t","transaction_info":{"source":"url"},
		"contexts":{"trace":{"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcdef","parent_span_id":"0123456789abcdee","op":"gen_ai.invoke_agent",
			"status":"ok","data":{"gen_ai.agent.name":"a"},"links":[{"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcdef"}]}},
		"spans":[{"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcd01","parent_span_id":"0123456789abcdef","op":"gen_ai.chat","description":"d",
			"start_timestamp":1764000001.6,"timestamp":1764000002.1,"status":"ok","tags":{"a":"b"},"origin":"o",
			"data":{"gen_ai.request.model":"gpt-4o","gen_ai.system":"openai","gen_ai.usage.input_tokens":10,"gen_ai.usage.output_tokens":5}}],
		"measurements":{"m":{"value":1,"unit":"u"}},"tags":[["a","b"]]}`,
	"span": `{"version":2,"items":[{"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcd02","parent_span_id":"0123456789abcdef","name":"n","status":"ok",
		"is_segment":true,"start_timestamp":1764000001.6,"end_timestamp":1764000002.1,"attributes":{"sentry.op":{"value":"gen_ai.execute_tool","type":"string"},
		"gen_ai.tool.name":{"value":"search","type":"string"},"n":{"value":1,"type":"integer"},"a":{"value":["x"],"type":"array"}},
		"links":[{"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcdef","sampled":true}]}]}`,
	"log": `{"items":[{"timestamp":1764000001.6,"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcdef","level":"info","body":"b","severity_number":9,
		"attributes":{"sentry.release":{"value":"r","type":"string"}}}]}`,
	"feedback":    `{"event_id":"%ID%","timestamp":1764000001.6,"contexts":{"feedback":{"message":"m","contact_email":"a@b.c","name":"n","url":"u","associated_event_id":"0123456789abcdef0123456789abcdef"}}}`,
	"user_report": `{"event_id":"0123456789abcdef0123456789abcdef","name":"n","email":"a@b.c","comments":"c"}`,
	"check_in": `{"check_in_id":"0123456789abcdef0123456789abcdef","monitor_slug":"m","status":"ok","duration":1.5,"release":"r","environment":"e",
		"monitor_config":{"schedule":{"type":"crontab","value":"* * * * *"},"checkin_margin":1,"max_runtime":1,"timezone":"UTC"},"contexts":{"trace":{"trace_id":"0123456789abcdef0123456789abcdef"}}}`,
	"session": `{"sid":"0123456789abcdef0123456789abcdef","did":"d","seq":1,"init":true,"timestamp":"2026-11-23T10:00:00Z","started":"2026-11-23T10:00:00Z","duration":1,"status":"ok","errors":0,
		"attrs":{"release":"r","environment":"e"}}`,
	"sessions":      `{"aggregates":[{"started":"2026-11-23T10:00:00Z","did":"d","exited":1,"errored":1,"abnormal":1,"crashed":1}],"attrs":{"release":"r","environment":"e"}}`,
	"client_report": `{"timestamp":1764000001.6,"discarded_events":[{"reason":"r","category":"error","quantity":3}]}`,
}

// hostileValues stand where something else is due.
var hostileValues = []string{
	"null", "true", "0", "-1", "1e400", "-9223372036854775809", "NaN", "-Infinity", `""`, `"\u0000"`, `"\ud800"`, "\"\xff\xfe\"", `"{{auto}}"`,
	"[]", "{}", "[null]", "[[1]]", `[["a"]]`, `{"":{}}`, `{"values":null}`, `{"values":[null,1,"x",{}]}`, `{"values":{}}`, "1.7976931348623157e308",
}

// documents are items whose framing is good and whose content is not.
func documents(t *testing.T) []hostileCase {
	t.Helper()
	var cases []hostileCase
	for _, kind := range slices.Sorted(maps.Keys(samples)) {
		cases = append(cases, mutations(t, kind)...)
	}
	return append(cases, monsters()...)
}

// mutations are envelopes of one sample with one value after the other replaced.
func mutations(t *testing.T, kind string) (cases []hostileCase) {
	t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(samples[kind]), &doc); err != nil {
		t.Fatal(kind, err)
	}
	serial := 0
	for _, path := range paths(doc, "") {
		var items []string
		for _, value := range hostileValues {
			serial++
			id := fmt.Sprintf("%032x", 1_000_000*len(kind)+serial)
			text := strings.ReplaceAll(render(doc, "", path, value), "%ID%", id)
			items = append(items, `{"type":"`+kind+`"}`+"\n"+text)
		}
		cases = append(cases, hostileCase{name: kind + " " + path, body: strings.Join(items, "\n")})
	}
	return cases
}

// paths returns every value's place in a document, the document's own included.
func paths(v any, at string) []string {
	all := []string{at}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			all = append(all, paths(v[k], at+"/"+k)...)
		}
	case []any:
		for i := range v {
			all = append(all, paths(v[i], fmt.Sprint(at, "/", i))...)
		}
	}
	return all
}

// render writes a document with the value at one place replaced.
func render(v any, at, target, with string) string {
	if at == target {
		return with
	}
	var b bytes.Buffer
	switch v := v.(type) {
	case map[string]any:
		b.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", k, render(v[k], at+"/"+k, target, with))
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(render(v[i], fmt.Sprint(at, "/", i), target, with))
		}
		b.WriteByte(']')
	default:
		text, _ := json.Marshal(v) // came from JSON
		b.Write(text)
	}
	return b.String()
}

// monsters are documents of monstrous shape.
func monsters() (cases []hostileCase) {
	f := func(name, kind, text string) {
		cases = append(cases, hostileCase{name: name, body: `{"type":"` + kind + `"}` + "\n" + text})
	}
	deep := func(n int) string { return strings.Repeat(`{"a":[`, n) + strings.Repeat(`]}`, n) }
	var tags, frames strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&tags, `"tag%d":"value%d",`, i, i)
	}
	for i := range 10_000 {
		fmt.Fprintf(&frames, `{"function":"f%d","lineno":%d},`, i, i)
	}
	f("10,000 tags", "event", `{"message":"x","tags":{`+tags.String()+`"z":"z"}}`)
	f("10,000 frames", "event", `{"exception":[{"type":"T","stacktrace":{"frames":[`+frames.String()+`{}]}}]}`)
	f("10,000 exceptions", "event", `{"exception":[`+strings.Repeat(`{"type":"T","value":"v"},`, 10_000)+`{}]}`)
	f("10,000 breadcrumbs", "event", `{"message":"x","breadcrumbs":[`+strings.Repeat(`{"message":"m"},`, 10_000)+`{}]}`)
	f("exceptions in a circle", "event", `{"exception":[{"type":"A","mechanism":{"exception_id":1,"parent_id":2}},{"type":"B","mechanism":{"exception_id":2,"parent_id":1}}]}`)
	for _, n := range []int{50, 140, 160, 1000, 50_000} {
		f(fmt.Sprint("nested ", n), "event", `{"message":"x","extra":`+deep(n)+`}`)
		f(fmt.Sprint("half nested ", n), "event", strings.Repeat(`{"a":[`, n))
		f(fmt.Sprint("nested span ", n), "span", `{"items":[{"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcdef","start_timestamp":1,"end_timestamp":2,"attributes":{"a":{"value":`+deep(n)+`}}}]}`)
	}
	long := strings.Repeat("x", 900_000)
	f("long message", "event", `{"message":"`+long+`"}`)
	f("long key", "event", `{"message":"x","tags":{"`+long+`":"v"}}`)
	f("long number", "event", `{"message":"x","extra":{"n":`+strings.Repeat("9", 900_000)+`}}`)
	f("long exception", "event", `{"exception":[{"type":"`+long[:400_000]+`","value":"`+long[:400_000]+`"}]}`)
	f("long slug", "check_in", `{"monitor_slug":"`+long[:90_000]+`","status":"ok"}`)
	f("escapes", "event", `{"message":"`+strings.Repeat(`\u0000\ud83d`, 70_000)+`"}`)
	f("quotes", "event", `{"message":"`+strings.Repeat(`\"\\`, 200_000)+`"}`)
	f("backslashes without an end", "event", `{"message":"`+strings.Repeat(`\`, 900_000))
	f("values without an end", "event", `[`+strings.Repeat(`0,`, 200_000))
	f("same key again", "event", `{`+strings.Repeat(`"message":"x",`, 50_000)+`"message":"y"}`)
	f("not UTF-8", "event", "{\"message\":\"\xff\xfe\xfd\",\"tags\":{\"\xff\":\"\xfe\"}}")
	f("UTF-16", "event", "\xff\xfe{\x00\"\x00a\x00\"\x00:\x001\x00}\x00")
	f("digits and dots", "event", `{"message":"`+strings.Repeat("1.2.3.4:5 ", 80_000)+`"}`)
	f("secrets without an end", "event", `{"message":"`+strings.Repeat("password=", 90_000)+`"}`)
	f("many spans", "span", `{"items":[`+strings.Repeat(`{"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcdef","start_timestamp":1,"end_timestamp":2},`, 50_000)+`{}]}`)
	f("many sessions", "sessions", `{"aggregates":[`+strings.Repeat(`{"started":"2026-11-23T10:00:00Z","exited":1},`, 50_000)+`{}],"attrs":{"release":"r"}}`)
	f("many reports", "client_report", `{"discarded_events":[`+manyReports(2_000)+`{}]}`)
	f("bare list", "log", `[{"timestamp":1,"body":"b"},null,1,"x",[]]`)
	return cases
}

func manyReports(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"reason":"r%d","category":"c%d","quantity":1},`, i, i)
	}
	return b.String()
}
