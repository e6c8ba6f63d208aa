package fault

import "relay.one/picket/internal/model"

// tools are the words in which tools are said to be missing or misused, where an agent,
// a model or a tool is at work.
var tools = family{
	types: []typeRule{
		{name: "ToolNotFoundError", kind: ToolNotFound, needs: inRun},
		{name: "ToolNotFoundException", kind: ToolNotFound, needs: inRun},
		{name: "UnknownToolError", kind: ToolNotFound, needs: inRun},
		{name: "ToolExecutionError", kind: ToolError, needs: inRun, general: true},
		{name: "ToolTimeoutException", kind: ToolTimeout, needs: inRun},
		{name: "InvalidToolArgumentsError", kind: InvalidArguments, needs: inRun},
		{name: "ToolArgumentError", kind: InvalidArguments, needs: inRun},
		{name: "MaxStepsExceeded", kind: TurnLimit, needs: inRun},
		{name: "MaxIterationsExceeded", kind: TurnLimit, needs: inRun},
		{name: "TokenBudgetExceeded", kind: BudgetLimit, needs: inRun},
		{name: "CostLimitExceeded", kind: BudgetLimit, needs: inRun},
	},
	phrases: []phraseRule{
		{text: "invalid tool arguments", kind: InvalidArguments, needs: inRun},
		{text: "invalid tool input", kind: InvalidArguments, needs: inRun},
		{text: "missing required argument", kind: InvalidArguments, needs: inTool},
		{text: "missing required parameter", kind: InvalidArguments, needs: inTool},
		{text: "required positional argument", kind: InvalidArguments, needs: inTool},
		{text: "unexpected keyword argument", kind: InvalidArguments, needs: inTool},
		{text: "arguments are not valid json", kind: InvalidArguments, needs: inRun},
		{text: "arguments do not match", also: "schema", kind: InvalidArguments, needs: inRun},
		{text: "tool not found", kind: ToolNotFound, needs: inRun},
		{text: "no such tool", kind: ToolNotFound, needs: inRun},
		{text: "unknown tool", kind: ToolNotFound, needs: inRun},
		{text: "no tool named", kind: ToolNotFound, needs: inRun},
		{text: "tool does not exist", kind: ToolNotFound, needs: inRun},
		{text: "tool call timed out", kind: ToolTimeout, needs: inRun},
		{text: "tool timed out", kind: ToolTimeout, needs: inRun},
		{text: "tool execution timed out", kind: ToolTimeout, needs: inRun},
		{text: "max turns", also: "exceeded", kind: TurnLimit, needs: inAgent | inModel},
		{text: "max turns", also: "reached", kind: TurnLimit, needs: inAgent | inModel},
		{text: "max iterations", also: "exceeded", kind: TurnLimit, needs: inAgent | inModel},
		{text: "max steps", also: "reached", kind: TurnLimit, needs: inAgent | inModel},
		{text: "turn limit", kind: TurnLimit, needs: inAgent},
		{text: "step limit", kind: TurnLimit, needs: inAgent},
		{text: "budget exceeded", kind: BudgetLimit, needs: inAgent | inModel | inPolicy},
		{text: "exceeded budget", kind: BudgetLimit, needs: inAgent | inModel | inPolicy},
		{text: "over budget", kind: BudgetLimit, needs: inAgent | inModel | inPolicy},
		{text: "token budget", also: "exceeded", kind: BudgetLimit, needs: inAgent | inModel},
		{text: "cost limit", also: "exceeded", kind: BudgetLimit, needs: inAgent | inModel | inPolicy},
		{text: "budget limit", kind: BudgetLimit, needs: inAgent | inModel | inPolicy},
	},
}

