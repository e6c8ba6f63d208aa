package fault

import (
	"strings"

	"relay.one/picket/internal/model"
)

// scope is a set of what the signs say of where an error happened.
type scope uint8

const (
	inModel  scope = 1 << iota // a model was called, or its provider speaks
	inTool                     // a tool was called
	inAgent                    // an agent ran, or a framework for agents speaks
	inMCP                      // MCP was spoken
	inPolicy                   // a policy was evaluated
	inCloud                    // a cloud that sells models among much else speaks: no sign of a model

	inRun = inModel | inTool | inAgent | inMCP | inPolicy
)

// meets reports whether any of what is needed is there. Nothing needed is always there.
func (s scope) meets(needs scope) bool { return needs == 0 || s&needs != 0 }

// evidence is what the signs of one error say, before any rule.
type evidence struct {
	in       scope
	provider string
	class    string // last part of the type's name
	sdk      bool   // the type or its module belongs to a provider's SDK, whatever the span
	span     model.SpanKind
	status   int
	text     string
	hits     hits
	found    bool // any phrase
	body     body
}

// spanScopes says what the kinds of span are evidence of.
var spanScopes = [...]scope{model.SpanModel: inModel, model.SpanTool: inTool, model.SpanAgent: inAgent,
	model.SpanHandoff: inAgent, model.SpanPolicy: inPolicy}

// read gathers the evidence. What is nearest to the provider settles whose error it is:
// what the message names, what the span names, what the body looks like, the SDK.
func (e *evidence) read(s *Signs) {
	e.text = s.Message[:min(len(s.Message), maxMessage)]
	e.status = s.HTTPStatus
	e.class = classOf(s.Type)
	e.readSpan(s)
	bySDK := e.readNames(s)
	e.found = book.index.scan(e.text, &e.hits)
	e.readSigns()
	e.readAttributes(s.Attributes)
	e.body = readBody(e.text)
	if f, certain := e.body.family(); f != nil && (certain || e.in&inModel != 0 || f == &openAI) {
		if certain {
			e.in |= f.in
		}
		if bySDK == "" || f == &azure {
			e.name(f.provider)
		}
	}
	e.name(bySDK)
}

// empty reports whether nothing speaks of an agent, a model or a tool.
func (e *evidence) empty() bool {
	return e.in == 0 && !e.found && e.body.n == 0 && book.types[e.class] == nil
}

func (e *evidence) name(provider string) {
	if e.provider == "" {
		e.provider = provider
	}
}

// classOf returns the last part of a type's name, without a pointer's star.
func classOf(typ string) string {
	if end := strings.IndexAny(typ, "[<( "); end > 0 {
		typ = typ[:end]
	}
	return strings.TrimLeft(typ[strings.LastIndexAny(typ, "./:")+1:], "*&")
}

// readSpan looks at the span and at how the error was caught.
func (e *evidence) readSpan(s *Signs) {
	e.span = s.SpanKind
	if int(s.SpanKind) < len(spanScopes) {
		e.in |= spanScopes[s.SpanKind]
	}
	if s.Tool != "" {
		e.in |= inTool
	}
	switch {
	case strings.HasPrefix(s.SpanOp, "mcp."):
		e.in |= inMCP
	case s.SpanKind != model.SpanOther:
	case s.SpanOp == "gen_ai.execute_tool" || strings.HasPrefix(s.SpanOp, "ai.toolCall"):
		e.in |= inTool
	case s.SpanOp == "gen_ai.invoke_agent" || s.SpanOp == "gen_ai.handoff" || s.SpanOp == "gen_ai.create_agent":
		e.in |= inAgent
	case strings.HasPrefix(s.SpanOp, "gen_ai.") || strings.HasPrefix(s.SpanOp, "ai."):
		e.in |= inModel
	}
	e.readMechanism(s.Mechanism)
}

// readMechanism knows what the AI integrations of Sentry's SDKs call themselves.
func (e *evidence) readMechanism(mechanism string) {
	name, ok := strings.CutPrefix(mechanism, "auto.ai.")
	switch {
	case !ok && mechanism != "ai_monitoring":
	case strings.HasPrefix(name, "mcp"):
		e.in |= inMCP
	case e.in&inTool == 0:
		e.in |= inModel
		e.sdk = true
	}
}

// readNames looks for the families of the type and of its module, and returns their provider.
func (e *evidence) readNames(s *Signs) (provider string) {
	for _, name := range [...]string{strings.TrimLeft(s.Type, "*&"), s.Module} {
		if name == "" {
			continue
		}
		for _, p := range book.prefixes[name[0]] {
			if !belongs(name, p.text) {
				continue
			}
			e.in |= p.family.in
			e.sdk = e.sdk || p.family.in&inModel != 0
			if provider == "" {
				provider = p.family.provider
			}
		}
	}
	return provider
}

// belongs reports whether the name is the package's, or that of something in it. A prefix
// that ends in no letter stands for all the names that begin so.
func belongs(name, prefix string) bool {
	if len(name) < len(prefix) || name[:len(prefix)] != prefix {
		return false
	}
	return len(name) == len(prefix) || !isName(name[len(prefix)]) || !isWord(fold[prefix[len(prefix)-1]])
}

// readSigns looks for families that the message names.
func (e *evidence) readSigns() {
	if !e.found {
		return
	}
	for i := range book.signs {
		if s := &book.signs[i]; e.hits.has(s.text) {
			e.in |= s.family.in
			e.name(s.family.provider)
		}
	}
}

// readAttributes looks at what the span says of itself.
func (e *evidence) readAttributes(attributes model.Attributes) {
	for i := range attributes {
		switch a := &attributes[i]; a.Key {
		case "gen_ai.provider.name", "gen_ai.system", "ai.model.provider":
			e.name(providerOf(a.Value))
			if e.in&(inTool|inAgent) == 0 {
				e.in |= inModel
			}
		case "mcp.method.name", "mcp.tool.name":
			e.in |= inMCP
		case "http.response.status_code":
			if e.status == 0 {
				e.status = statusOf(a.Value)
			}
		case "error.type":
			if e.class == "" {
				e.class = classOf(a.Value)
			}
		}
	}
}

// providerNames maps what spans call providers, or begin to, to our names.
var providerNames = [...]struct{ prefix, provider string }{
	{"azure", "azure"}, {"az.", "azure"}, {"openai", "openai"}, {"anthropic", "anthropic"},
	{"aws", "aws.bedrock"}, {"bedrock", "aws.bedrock"}, {"amazon", "aws.bedrock"},
	{"gcp", "google"}, {"google", "google"}, {"gemini", "google"}, {"vertex", "google"},
	{"mistral", "mistral"}, {"cohere", "cohere"},
}

func providerOf(name string) string {
	for _, p := range providerNames {
		if len(name) >= len(p.prefix) && strings.EqualFold(name[:len(p.prefix)], p.prefix) {
			return p.provider
		}
	}
	return name
}

// byType returns the rule for the exception's type, general or not.
func (e *evidence) byType(general bool) *rule {
	if r := book.types[e.class]; r != nil && r.general == general && e.in.meets(r.needs) {
		return r
	}
	return nil
}
