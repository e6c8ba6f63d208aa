package wire

// Members of the context ContextExecution. An execution whose end is seen as a span
// of op OpInvokeAgent needs none of them but the id; the others are for who reports
// no spans, and are read from the one event that says how the execution ended.
const (
	ExecutionID = "id"
	// ExecutionOutcome is ok, error or failed; absent while the execution runs.
	ExecutionOutcome = "outcome"
	// ExecutionReason says why the outcome is not ok.
	ExecutionReason = "reason"
	// ExecutionDurationMS is how long the execution took, in milliseconds.
	ExecutionDurationMS = "duration_ms"
	// ExecutionUsage is an object of tokens: UsageInput and so on. Send it only where
	// the model calls themselves are not reported as spans, or they count twice.
	ExecutionUsage = "usage"
	// ExecutionCostUSD is the execution's cost in dollars, under the same condition.
	ExecutionCostUSD = "cost_usd"
	// ExecutionTools is a list of objects: name, id, arguments, result, error and
	// duration_ms of a tool call. Only what is not reported as spans stands here.
	ExecutionTools = "tool_calls"
	// ExecutionPolicies is a list of objects: name, verdict and reason of a policy
	// evaluation, under the same condition.
	ExecutionPolicies = "policy_evaluations"
)

// Members of ExecutionUsage. Input includes the cached tokens, output the reasoning.
const (
	UsageInput      = "input_tokens"
	UsageOutput     = "output_tokens"
	UsageCacheRead  = "cache_read_tokens"
	UsageCacheWrite = "cache_write_tokens"
	UsageReasoning  = "reasoning_tokens"
)