// plain are everyday words, which say something only where a model was called.
var plain = family{
	plain: true,
	types: []typeRule{
		{name: "JSONDecodeError", kind: InvalidOutput, needs: inModel, general: true},
		{name: "ZodError", kind: InvalidOutput, needs: inModel, general: true},
		{name: "ReadTimeout", kind: ProviderTimeout, needs: inModel, general: true},
		{name: "ReadTimeoutError", kind: ProviderTimeout, needs: inModel, general: true},
		{name: "ConnectError", kind: ConnectionError, needs: inModel, general: true},
		{name: "ConnectionError", kind: ConnectionError, needs: inModel, general: true},
		{name: "ConnectionRefusedError", kind: ConnectionError, needs: inModel, general: true},
		{name: "ConnectTimeout", kind: ConnectionError, needs: inModel, general: true},
		{name: "ConnectionResetError", kind: ConnectionError, needs: inModel, general: true},
	},
	phrases: []phraseRule{
		{text: "rate limit", kind: RateLimit, needs: inModel},
		{text: "rate limited", kind: RateLimit, needs: inModel},
		{text: "too many requests", kind: RateLimit, needs: inModel},
		{text: "tokens per minute", kind: RateLimit, needs: inModel},
		{text: "overloaded", kind: Overloaded, needs: inModel},
		{text: "at capacity", kind: Overloaded, needs: inModel},
		{text: "quota exceeded", kind: QuotaExceeded, needs: inModel},
		{text: "insufficient quota", kind: QuotaExceeded, needs: inModel},
		{text: "insufficient credit", kind: QuotaExceeded, needs: inModel},
		{text: "payment required", kind: QuotaExceeded, needs: inModel},
		{text: "context length", kind: ContextLength, needs: inModel},
		{text: "context window", kind: ContextLength, needs: inModel},
		{text: "too many tokens", kind: ContextLength, needs: inModel},
		{text: "prompt too long", kind: ContextLength, needs: inModel},
		{text: "content filter", kind: ContentFilter, needs: inModel},
		{text: "content filtered", kind: ContentFilter, needs: inModel},
		{text: "content policy", kind: ContentFilter, needs: inModel},
		{text: "safety system", kind: ContentFilter, needs: inModel},
		{text: "invalid api key", kind: Authentication, needs: inModel},
		{text: "api key", also: "missing", kind: Authentication, needs: inModel},
		{text: "api key", also: "expired", kind: Authentication, needs: inModel},
		{text: "token", also: "expired", kind: Authentication, needs: inModel},
		{text: "unauthorized", kind: Authentication, needs: inModel},
		{text: "unauthenticated", kind: Authentication, needs: inModel},
		{text: "permission denied", kind: Authentication, needs: inModel},
		{text: "model not found", kind: ModelNotFound, needs: inModel},
		{text: "no such model", kind: ModelNotFound, needs: inModel},
		{text: "model", also: "does not exist", kind: ModelNotFound, needs: inModel},
		{text: "unknown model", kind: ModelNotFound, needs: inModel},
		{text: "not valid json", kind: InvalidOutput, needs: inModel},
		{text: "invalid json", kind: InvalidOutput, needs: inModel},
		{text: "in json at position", kind: InvalidOutput, needs: inModel},
		{text: "unexpected end of json input", kind: InvalidOutput, needs: inModel},
		{text: "expecting value: line 1 column 1", kind: InvalidOutput, needs: inModel},
		{text: "did not match schema", kind: InvalidOutput, needs: inModel},
		{text: "does not match the schema", kind: InvalidOutput, needs: inModel},
		{text: "connection refused", kind: ConnectionError, needs: inModel},
		{text: "econnrefused", kind: ConnectionError, needs: inModel},
		{text: "connection reset", kind: ConnectionError, needs: inModel},
		{text: "econnreset", kind: ConnectionError, needs: inModel},
		{text: "enotfound", kind: ConnectionError, needs: inModel},
		{text: "no such host", kind: ConnectionError, needs: inModel},
		{text: "connection error", kind: ConnectionError, needs: inModel},
		{text: "fetch failed", kind: ConnectionError, needs: inModel},
		{text: "socket hang up", kind: ConnectionError, needs: inModel},
		{text: "timed out", kind: ProviderTimeout, needs: inModel},
		{text: "timeout", kind: ProviderTimeout, needs: inModel},
		{text: "deadline exceeded", kind: ProviderTimeout, needs: inModel},
		{text: "bad request", kind: BadRequest, needs: inModel},
		{text: "internal server error", kind: ServerError, needs: inModel},
		{text: "bad gateway", kind: ServerError, needs: inModel},
		{text: "service unavailable", kind: Overloaded, needs: inModel},
	},
}

// Rules for whatever fails while a tool is called.
var (
	spanTool        = rule{kind: ToolError, name: "span:tool"}
	spanToolTimeout = rule{kind: ToolTimeout, name: "span:tool"}
)

// timeouts are how a tool's running out of time is told.
var timeouts = [...]string{"timed out", "timeout", "deadline exceeded"}

// bySpan returns the rule for an error that no other knows: while a tool was called it
// is the tool's, whatever it says, unless the call was given up from outside.
func (e *evidence) bySpan() *rule {
	if e.in&inTool == 0 || e.span != model.SpanTool && e.span != model.SpanOther {
		return nil
	}
	switch e.class {
	case "CancelledError", "AbortError", "CanceledError", "GraphInterrupt", "NodeInterrupt", "ApprovalRequired", "CallDeferred":
		return nil
	}
	if containsFold(e.text, "context canceled") {
		return nil
	}
	return &spanTool
}

// timedOut reports whether the error says that time ran out.
func (e *evidence) timedOut() bool {
	switch e.class {
	case "TimeoutError", "ReadTimeout", "ConnectTimeout", "Timeout":
		return true
	}
	for _, t := range timeouts {
		if containsFold(e.text, t) {
			return true
		}
	}
	return false
}
