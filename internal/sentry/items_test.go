package sentry

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

func TestFeedback(t *testing.T) {
	t.Parallel()
	f := func(itemType, payload, want string) {
		t.Helper()
		b := decode(itemType, payload)
		checkBatch(t, b)
		var got []string
		for _, e := range b.Events {
			got = append(got, fmt.Sprintf("%d %s from %s %s", e.Kind, e.Message, e.User.Email, e.User.Username))
		}
		for _, d := range b.Discards {
			got = append(got, fmt.Sprintf("lost %s %s", d.Category, d.Reason))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s %s: %s, want %s", itemType, payload, s, want)
		}
	}
	f("feedback", `{"contexts":{"feedback":{"message":"m","contact_email":"e","name":"n"}}}`, "4 m from e n")
	f("feedback", `{"contexts":{"feedback":{"message":7}},"user":{"email":"own"}}`, "4 7 from own ")
	f("feedback", `{"contexts":{"feedback":{}},"message":"m"}`, "4 m from  ")
	f("event", `{"type":"feedback","contexts":{"feedback":{"message":"m"}}}`, "4 m from  ")
	f("feedback", `{"message":"m"}`, "lost feedback invalid")
	f("feedback", `{"contexts":{"feedback":{"message":"m"}},"timestamp":-1}`, "lost feedback invalid")
	f("user_report", `{"event_id":"`+someID+`","comments":"c","email":"e","name":"n"}`, "4 c from e n")
	f("user_report", `{"message":"c"}`, "4 c from  ")
	f("user_report", `{"name":"n"}`, "lost feedback invalid")
	f("user_report", `{"comments":""}`, "lost feedback invalid")
}

