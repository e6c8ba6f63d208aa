package picket

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// ExecutionSummary describes an execution that was not watched by StartExecution, to
// whom it is reported afterwards. Everything may be left out.
type ExecutionSummary struct {
	ID           string
	Conversation string
	// Outcome is error when empty.
	Outcome  Outcome
	Reason   string
	Duration time.Duration
	// Usage and CostUSD are what its model calls used together. Leave them zero where the
	// calls themselves were reported, or they count twice.
	Usage    Usage
	CostUSD  float64
	Tools    []ToolCall
	Policies []Policy
}

// CaptureAgentError reports that an agent's execution failed with err, with what is
// known of the execution; nil means the one that ctx belongs to. Its tool calls and
// policy evaluations are shown as breadcrumbs before the error, and in the event's
// execution context.
func CaptureAgentError(ctx context.Context, agentID string, err error, execution *ExecutionSummary) EventID {
	n := nodeOr(ctx)
	if n == nil || err == nil {
		return ""
	}
	own := isolate(ctx, n.scope.client)
	if who := own.scope.who(); agentID != "" && agentID != who.agent.key() {
		own.scope.agent = Agent{ID: agentID}
	}
	if execution == nil {
		return own.captureError(ctx, err, LevelError, true, nil)
	}
	return own.captureSummary(ctx, err, execution)
}

// captureSummary captures err in a node of its own.
func (n *node) captureSummary(ctx context.Context, err error, x *ExecutionSummary) EventID {
	if x.Conversation != "" {
		n.scope.conversation = x.Conversation
	}
	x.leaveOn(n.scope)
	ev := newEvent(LevelError)
	ev.Exception = exceptionsOf(err, callers(2), n.scope.client.options.InAppPackages)
	markExceptions(ev.Exception, true)
	ev.Fingerprint = anonymousFingerprint(err)
	if n.exec == nil || x.ID != "" && x.ID != n.exec.id {
		// It is only named; nobody gets hold of it.
		n.exec = &Execution{id: x.ID}
		if x.ID == "" {
			n.exec.id = newExecutionID()
		}
	}
	ev.Contexts[wire.ContextExecution] = x.context(n.exec.id, n.scope.client)
	return n.capture(ev, &sentry.EventHint{Context: ctx, OriginalException: err}, nil)
}

// leaveOn leaves the execution's steps on the trail. When they were is not known, but
// that they were before now.
func (x *ExecutionSummary) leaveOn(s *scope) {
	for _, t := range x.Tools {
		b := Breadcrumb{Category: CrumbTool, Message: t.Name}
		if t.Duration > 0 {
			b.Data = append(b.Data, slog.Duration("duration", t.Duration))
		}
		if t.Error != "" {
			b.Level = sentry.LevelError
			b.Data = append(b.Data, slog.String("error", t.Error))
		}
		s.leave(b)
	}
	for i := range x.Policies {
		s.leave(x.Policies[i].breadcrumb())
	}
}

