package sentry

import (
	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// owner says whose telemetry something is.
type owner struct {
	agent        model.Agent
	execution    string
	conversation string
	organization string
}

// inherit fills what is missing from another owner. Fields of an agent are only
// taken from one that may be the same: the version of one must not stick to the
// name of another.
func (o *owner) inherit(from owner) {
	if mayEqual(o.agent.ID, from.agent.ID) && mayEqual(o.agent.Name, from.agent.Name) {
		fill(&o.agent.ID, from.agent.ID)
		fill(&o.agent.Name, from.agent.Name)
		fill(&o.agent.Framework, from.agent.Framework)
		fill(&o.agent.Version, from.agent.Version)
	}
	fill(&o.execution, from.execution)
	fill(&o.conversation, from.conversation)
	fill(&o.organization, from.organization)
}

func mayEqual(a, b string) bool { return a == "" || b == "" || a == b }

// fill sets dst unless it is set.
func fill(dst *string, s string) {
	if *dst == "" {
		*dst = s
	}
}

// settle gives an agent without an id its name for one. A version or a framework
// alone names no agent.
func (o *owner) settle() {
	fill(&o.agent.ID, o.agent.Name)
	if o.agent.ID == "" {
		o.agent = model.Agent{}
	}
}

// ownerOf reads the owner of an event: from the contexts agent, execution and
// organization, then from the trace's data, then from tags.
func ownerOf(contexts *fastjson.Value, data model.Attributes, tags *tagSet) owner {
	var o owner
	agentContext(&o, contexts.Get(wire.ContextAgent))
	o.execution = identifier(contexts.Get(wire.ContextExecution))
	o.organization = identifier(contexts.Get(wire.ContextOrganization))
	o.inherit(ownerOfAttributes(data))
	o.inherit(ownerOfAttributes(tags.list))
	o.settle()
	return o
}

func agentContext(o *owner, v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			o.agent.ID = text(v, nameLimit)
		case "name":
			o.agent.Name = text(v, nameLimit)
		case "framework":
			o.agent.Framework = text(v, nameLimit)
		case "version":
			o.agent.Version = text(v, nameLimit)
		}
	})
}

// identifier reads the id of a context, or a context that is nothing but an id.
func identifier(v *fastjson.Value) string {
	if typeOf(v) == fastjson.TypeObject {
		return text(v.Get("id"), nameLimit)
	}
	return text(v, nameLimit)
}

// ownerOfAttributes reads the owner from a span's attributes or an event's tags.
func ownerOfAttributes(list model.Attributes) (o owner) {
	for i := range list {
		value := list[i].Value
		switch list[i].Key {
		case "gen_ai.agent.id":
			o.agent.ID = value
		case wire.TagAgentID:
			fill(&o.agent.ID, value)
		case "gen_ai.agent.name":
			o.agent.Name = value
		case wire.TagAgentName:
			fill(&o.agent.Name, value)
		case "gen_ai.agent.version":
			o.agent.Version = value
		case wire.TagAgentVersion:
			fill(&o.agent.Version, value)
		case wire.TagAgentFramework:
			o.agent.Framework = value
		case wire.AttrExecutionID:
			o.execution = value
		case wire.TagExecutionID:
			fill(&o.execution, value)
		case "gen_ai.conversation.id":
			o.conversation = value
		case wire.TagConversationID:
			fill(&o.conversation, value)
		case wire.AttrOrganizationID:
			o.organization = value
		case wire.TagOrganizationID:
			fill(&o.organization, value)
		}
	}
	return o
}
