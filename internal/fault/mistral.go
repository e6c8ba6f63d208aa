package fault

// mistral is Mistral's API: {"object": "error", "message": …, "type": …, "code": "1300"}.
var mistral = family{
	provider: "mistral",
	in:       inModel,
	prefixes: []string{"mistralai", "@mistralai/mistralai"},
	signs:    []string{"api.mistral.ai", "mistralexception"},
	types: []typeRule{
		{name: "MistralAPIStatusException", kind: ServerError, general: true},
		{name: "MistralConnectionException", kind: ConnectionError},
		{name: "HTTPValidationError", kind: BadRequest, needs: inModel, general: true},
	},
	codes: []codeRule{
		{code: "rate_limited", kind: RateLimit, needs: inModel},
		{code: "1300", kind: RateLimit, needs: inModel},
		{code: "service_tier_capacity_exceeded", kind: Overloaded, needs: inModel},
		{code: "3505", kind: Overloaded, needs: inModel},
		{code: "invalid_model", kind: ModelNotFound, needs: inModel},
		{code: "1500", kind: ModelNotFound, needs: inModel},
		{code: "context_length", kind: ContextLength, needs: inModel},
		{code: "invalid_request_invalid_args", kind: BadRequest, needs: inModel, general: true},
		{code: "invalid_request_message_order", kind: BadRequest, needs: inModel},
		{code: "internal_server_error", kind: ServerError, needs: inModel, general: true},
		{code: "unreachable_backend", kind: ServerError, needs: inModel},
	},
	phrases: []phraseRule{
		{text: "too large for model with", also: "maximum context length", kind: ContextLength},
		{text: "service tier capacity exceeded", kind: Overloaded, needs: inModel},
		{text: "invalid model:", kind: ModelNotFound, needs: inModel},
	},
}
