package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// standIn answers as model providers do, in their own shapes, with what the
// scene scripts. Clients reach it under <url>/<scene>/v1.
type standIn struct{ *httptest.Server }

// fields is a JSON object.
type fields = map[string]any

// answer is what the model says to one request. Input includes cached and
// written, output includes reasoning.
type answer struct {
	input, cached, written, output, reasoning int
	text                                      string
	calls                                     []toolCall
	finish                                    string // stop, tool_calls, length or content_filter
}

type toolCall struct{ id, name, arguments string }

// The answers of every scene. A run asks first, calls both tools, and asks
// again with their results.
var (
	firstAnswer = answer{
		input: 1712, cached: 1024, written: 512, output: 340, reasoning: 256, finish: "tool_calls",
		calls: []toolCall{
			{"call_81a", "lookup_order", `{"order":81}`},
			{"call_81b", "ask_ledger", `{"account":"DE-81"}`},
		},
	}
	lastAnswer = answer{
		input: 2304, cached: 1536, written: 128, output: 120, reasoning: 64, finish: "stop",
		text: "Order 81 is paid; I have refunded 12.50 EUR.",
	}
	cutAnswer = answer{
		input: 900, output: 64, finish: "length", text: "The refund of order 81 is",
	}
	filteredAnswer = answer{
		input: 300, output: 3, finish: "content_filter", text: "Here is",
	}
)

// newStandIn starts a stand-in that ends with the test.
func newStandIn(t *testing.T) *standIn {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{scene}/v1/chat/completions", serve(chatCompletion, openAIRefusal))
	mux.HandleFunc("POST /{scene}/v1/responses", serve(openAIResponse, openAIRefusal))
	mux.HandleFunc("POST /{scene}/v1/messages", serve(anthropicMessage, anthropicRefusal))
	s := &standIn{httptest.NewServer(mux)}
	t.Cleanup(s.Close)
	return s
}

// asked is what a stand-in looks at in a request.
type asked struct {
	Model         string
	Stream        bool
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	body string
}

// speaker writes the answer in one provider's shape.
type speaker func(w http.ResponseWriter, q asked, a answer)

func serve(speak speaker, refuse http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		q := asked{body: string(body)}
		if err != nil || json.Unmarshal(body, &q) != nil {
			http.Error(w, "no request of a model", http.StatusBadRequest)
			return
		}
		switch r.PathValue("scene") {
		case "limited":
			refuse(w, r)
		case "cut":
			speak(w, q, cutAnswer)
		case "filtered":
			speak(w, q, filteredAnswer)
		default:
			speak(w, q, q.next())
		}
	}
}

// next returns the last answer once the request brings results of tools.
func (q asked) next() answer {
	for _, result := range []string{`"role":"tool"`, `"function_call_output"`, `"tool_result"`} {
		if strings.Contains(strings.ReplaceAll(q.body, `": "`, `":"`), result) {
			return lastAnswer
		}
	}
	return firstAnswer
}

// writeObject answers with one JSON object.
func writeObject(w http.ResponseWriter, status int, o fields) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(o)
}

// writeEvents answers with server-sent events, each under the name in its type.
func writeEvents(w http.ResponseWriter, events []fields) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, e := range events {
		if name, ok := e["type"].(string); ok {
			fmt.Fprintf(w, "event: %s\n", name)
		}
		b, _ := json.Marshal(e)
		fmt.Fprintf(w, "data: %s\n\n", b)
	}
}
