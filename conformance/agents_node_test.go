package conformance

import "testing"

// nodeAgents is what @sentry/node tells of clients/node/agent.js.
func nodeAgents(name string) agentry {
	filtered := scene{
		name: "vercel-filtered", agent: "refunds", api: openAI, calls: []answer{filteredAnswer},
		cost: openAIFiltered, outcome: "failed", rule: "filtered",
	}
	refused := limited("vercel-limited", "refunds", openAI, "AI_APICallError")
	refused.above = true
	return agentry{name: name, scenes: []scene{
		refund("vercel", "refunds", openAI),
		refund("vercel-stream", "refunds", openAI),
		filtered,
		cut("vercel-cut", "refunds", openAI, openAICut),
		refused,
		refund("openai", "Refunds", openAI),
		limited("openai-limited", "Refunds", openAI, "Error"),
		firstCall("chat-stream"),
		refund("responses-stream", "", openAI),
		refund("anthropic", "Refunds", anthropics),
		refund("anthropic-stream", "Refunds", anthropics),
		cut("anthropic-cut", "Refunds", anthropics, anthropicCut),
		limited("anthropic-limited", "Refunds", anthropics, "Error"),
	}}
}

// agents10 tells reasoning only of the Vercel SDK's calls, and captures no
// errors of that one's tools.
func agents10() agentry {
	a := nodeAgents("agents-10")
	a.mute()
	a.blind("openai", "chat-stream", "responses-stream")
	a.scene("vercel").errors = nil
	a.scene("vercel-stream").errors = nil
	return a
}

func agents11() agentry { return agents11As("agents-11") }

func agents11Static() agentry {
	a := agents11As("agents-11-static")
	a.mute()
	return a
}

// agents11As tells reasoning only of OpenAI's calls, and only of those not streamed.
func agents11As(name string) agentry {
	a := nodeAgents(name)
	a.blind("vercel", "vercel-stream", "chat-stream", "responses-stream")
	return a
}

func agentsProgram(t *testing.T, version string, major, minor int, env ...string) teller {
	t.Helper()
	binary := node(t, major, minor)
	env = append(env, "CONFORMANCE_MODULES="+npm(t, version))
	return agentProgram(env, binary, absolute(t, "clients/node/agent.js"))
}

func TestAgents10(t *testing.T) {
	t.Parallel()
	proveAgents(t, agents10(), agentsProgram(t, "agents10", 18, 0))
}

func TestAgents11(t *testing.T) {
	t.Parallel()
	proveAgents(t, agents11(), agentsProgram(t, "agents11", 20, 19))
}

func TestAgents11Static(t *testing.T) {
	t.Parallel()
	proveAgents(t, agents11Static(), agentsProgram(t, "agents11", 20, 19, "CONFORMANCE_LIFECYCLE=static"))
}
