package fault

// langChain is LangChain and LangGraph.
var langChain = family{
	in:       inAgent,
	prefixes: []string{"langchain", "langchain_", "langgraph", "@langchain/"},
	types: []typeRule{
		{name: "GraphRecursionError", kind: TurnLimit},
		{name: "ModelCallLimitExceededError", kind: TurnLimit},
		{name: "ToolCallLimitExceededError", kind: TurnLimit},
		{name: "OutputParserException", kind: InvalidOutput},
		{name: "StructuredOutputValidationError", kind: InvalidOutput},
		{name: "MultipleStructuredOutputsError", kind: InvalidOutput},
		{name: "ToolInvocationError", kind: InvalidArguments, needs: inRun},
		{name: "ToolInputParsingException", kind: InvalidArguments},
		{name: "ToolException", kind: ToolError, needs: inAgent | inTool, general: true},
		{name: "PIIDetectionError", kind: Guardrail, needs: inRun},
		{name: "ContextOverflowError", kind: ContextLength, needs: inRun},
	},
	phrases: []phraseRule{
		{text: "graph recursion limit", kind: TurnLimit},
		{text: "recursion limit of", also: "without hitting a stop condition", kind: TurnLimit},
		{text: "agent stopped due to iteration limit", kind: TurnLimit},
		{text: "agent stopped due to max iterations", kind: TurnLimit},
		{text: "output parsing failure", kind: InvalidOutput},
		{text: "could not parse llm output", kind: InvalidOutput},
		{text: "is not a valid tool, try", kind: ToolNotFound},
		{text: "error invoking tool", also: "with kwargs", kind: InvalidArguments},
		{text: "received tool input did not match expected schema", kind: InvalidArguments},
	},
}

// pydanticAI is Pydantic AI.
var pydanticAI = family{
	in:       inAgent,
	prefixes: []string{"pydantic_ai"},
	types: []typeRule{
		{name: "UsageLimitExceeded", kind: BudgetLimit, needs: inAgent, general: true},
		{name: "UnexpectedModelBehavior", kind: InvalidOutput, general: true},
		{name: "ContentFilterError", kind: ContentFilter, needs: inAgent | inModel},
		{name: "IncompleteToolCall", kind: InvalidArguments, needs: inAgent | inModel},
		{name: "ModelRetry", kind: InvalidOutput, needs: inAgent | inModel, general: true},
		{name: "ToolRetryError", kind: InvalidArguments, needs: inAgent | inTool},
		{name: "ToolFailed", kind: ToolError, needs: inAgent | inTool},
	},
	phrases: []phraseRule{
		{text: "would exceed the request_limit of", kind: TurnLimit},
		{text: "tool_calls_limit of", kind: TurnLimit, needs: inAgent | inModel},
		{text: "total_tokens_limit of", kind: BudgetLimit},
		{text: "input_tokens_limit of", kind: BudgetLimit},
		{text: "output_tokens_limit of", kind: BudgetLimit},
		{text: "request_tokens_limit of", kind: BudgetLimit},
		{text: "response_tokens_limit of", kind: BudgetLimit},
		{text: "exceeded maximum retries", also: "for output validation", kind: InvalidOutput},
		{text: "exceeded maximum retries", also: "for result validation", kind: InvalidOutput},
		{text: "unknown tool name", kind: ToolNotFound, needs: inRun},
		{text: "exceeded max retries count of", kind: ToolError, needs: inAgent},
		{text: "content filter triggered", kind: ContentFilter, needs: inAgent | inModel},
	},
}

