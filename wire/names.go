// Package wire holds what goes over the wire between Sentry's SDKs, Picket's and
// Picket's server: the framing of envelopes, DSNs, credentials, and the names of
// items, contexts, tags and attributes. It imports the standard library alone.
package wire

// Context keys that Picket reads from an event's "contexts" and writes in its SDK.
const (
	// ContextAgent holds id, name, framework, version and capabilities of the agent.
	ContextAgent = "agent"
	// ContextExecution holds id, outcome, duration and usage of the agent's run.
	ContextExecution = "execution"
	// ContextOrganization holds id, name and tier of the customer's organization.
	ContextOrganization = "organization"
)

// Tag keys that Picket reads from an event's tags; contexts come first.
const (
	TagAgentID        = "agent.id"
	TagAgentName      = "agent.name"
	TagAgentFramework = "agent.framework"
	TagAgentVersion   = "agent.version"
	TagExecutionID    = "execution.id"
	TagOrganizationID = "organization.id"
	TagConversationID = "conversation.id"
)

// Span attributes of Picket's own; everything else has its gen_ai.* or sentry.* name.
const (
	// AttrExecutionID names the execution that a span belongs to.
	AttrExecutionID = "picket.execution.id"
	// AttrOrganizationID names the customer's organization.
	AttrOrganizationID = "picket.organization.id"
	// AttrOutcome is ok, error or failed, on the agent's span.
	AttrOutcome = "picket.outcome"
	// AttrOutcomeReason says why the outcome is not ok.
	AttrOutcomeReason = "picket.outcome.reason"
	// AttrPolicyName names the policy that was evaluated.
	AttrPolicyName = "picket.policy.name"
	// AttrPolicyVerdict is allow, deny or flag.
	AttrPolicyVerdict = "picket.policy.verdict"
	// AttrPolicyReason says why, in words.
	AttrPolicyReason = "picket.policy.reason"
)

// Operations of spans. The gen_ai ones are Sentry's conventions.
const (
	OpInvokeAgent = "gen_ai.invoke_agent"
	OpExecuteTool = "gen_ai.execute_tool"
	OpHandoff     = "gen_ai.handoff"
	OpChat        = "gen_ai.chat"
	OpPolicy      = "picket.policy"
)
