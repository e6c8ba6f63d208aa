package api

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// entry is one thing that happened in an execution. Which of the fields after
// costNanos is there, the type says.
type entry struct {
	Type         string       `json:"type" enum:"message,model_call,tool_call,policy,handoff,agent,error,other"`
	StartedAt    time.Time    `json:"startedAt"`
	OffsetMS     float64      `json:"offsetMs" doc:"Since the execution began"`
	DurationMS   *float64     `json:"durationMs" doc:"Null for messages, errors and the beginning of an agent"`
	TraceID      *string      `json:"traceId"`
	SpanID       *string      `json:"spanId" doc:"Of a message, the call that it went into or came out of; of other spans the first"`
	ParentSpanID *string      `json:"parentSpanId" doc:"The nearest span above that has an entry"`
	Depth        int          `json:"depth" doc:"How many spans with entries stand above"`
	Href         *string      `json:"href" doc:"Where all of it is, nothing cut: the span, or the event"`
	Agent        *agentName   `json:"agent,omitempty" doc:"Who did it; left out when unknown"`
	InLoop       bool         `json:"inLoop" doc:"One of the repeated calls of the execution's loop, or what the same agent did between them"`
	CostUSD      *usd         `json:"costUsd" doc:"Of this call alone; null when no price is known, and for what has no cost"`
	CostNanos    *int64       `json:"costNanos"`
	Message      *message     `json:"message,omitempty"`
	ModelCall    *modelCall   `json:"modelCall,omitempty"`
	ToolCall     *toolCall    `json:"toolCall,omitempty"`
	Policy       *policy      `json:"policy,omitempty"`
	Handoff      *handoff     `json:"handoff,omitempty"`
	AgentRun     *agentRun    `json:"agentRun,omitempty"`
	Error        *errorEntry  `json:"error,omitempty"`
	Other        *foldedSpans `json:"other,omitempty"`
}

type agentName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// message is one message that went into a model, or came out of one, less those of
// its parts that were shown before.
type message struct {
	Role      string        `json:"role" doc:"system, user, assistant, tool, or another word of the client's"`
	Output    bool          `json:"output" doc:"Whether it came out of the call; false for what went in"`
	Finish    *string       `json:"finish" doc:"Why it ended, in the client's word"`
	Parts     []messagePart `json:"parts"`
	PartsLeft int           `json:"partsLeftOut" doc:"How many more there are; see href"`
}

// messagePart is a piece of a message.
type messagePart struct {
	Type      string   `json:"type" doc:"text, reasoning, tool_call, tool_call_response, blob, uri, file, or another word of the client's"`
	Text      *cutText `json:"text,omitempty" doc:"Of texts and reasoning"`
	CallID    *string  `json:"toolCallId"`
	Name      *string  `json:"name" doc:"Of the tool"`
	Arguments *cutJSON `json:"arguments,omitempty"`
	Response  *cutJSON `json:"response,omitempty"`
	Modality  *string  `json:"modality"`
	MIME      *string  `json:"mimeType"`
	URI       *string  `json:"uri" doc:"Left out when it is too long, as of pictures inside of it"`
	Raw       *cutJSON `json:"raw,omitempty" doc:"The whole part where type is another word"`
}

// cutText is a text that may be cut.
type cutText struct {
	Text  string `json:"text" doc:"Its beginning, when it is cut"`
	Bytes int    `json:"bytes" doc:"How long all of it is, in UTF-8"`
	Cut   bool   `json:"cut"`
}

// cutJSON is a value that may be cut.
type cutJSON struct {
	Value json.RawMessage `json:"value" doc:"As it was sent; when it is cut, a string with the beginning of it"`
	Bytes int             `json:"bytes" doc:"How long all of it is, as JSON"`
	Cut   bool            `json:"cut"`
}

type modelCall struct {
	Provider  *string `json:"provider"`
	Model     *string `json:"model"`
	Finish    string  `json:"finishReason" enum:"unknown,stop,tool_calls,length,content_filter,refusal,error,max_turns,budget"`
	Usage     usage   `json:"usage"`
	Pricing   string  `json:"pricing" enum:"none,priced,guessed,unpriced,reported"`
	Status    string  `json:"status"`
	ErrorType *string `json:"errorType"`
	Fault     *string `json:"fault" doc:"The typed error"`
}

type toolCall struct {
	Name      *string  `json:"name"`
	CallID    *string  `json:"toolCallId"`
	Arguments *cutJSON `json:"arguments,omitempty" doc:"Left out when not sent"`
	Result    *cutJSON `json:"result,omitempty" doc:"Left out when not sent"`
	Status    string   `json:"status"`
	Failed    bool     `json:"failed" doc:"Whether the call erred, or the result says so"`
	ErrorType *string  `json:"errorType"`
	Fault     *string  `json:"fault" doc:"The typed error"`
}

type handoff struct {
	Name string `json:"name" doc:"As handoff from A to B"`
}

