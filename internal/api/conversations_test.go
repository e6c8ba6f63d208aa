package api_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestConversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fillTwoRuns()
	other := agentSpan(51, 0, 80, 81, "shop", "alone")
	other.attributes["gen_ai.conversation.id"] = "chat/2"
	w.send([]told{other, agentSpan(52, 0, 90, 91, "shop", "without")})
	f := func(query, want string) {
		t.Helper()
		var got []string
		for _, c := range w.get("/api/v1/conversations?" + query)["conversations"].([]any) {
			c := c.(object)
			got = append(got, fmt.Sprintf("%v %v %v %v", c["id"], text(c["agentIds"]), c["executions"], c["failed"]))
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s finds %q, want %q", query, strings.Join(got, "; "), want)
		}
	}
	f("", `chat/2 ["shop"] 1 0; talk ["clerk","shop"] 2 1`)
	f("agentId=clerk", `talk ["clerk"] 1 1`)
	f("user=id:7", `talk ["shop"] 1 0`)
	f("organization=acme", `talk ["clerk"] 1 1`)
	f("to=2026-11-23T11:58:30Z", `talk ["shop"] 1 0`)
	f("from=2026-11-23T11:59:20Z", `chat/2 ["shop"] 1 0`)
	f("window=1h&limit=1", `chat/2 ["shop"] 1 0`)
	f("project=default", `chat/2 ["shop"] 1 0; talk ["clerk","shop"] 2 1`)
}

func TestConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fillTwoRuns()
	f := func(query, want string) (next string) {
		t.Helper()
		c := w.get("/api/v1/conversations/talk?" + query)
		if c["id"] != "talk" || c["executions"] != 2.0 || c["costNanos"] != 4.77e6 {
			t.Errorf("%s answers %v, %v executions for %v", query, c["id"], c["executions"], c["costNanos"])
		}
		var got []string
		for _, turn := range c["turns"].([]any) {
			turn := turn.(object)
			got = append(got, fmt.Sprintf("%v: %v %v", turn["execution"].(object)["id"], turn["input"].(object)["text"], turn["output"].(object)["text"]))
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s has %q, want %q", query, strings.Join(got, "; "), want)
		}
		next, _ = c["next"].(string)
		return next
	}
	const good, bad = "good: Hi. Hello.", "bad: File it. I was unable to complete the task."
	if next := f("", good+"; "+bad); next != "" {
		t.Errorf("one page has a next %q", next)
	}
	f("limit=1&cursor="+f("limit=1", bad), good)
}

// A turn without messages has neither input nor output.
func TestConversationWithoutWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	turn := w.get("/api/v1/conversations/talk-1")["turns"].([]any)[0].(object)
	if turn["input"] != nil || turn["output"] != nil {
		t.Errorf("words out of nowhere: %v", turn)
	}
}
