package filter

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"relay.one/picket/internal/model"
)

// variable is what expressions can ask for. What an event does not have is empty, or zero.
type variable struct {
	name string
	kind *cel.Type
	read func(*Subject) any
}

var (
	aText   = cel.StringType
	aNumber = cel.DoubleType
	aMap    = cel.MapType(cel.StringType, cel.StringType)
	aList   = cel.ListType(cel.StringType)
)

// variables lists them. To add one, add a line.
var variables = [...]variable{
	{"event.kind", aText, func(x *Subject) any { return kindName(x.kind()) }},
	{"event.type", aText, func(x *Subject) any { return typeName(x.kind()) }},
	{"event.message", aText, ofEvent(func(e *model.Event) string { return e.Message })},
	{"event.level", aText, ofEvent(func(e *model.Event) string { return e.Level.String() })},
	{"event.platform", aText, ofEvent(func(e *model.Event) string { return e.Platform })},
	{"event.release", aText, func(x *Subject) any { return x.release() }},
	{"event.environment", aText, func(x *Subject) any {
		if x.Event == nil {
			return x.Span.Environment
		}
		return x.Event.Environment
	}},
	{"event.dist", aText, ofEvent(func(e *model.Event) string { return e.Dist })},
	{"event.transaction", aText, func(x *Subject) any { return x.transaction() }},
	{"event.logger", aText, ofEvent(func(e *model.Event) string { return e.Logger })},
	{"event.server_name", aText, ofEvent(func(e *model.Event) string { return e.ServerName })},
	{"event.tags", aMap, func(x *Subject) any { return x.eventTags() }},
	{"event.op", aText, func(x *Subject) any {
		if x.Event == nil {
			return x.Span.Op
		}
		return x.Event.Op
	}},
	{"event.status", aText, func(x *Subject) any { return x.status() }},
	{"event.duration_ms", aNumber, func(x *Subject) any { return x.milliseconds() }},
	{"exception.type", aText, func(x *Subject) any { return x.exception().Type }},
	{"exception.value", aText, func(x *Subject) any { return x.exception().Value }},
	{"exception.types", aList, func(x *Subject) any { return x.exceptions(func(e *model.Exception) string { return e.Type }) }},
	{"exception.values", aList, func(x *Subject) any { return x.exceptions(func(e *model.Exception) string { return e.Value }) }},
	{"user.id", aText, ofUser(func(u *model.User) string { return u.ID })},
	{"user.email", aText, ofUser(func(u *model.User) string { return u.Email })},
	{"user.username", aText, ofUser(func(u *model.User) string { return u.Username })},
	{"user.ip", aText, ofUser(func(u *model.User) string { return u.IP })},
	{"request.url", aText, ofEvent(func(e *model.Event) string { return e.Request.URL })},
	{"request.method", aText, ofEvent(func(e *model.Event) string { return e.Request.Method })},
	{"request.headers", aMap, func(x *Subject) any { return x.requestHeaders() }},
	{"request.user_agent", aText, func(x *Subject) any { return x.userAgent() }},
	{"agent.id", aText, ofAgent(func(a *model.Agent) string { return a.ID })},
	{"agent.name", aText, ofAgent(func(a *model.Agent) string { return a.Name })},
	{"agent.framework", aText, ofAgent(func(a *model.Agent) string { return a.Framework })},
	{"agent.version", aText, ofAgent(func(a *model.Agent) string { return a.Version })},
	{"execution", aText, ofEither(func(e *model.Event) string { return e.Execution }, func(s *model.Span) string { return s.Execution })},
	{"conversation", aText, ofEither(func(e *model.Event) string { return e.Conversation }, func(s *model.Span) string { return s.Conversation })},
	{"organization", aText, ofEither(func(e *model.Event) string { return e.Organization }, func(s *model.Span) string { return s.Organization })},
	{"sdk.name", aText, ofEvent(func(e *model.Event) string { return e.SDKName })},
	{"sdk.version", aText, ofEvent(func(e *model.Event) string { return e.SDKVersion })},
}

// Names returns what expressions can ask for.
func Names() []string {
	names := make([]string, len(variables))
	for i := range variables {
		names[i] = variables[i].name
	}
	return names
}

func ofEvent(read func(*model.Event) string) func(*Subject) any {
	return ofEither(read, func(*model.Span) string { return "" })
}

func ofEither(event func(*model.Event) string, span func(*model.Span) string) func(*Subject) any {
	return func(x *Subject) any {
		if x.Event == nil {
			return span(x.Span)
		}
		return event(x.Event)
	}
}

func ofUser(read func(*model.User) string) func(*Subject) any {
	return ofEither(func(e *model.Event) string { return read(&e.User) }, func(s *model.Span) string { return read(&s.User) })
}

func ofAgent(read func(*model.Agent) string) func(*Subject) any {
	return ofEither(func(e *model.Event) string { return read(&e.Agent) }, func(s *model.Span) string { return read(&s.Agent) })
}

func (x *Subject) kind() model.Kind {
	if x.Event == nil {
		return model.KindTransaction
	}
	return x.Event.Kind
}

func kindName(k model.Kind) string {
	switch k {
	case model.KindTransaction:
		return "transaction"
	case model.KindFeedback:
		return "feedback"
	case model.KindMessage:
		return "message"
	}
	return "error"
}

// typeName is Sentry's word for a kind.
func typeName(k model.Kind) string {
	if k == model.KindMessage {
		return "default"
	}
	return kindName(k)
}

func (x *Subject) status() string {
	s := model.StatusUnknown
	switch {
	case x.Event == nil:
		s = x.Span.Status
	case x.Event.Kind == model.KindTransaction:
		s = x.Event.Status
	default:
		return ""
	}
	return s.String()
}

func (x *Subject) milliseconds() float64 {
	switch {
	case x.Event == nil:
		return float64(x.Span.Duration.Microseconds()) / 1000
	case x.Event.Kind == model.KindTransaction:
		return float64(x.Event.Timestamp.Sub(x.Event.Started).Microseconds()) / 1000
	}
	return 0
}

// exception returns the one that was reported: the outermost, which comes last.
func (x *Subject) exception() model.Exception {
	if x.Event == nil || len(x.Event.Exceptions) == 0 {
		return model.Exception{}
	}
	return x.Event.Exceptions[len(x.Event.Exceptions)-1]
}

func (x *Subject) exceptions(read func(*model.Exception) string) []string {
	out := []string{}
	if x.Event != nil {
		for i := range x.Event.Exceptions {
			out = append(out, read(&x.Event.Exceptions[i]))
		}
	}
	return out
}

// words are texts by name, for expressions. A name that is not there has the empty text,
// so that asking for a tag does not fail on whatever has none.
type words struct {
	traits.Mapper
	of map[string]string
}

func newWords(of map[string]string) *words {
	return &words{types.NewStringStringMap(types.DefaultTypeAdapter, of), of}
}

// Find implements traits.Mapper.
func (w *words) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), true
	}
	return types.String(w.of[string(name)]), true
}

// Get implements traits.Indexer.
func (w *words) Get(key ref.Val) ref.Val {
	v, _ := w.Find(key)
	return v
}

// Contains implements traits.Container.
func (w *words) Contains(key ref.Val) ref.Val {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key)
	}
	_, there := w.of[string(name)]
	return types.Bool(there)
}