type agentRun struct {
	Phase       string  `json:"phase" enum:"begin,end"`
	Name        string  `json:"name" doc:"Of the span"`
	ExecutionID string  `json:"executionId" doc:"When it is another execution, what happened in it stands in that one's transcript"`
	Status      string  `json:"status"`
	ErrorType   *string `json:"errorType"`
}

type errorEntry struct {
	EventID string  `json:"eventId"`
	IssueID *string `json:"issueId"`
	Type    string  `json:"type"`
	Value   string  `json:"value" doc:"What it says: the first line, at most 100 characters of it"`
	Level   string  `json:"level" enum:",trace,debug,info,warning,error,fatal"`
	Fault   *string `json:"fault" doc:"The typed error"`
}

type foldedSpans struct {
	Count int      `json:"count" doc:"Spans in a row that are about no agent"`
	Ops   []string `json:"ops" doc:"What they do: the first ten different ones"`
}

// How much of long texts an entry shows.
const (
	maxShownText  = 2048 // bytes
	maxShownParts = 50
	maxShownOps   = 10
)

// shorten returns the beginning of a text that is too long, whole characters.
func shorten(s string) string {
	if len(s) <= maxShownText {
		return s
	}
	end := maxShownText
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func cutTextOf(s string) *cutText {
	short := shorten(s)
	return &cutText{short, len(s), len(short) < len(s)}
}

// cutJSONOf returns nil for nothing.
func cutJSONOf(raw json.RawMessage) *cutJSON {
	if len(raw) == 0 {
		return nil
	}
	if len(raw) <= maxShownText {
		return &cutJSON{raw, len(raw), false}
	}
	beginning, err := json.Marshal(shorten(plainText(raw)))
	if err != nil {
		beginning = json.RawMessage(`""`)
	}
	return &cutJSON{beginning, len(raw), true}
}

// plainText returns what a JSON string says, and any other value as it is written.
func plainText(raw json.RawMessage) string {
	var s string
	if bytes.HasPrefix(raw, []byte(`"`)) && json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func partOf(p agent.Part) messagePart {
	out := messagePart{Type: p.Type, CallID: text(p.ToolCallID), Name: text(p.Name), Modality: text(p.Modality), MIME: text(p.MIME),
		Arguments: cutJSONOf(p.Arguments), Response: cutJSONOf(p.Response), Raw: cutJSONOf(p.Raw)}
	if len(p.URI) <= maxShownText {
		out.URI = text(p.URI)
	}
	if p.Type == "text" || p.Type == "reasoning" || p.Text != "" {
		out.Text = cutTextOf(p.Text)
	}
	return out
}

func messageOf(m agent.Message, parts []agent.Part) *message {
	shown := parts[:min(len(parts), maxShownParts)]
	return &message{m.Role, m.Output, text(m.Finish), each(shown, partOf), len(parts) - len(shown)}
}

var finishes = map[model.Finish]string{
	model.FinishUnknown: "unknown", model.FinishStop: "stop", model.FinishToolCalls: "tool_calls", model.FinishLength: "length",
	model.FinishFilter: "content_filter", model.FinishRefusal: "refusal", model.FinishError: "error",
	model.FinishTurns: "max_turns", model.FinishBudget: "budget",
}

func modelCallOf(s *store.SpanRecord) *modelCall {
	return &modelCall{text(s.Provider), text(s.Model), finishes[s.Signs.Finish], usageOf(s.Usage), pricings[s.Cost.Pricing],
		s.Status.String(), text(s.ErrorType), text(s.Signs.Fault)}
}

// toolCallOf looks for arguments and result where the messages of a tool's span have them.
func toolCallOf(s *store.SpanRecord, sent sheet) *toolCall {
	out := &toolCall{Name: text(s.Tool), Status: s.Status.String(), Failed: s.ErrorType != "" || s.Signs.Failed,
		ErrorType: text(s.ErrorType), Fault: text(s.Signs.Fault)}
	for _, m := range agent.Messages(sent.get) {
		for _, p := range m.Parts {
			if p.ToolCallID != "" {
				out.CallID = text(p.ToolCallID)
			}
			switch p.Type {
			case "tool_call":
				out.Arguments = cutJSONOf(p.Arguments)
			case "tool_call_response":
				out.Result = cutJSONOf(p.Response)
			}
		}
	}
	if out.Arguments == nil {
		out.Arguments = cutJSONOf(sent.arguments())
	}
	return out
}

func errorOf(e *store.EventSummary) *errorEntry {
	out := &errorEntry{EventID: e.ID.String(), Type: e.Type, Value: valueOf(e), Level: e.Level.String(), Fault: text(e.Fault)}
	if e.Issue != 0 {
		out.IssueID = text(e.Issue.String())
	}
	return out
}

// valueOf returns what the title of an error says beside its type.
func valueOf(e *store.EventSummary) string {
	value, _ := strings.CutPrefix(e.Title, e.Type+": ")
	return value
}
