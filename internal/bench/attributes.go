package main

// form is how attributes are written: the text around a value, by its type.
type form struct{ text, number, end, endNumber string }

var (
	plain = form{text: `:"`, number: `:`, end: `"`, endNumber: ``}
	typed = form{text: `:{"type":"string","value":"`, number: `:{"type":"integer","value":`, end: `"}`, endNumber: `}`}
)

// attributes appends the attributes of a span, without the braces.
func (d *doc) attributes(x *run, s *span, f form) {
	d.raw(`"picket.execution.id"`, f.text)
	d.id(x.execution[:])
	d.raw(f.end)
	switch s.op {
	case "gen_ai.invoke_agent":
		d.agentAttributes(x, f)
	case "gen_ai.chat":
		d.modelAttributes(x, s, f)
	case "gen_ai.execute_tool":
		d.toolAttributes(x, s, f)
	case "http.client":
		d.text(f, "http.request.method", "GET")
		d.number(f, "http.response.status_code", 200)
		d.text(f, "server.address", "api.example.com")
	default:
		d.text(f, "db.system.name", "postgresql")
		d.text(f, "db.namespace", "orders")
	}
}

// text appends a comma and an attribute of text, which needs no escaping.
func (d *doc) text(f form, key, value string) { d.raw(`,"`, key, `"`, f.text, value, f.end) }

func (d *doc) number(f form, key string, value int64) {
	d.raw(`,"`, key, `"`, f.number)
	d.int(value)
	d.raw(f.endNumber)
}

func (d *doc) agentAttributes(x *run, f form) {
	d.text(f, "gen_ai.operation.name", "invoke_agent")
	d.text(f, "gen_ai.agent.name", "Agent "+agentID(x.role.agent))
	d.text(f, "gen_ai.agent.id", agentID(x.role.agent))
	d.raw(`,"gen_ai.conversation.id"`, f.text, `conv-`)
	d.int(int64(x.user))
	d.raw(f.end)
	d.number(f, "gen_ai.usage.input_tokens", 14_800)
	d.number(f, "gen_ai.usage.output_tokens", 1_900)
}

func (d *doc) modelAttributes(x *run, s *span, f form) {
	in := int64(1_800 + 900*s.step + d.r.IntN(700))
	out := int64(120 + d.r.IntN(600))
	d.text(f, "gen_ai.operation.name", "chat")
	d.text(f, "gen_ai.agent.name", "Agent "+agentID(x.role.agent))
	d.text(f, "gen_ai.provider.name", s.provider)
	d.text(f, "gen_ai.request.model", s.model)
	d.text(f, "gen_ai.response.model", s.model)
	d.raw(`,"gen_ai.response.id"`, f.text, `chatcmpl-`)
	d.hex(24)
	d.raw(f.end)
	d.number(f, "gen_ai.usage.input_tokens", in)
	d.number(f, "gen_ai.usage.cache_read.input_tokens", in/3)
	d.number(f, "gen_ai.usage.output_tokens", out)
	d.text(f, "gen_ai.response.finish_reasons", `[\"tool_calls\"]`)
	d.raw(`,"gen_ai.input.messages"`, f.text)
	d.conversation(s.step)
	d.raw(f.end, `,"gen_ai.output.messages"`, f.text, `[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"`)
	d.prose(15)
	d.raw(`\"},{\"type\":\"tool_call\",\"id\":\"call_`)
	d.hex(12)
	d.raw(`\",\"name\":\"`, tools[s.step], `\",\"arguments\":{\"order\":`)
	d.digits(6)
	d.raw(`}}]}]`, f.end)
}

// conversation appends the messages so far: one exchange more with each round.
func (d *doc) conversation(round int) {
	d.raw(`[{\"role\":\"system\",\"parts\":[{\"type\":\"text\",\"content\":\"You are a support agent. Answer briefly, cite the order, never promise a refund before the policy allows it.\"}]},`,
		`{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"`)
	d.prose(30)
	d.raw(`\"}]}`)
	for range round {
		d.raw(`,{\"role\":\"tool\",\"parts\":[{\"type\":\"tool_call_response\",\"id\":\"call_`)
		d.hex(12)
		d.raw(`\",\"response\":{\"state\":\"`, d.pick(verbs), `\",\"note\":\"`)
		d.prose(15)
		d.raw(`\"}}]}`)
	}
	d.raw(`]`)
}

func (d *doc) toolAttributes(x *run, s *span, f form) {
	d.text(f, "gen_ai.operation.name", "execute_tool")
	d.text(f, "gen_ai.agent.name", "Agent "+agentID(x.role.agent))
	d.text(f, "gen_ai.tool.name", s.tool)
	d.raw(`,"gen_ai.tool.call.arguments"`, f.text, `{\"order\":`)
	d.digits(6)
	d.raw(`,\"customer\":\"`)
	d.hex(8)
	d.raw(`\"}`, f.end, `,"gen_ai.tool.call.result"`, f.text, `{\"state\":\"paid\",\"total\":`)
	d.digits(4)
	d.raw(`,\"note\":\"`)
	d.prose(24)
	d.raw(`\"}`, f.end)
	if s.failed {
		d.text(f, "error.type", "ToolTimeout")
	}
}

var words = []string{"the", "order", "was", "charged", "twice", "on", "Monday", "and", "customer", "asks", "for", "a", "refund", "before",
	"shipment", "because", "parcel", "arrived", "late", "with", "broken", "screen", "please", "check", "ledger", "entry", "of", "warehouse",
	"invoice", "carrier", "promised", "delivery", "within", "days", "agent", "should", "confirm", "address", "then", "reply", "politely"}

// prose appends n words that mean little.
func (d *doc) prose(n int) {
	for i := range n {
		if i > 0 {
			d.b = append(d.b, ' ')
		}
		d.raw(d.pick(words))
	}
}
