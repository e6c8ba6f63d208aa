package agent

import (
	"strings"

	"relay.one/picket/internal/model"
)

// readOwner writes into the span what its attributes say of its owner, and takes back
// what the decoder lent it from its transaction.
func readOwner(s *model.Span, v *view) {
	s.Agent = agentOf(s, v)
	s.Execution = v.get(executionID)
	s.Conversation = v.get(conversationID)
	s.Organization = v.get(organizationID)
}

// agentOf reads the agent that a span names. An agent span without a name is
// called by its pipeline, its function or the rest of its own name.
func agentOf(s *model.Span, v *view) model.Agent {
	a := model.Agent{ID: v.get(agentID), Name: v.get(agentName), Version: v.get(agentVersion), Framework: v.get(agentFramework)}
	if s.Kind != model.SpanAgent {
		return a
	}
	if a.ID == "" && a.Name == "" {
		a.Name = v.first(pipelineName, workflowName, functionID)
		fill(&a.Name, nameAfter(s.Name, "invoke_agent", "invoke_workflow"))
	}
	fill(&a.Framework, frameworkOf(v.get(origin)))
	return a
}

// frameworkOf returns the agent framework that made the span, by its origin;
// clients of models alone are none.
func frameworkOf(origin string) string {
	if origin == "auto.vercelai.otel" {
		return "vercelai"
	}
	switch name, _ := strings.CutPrefix(origin, "auto.ai."); name {
	case "openai_agents", "langgraph", "langchain", "pydantic_ai", "vercelai":
		return name
	}
	return ""
}

// inheritAgent gives a span the agent of what stands above it. The agent that the
// span names itself stays, and is completed where both are the same. alone says
// that no agent span stands between: a name below an agent that is known by its id
// alone is then that agent's name.
func inheritAgent(s *model.Span, from model.Agent, alone bool) {
	switch {
	case s.Agent.ID == "" && s.Agent.Name == "":
		if from.ID != "" || from.Name != "" {
			s.Agent = from
		}
	case sameAgent(s.Agent, from) || alone && isNameOnly(s.Agent) && from.Name == "" && from.ID != "":
		complete(&s.Agent, from)
	}
}

func isNameOnly(a model.Agent) bool { return a.ID == "" || a.ID == a.Name }

func isIDOnly(a model.Agent) bool { return a.Name == "" && a.ID != "" }

// sameAgent reports whether two descriptions mean one agent: by id, or by name
// where one of them has no id.
func sameAgent(a, b model.Agent) bool {
	if !isNameOnly(a) && !isNameOnly(b) {
		return a.ID == b.ID
	}
	if isIDOnly(a) || isIDOnly(b) {
		return a.ID == b.ID && a.ID != ""
	}
	return a.Name == b.Name && a.Name != ""
}

func complete(a *model.Agent, from model.Agent) {
	if isNameOnly(*a) && from.ID != "" {
		a.ID = from.ID
	}
	fill(&a.Name, from.Name)
	fill(&a.Framework, from.Framework)
	fill(&a.Version, from.Version)
}

// fill sets dst unless it is set.
func fill(dst *string, s string) {
	if *dst == "" {
		*dst = s
	}
}

// settle gives an agent without an id its name for one. A version or a framework
// alone names no agent.
func settle(a *model.Agent) {
	fill(&a.ID, a.Name)
	if a.ID == "" {
		*a = model.Agent{}
	}
}
