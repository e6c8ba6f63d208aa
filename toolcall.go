package picket

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// ToolCall is a tool that an agent uses.
type ToolCall struct {
	Name string
	// ID is the id by which the model asked for it.
	ID          string
	Description string
	// Arguments are what the tool is given: a JSON text, or anything that becomes one.
	// Secrets are taken out by their names.
	Arguments any
	// Result, Error and Duration tell how it went, where a call is reported afterwards in
	// an ExecutionSummary; StartToolCall does not look at them.
	Result   any
	Error    string
	Duration time.Duration
	// Attrs are further attributes of the span.
	Attrs []Attr
}

// ToolSpan is a tool call under way. A nil ToolSpan does nothing.
type ToolSpan struct {
	node *node
	name string
	span *Span

	mu    sync.Mutex
	fail  string
	ended bool
}

// StartToolCall begins the use of a tool. End it with what came of it.
func StartToolCall(ctx context.Context, call ToolCall) (context.Context, *ToolSpan) {
	n := nodeOr(ctx)
	if n == nil {
		return orBackground(ctx), nil
	}
	ctx, span := startStep(ctx, wire.OpExecuteTool, stepName("execute_tool", call.Name))
	if span != nil {
		span.Set(call.attrs(n.scope.client)...)
	}
	return ctx, &ToolSpan{node: nodeOr(ctx), name: call.Name, span: span}
}

func (t *ToolCall) attrs(c *Client) []Attr {
	attrs := appendTexts(make([]Attr, 0, 5+len(t.Attrs)),
		attrOperation, "execute_tool", attrToolName, t.Name, attrToolID, t.ID, attrToolAbout, t.Description)
	if t.Arguments != nil && !c.options.OmitContent {
		attrs = append(attrs, c.jsonAttr(attrToolArguments, t.Arguments))
	}
	return append(attrs, t.Attrs...)
}

// Fail says that the tool answered that it could not do it, without an error of the
// program's: what MCP calls isError. Call it before End.
func (t *ToolSpan) Fail(reason string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail = reason
}

// close returns the reason of Fail, and reports whether this was the first time.
func (t *ToolSpan) close() (fail string, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first, t.ended = !t.ended, true
	return t.fail, first
}

// End ends the call with the tool's result or the error of calling it. The error is not
// captured; see ModelSpan.End. Further calls do nothing.
func (t *ToolSpan) End(result any, err error) {
	if t == nil {
		return
	}
	fail, first := t.close()
	if !first {
		return
	}
	if c := t.node.scope.client; t.span != nil && result != nil && !c.options.OmitContent {
		t.span.Set(c.jsonAttr(attrToolResult, result))
	}
	var data []Attr
	if fail != "" {
		t.span.SetStatus(sentry.SpanStatusUnknown)
		t.span.Set(slog.String(attrErrorType, "tool_error"), slog.String(attrStatusMessage, fail))
		data = append(data, slog.String("error", fail))
	}
	t.span.Fail(err)
	crumb(t.node, CrumbTool, t.name, err != nil || fail != "", withError(data, err)...)
	t.span.End()
}
