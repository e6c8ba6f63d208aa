package picket

import "github.com/getsentry/sentry-go"

const (
	eventTransaction = "transaction"
	eventCheckIn     = "check_in"
)

// event writes a whole event in Sentry's protocol, each part cleared as the server
// clears it. Extra functions write further members, of which they begin each.
//
// Beside secrets it differs from what sentry-go writes in this: lists are
// {"values":[…]}, empty objects are left out, times are in UTC, and what the options
// say is not sent of users.
func (e *encoder) event(ev *sentry.Event, extra ...func(*encoder)) {
	if ev.Type == eventCheckIn {
		e.checkIn(ev)
		return
	}
	e.open()
	e.eventHead(ev)
	e.exceptions(ev.Exception)
	e.threads(ev.Threads)
	e.breadcrumbs(ev.Breadcrumbs)
	if ev.Request != nil {
		e.member("request").request(ev.Request)
	}
	e.userMember(&ev.User)
	e.contexts(ev.Contexts)
	e.tags(ev.Tags)
	e.modules(ev.Modules)
	e.sdk(&ev.Sdk)
	if ev.DebugMeta != nil {
		e.plainMember("debug_meta", ev.DebugMeta)
	}
	if ev.Type == eventTransaction {
		e.transactionMembers(ev)
	}
	for _, write := range extra {
		write(e)
	}
	e.close()
}

// eventHead writes the members that are texts.
func (e *encoder) eventHead(ev *sentry.Event) {
	e.fixed("event_id", string(ev.EventID))
	e.moment("timestamp", ev.Timestamp)
	e.fixed("platform", ev.Platform)
	e.fixed("level", string(ev.Level))
	e.fixed("release", ev.Release)
	e.fixed("environment", ev.Environment)
	e.fixed("dist", ev.Dist)
	e.free("message", ev.Message, &e.by.message)
	e.free("transaction", ev.Transaction, &e.by.plain)
	e.free("logger", ev.Logger, &e.by.plain)
	e.free("server_name", ev.ServerName, &e.by.plain)
	if len(ev.Fingerprint) > 0 {
		e.member("fingerprint")
		encodeList(e, ev.Fingerprint, func(e *encoder, s string) { e.scrubbed(s, &e.by.plain, asJSON) })
	}
}

// plainMember writes a member that holds nothing of the host's, and is rare.
func (e *encoder) plainMember(name string, v any) {
	if b, ok := encodeMarshal(v); ok {
		e.member(name)
		e.buf = append(e.buf, b...)
	}
}

func (e *encoder) exceptions(list []sentry.Exception) {
	if len(list) == 0 {
		return
	}
	e.openValues("exception")
	for i := range list {
		e.exception(&list[i])
	}
	e.closeValues()
}

// openValues begins a member in the form that Sentry has for lists.
func (e *encoder) openValues(name string) {
	e.member(name).open()
	e.member("values").openList()
}

func (e *encoder) closeValues() {
	e.closeList()
	e.close()
}

func (e *encoder) exception(x *sentry.Exception) {
	e.next()
	e.open()
	e.fixed("type", x.Type)
	e.free("value", x.Value, &e.by.text)
	e.fixed("module", x.Module)
	if x.ThreadID != 0 {
		e.member("thread_id").uint(x.ThreadID)
	}
	e.stack(x.Stacktrace)
	if x.Mechanism != nil {
		e.mechanism(x.Mechanism)
	}
	e.close()
}

func (e *encoder) mechanism(m *sentry.Mechanism) {
	e.member("mechanism").open()
	e.member("type").raw(m.Type)
	e.free("description", m.Description, &e.by.text)
	e.free("help_link", m.HelpLink, &e.by.text)
	e.fixed("source", m.Source)
	if m.Handled != nil {
		e.member("handled").bool(*m.Handled)
	}
	if m.ParentID != nil {
		e.member("parent_id").int(int64(*m.ParentID))
	}
	e.member("exception_id").int(int64(m.ExceptionID))
	e.flag("is_exception_group", m.IsExceptionGroup)
	if len(m.Data) > 0 {
		e.member("data").object(m.Data)
	}
	e.close()
}

