// Package fault names what kind of trouble of an AI agent an error is: a rate limit, a
// prompt that is too long, a tool that does not exist. It reads the exception's type, the
// provider's error body wherever in the text it stands, the HTTP status and, where the
// span says that a model or a tool was called, plain words.
//
// The rules are tables, one file for each provider or framework (openai.go, mcp.go and so
// on); rules.go lists them. What no rule knows is no fault: an ordinary error with the
// words "rate limit" in it stays one, unless something says that a model was called.
package fault

import "relay.one/picket/internal/model"

// Kind is the type of an agent's error. Its text is stored and shown: never rename one.
type Kind string

// The kinds.
const (
	// RateLimit says that the provider was asked too often, or for too many tokens a minute.
	RateLimit Kind = "rate_limit"
	// Overloaded says that the provider has no capacity at the moment, whoever asks.
	Overloaded Kind = "overloaded"
	// QuotaExceeded says that the account is out of money or of its plan's allowance.
	QuotaExceeded Kind = "quota_exceeded"
	// ContextLength says that the input, perhaps with the output asked for, is larger than the model or its endpoint takes.
	ContextLength Kind = "context_length"
	// ContentFilter says that the provider refused the prompt or withheld the answer for its content.
	ContentFilter Kind = "content_filter"
	// Authentication says that the provider knows no such key, or that the key may not do this.
	Authentication Kind = "authentication"
	// ModelNotFound says that there is no such model or deployment, or none for this account.
	ModelNotFound Kind = "model_not_found"
	// BadRequest says that the provider did not accept the request for its form.
	BadRequest Kind = "bad_request"
	// ProviderTimeout says that the model did not answer in time.
	ProviderTimeout Kind = "provider_timeout"
	// ConnectionError says that the provider was not reached at all.
	ConnectionError Kind = "connection_error"
	// ServerError says that the provider broke, or answered what is no answer.
	ServerError Kind = "server_error"
	// InvalidArguments says that a tool was called with arguments that it does not take.
	InvalidArguments Kind = "invalid_arguments"
	// ToolNotFound says that the model called a tool that does not exist.
	ToolNotFound Kind = "tool_not_found"
	// ToolTimeout says that a tool did not answer in time.
	ToolTimeout Kind = "tool_timeout"
	// ToolError says that a tool was called and failed.
	ToolError Kind = "tool_error"
	// InvalidOutput says that the model's answer is no valid JSON, does not fit its schema, or is none.
	InvalidOutput Kind = "invalid_output"
	// MCPError says that an MCP server or the connection to it failed, beyond one tool.
	MCPError Kind = "mcp_error"
	// Guardrail says that a policy or guardrail of the operator stopped the agent.
	Guardrail Kind = "guardrail"
	// TurnLimit says that the agent used up the turns, steps or requests of one run.
	TurnLimit Kind = "turn_limit"
	// BudgetLimit says that the agent used up the tokens or the money that the operator allows it.
	BudgetLimit Kind = "budget_limit"
)

// Kinds lists every kind, in the order in which they are shown.
var Kinds = [...]Kind{RateLimit, Overloaded, QuotaExceeded, ContextLength, ContentFilter, Authentication,
	ModelNotFound, BadRequest, ProviderTimeout, ConnectionError, ServerError, InvalidArguments, ToolNotFound,
	ToolTimeout, ToolError, InvalidOutput, MCPError, Guardrail, TurnLimit, BudgetLimit}

// retryable reports whether trying the same again can help.
func (k Kind) retryable() bool {
	switch k {
	case RateLimit, Overloaded, ProviderTimeout, ConnectionError, ServerError, ToolTimeout:
		return true
	}
	return false
}

// Fault is what an error means to the one who runs the agent.
type Fault struct {
	Kind      Kind
	Provider  string // openai, anthropic, google, aws.bedrock, azure, mistral and the like; empty when nothing says whose
	Code      string // the provider's own stable code, as insufficient_quota or -32601; may be empty
	Retryable bool   // trying the same again can help
	Rule      string // which rule said so, as "type:RateLimitError"
}

// Signs is what is known of an error. Every field may be empty.
type Signs struct {
	Type       string // exception's type: openai.RateLimitError, AI_APICallError, *anthropic.Error
	Message    string // exception's value or span's status message; the first 8 KB count
	Module     string // where the type is defined
	HTTPStatus int    // of the answer that failed
	SpanOp     string
	SpanKind   model.SpanKind // of the span in which the error happened
	Tool       string         // tool whose call failed
	Mechanism  string         // how the SDK caught the error
	Attributes model.Attributes
}

// Classify says what kind of an agent's error the signs make, and whether they make any.
// It keeps nothing of s but substrings, and allocates nothing.
func Classify(s Signs) (Fault, bool) {
	var e evidence
	e.read(&s)
	if e.empty() {
		return Fault{}, false
	}
	r := e.judge()
	switch {
	case r == nil:
		return Fault{}, false
	case r.kind == ToolError && e.timedOut():
		r = &spanToolTimeout
	}
	return e.fault(r), true
}

// judge asks the rules in order of certainty and returns the first that applies, or nil.
func (e *evidence) judge() *rule {
	if r := e.byType(false); r != nil {
		return r
	}
	if r := e.byCode(false); r != nil {
		return r
	}
	if r := e.byPhrase(&book.phrases); r != nil {
		return r
	}
	if r := e.byRPC(); r != nil {
		return r
	}
	if r := e.byCode(true); r != nil {
		return r
	}
	if r := e.byType(true); r != nil {
		return r
	}
	if r := e.byStatus(); r != nil {
		return r
	}
	if r := e.byPhrase(&book.plain); r != nil {
		return r
	}
	return e.bySpan()
}

// fault makes the result of the rule that applied.
func (e *evidence) fault(r *rule) Fault {
	f := Fault{Kind: r.kind, Provider: e.provider, Code: r.code, Retryable: r.kind.retryable(), Rule: r.name}
	// Azure's answers come through OpenAI's own clients.
	if f.Provider == "" || r.provider == azure.provider && f.Provider == openAI.provider {
		f.Provider = r.provider
	}
	if f.Code == "" {
		f.Code = e.ownCode()
	}
	if r.retry {
		f.Retryable = true
	}
	return f
}
