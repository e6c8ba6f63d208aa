package sentryapi

import (
	"cmp"
	"encoding/json"
	"net/url"

	"relay.one/picket/internal/group"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
)

type exceptions struct {
	Values          []exception `json:"values"` // the root cause first
	HasSystemFrames bool        `json:"hasSystemFrames"`
	Omitted         []int       `json:"excOmitted"`
}

type exception struct {
	Type          *string               `json:"type"`
	Value         *string               `json:"value"`
	Module        *string               `json:"module"`
	ThreadID      *string               `json:"threadId"`
	Mechanism     *sentry.MechanismView `json:"mechanism"`
	Stacktrace    *stacktrace           `json:"stacktrace"`
	RawStacktrace *stacktrace           `json:"rawStacktrace"`
}

type stacktrace struct {
	Frames          []frame         `json:"frames"` // the crash last
	FramesOmitted   json.RawMessage `json:"framesOmitted"`
	Registers       json.RawMessage `json:"registers"`
	HasSystemFrames bool            `json:"hasSystemFrames"`
}

type frame struct {
	Filename        *string         `json:"filename"`
	AbsPath         *string         `json:"absPath"`
	Module          *string         `json:"module"`
	Package         *string         `json:"package"`
	Platform        *string         `json:"platform"`
	InstructionAddr *string         `json:"instructionAddr"`
	SymbolAddr      *string         `json:"symbolAddr"`
	Function        *string         `json:"function"`
	RawFunction     *string         `json:"rawFunction"`
	Symbol          *string         `json:"symbol"`
	Context         [][2]any        `json:"context"` // [line number, text]
	LineNo          *int            `json:"lineNo"`
	ColNo           *int            `json:"colNo"`
	InApp           bool            `json:"inApp"`
	Trust           *string         `json:"trust"`
	Errors          []string        `json:"errors"`
	Lock            json.RawMessage `json:"lock"`
	Vars            sentry.Members  `json:"vars"`
}

type thread struct {
	ID            *string         `json:"id"`
	Name          *string         `json:"name"`
	State         *string         `json:"state"`
	Crashed       bool            `json:"crashed"`
	Current       bool            `json:"current"`
	Main          bool            `json:"main"`
	Stacktrace    *stacktrace     `json:"stacktrace"`
	RawStacktrace *stacktrace     `json:"rawStacktrace"`
	HeldLocks     json.RawMessage `json:"heldLocks"`
}

func exceptionsOf(v *sentry.EventView) exceptions {
	out := exceptions{Values: each(v.Exceptions, exceptionOf)}
	for _, x := range out.Values {
		out.HasSystemFrames = out.HasSystemFrames || x.Stacktrace != nil && x.Stacktrace.HasSystemFrames
	}
	return out
}

func exceptionOf(x sentry.ExceptionView) exception {
	return exception{
		text(x.Type), text(x.Value), text(x.Module), text(x.ThreadID), x.Mechanism,
		stacktraceOf(x.Stacktrace), stacktraceOf(x.RawStacktrace),
	}
}

func threadOf(t sentry.ThreadView) thread {
	return thread{
		text(t.ID), text(t.Name), text(t.State), t.Crashed, t.Current, t.Main,
		stacktraceOf(t.Stacktrace), stacktraceOf(t.RawStacktrace), t.HeldLocks,
	}
}

func stacktraceOf(s *sentry.StacktraceView) *stacktrace {
	if s == nil {
		return nil
	}
	out := &stacktrace{Frames: each(s.Frames, frameOf), FramesOmitted: s.FramesOmitted, Registers: s.Registers}
	app, system := false, false
	for i := range out.Frames {
		app, system = app || out.Frames[i].InApp, system || !out.Frames[i].InApp
	}
	out.HasSystemFrames = app && system
	return out
}

func frameOf(f sentry.FrameView) frame {
	return frame{
		Filename: text(cmp.Or(f.Filename, pathOf(f.AbsPath))), AbsPath: text(cmp.Or(f.AbsPath, f.Filename)), Module: text(f.Module), Package: text(f.Package),
		Platform: text(f.Platform), InstructionAddr: text(f.InstructionAddr), SymbolAddr: text(f.SymbolAddr),
		Function: text(f.Function), RawFunction: text(f.RawFunction), Symbol: text(f.Symbol), Context: source(&f),
		LineNo: number(f.Lineno), ColNo: number(f.Colno), InApp: f.InApp != nil && *f.InApp,
		Trust: text(f.Trust), Errors: []string{}, Lock: f.Lock, Vars: f.Vars,
	}
}

// pathOf returns where a file is: of a URL the path, which is what Sentry shows
// when the client named no file.
func pathOf(abs string) string {
	if u, err := url.Parse(abs); err == nil && u.Host != "" && u.Path != "" {
		return u.Path
	}
	return abs
}

func number(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// source returns the lines around a frame with their numbers.
func source(f *sentry.FrameView) [][2]any {
	out := [][2]any{}
	if f.ContextLine == "" && len(f.PreContext)+len(f.PostContext) == 0 {
		return out
	}
	n := f.Lineno - len(f.PreContext)
	add := func(line string) {
		out = append(out, [2]any{n, line})
		n++
	}
	for _, line := range f.PreContext {
		add(line)
	}
	add(f.ContextLine)
	for _, line := range f.PostContext {
		add(line)
	}
	return out
}

// settle marks the frames that are the application's own by the rules that grouped
// the event, which know better than some SDKs.
func settle(v *sentry.EventView) {
	e := model.Event{Kind: model.KindError, Platform: v.Platform}
	var stacks []*sentry.StacktraceView
	for i := range v.Exceptions {
		stacks = append(stacks, v.Exceptions[i].Stacktrace)
		e.Exceptions = append(e.Exceptions, model.Exception{
			Type: v.Exceptions[i].Type, Value: v.Exceptions[i].Value, Frames: framesOf(v.Exceptions[i].Stacktrace), ID: -1, ParentID: -1,
		})
	}
	for i := range v.Threads {
		stacks = append(stacks, v.Threads[i].Stacktrace)
		e.Threads = append(e.Threads, model.Thread{Frames: framesOf(v.Threads[i].Stacktrace)})
	}
	b := model.Batch{Events: []model.Event{e}}
	group.Assign(&b)
	marked := b.Events[0]
	for i, s := range stacks {
		if i < len(marked.Exceptions) {
			mark(s, marked.Exceptions[i].Frames)
		} else {
			mark(s, marked.Threads[i-len(marked.Exceptions)].Frames)
		}
	}
}

func framesOf(s *sentry.StacktraceView) []model.Frame {
	if s == nil {
		return nil
	}
	out := make([]model.Frame, len(s.Frames))
	for i := range s.Frames {
		f := &s.Frames[i]
		out[i] = model.Frame{
			Function: f.Function, RawFunction: f.RawFunction, Module: f.Module, Package: f.Package, Filename: f.Filename,
			AbsPath: f.AbsPath, ContextLine: f.ContextLine, Line: f.Lineno, Column: f.Colno, Platform: f.Platform,
		}
		if f.InApp != nil {
			out[i].InApp = map[bool]model.Tristate{true: model.Yes, false: model.No}[*f.InApp]
		}
	}
	return out
}

func mark(s *sentry.StacktraceView, frames []model.Frame) {
	for i := range frames {
		yes := frames[i].InApp == model.Yes
		s.Frames[i].InApp = &yes
	}
}