// context writes the execution as the wire has it (see package wire).
func (x *ExecutionSummary) context(id string, c *Client) sentry.Context {
	m := sentry.Context{wire.ExecutionID: id, wire.ExecutionOutcome: string(x.Outcome)}
	if x.Outcome == "" {
		m[wire.ExecutionOutcome] = string(OutcomeError)
	}
	if x.Reason != "" {
		m[wire.ExecutionReason] = x.Reason
	}
	if x.Duration > 0 {
		m[wire.ExecutionDurationMS] = milliseconds(x.Duration)
	}
	if x.Usage != (Usage{}) {
		m[wire.ExecutionUsage] = x.Usage.context()
	}
	if x.CostUSD > 0 && !math.IsInf(x.CostUSD, 0) {
		m[wire.ExecutionCostUSD] = x.CostUSD
	}
	room := maxSummary
	if len(x.Policies) > 0 {
		m[wire.ExecutionPolicies] = x.policyContexts(&room)
	}
	if len(x.Tools) > 0 {
		m[wire.ExecutionTools] = x.toolContexts(c, &room)
	}
	return m
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (u Usage) context() map[string]any {
	return map[string]any{wire.UsageInput: u.Input, wire.UsageOutput: u.Output,
		wire.UsageCacheRead: u.CacheRead, wire.UsageCacheWrite: u.CacheWrite, wire.UsageReasoning: u.Reasoning}
}

// Bounds of what an execution context holds: a server may keep no more of one. The
// breadcrumbs beside it name every step.
const (
	maxSummary  = 6 << 10 // of all steps together, in bytes
	maxContent  = 1 << 10 // of one argument or result
	stepMembers = 64      // what the names of a step's members take
)

// toolContexts lists the calls for which there is room; the last tell most.
func (x *ExecutionSummary) toolContexts(c *Client, room *int) (list []any) {
	for i := len(x.Tools) - 1; i >= 0 && *room > 0; i-- {
		t := &x.Tools[i]
		m := map[string]any{"name": t.Name}
		put(m, "id", t.ID, room)
		put(m, "error", t.Error, room)
		if t.Duration > 0 {
			m[wire.ExecutionDurationMS] = milliseconds(t.Duration)
		}
		if !c.options.OmitContent {
			put(m, "arguments", c.contentText(t.Arguments), room)
			put(m, "result", c.contentText(t.Result), room)
		}
		*room -= stepMembers + len(t.Name)
		list = append(list, m)
	}
	slices.Reverse(list)
	return list
}

func (x *ExecutionSummary) policyContexts(room *int) (list []any) {
	for i := len(x.Policies) - 1; i >= 0 && *room > 0; i-- {
		p := &x.Policies[i]
		m := map[string]any{"name": p.Name, "verdict": string(p.Verdict)}
		put(m, "reason", p.Reason, room)
		*room -= stepMembers + len(p.Name)
		list = append(list, m)
	}
	slices.Reverse(list)
	return list
}

// put sets a member, unless it is empty or there is no room for it.
func put(m map[string]any, name, text string, room *int) {
	if text != "" && len(text) <= *room {
		m[name] = text
		*room -= len(text)
	}
}

// contentText returns what a tool was given or gave as a short text that is JSON,
// unless it was a text, with the secrets taken out before it is cut.
func (c *Client) contentText(v any) string {
	if v == nil {
		return ""
	}
	short := *c.encode
	short.maxText = maxContent
	e := acquireEncoder(&short)
	defer e.release()
	const name = "gen_ai.tool.call.arguments" // where such things stand in spans
	e.typedAttrs([]Attr{c.jsonAttr(name, v)})
	var written struct{ Value string }
	if err := json.Unmarshal(e.buf[len(`"`+name+`":`):], &written); err != nil {
		c.debugf("read back what a tool said: %v", err) // unreachable: it was just written
	}
	return written.Value
}

// messagesAttr makes an attribute of messages: a text becomes one message of the role,
// anything else the JSON it marshals to.
func (c *Client) messagesAttr(key, role string, v any) Attr {
	if s, ok := v.(string); ok && !looksJSON(s) {
		v = []any{map[string]any{"role": role, "parts": []any{map[string]any{"type": "text", "content": s}}}}
	}
	return c.jsonAttr(key, v)
}

// jsonAttr makes an attribute that holds JSON as text, as the gen_ai conventions have
// it. A text stays as it is. What encoding/json refuses loses only the values at fault.
func (c *Client) jsonAttr(key string, v any) Attr {
	switch t := v.(type) {
	case string:
		return slog.String(key, t)
	case []byte:
		return slog.String(key, string(t))
	case json.RawMessage:
		return slog.String(key, string(t))
	}
	if b, ok := encodeMarshal(v); ok {
		return slog.String(key, string(b))
	}
	e := c.encoder()
	defer e.release()
	e.placedValue(key, v, attrPlaceOf(key))
	return slog.String(key, string(e.buf))
}

func looksJSON(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && (s[0] == '[' || s[0] == '{') && json.Valid([]byte(s))
}
