package demo

import "github.com/getsentry/sentry-go"

// fault is one way in which a run goes wrong.
type fault struct {
	key       string // what the execution and its span call it
	inModel   bool   // in a model call, or else in a tool call
	retried   bool   // the agent tries again and succeeds
	status    sentry.SpanStatus
	exception string // type of the exception
	module    string
	value     string // with the placeholders of fill
	cause     *cause // what the exception came from
	// code goes wrong for real, for agents in Go; the other fields of the exception are then unused.
	code func(*scene)
}

// cause is the inner link of an exception chain.
type cause struct{ exception, module, value string }

// What breaks agents in Python.
var (
	rateLimited = &fault{key: "rate_limit", inModel: true, retried: true, status: sentry.SpanStatusResourceExhausted, exception: "RateLimitError", module: "openai",
		value: "Error code: 429 - rate limit reached for {model}: limit 30000 tokens a minute, used 29{number}; try again in {few} s"}
	overloaded = &fault{key: "overloaded", inModel: true, status: sentry.SpanStatusUnavailable, exception: "OverloadedError", module: "anthropic",
		value: "Error code: 529 - {model} is overloaded"}
	contextTooLong = &fault{key: "context_length", inModel: true, status: sentry.SpanStatusInvalidArgument, exception: "BadRequestError", module: "anthropic",
		value: "Error code: 400 - prompt is too long: 21{number} tokens > 200000 maximum"}
	contentFilter = &fault{key: "content_filter", inModel: true, status: sentry.SpanStatusFailedPrecondition, exception: "ContentFilterFinishReasonError", module: "openai",
		value: "could not parse the answer: the request was rejected by the content filter"}
	invalidJSON = &fault{key: "invalid_json", inModel: true, status: sentry.SpanStatusInternalError, exception: "OutputParserException", module: "langchain_core.exceptions",
		value: "the model's answer is no valid JSON", cause: &cause{"JSONDecodeError", "json.decoder", "Expecting ',' delimiter: line 1 column {number} (char {number})"}}
	toolTimeout = &fault{key: "tool_timeout", retried: true, status: sentry.SpanStatusDeadlineExceeded, exception: "ToolTimeout", module: "agents.errors",
		value: "tool {tool} gave no answer within 30 s", cause: &cause{"ReadTimeout", "httpx", "timed out"}}
	validation = &fault{key: "validation", inModel: true, status: sentry.SpanStatusInvalidArgument, exception: "ValidationError", module: "pydantic_core",
		value: "1 validation error for ReviewComment\nline\n  Input should be greater than 0"}
	paymentDown = &fault{key: "payment_unavailable", status: sentry.SpanStatusUnavailable, exception: "PaymentUnavailable", module: "agents.refund.errors",
		value: "payments.example.com answered 503 for order {order}", cause: &cause{"ConnectError", "httpx", "[Errno 111] Connection refused"}}
	// missingWindow is the regression: it comes with one release and goes with the next.
	missingWindow = &fault{key: "tool_error", status: sentry.SpanStatusInternalError, exception: "KeyError", module: "builtins", value: "'refund_window'"}
)

// What breaks agents in Node.
var (
	apiCallError = &fault{key: "rate_limit", inModel: true, retried: true, status: sentry.SpanStatusResourceExhausted, exception: "AI_APICallError", module: "ai",
		value: "Rate limit reached for {model}, request req_{number}"}
	zodError = &fault{key: "invalid_json", inModel: true, status: sentry.SpanStatusInvalidArgument, exception: "AI_NoObjectGeneratedError", module: "ai",
		value: "No object generated: response did not match schema.", cause: &cause{"ZodError", "zod", `[{"code":"invalid_type","expected":"string","received":"null","path":["subject"]}]`}}
	aborted   = &fault{key: "cancelled", inModel: true, status: sentry.SpanStatusDeadlineExceeded, exception: "AbortError", module: "undici", value: "This operation was aborted after 60000 ms"}
	sqlFailed = &fault{key: "tool_error", retried: true, status: sentry.SpanStatusInvalidArgument, exception: "DatabaseError", module: "pg",
		value: `column "{topic}_total" does not exist`}
	typeError = &fault{key: "tool_error", status: sentry.SpanStatusInternalError, exception: "TypeError", module: "", value: "Cannot read properties of undefined (reading 'rows')"}
)

// What breaks agents in Go, for real.
var (
	goWrapped    = &fault{key: "tool_error", status: sentry.SpanStatusInternalError, code: (*scene).postInvoice}
	goJoined     = &fault{key: "tool_error", status: sentry.SpanStatusInternalError, code: (*scene).closeBooks}
	goJSON       = &fault{key: "invalid_json", inModel: true, status: sentry.SpanStatusInternalError, code: (*scene).decodeAnswer}
	goDeadline   = &fault{key: "tool_timeout", retried: true, status: sentry.SpanStatusDeadlineExceeded, code: (*scene).waitForTool}
	goIndexPanic = &fault{key: "panic", status: sentry.SpanStatusInternalError, code: (*scene).lastColumn}
	goNilMap     = &fault{key: "panic", status: sentry.SpanStatusInternalError, code: (*scene).rememberSlot}
)
