package sentry

import (
	"encoding/json"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// ExceptionView is one link of a chain of exceptions.
type ExceptionView struct {
	Type          string          `json:"type,omitzero"`
	Value         string          `json:"value,omitzero"` // JSON when it was no text
	Module        string          `json:"module,omitzero"`
	ThreadID      string          `json:"thread_id,omitzero"`
	Mechanism     *MechanismView  `json:"mechanism,omitzero"`
	Stacktrace    *StacktraceView `json:"stacktrace,omitzero"`
	RawStacktrace *StacktraceView `json:"raw_stacktrace,omitzero"`
}

// MechanismView says how an exception was caught. Pointers are nil when not told.
type MechanismView struct {
	Type             string          `json:"type"`
	Handled          *bool           `json:"handled,omitzero"`
	Synthetic        *bool           `json:"synthetic,omitzero"`
	ExceptionID      *int            `json:"exception_id,omitzero"`
	ParentID         *int            `json:"parent_id,omitzero"`
	IsExceptionGroup *bool           `json:"is_exception_group,omitzero"`
	Source           string          `json:"source,omitzero"`
	Description      string          `json:"description,omitzero"`
	HelpLink         string          `json:"help_link,omitzero"`
	Data             json.RawMessage `json:"data,omitzero"`
	Meta             json.RawMessage `json:"meta,omitzero"`
}

// StacktraceView is a stack; the crash comes last.
type StacktraceView struct {
	Frames        []FrameView     `json:"frames"`
	FramesOmitted json.RawMessage `json:"frames_omitted,omitzero"`
	Registers     json.RawMessage `json:"registers,omitzero"`
	Lang          string          `json:"lang,omitzero"`
}

// FrameView is one call of a stack.
type FrameView struct {
	Function        string          `json:"function,omitzero"`
	RawFunction     string          `json:"raw_function,omitzero"`
	Symbol          string          `json:"symbol,omitzero"`
	Module          string          `json:"module,omitzero"`
	Package         string          `json:"package,omitzero"`
	Filename        string          `json:"filename,omitzero"`
	AbsPath         string          `json:"abs_path,omitzero"`
	Lineno          int             `json:"lineno,omitzero"`
	Colno           int             `json:"colno,omitzero"`
	PreContext      []string        `json:"pre_context,omitzero"`
	ContextLine     string          `json:"context_line,omitzero"`
	PostContext     []string        `json:"post_context,omitzero"`
	InApp           *bool           `json:"in_app,omitzero"`
	Vars            Members         `json:"vars,omitzero"`
	Data            json.RawMessage `json:"data,omitzero"`
	Platform        string          `json:"platform,omitzero"`
	ImageAddr       string          `json:"image_addr,omitzero"`
	InstructionAddr string          `json:"instruction_addr,omitzero"`
	SymbolAddr      string          `json:"symbol_addr,omitzero"`
	AddrMode        string          `json:"addr_mode,omitzero"`
	Trust           string          `json:"trust,omitzero"`
	Lock            json.RawMessage `json:"lock,omitzero"`
}

// ThreadView is one thread of the process.
type ThreadView struct {
	ID            string          `json:"id,omitzero"`
	Name          string          `json:"name,omitzero"`
	State         string          `json:"state,omitzero"`
	Crashed       bool            `json:"crashed,omitzero"`
	Current       bool            `json:"current,omitzero"`
	Main          bool            `json:"main,omitzero"`
	Stacktrace    *StacktraceView `json:"stacktrace,omitzero"`
	RawStacktrace *StacktraceView `json:"raw_stacktrace,omitzero"`
	HeldLocks     json.RawMessage `json:"held_locks,omitzero"`
}

func exceptionView(v *fastjson.Value) ExceptionView {
	return ExceptionView{
		Type:          text(v.Get("type"), unlimited),
		Value:         anyText(v.Get("value"), unlimited),
		Module:        text(v.Get("module"), unlimited),
		ThreadID:      text(v.Get("thread_id"), unlimited),
		Mechanism:     mechanismView(v.Get("mechanism")),
		Stacktrace:    stackView(v.Get("stacktrace")),
		RawStacktrace: stackView(v.Get("raw_stacktrace")),
	}
}

func mechanismView(v *fastjson.Value) *MechanismView {
	if typeOf(v) != fastjson.TypeObject || v.GetObject().Len() == 0 {
		return nil
	}
	return &MechanismView{
		Type:             or(text(v.Get("type"), unlimited), "generic"),
		Handled:          viewBool(v.Get("handled")),
		Synthetic:        viewBool(v.Get("synthetic")),
		ExceptionID:      viewIndex(v.Get("exception_id")),
		ParentID:         viewIndex(v.Get("parent_id")),
		IsExceptionGroup: viewBool(v.Get("is_exception_group")),
		Source:           text(v.Get("source"), unlimited),
		Description:      text(v.Get("description"), unlimited),
		HelpLink:         text(v.Get("help_link"), unlimited),
		Data:             viewJSON(v.Get("data")),
		Meta:             viewJSON(v.Get("meta")),
	}
}

func viewBool(v *fastjson.Value) *bool {
	t := tristate(v)
	if t == model.Unknown {
		return nil
	}
	return new(t == model.Yes)
}

func viewIndex(v *fastjson.Value) *int {
	i := index(v)
	if i < 0 {
		return nil
	}
	return &i
}

// stackView reads a stack trace, or a bare list of frames.
func stackView(v *fastjson.Value) *StacktraceView {
	list := v.GetArray()
	if list == nil {
		list = v.GetArray("frames")
	}
	if len(list) == 0 {
		return nil
	}
	s := &StacktraceView{Frames: make([]FrameView, 0, len(list))}
	for _, f := range list {
		if typeOf(f) == fastjson.TypeObject {
			s.Frames = append(s.Frames, FrameView{})
			frameView(&s.Frames[len(s.Frames)-1], f)
		}
	}
	s.FramesOmitted = viewJSON(v.Get("frames_omitted"))
	s.Registers = viewJSON(v.Get("registers"))
	s.Lang = text(v.Get("lang"), unlimited)
	return s
}

func frameView(f *FrameView, v *fastjson.Value) {
	f.Function = text(v.Get("function"), unlimited)
	f.RawFunction = text(v.Get("raw_function"), unlimited)
	f.Symbol = text(v.Get("symbol"), unlimited)
	f.Module = text(v.Get("module"), unlimited)
	f.Package = text(v.Get("package"), unlimited)
	f.Filename = text(v.Get("filename"), unlimited)
	f.AbsPath = text(v.Get("abs_path"), unlimited)
	f.Lineno = integer(v.Get("lineno"))
	f.Colno = integer(v.Get("colno"))
	f.PreContext = viewLines(v.Get("pre_context"))
	f.ContextLine = text(v.Get("context_line"), unlimited)
	f.PostContext = viewLines(v.Get("post_context"))
	f.InApp = viewBool(v.Get("in_app"))
	f.Vars = viewMembers(v.Get("vars"))
	f.Data = viewJSON(v.Get("data"))
	f.Platform = text(v.Get("platform"), unlimited)
	f.ImageAddr = text(v.Get("image_addr"), unlimited)
	f.InstructionAddr = text(v.Get("instruction_addr"), unlimited)
	f.SymbolAddr = text(v.Get("symbol_addr"), unlimited)
	f.AddrMode = text(v.Get("addr_mode"), unlimited)
	f.Trust = text(v.Get("trust"), unlimited)
	f.Lock = viewJSON(v.Get("lock"))
}

// viewLines reads lines of source; a line that is no text stays as an empty one,
// since its place counts.
func viewLines(v *fastjson.Value) []string {
	list := v.GetArray()
	if len(list) == 0 {
		return nil
	}
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = text(e, unlimited)
	}
	return out
}

func threadView(v *fastjson.Value) ThreadView {
	return ThreadView{
		ID:            text(v.Get("id"), unlimited),
		Name:          text(v.Get("name"), unlimited),
		State:         text(v.Get("state"), unlimited),
		Crashed:       truth(v.Get("crashed")),
		Current:       truth(v.Get("current")),
		Main:          truth(v.Get("main")),
		Stacktrace:    stackView(v.Get("stacktrace")),
		RawStacktrace: stackView(v.Get("raw_stacktrace")),
		HeldLocks:     viewJSON(v.Get("held_locks")),
	}
}
