package fault

// litellm wraps the errors of all providers, whom it names in the message; Instructor
// wraps their clients.
var litellm = family{
	in:       inModel,
	prefixes: []string{"litellm", "instructor"},
	signs:    []string{"litellm"},
	types: []typeRule{
		{name: "ContextWindowExceededError", kind: ContextLength},
		{name: "ContentPolicyViolationError", kind: ContentFilter},
		{name: "BudgetExceededError", kind: BudgetLimit, needs: inRun},
		{name: "GuardrailRaisedException", kind: Guardrail},
		{name: "BlockedPiiEntityError", kind: Guardrail},
		{name: "JSONSchemaValidationError", kind: InvalidOutput, needs: inModel},
		{name: "InstructorRetryException", kind: InvalidOutput, general: true},
		{name: "IncompleteOutputException", kind: InvalidOutput, needs: inModel},
		{name: "UnsupportedParamsError", kind: BadRequest, needs: inModel},
	},
	codes: []codeRule{
		{code: "budget_exceeded", kind: BudgetLimit, needs: inRun},
		{code: "throttling_error", kind: RateLimit, needs: inModel},
	},
	phrases: []phraseRule{
		{text: "contextwindowexceedederror", kind: ContextLength},
		{text: "contentpolicyviolationerror", kind: ContentFilter},
		{text: "budget has been exceeded", also: "max budget", kind: BudgetLimit},
		{text: "llm provider not provided", kind: ModelNotFound},
	},
}
