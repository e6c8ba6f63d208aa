package demo

import (
	"fmt"
	"strings"

	"github.com/getsentry/sentry-go"
)

// capture reports the fault that the step ran into.
func (s *scene) capture(f *fault) {
	s.did.events++
	if f.code != nil {
		f.code(s)
		return
	}
	e := sentry.NewEvent()
	e.Level = sentry.LevelError
	e.Exception = s.exceptions(f)
	e.Message = ""
	if s.run.agent.entry == byRequest {
		e.Request = s.request()
	}
	if s.run.agent.id == "code-review" {
		e.Attachments = []*sentry.Attachment{{Filename: "pull.diff", ContentType: "text/x-diff", Payload: []byte(diff)}}
	}
	s.hub.CaptureEvent(e)
}

const diff = `--- a/agents/review/rules.py
+++ b/agents/review/rules.py
@@ -41,2 +41,3 @@
 def allowed(path):
-    return path.endswith(".py")
+    # simulated attachment
+    return path.endswith((".py", ".pyi"))
`

func (s *scene) request() *sentry.Request {
	return &sentry.Request{Method: "POST", URL: "https://agents.example.com/v1/agents/" + s.run.agent.id + "/runs",
		Data:    asJSON(map[string]string{"task": s.run.task}),
		Headers: map[string]string{"Content-Type": "application/json", "User-Agent": "relay-console/5.1", "X-Execution": s.run.id}}
}

// exceptions returns the chain, the root cause first.
func (s *scene) exceptions(f *fault) []sentry.Exception {
	handled := f.retried
	top := sentry.Exception{Type: f.exception, Module: f.module, Value: s.words(f.value), Stacktrace: s.stack(f),
		Mechanism: &sentry.Mechanism{Type: "generic", Handled: &handled}}
	if f.cause == nil {
		return []sentry.Exception{top}
	}
	parent := 0
	inner := sentry.Exception{Type: f.cause.exception, Module: f.cause.module, Value: s.words(f.cause.value),
		Mechanism: &sentry.Mechanism{Type: "chained", Source: "__cause__", ExceptionID: 1, ParentID: &parent, Handled: &handled}}
	return []sentry.Exception{inner, top}
}

// words fills in a text of the tables.
func (s *scene) words(text string) string {
	if s.step.tool != nil {
		text = strings.ReplaceAll(text, "{tool}", s.step.tool.name)
	}
	return s.run.fill.Replace(text)
}

// stack returns a stack as the agent's platform would show it: the framework
// that runs the agent, the agent's own code, and what that called.
func (s *scene) stack(f *fault) *sentry.Stacktrace {
	function, file := "call_model", "model"
	if !f.inModel {
		function, file = s.step.tool.name, "tools"
	}
	switch s.run.agent.platform {
	case python:
		return &sentry.Stacktrace{Frames: s.pythonFrames(f, file, function)}
	case node:
		return &sentry.Stacktrace{Frames: s.nodeFrames(file, function)}
	}
	return &sentry.Stacktrace{Frames: s.goFrames(file, function)}
}

func (s *scene) pythonFrames(f *fault, file, function string) []sentry.Frame {
	name := strings.ReplaceAll(s.run.agent.id, "-", "_")
	own := func(file, function string, line int, code string) sentry.Frame {
		path := "agents/" + name + "/" + file + ".py"
		return sentry.Frame{Function: function, Module: "agents." + name + "." + file, Filename: path, AbsPath: "/srv/fleet/" + path, Lineno: line, InApp: true,
			PreContext: []string{"    async with tracer.step(name) as step:", "        step.note(task)"}, ContextLine: code, PostContext: []string{"        step.done()", "    return result"}}
	}
	library := func(path, function string, line int) sentry.Frame {
		return sentry.Frame{Function: function, Module: strings.ReplaceAll(strings.TrimSuffix(path, ".py"), "/", "."), Filename: path,
			AbsPath: "/srv/venv/lib/python3.12/site-packages/" + path, Lineno: line}
	}
	entry := own("graph", "run", 61, "        result = await self.step(task)")
	entry.Vars = map[string]any{"task": s.run.task, "attempt": "1"}
	last := own(file, function, 104, "        result = await "+function+"(request)")
	last.Vars = map[string]any{"model": s.run.agent.model.name, "tokens": fmt.Sprint(s.step.usage.input), "user": s.run.customer.user}
	frames := []sentry.Frame{library("uvicorn/protocols/http/h11_impl.py", "run_asgi", 403), library("starlette/routing.py", "app", 73), entry, last}
	if f.module == "builtins" {
		return frames
	}
	return append(frames, library("httpx/_client.py", "send", 1629), library(strings.Split(f.module, ".")[0]+"/_base_client.py", "request", 1061))
}

func (s *scene) nodeFrames(file, function string) []sentry.Frame {
	own := func(file, function string, line, column int, code string) sentry.Frame {
		path := "/app/dist/agents/" + s.run.agent.id + "/" + file + ".js"
		return sentry.Frame{Function: function, Module: s.run.agent.id + ":" + file, Filename: path, AbsPath: path, Lineno: line, Colno: column, InApp: true,
			PreContext: []string{"  const span = tracer.active();"}, ContextLine: code, PostContext: []string{"  return result;"}}
	}
	return []sentry.Frame{
		{Function: "process.processTicksAndRejections", Module: "task_queues", Filename: "node:internal/process/task_queues", Lineno: 105, Colno: 5},
		{Function: "Object.generateText", Module: "ai:index", Filename: "/app/node_modules/ai/dist/index.mjs", Lineno: 4021, Colno: 20},
		own("agent", "runAgent", 88, 17, "  const result = await step(task);"),
		own(file, function, 37, 22, "  const result = await "+function+"(request);"),
	}
}

func (s *scene) goFrames(file, function string) []sentry.Frame {
	own := func(file, function string, line int) sentry.Frame {
		return sentry.Frame{Function: function, Module: "relay.example/fleet/" + s.run.agent.id, AbsPath: "/srv/fleet/" + s.run.agent.id + "/" + file + ".go", Lineno: line, InApp: true}
	}
	return []sentry.Frame{
		{Function: "(*Group).Go.func1", Module: "golang.org/x/sync/errgroup", AbsPath: "/go/pkg/mod/golang.org/x/sync/errgroup/errgroup.go", Lineno: 78},
		own("agent", "(*Agent).Run", 118), own(file, "(*Agent)."+function, 52),
	}
}
