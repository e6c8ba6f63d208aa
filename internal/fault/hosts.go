package fault

// cohere is Cohere's API.
var cohere = family{
	provider: "cohere",
	in:       inModel,
	prefixes: []string{"cohere"},
	signs:    []string{"api.cohere.com", "api.cohere.ai", "cohereexception"},
	types: []typeRule{
		{name: "TooManyRequestsError", kind: RateLimit, needs: inModel, general: true},
		{name: "GatewayTimeoutError", kind: ProviderTimeout, needs: inModel},
		{name: "ClientClosedRequestError", kind: ProviderTimeout, needs: inModel},
	},
	phrases: []phraseRule{
		{text: "please use a shorter prompt", kind: ContextLength, needs: inModel},
		{text: "you are using a trial key", also: "1000 api calls", kind: QuotaExceeded},
		{text: "you are using a trial key", kind: RateLimit},
	},
}

// Those who run models and mostly speak as OpenAI does.
var (
	groq        = family{provider: "groq", in: inModel, prefixes: []string{"groq"}, signs: []string{"api.groq.com", "groqexception"}}
	deepSeek    = family{provider: "deepseek", in: inModel, signs: []string{"api.deepseek.com", "deepseekexception"}}
	openRouter  = family{provider: "openrouter", in: inModel, signs: []string{"openrouter.ai", "openrouterexception"}}
	xAI         = family{provider: "x_ai", in: inModel, prefixes: []string{"xai_sdk"}, signs: []string{"api.x.ai", "xaiexception"}}
	together    = family{provider: "together", in: inModel, prefixes: []string{"together"}, signs: []string{"api.together.xyz"}}
	ollama      = family{provider: "ollama", in: inModel, prefixes: []string{"ollama"}, signs: []string{"localhost:11434", "ollamaexception"}}
	huggingFace = family{provider: "huggingface", in: inModel, prefixes: []string{"huggingface_hub"}, signs: []string{"router.huggingface.co"}}
)

// hosts are the words of theirs that are not OpenAI's.
var hosts = family{
	in:       inModel,
	prefixes: []string{"replicate", "cerebras.cloud", "fireworks"},
	phrases: []phraseRule{
		{text: "insufficient balance", kind: QuotaExceeded, needs: inModel},
		{text: "requires more credits", kind: QuotaExceeded, needs: inModel},
		{text: "exceeds the available context size", kind: ContextLength},
		{text: "is longer than the model's context length", kind: ContextLength},
		{text: "failed to call a function", also: "failed generation", kind: InvalidArguments},
		{text: "failed to generate json", also: "failed generation", kind: InvalidOutput},
		{text: "not found, try pulling it first", kind: ModelNotFound},
		{text: "no endpoints found for", kind: ModelNotFound, needs: inModel},
	},
}

// sdks are the classes that the SDKs of most providers have in common.
var sdks = family{
	types: []typeRule{
		{name: "RateLimitError", kind: RateLimit, needs: inModel, general: true},
		{name: "APITimeoutError", kind: ProviderTimeout, needs: inModel, general: true},
		{name: "APIConnectionTimeoutError", kind: ProviderTimeout, needs: inModel, general: true},
		{name: "Timeout", kind: ProviderTimeout, needs: inModel, general: true},
		{name: "APIConnectionError", kind: ConnectionError, needs: inModel, general: true},
		{name: "AuthenticationError", kind: Authentication, needs: inModel, general: true},
		{name: "PermissionDeniedError", kind: Authentication, needs: inModel, general: true},
		{name: "UnauthorizedError", kind: Authentication, needs: inModel, general: true},
		{name: "ForbiddenError", kind: Authentication, needs: inModel, general: true},
		{name: "NotFoundError", kind: ModelNotFound, needs: inModel, general: true},
		{name: "BadRequestError", kind: BadRequest, needs: inModel, general: true},
		{name: "UnprocessableEntityError", kind: BadRequest, needs: inModel, general: true},
		{name: "InvalidRequestError", kind: BadRequest, needs: inModel, general: true},
		{name: "InternalServerError", kind: ServerError, needs: inModel, general: true},
		{name: "ServiceUnavailableError", kind: Overloaded, needs: inModel, general: true},
		{name: "APIResponseValidationError", kind: ServerError, needs: inModel, general: true},
		{name: "ServerError", kind: ServerError, needs: inModel, general: true},
	},
}