// flag writes a member that is true or not there.
func (e *encoder) flag(name string, set bool) {
	if set {
		e.member(name).bool(true)
	}
}

func (e *encoder) stack(s *sentry.Stacktrace) {
	if s == nil {
		return
	}
	e.member("stacktrace").open()
	if len(s.Frames) > 0 {
		e.member("frames").openList()
		for i := range s.Frames {
			e.frame(&s.Frames[i])
		}
		e.closeList()
	}
	if len(s.FramesOmitted) > 0 {
		e.member("frames_omitted")
		encodeList(e, s.FramesOmitted, func(e *encoder, n uint) { e.uint(uint64(n)) })
	}
	e.close()
}

func (e *encoder) frame(f *sentry.Frame) {
	e.next()
	e.open()
	e.fixed("function", f.Function)
	e.fixed("symbol", f.Symbol)
	e.fixed("module", f.Module)
	e.fixed("filename", f.Filename)
	e.fixed("abs_path", f.AbsPath)
	e.line("lineno", f.Lineno)
	e.line("colno", f.Colno)
	e.source("pre_context", f.PreContext)
	if f.ContextLine != "" {
		e.member("context_line").scrubbed(f.ContextLine, &e.by.source, asText)
	}
	e.source("post_context", f.PostContext)
	e.member("in_app").bool(f.InApp)
	if len(f.Vars) > 0 {
		e.member("vars").object(f.Vars)
	}
	e.fixed("package", f.Package)
	e.fixed("instruction_addr", f.InstructionAddr)
	e.fixed("addr_mode", f.AddrMode)
	e.fixed("symbol_addr", f.SymbolAddr)
	e.fixed("image_addr", f.ImageAddr)
	e.fixed("platform", f.Platform)
	e.flag("stack_start", f.StackStart)
	e.close()
}

func (e *encoder) line(name string, n int) {
	if n != 0 {
		e.member(name).int(int64(n))
	}
}

// source writes lines of source code.
func (e *encoder) source(name string, lines []string) {
	if len(lines) > 0 {
		e.member(name)
		encodeList(e, lines, func(e *encoder, s string) { e.scrubbed(s, &e.by.source, asText) })
	}
}

func (e *encoder) threads(list []sentry.Thread) {
	if len(list) == 0 {
		return
	}
	e.openValues("threads")
	for i := range list {
		t := &list[i]
		e.next()
		e.open()
		e.fixed("id", t.ID)
		e.free("name", t.Name, &e.by.text)
		e.stack(t.Stacktrace)
		e.flag("crashed", t.Crashed)
		e.flag("current", t.Current)
		e.close()
	}
	e.closeValues()
}

func (e *encoder) breadcrumbs(list []*sentry.Breadcrumb) {
	if len(list) == 0 {
		return
	}
	e.openValues("breadcrumbs")
	for _, b := range list {
		if b != nil {
			e.breadcrumb(b)
		}
	}
	e.closeValues()
}

func (e *encoder) breadcrumb(b *sentry.Breadcrumb) {
	e.next()
	e.open()
	e.moment("timestamp", b.Timestamp)
	e.fixed("type", b.Type)
	e.fixed("category", b.Category)
	e.fixed("level", string(b.Level))
	e.free("message", b.Message, &e.by.text)
	e.attributes("data", b.Data)
	e.close()
}

// attributes writes a member that is a map of attributes.
func (e *encoder) attributes(name string, m map[string]any) {
	if len(m) > 0 {
		e.member(name).bag(m, (*encoder).attribute)
	}
}

// bag writes a map, the members of which are written one by one, or not at all.
func (e *encoder) bag(m map[string]any, write func(e *encoder, key string, v any)) {
	if !e.enter() {
		return
	}
	e.open()
	encodeMembers(e, m, write)
	e.close()
	e.depth--
}