func TestUserReportsAreToldApart(t *testing.T) {
	t.Parallel()
	id := func(comments string) model.EventID {
		return decode("user_report", `{"event_id":"`+someID+`","comments":"`+comments+`"}`).Events[0].ID
	}
	if first, again := id("a"), id("a"); first == id("b") || first != again || first.String() == someID {
		t.Errorf("ids %s, %s, %s", first, again, id("b"))
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	f := func(payload, want string) {
		t.Helper()
		b := decode("log", payload)
		checkBatch(t, b)
		var got []string
		for _, l := range b.Logs {
			got = append(got, fmt.Sprintf("%s %s %s %s %s %s", l.Timestamp.Format("15:04:05"), l.Level, l.Body, l.Release, l.Environment, l.Agent))
		}
		for _, d := range b.Discards {
			got = append(got, fmt.Sprintf("lost %s %d", d.Category, d.Quantity))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s: %s, want %s", payload, s, want)
		}
	}
	f(`{"items":[{"timestamp":"2026-11-23T11:00:00.000000001Z","level":"warn","body":"b","attributes":{"sentry.release":{"value":"r"},
		"sentry.environment":{"value":"e"},"gen_ai.agent.name":{"value":"bot"}}}]}`, "11:00:00 warning b r e bot")
	f(`{"version":2,"ingest_settings":{},"items":[{"timestamp":1795431600,"level":"trace","body":"b","attributes":{"agent.id":{"value":17},"agent.name":{"value":"bot"}}}]}`,
		"11:00:00 trace b   17")
	f(`{"items":[{"severity_number":21,"body":{"stringValue":"x"}}]}`, `12:00:00 fatal {"stringValue":"x"}   `)
	f(`{"items":[{"severity_number":9,"body":null},{"severity_number":99,"level":"loud"}]}`, "12:00:00 info    , 12:00:00 info    ")
	f(`[{"body":"bare"}]`, "12:00:00 info bare   ")
	f(`{"body":"lone"}`, "12:00:00 info lone   ")
	f(`{"items":[7,null,{"body":"b"}]}`, "12:00:00 info b   , lost log_item 2")
	f(`{"items":"x"}`, "")
}

func TestCheckIn(t *testing.T) {
	t.Parallel()
	f := func(payload, want string) {
		t.Helper()
		b := decode("check_in", payload)
		got := "lost"
		if len(b.CheckIns) == 1 && len(b.Discards) == 0 {
			c := b.CheckIns[0]
			got = fmt.Sprintf("%s %s %s %s %v %s %s", c.ID.String()[30:], c.Monitor, c.Status, c.Environment, c.Duration, c.Release, c.Config)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", payload, got, want)
		}
	}
	f(`{"check_in_id":"`+someID+`","monitor_slug":"a","status":"in_progress","environment":"e","release":"r","duration":1.5}`, "2f a in_progress e 1.5s r ")
	f(`{"check_in_id":"00000000000000000000000000000000","monitor_slug":"a","status":"ok"}`, "00 a ok production 0s  ")
	f(`{"monitor_slug":" My Job (nightly)! ","status":"error","duration":"2","monitor_config":{"schedule":{"type":"interval","value":1}}}`,
		`00 my-job-nightly error production 2s  {"schedule":{"type":"interval","value":1}}`)
	f(`{"monitor_slug":"a_b--c","status":"ok","duration":-1,"monitor_config":[]}`, "00 a_b-c ok production 0s  ")
	f(`{"monitor_slug":"`+strings.Repeat("a", 60)+`","status":"ok","duration":1e300}`, "00 "+strings.Repeat("a", 50)+" ok production 0s  ")
	f(`{"monitor_slug":"a","status":"missed"}`, "lost")
	f(`{"monitor_slug":"!!","status":"ok"}`, "lost")
	f(`{"monitor_slug":7,"status":"ok"}`, "lost")
	f(`{}`, "lost")
}

func TestSession(t *testing.T) {
	t.Parallel()
	f := func(payload, want string) {
		t.Helper()
		b := decode("session", payload)
		checkBatch(t, b)
		got := "lost"
		if len(b.Sessions) == 1 && len(b.Discards) == 0 {
			s := b.Sessions[0]
			got = fmt.Sprintf("%s %s seq %d init %v %s %s exited %d errored %d crashed %d abnormal %d unhandled %d",
				s.Status, s.DID, s.Seq, s.Init, s.Release, s.Duration, s.Exited, s.Errored, s.Crashed, s.Abnormal, s.Unhandled)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", payload, got, want)
		}
	}
	const head = `{"sid":"` + someID + `","started":"2026-11-23T11:00:00Z","attrs":{"release":"r"},`
	f(head+`"status":"ok","init":true,"did":7}`, "ok 7 seq 0 init true r 0s exited 1 errored 0 crashed 0 abnormal 0 unhandled 0")
	f(head+`"status":"exited","seq":5,"errors":2,"duration":61.5}`, "exited  seq 5 init false r 1m1.5s exited 0 errored 1 crashed 0 abnormal 0 unhandled 0")
	f(head+`"status":"crashed","errors":1,"timestamp":"2026-11-23T11:30:00.5Z"}`, "crashed  seq 1795433400500 init false r 0s exited 0 errored 0 crashed 1 abnormal 0 unhandled 0")
	f(head+`"status":"abnormal","seq":1}`, "abnormal  seq 1 init false r 0s exited 0 errored 0 crashed 0 abnormal 1 unhandled 0")
	f(head+`"status":"unhandled","seq":1}`, "unhandled  seq 1 init false r 0s exited 0 errored 0 crashed 0 abnormal 0 unhandled 1")
	f(head+`"seq":1,"errors":-4}`, "ok  seq 1 init false r 0s exited 1 errored 0 crashed 0 abnormal 0 unhandled 0")
	f(head+`"status":"asleep"}`, "lost")
	f(`{"sid":"`+someID+`","started":"2026-11-23T11:00:00Z","attrs":{}}`, "lost")
	f(`{"started":"2026-11-23T11:00:00Z","attrs":{"release":"r"}}`, "lost")
	f(`{"sid":"`+someID+`","attrs":{"release":"r"}}`, "lost")
	f(`{"sid":"`+someID+`","started":"2026-01-01T11:00:00Z","attrs":{"release":"r"}}`, "lost")
}

func TestSessions(t *testing.T) {
	t.Parallel()
	b := decode("sessions", `{"attrs":{"release":"r","environment":"e"},"aggregates":[
		{"started":"2026-11-23T11:00:31Z","did":"d","exited":3,"errored":"2","crashed":1,"abnormal":-1,"unhandled":1e30},
		{"started":"2026-11-23T11:00:00Z"},7,{"started":"never","exited":4},{"started":"2999-01-01T00:00:00Z","exited":1}]}`)
	checkBatch(t, b)
	if len(b.Sessions) != 2 || len(b.Discards) != 1 || b.Discards[0].Quantity != 4 {
		t.Fatalf("batch = %s", dump(b))
	}
	s := b.Sessions[0]
	if s.SID != "" || s.DID != "d" || s.Exited != 3 || s.Errored != 2 || s.Crashed != 1 || s.Abnormal != 0 || s.Unhandled != 0 ||
		!s.Started.Equal(noon.Add(-time.Hour)) || s.Environment != "e" {
		t.Errorf("first = %+v", s)
	}
	if !b.Sessions[1].Started.Equal(noon) {
		t.Errorf("a start in the future is %s", b.Sessions[1].Started)
	}
}

func TestClientReport(t *testing.T) {
	t.Parallel()
	f := func(payload, want string) {
		t.Helper()
		var got []string
		for _, d := range decode("client_report", payload).Discards {
			got = append(got, fmt.Sprintf("%s %s %s %d", d.Source, d.Category, d.Reason, d.Quantity))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s: %s, want %s", payload, s, want)
		}
	}
	f(`{"timestamp":"2026-11-23T11:00:00Z","discarded_events":[{"reason":"queue_overflow","category":"error","quantity":3},{"reason":"sample_rate","category":"transaction","quantity":1}]}`,
		"client error queue_overflow 3, client transaction sample_rate 1")
	f(`{"timestamp":1.5,"rate_limited_events":[{"reason":"a","category":"span","quantity":2}],"filtered_events":[{"reason":"b","category":"error"}],"filtered_sampling_events":[{"reason":"Sampled:3","category":"log_item","quantity":1}]}`,
		"client span a 2, client error b 1, client log_item Sampled:3 1")
	f(`{"discarded_events":[{"quantity":5},{"reason":"a b","category":"<script>","quantity":1},{"reason":"`+strings.Repeat("x", 65)+`","category":7,"quantity":1}]}`,
		"client default unknown 5, client default unknown 1, client default unknown 1")
	f(`{"discarded_events":[{"reason":"a","category":"error","quantity":0},{"reason":"a","category":"error","quantity":-1},7]}`, "")
	f(`{"discarded_events":[{"reason":"a","category":"error","quantity":1e12}]}`, "client error a 1000000000")
	f(`{"discarded_events":{}}`, "")
	many := strings.Repeat(`{"reason":"a","category":"error","quantity":1},`, 500)
	if n := len(decode("client_report", `{"discarded_events":[`+many+`{}]}`).Discards); n != maxReported {
		t.Errorf("%d discards of a long report, want %d", n, maxReported)
	}
}

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	f := func(json, want string) {
		t.Helper()
		e := decode("event", `{"x":`+json+`}`).Events[0]
		checkPayload(t, e.Payload)
		if got := bytes.TrimSuffix(bytes.TrimPrefix(e.Payload, []byte(`{"x":`)), []byte("}")); string(got) != want {
			t.Errorf("%s is written %s, want %s", json, got, want)
		}
	}
	f(`{ "a" : [ 1 , true , false , null , "s" , { } , [ ] ] }`, `{"a":[1,true,false,null,"s",{},[]]}`)
	f(`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, `"\"\\/\u0008\u000c\n\r\t`+"\u00e9\U0001F600"+`"`)
	f(`"long enough for eight, and then \" and \\ and é\u001f"`, `"long enough for eight, and then \" and \\ and é\u001f"`)
	f(`{"k\"\n":1}`, `{"k\"\n":1}`)
	f(`"\q"`, `"\\q"`)
	f("\"a\x1b[0m\tb\"", `"a\u001b[0m\tb"`)
	f(`"1234567\u0000"`, `"1234567\u0000"`)
	f("\"\u007f\u0080\u2028\"", "\"\u007f\u0080\u2028\"")
	f(`12345678901234567890123456789.0e-10`, `12345678901234567890123456789.0e-10`)
}
