package sentry

import (
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// Bounds of what is read for grouping; the payload keeps everything.
const (
	maxExceptions = 100
	maxThreads    = 200
	maxFrames     = 250
)

// exceptions reads a chain of exceptions, the newest ones when there are too many.
func exceptions(t *texts, v *fastjson.Value) []model.Exception {
	list := values(v)
	if len(list) == 0 {
		return nil
	}
	list = list[max(0, len(list)-maxExceptions):]
	out := make([]model.Exception, 0, len(list))
	for _, e := range list {
		if x, ok := exception(t, e); ok {
			out = append(out, x)
		}
	}
	return out
}

// exception reads one exception; false when there is nothing in it.
func exception(t *texts, v *fastjson.Value) (model.Exception, bool) {
	x := model.Exception{ID: -1, ParentID: -1}
	var raw []model.Frame
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			x.Type = text(v, symbolLimit)
		case "value":
			x.Value = anyText(v, messageLimit)
		case "module":
			x.Module = text(v, symbolLimit)
		case "stacktrace":
			x.Frames = frames(t, v)
		case "raw_stacktrace":
			raw = frames(t, v)
		case "mechanism":
			mechanism(&x, v)
		}
	})
	if x.Frames == nil {
		x.Frames = raw
	}
	return x, x.Type != "" || x.Value != "" || len(x.Frames) > 0
}

func mechanism(x *model.Exception, v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			x.Mechanism = text(v, enumLimit)
		case "handled":
			x.Handled = tristate(v)
		case "synthetic":
			x.Synthetic = truth(v)
		case "exception_id":
			x.ID = index(v)
		case "parent_id":
			x.ParentID = index(v)
		case "is_exception_group":
			x.Group = truth(v)
		}
	})
	if x.Mechanism == "" && v.GetObject() != nil && v.GetObject().Len() > 0 {
		x.Mechanism = "generic"
	}
}

// index reads the number of an exception in its tree; -1 when there is none.
func index(v *fastjson.Value) int {
	if f, ok := number(v); ok && f >= 0 && f < 1<<31 {
		return int(f)
	}
	return -1
}

// frames reads a stack trace, or a bare list of frames; the newest of too many.
func frames(t *texts, v *fastjson.Value) []model.Frame {
	list := v.GetArray()
	if list == nil {
		list = v.GetArray("frames")
	}
	if len(list) == 0 {
		return nil
	}
	list = list[max(0, len(list)-maxFrames):]
	out := make([]model.Frame, 0, len(list))
	for _, f := range list {
		if typeOf(f) == fastjson.TypeObject {
			out = append(out, model.Frame{})
			frame(t, &out[len(out)-1], f)
		}
	}
	return out
}

func frame(t *texts, f *model.Frame, v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "function":
			f.Function = t.text(v, symbolLimit)
		case "raw_function":
			f.RawFunction = t.text(v, symbolLimit)
		case "module":
			f.Module = t.text(v, symbolLimit)
		case "package":
			f.Package = t.text(v, symbolLimit)
		case "filename":
			f.Filename = t.text(v, pathLimit)
		case "abs_path":
			f.AbsPath = t.text(v, pathLimit)
		case "context_line":
			f.ContextLine = t.text(v, summaryLimit)
		case "lineno":
			f.Line = integer(v)
		case "colno":
			f.Column = integer(v)
		case "in_app":
			f.InApp = tristate(v)
		case "platform":
			f.Platform = t.text(v, loggerLimit)
		case "data":
			f.SourceMapped = anyText(v.Get("sourcemap"), summaryLimit) != ""
		}
	})
}

// threads reads the threads of a process.
func threads(t *texts, v *fastjson.Value) []model.Thread {
	list := values(v)
	if len(list) == 0 {
		return nil
	}
	list = list[:min(len(list), maxThreads)]
	out := make([]model.Thread, 0, len(list))
	for _, e := range list {
		if typeOf(e) == fastjson.TypeObject {
			out = append(out, thread(t, e))
		}
	}
	return out
}

func thread(t *texts, v *fastjson.Value) (th model.Thread) {
	var raw []model.Frame
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			th.ID = text(v, enumLimit)
		case "name":
			th.Name = text(v, summaryLimit)
		case "crashed":
			th.Crashed = truth(v)
		case "current":
			th.Current = truth(v)
		case "stacktrace":
			th.Frames = frames(t, v)
		case "raw_stacktrace":
			raw = frames(t, v)
		}
	})
	if th.Frames == nil {
		th.Frames = raw
	}
	return th
}

// placeStack puts the stack trace of an old client, which belongs to the whole
// event, where it belongs: onto the only exception if that has none, else into a thread.
func placeStack(t *texts, e *model.Event, v *fastjson.Value) {
	stack := frames(t, v)
	if len(stack) == 0 {
		return
	}
	if len(e.Exceptions) == 1 && len(e.Exceptions[0].Frames) == 0 {
		e.Exceptions[0].Frames = stack
		return
	}
	e.Threads = append(e.Threads, model.Thread{Current: true, Frames: stack})
}

// handled tells whether the program caught what the event reports. The
// instrumentation of AI clients marks every error of a provider as not handled,
// even when the caller catches it: that says nothing.
func handled(list []model.Exception) model.Tristate {
	all := model.Unknown
	for i := range list {
		x := &list[i]
		if strings.HasPrefix(x.Mechanism, "auto.ai.") {
			continue
		}
		if x.Handled == model.No {
			return model.No
		}
		if x.Handled == model.Yes {
			all = model.Yes
		}
	}
	return all
}
