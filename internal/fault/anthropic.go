package fault

// anthropic is Anthropic's API: {"type": "error", "error": {"type": …, "message": …}}.
var anthropic = family{
	provider: "anthropic",
	in:       inModel,
	prefixes: []string{"anthropic", "@anthropic-ai/sdk", "github.com/anthropics/anthropic-sdk-go"},
	signs:    []string{"api.anthropic.com", "docs.anthropic.com", "anthropicexception", "access the anthropic api"},
	types: []typeRule{
		{name: "OverloadedError", kind: Overloaded, needs: inModel},
		{name: "RequestTooLargeError", kind: ContextLength, needs: inModel},
		{name: "DeadlineExceededError", kind: ProviderTimeout, needs: inModel},
	},
	codes: []codeRule{
		{code: "overloaded_error", kind: Overloaded},
		{code: "rate_limit_error", kind: RateLimit, needs: inModel},
		{code: "authentication_error", kind: Authentication, needs: inModel},
		{code: "permission_error", kind: Authentication, needs: inModel},
		{code: "billing_error", kind: QuotaExceeded, needs: inModel},
		{code: "not_found_error", kind: ModelNotFound, needs: inModel},
		{code: "request_too_large", kind: ContextLength, needs: inModel},
		{code: "timeout_error", kind: ProviderTimeout, needs: inModel},
		{code: "api_error", kind: ServerError, needs: inModel, general: true},
		{code: "invalid_request_error", kind: BadRequest, needs: inModel, general: true},
	},
	phrases: []phraseRule{
		{text: "prompt is too long", kind: ContextLength, needs: inModel},
		{text: "prompt is too long", also: "tokens", kind: ContextLength},
		{text: "exceed context limit", kind: ContextLength},
		{text: "credit balance is too low", kind: QuotaExceeded, needs: inModel},
		{text: "specified api usage limits", kind: QuotaExceeded, needs: inModel},
		{text: "output blocked by content filtering policy", kind: ContentFilter},
		{text: "invalid x-api-key", kind: Authentication, needs: inModel},
		{text: "could not resolve authentication method", kind: Authentication},
		{text: "ids were found without tool result blocks", kind: BadRequest, needs: inModel},
	},
}
