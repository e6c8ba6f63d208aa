package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkTranscript measures pages of the transcript of a run with 10,000 spans: a
// model call that is sent its last 20 messages, a tool call and a query, again and again.
func BenchmarkTranscript(b *testing.B) {
	w := newWorld(b)
	words := strings.Repeat("all the words that there are in a message of usual length ", 4)
	talk := []object{says("system", words)}
	spans := []told{agentSpan(1, 0, 0, 60, "shop", "long")}
	for i := range 3333 {
		at, id := float64(i)/100, 10*(i+1)
		talk = append(talk, says("user", fmt.Sprint(words, i)), says("assistant", fmt.Sprint(i, words)))
		spans = append(spans, chat(id, 1, at, at+0.002, talk[max(0, len(talk)-20):]...),
			tool(id+1, 1, at+0.003, at+0.004, "find", object{"id": i}, words), told{id + 2, id + 1, "db", "SELECT", at + 0.0035, at + 0.0036, "", nil})
		if len(spans) >= 500 {
			w.send(spans)
			spans = nil
		}
	}
	w.send(spans)
	// A cursor is half-way when half of the pages were read to find it.
	cursor := ""
	for range 10 {
		cursor = w.get("/api/v1/executions/long?cursor=" + cursor)["next"].(string)
	}
	f := func(name, path string) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if code, _, body := w.ask(w.ours, "GET", path, ""); code != 200 {
					b.Fatalf("%d %s", code, body)
				}
			}
		})
	}
	f("first", "/api/v1/executions/long")
	f("middle", "/api/v1/executions/long?cursor="+cursor)
	f("span", "/api/v1/traces/"+toldTrace+"/spans/"+toldID(5000))
	f("list", "/api/v1/executions")
}
