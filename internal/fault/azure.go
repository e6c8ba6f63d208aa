package fault

// azure is Azure OpenAI and Azure AI Foundry. Their clients are mostly OpenAI's.
var azure = family{
	provider: "azure",
	in:       inModel,
	prefixes: []string{"azure.ai.inference", "azure.ai.openai", "@azure/openai", "@azure-rest/ai-inference",
		"github.com/Azure/azure-sdk-for-go/sdk/ai"},
	signs: []string{"openai.azure.com", "services.ai.azure.com", "azure openai", "azureexception", "azureopenai",
		"responsibleaipolicyviolation"},
	codes: []codeRule{
		{code: "content_filter", kind: ContentFilter},
		{code: "ResponsibleAIPolicyViolation", kind: ContentFilter},
		{code: "DeploymentNotFound", kind: ModelNotFound},
		{code: "OperationNotSupported", kind: BadRequest, needs: inModel},
		{code: "InvalidAuthenticationToken", kind: Authentication, needs: inModel},
		{code: "RateLimitReached", kind: RateLimit, needs: inModel},
		{code: "NoCapacity", kind: Overloaded, needs: inModel},
		{code: "tokens_limit_reached", kind: ContextLength, needs: inModel},
		{code: "unknown_model", kind: ModelNotFound, needs: inModel},
	},
	phrases: []phraseRule{
		{text: "content management policy", kind: ContentFilter},
		{text: "responsibleaipolicyviolation", kind: ContentFilter},
		{text: "token rate limit of your current", kind: RateLimit},
		{text: "call rate limit of your current", kind: RateLimit},
		{text: "api deployment for this resource does not exist", kind: ModelNotFound},
		{text: "access denied due to invalid subscription key", kind: Authentication, needs: inModel},
	},
}
