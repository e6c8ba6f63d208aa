package group

import (
	"fmt"
	"testing"

	"relay.one/picket/internal/model"
)

// goFrames returns a stack as a handler of an HTTP server in Go has it.
func goFrames(n int) []model.Frame {
	frames := make([]model.Frame, n)
	for i := range frames {
		f := &frames[i]
		f.Line, f.InApp = 100+i, model.Yes
		switch i % 4 {
		case 0:
			f.Module, f.Function = "net/http", fmt.Sprintf("(*conn).serve%d", i)
			f.AbsPath, f.InApp = "/usr/local/go/src/net/http/server.go", model.No
		case 1:
			f.Module, f.Function = "github.com/go-chi/chi/v5", fmt.Sprintf("(*Mux).routeHTTP%d", i)
			f.AbsPath = "/root/go/pkg/mod/github.com/go-chi/chi/v5@v5.0.12/mux.go"
		default:
			f.Module, f.Function = "github.com/acme/agents/internal/execution", fmt.Sprintf("(*Runner).step%d", i)
			f.AbsPath = "/home/runner/work/agents/internal/execution/runner.go"
		}
	}
	return frames
}

func scriptFrames(n int) []model.Frame {
	frames := make([]model.Frame, n)
	for i := range frames {
		f := &frames[i]
		f.Line, f.Column, f.InApp = 10+i, 7, model.Yes
		f.Module, f.Function = "dist/agents/runner", fmt.Sprintf("Runner.step%d", i)
		f.Filename, f.AbsPath = "/app/dist/agents/runner.js", "/app/dist/agents/runner.js"
		f.ContextLine = fmt.Sprintf("    const result%d = await this.tools.call(name, args);", i)
		if i%3 == 0 {
			f.Filename, f.AbsPath = "/app/node_modules/fastify/lib/reply.js", "/app/node_modules/fastify/lib/reply.js"
		}
	}
	return frames
}

func chainOf(platform string, stacks ...[]model.Frame) *model.Batch {
	e := model.Event{Kind: model.KindError, Platform: platform}
	for i, frames := range stacks {
		e.Exceptions = append(e.Exceptions, model.Exception{
			Type: "*fmt.wrapError", ID: len(stacks) - 1 - i, ParentID: len(stacks) - 2 - i, Frames: frames,
			Value: "call tool search_web for execution 7c1811ed-e98f-4c9c-a9f9-58c757ff494f: dial tcp 10.0.0.7:443: connection refused after 30.2s",
		})
	}
	return &model.Batch{Events: []model.Event{e}}
}

func eachFrame(b *model.Batch, do func(*model.Frame)) {
	for i := range b.Events {
		for j := range b.Events[i].Exceptions {
			frames := b.Events[i].Exceptions[j].Frames
			for k := range frames {
				do(&frames[k])
			}
		}
	}
}

func BenchmarkAssign(b *testing.B) {
	f := func(name string, batch *model.Batch) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var said []model.Tristate // by the SDK: Assign overwrites it
			eachFrame(batch, func(f *model.Frame) { said = append(said, f.InApp) })
			for b.Loop() {
				n := 0
				eachFrame(batch, func(f *model.Frame) { f.InApp, n = said[n], n+1 })
				Assign(batch)
			}
		})
	}
	f("go 40 frames on the outermost of 3", chainOf("go", nil, nil, goFrames(40)))
	f("go 40 frames on each of 3", chainOf("go", goFrames(40), goFrames(40), goFrames(40)))
	f("node 40 frames on the outermost of 3", chainOf("node", nil, nil, scriptFrames(40)))
	f("message", &model.Batch{Events: []model.Event{{Kind: model.KindMessage, Message: benchMessage}}})
}

const benchMessage = "Rate limit reached for gpt-4o-2024-08-06 in organization org-AbCdEf123456789012345678 on tokens per min (TPM): " +
	"Limit 30,000, Used 28k, Requested 4000. Please try again in 1m30.5s, see /tmp/run/a.log"

func BenchmarkParameterise(b *testing.B) {
	b.SetBytes(int64(len(benchMessage)))
	b.ReportAllocs()
	out := make([]byte, 0, 1024)
	for b.Loop() {
		out = parameterise(out[:0], benchMessage, true)
	}
}
