package filter

import (
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
)

// Subject is what filters are asked about: an event, or the root span of a service's part
// of a trace that came without a transaction, which is taken for one. It reads what it is
// asked for, and nothing before.
type Subject struct {
	Batch *model.Batch
	// Event is what is asked about, and Root its document; Event is nil for a span.
	Event *model.Event
	Root  *fastjson.Value
	Span  *model.Span

	messages, types []string // in lower case
	agent           *string
	headers, tags   *words
}

func (x *Subject) isError() bool {
	return x.Event != nil && (x.Event.Kind == model.KindError || x.Event.Kind == model.KindMessage)
}

func (x *Subject) isTransaction() bool {
	return x.Event == nil || x.Event.Kind == model.KindTransaction
}

func (x *Subject) release() string {
	if x.Event == nil {
		return x.Span.Release
	}
	return x.Event.Release
}

func (x *Subject) lowerRelease() string { return strings.ToLower(x.release()) }

func (x *Subject) transaction() string {
	if x.Event == nil {
		return x.Span.Name
	}
	return x.Event.Transaction
}

func (x *Subject) lowerTransaction() string { return strings.ToLower(x.transaction()) }

// lowerMessages returns what messages are looked for in, in lower case: exceptions as
// "type: value", and the message.
func (x *Subject) lowerMessages() []string {
	if x.messages == nil {
		for i := range x.Event.Exceptions {
			x.messages = append(x.messages, strings.ToLower(described(&x.Event.Exceptions[i])))
		}
		if x.Event.Message != "" {
			x.messages = append(x.messages, strings.ToLower(x.Event.Message))
		}
	}
	return x.messages
}

func described(e *model.Exception) string {
	if e.Type == "" || e.Value == "" {
		return e.Type + e.Value
	}
	return e.Type + ": " + e.Value
}

func (x *Subject) lowerTypes() []string {
	if x.types == nil {
		for i := range x.Event.Exceptions {
			x.types = append(x.types, strings.ToLower(x.Event.Exceptions[i].Type))
		}
	}
	return x.types
}

func (x *Subject) userAgent() string {
	if x.agent == nil {
		agent := ""
		if x.Root != nil {
			agent = sentry.UserAgent(x.Root)
		}
		x.agent = &agent
	}
	return *x.agent
}

// isLocal reports whether the event comes from a developer's own machine: by the address of
// the page or of the user. An address without a host has it in the header.
func (x *Subject) isLocal() bool {
	if x.Event == nil {
		return false
	}
	url := x.Event.Request.URL
	if strings.HasPrefix(url, "/") {
		url, _ = x.requestHeaders().of["host"]
	}
	return url != "" && isLocal(url) || x.Event.User.IP != "" && isLocal(x.Event.User.IP)
}

// isAgents reports whether it is something that an agent did.
func (x *Subject) isAgents() bool {
	if e := x.Event; e != nil && (e.Agent.ID != "" || e.Execution != "" || e.Conversation != "" || isAgentOp(e.Op)) {
		return true
	}
	for i := range x.Batch.Spans {
		if s := &x.Batch.Spans[i]; x.has(s) && (s.Agent.ID != "" || s.Execution != "" || s.Conversation != "" || isAgentOp(s.Op)) {
			return true
		}
	}
	return false
}

// has reports whether a span of the batch belongs to the subject.
func (x *Subject) has(s *model.Span) bool {
	if x.Event != nil && s.Event == x.Event.ID {
		return true
	}
	return s.Event.IsZero() && s.Trace == x.trace()
}

func (x *Subject) trace() model.TraceID {
	if x.Event == nil {
		return x.Span.Trace
	}
	return x.Event.Trace
}

// agentOps begin the operations of spans that tell of agents.
var agentOps = [...]string{"gen_ai.", "ai.", "mcp.", "picket."}

func isAgentOp(op string) bool {
	for _, p := range agentOps {
		if strings.HasPrefix(op, p) {
			return true
		}
	}
	return false
}

func (x *Subject) requestHeaders() *words {
	if x.headers == nil {
		var of map[string]string
		if x.Root != nil {
			of = sentry.RequestHeaders(x.Root)
		}
		x.headers = newWords(of)
	}
	return x.headers
}

func (x *Subject) eventTags() *words {
	if x.tags == nil {
		var of map[string]string
		if x.Event != nil && len(x.Event.Tags) > 0 {
			of = make(map[string]string, len(x.Event.Tags))
			for _, t := range x.Event.Tags {
				of[t.Key] = t.Value
			}
		}
		x.tags = newWords(of)
	}
	return x.tags
}