// openAIAgents is OpenAI's SDK for agents.
var openAIAgents = family{
	in:       inAgent,
	prefixes: []string{"agents.exceptions", "@openai/agents"},
	types: []typeRule{
		{name: "MaxTurnsExceeded", kind: TurnLimit},
		{name: "MaxTurnsExceededError", kind: TurnLimit},
		{name: "InputGuardrailTripwireTriggered", kind: Guardrail},
		{name: "OutputGuardrailTripwireTriggered", kind: Guardrail},
		{name: "ToolInputGuardrailTripwireTriggered", kind: Guardrail},
		{name: "ToolOutputGuardrailTripwireTriggered", kind: Guardrail},
		{name: "FactCheckingGuardrailTripwireTriggered", kind: Guardrail},
		{name: "GuardrailExecutionError", kind: Guardrail, needs: inRun},
		{name: "ModelBehaviorError", kind: InvalidOutput, general: true},
		{name: "ModelRefusalError", kind: ContentFilter},
		{name: "ToolTimeoutError", kind: ToolTimeout, needs: inRun},
		{name: "ToolCallError", kind: ToolError, needs: inRun, general: true},
	},
	phrases: []phraseRule{
		{text: "triggered tripwire", also: "guardrail", kind: Guardrail},
		{text: "guardrail tripwire", kind: Guardrail},
		{text: "not found in agent", also: "tool", kind: ToolNotFound, needs: inAgent | inModel},
		{text: "invalid json input for tool", kind: InvalidArguments},
		{text: "invalid json when parsing", kind: InvalidOutput, needs: inAgent},
	},
}

// frameworks are the other ones for agents.
var frameworks = family{
	in: inAgent,
	prefixes: []string{"crewai", "llama_index", "llamaindex", "autogen", "smolagents", "semantic_kernel", "google.adk", "strands",
		"claude_agent_sdk", "dspy", "haystack", "agno", "mastra", "@mastra/"},
	signs: []string{"crewai"},
	types: []typeRule{
		{name: "AgentMaxStepsError", kind: TurnLimit},
		{name: "LlmCallsLimitExceededError", kind: TurnLimit},
		{name: "WorkflowMaxIterationsError", kind: TurnLimit, needs: inRun},
		{name: "AgentParsingError", kind: InvalidOutput, needs: inRun},
		{name: "AgentToolCallError", kind: InvalidArguments, needs: inRun},
		{name: "AgentToolExecutionError", kind: ToolError, needs: inRun},
		{name: "LLMContextLengthExceededError", kind: ContextLength},
		{name: "LLMContextLengthExceededException", kind: ContextLength},
		{name: "ContextWindowOverflowException", kind: ContextLength, needs: inRun},
		{name: "MaxTokensReachedException", kind: InvalidOutput, needs: inRun},
		{name: "ModelThrottledException", kind: RateLimit, needs: inRun},
		{name: "ToolUsageErrorException", kind: InvalidArguments, needs: inRun},
		{name: "ConverterError", kind: InvalidOutput, needs: inAgent},
		{name: "AdapterParseError", kind: InvalidOutput, needs: inRun},
	},
	phrases: []phraseRule{
		{text: "error max turns", kind: TurnLimit},
		{text: "reached maximum number of turns", kind: TurnLimit},
		{text: "max number of llm calls limit of", kind: TurnLimit},
		{text: "error max budget usd", kind: BudgetLimit},
		{text: "reached maximum budget", kind: BudgetLimit, needs: inRun},
		{text: "reached max iterations", kind: TurnLimit, needs: inRun},
		{text: "invalid response from llm call", also: "none or empty", kind: InvalidOutput},
		{text: "error parsing llm output, agent will retry", kind: InvalidOutput},
		{text: "used tool", also: "don't exist", kind: ToolNotFound, needs: inAgent},
	},
}

// guards are libraries that watch over what goes in and out of a model.
var guards = family{
	in:       inPolicy,
	prefixes: []string{"guardrails", "nemoguardrails", "llm_guard", "lakera"},
	types: []typeRule{
		{name: "GuardrailViolation", kind: Guardrail},
		{name: "GuardrailViolationError", kind: Guardrail},
		{name: "PolicyViolationError", kind: Guardrail, needs: inRun},
		{name: "PolicyDeniedError", kind: Guardrail, needs: inRun},
	},
	phrases: []phraseRule{
		{text: "validation failed for field with errors", kind: Guardrail},
		{text: "blocked by guardrail", kind: Guardrail},
		{text: "violated guardrail policy", kind: Guardrail},
		{text: "guardrail", also: "violation", kind: Guardrail, needs: inRun},
		{text: "denied by policy", kind: Guardrail, needs: inRun},
		{text: "blocked by policy", kind: Guardrail, needs: inRun},
		{text: "policy denied", kind: Guardrail, needs: inRun},
		{text: "policy violation", kind: Guardrail, needs: inPolicy | inTool | inAgent},
	},
}
