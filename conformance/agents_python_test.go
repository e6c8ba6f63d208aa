package conformance

import "testing"

// pythonAgents is what sentry-python tells of clients/python/agent.py.
func pythonAgents(lifecycle string) agentry {
	a := agentry{name: "agents-python-" + lifecycle, scenes: []scene{
		agentsSDK(),
		agentsLimited(),
		refund("openai", "Refunds", openAI),
		limited("openai-limited", "Refunds", openAI, "RateLimitError"),
		firstCall("chat-stream"),
		refund("responses-stream", "", openAI),
		refund("anthropic", "Refunds", anthropics),
		refund("anthropic-stream", "Refunds", anthropics),
		cut("anthropic-cut", "Refunds", anthropics, anthropicCut),
		limited("anthropic-limited", "Refunds", anthropics, "RateLimitError"),
	}}
	a.mute()
	return a
}

// agentsSDK is a run of OpenAI's own agents, whose calls are told twice: by the
// integration for agents, and inside of that by the one for the client. It
// answers the model for the tool that failed, and captures nothing.
func agentsSDK() scene {
	s := refund("agents", "Refunds", openAI)
	s.errors = nil
	return s
}

// agentsLimited captures the one error by the client's call, by the workflow, and
// at the top.
func agentsLimited() scene {
	s := limited("agents-limited", "Refunds", openAI, "RateLimitError")
	s.errors = append(s.errors, "RateLimitError", "RateLimitError")
	return s
}

func TestPythonAgents(t *testing.T) {
	t.Parallel()
	onlyWithAll(t)
	script := absolute(t, "clients/python/agent.py")
	f := func(lifecycle string) {
		t.Helper()
		t.Run(lifecycle, func(t *testing.T) {
			t.Parallel()
			env := []string{"CONFORMANCE_LIFECYCLE=" + lifecycle}
			proveAgents(t, pythonAgents(lifecycle), agentProgram(env, venv(t, "python-agents"), script))
		})
	}
	f("static")
	f("stream")
}
