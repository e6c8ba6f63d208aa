package main

import "fmt"

// fault is one way in which the fleet breaks. Two faults never share a stack, so
// each becomes an issue of its own.
type fault struct {
	platform platform
	kind     string // exception type
	function string // the crashing function, its own
	file     string
	module   string
	message  [3]string // text around two varying numbers
	stack    string    // the library frames, rendered once: the same whenever the fault happens
}

// libraryFrames is how many frames of other people's code a stack carries, so
// that an event comes to 9 KB. A Python frame says more than a Go frame.
var libraryFrames = [platforms]int{12, 20, 17}

var kinds = [platforms][]string{
	{"RateLimitError", "ContextLengthExceeded", "ToolTimeout", "JSONDecodeError", "ContentFilterError", "KeyError", "ValidationError", "ConnectionError"},
	{"*llm.RateLimitError", "*tool.TimeoutError", "*json.SyntaxError", "*url.Error", "*policy.DeniedError", "runtime.boundsError", "*pgconn.PgError", "*errors.errorString"},
	{"APIError", "TypeError", "ZodError", "AbortError", "FetchError", "RangeError", "ToolExecutionError", "InvalidArgumentError"},
}

var messages = [][3]string{
	{"rate limit reached for requests: limit ", " a minute, try again in ", " ms"},
	{"maximum context length is ", " tokens, however the messages resulted in ", " tokens"},
	{"tool lookup_order timed out after ", " ms for order ", ""},
	{"expected a value at character ", " of the model's answer, request ", ""},
	{"the answer was withheld by the content filter, score ", ", request ", ""},
	{"no such customer: ", " in shard ", ""},
	{"invalid arguments for issue_refund: amount ", " exceeds the order's total ", ""},
	{"connection to vector store lost after ", " bytes, attempt ", ""},
}

var (
	areas = []string{"billing", "refund", "search", "triage", "memory", "planner", "router", "crm", "ledger", "mailer"}
	verbs = []string{"fetch", "apply", "resolve", "score", "merge", "commit", "render", "route", "embed", "settle"}
	nouns = []string{"order", "ticket", "plan", "answer", "charge", "document", "session", "quote", "lead", "claim"}
)

// newFaults returns every fault, the same each time.
func newFaults() []fault {
	d := newDoc(7)
	list := make([]fault, faults)
	for i := range list {
		list[i] = d.newFault(i)
	}
	return list
}

func (d *doc) newFault(i int) fault {
	p := platform(i % int(platforms))
	area, verb, noun := areas[i%10], verbs[i/10%10], nouns[(i/7)%10]
	f := fault{platform: p, kind: kinds[p][i%len(kinds[p])], message: messages[i%len(messages)]}
	switch p {
	case python:
		f.function = fmt.Sprintf("%s_%s_%d", verb, noun, i)
		f.file, f.module = "agents/"+area+"/tools.py", "agents."+area+".tools"
	case golang:
		f.function = fmt.Sprintf("(*%sAgent).%s%s%d", area, verb, noun, i)
		f.file, f.module = "/srv/fleet/internal/"+area+"/agent.go", "relay.example/fleet/internal/"+area
	default:
		f.function = fmt.Sprintf("%sAgent.%s%s%d", area, verb, noun, i)
		f.file, f.module = "/app/dist/agents/"+area+".js", "agents:"+area
	}
	d.b = d.b[:0]
	for range libraryFrames[p] {
		d.libraryFrame(p)
	}
	f.stack = string(d.b)
	return f
}

var libraries = [platforms][][2]string{
	{{"openai/_base_client", "request"}, {"httpx/_client", "send"}, {"starlette/routing", "handle"}, {"fastapi/routing", "app"},
		{"langgraph/pregel/runner", "tick"}, {"asyncio/events", "_run"}, {"anyio/_backends/_asyncio", "run_sync"}, {"tenacity/__init__", "__call__"}},
	{{"net/http", "(*Client).do"}, {"net/http", "HandlerFunc.ServeHTTP"}, {"database/sql", "(*DB).QueryContext"}, {"encoding/json", "(*decodeState).object"},
		{"github.com/go-chi/chi/v5", "(*Mux).routeHTTP"}, {"golang.org/x/sync/errgroup", "(*Group).Go.func1"}, {"github.com/jackc/pgx/v5", "(*Conn).Query"}},
	{{"openai/core", "OpenAI.makeRequest"}, {"ai/dist/index", "executeTool"}, {"fastify/lib/route", "Object.routeHandler"}, {"undici/lib/core/request", "Request.onError"},
		{"zod/lib/types", "ZodObject.parse"}, {"node:internal/process/task_queues", "process.processTicksAndRejections"}},
}

func (d *doc) libraryFrame(p platform) {
	l := libraries[p][d.r.IntN(len(libraries[p]))]
	switch p {
	case python:
		d.raw(`{"filename":"`, l[0], `.py","abs_path":"/app/.venv/lib/python3.12/site-packages/`, l[0], `.py","function":"`, l[1], `","module":"`, l[0], `"`)
	case golang:
		d.raw(`{"function":"`, l[1], `","module":"`, l[0], `","abs_path":"/go/src/`, l[0], `/impl.go"`)
	default:
		d.raw(`{"filename":"/app/node_modules/`, l[0], `.js","function":"`, l[1], `","module":"`, l[0], `","colno":`)
		d.int(int64(d.r.IntN(80)))
	}
	d.raw(`,"lineno":`)
	d.int(int64(10 + d.r.IntN(2000)))
	d.raw(`,"in_app":false},`)
}
