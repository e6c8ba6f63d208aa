// Package scrub takes secrets and personal data out of JSON documents in Sentry's
// formats, in place, before anything else reads them. What is secret, package redact
// says; this room knows where to look:
//
//   - by name and by pattern: extra, contexts, request, user, breadcrumbs, variables
//     of frames, tags, attributes, and every field that Sentry does not define;
//   - by pattern only: exception values, source lines, names of transactions;
//   - by pattern, with what was there named ([email], [creditcard]): messages, log
//     bodies, and what agents, models and tools said to each other;
//   - never: ids, times, releases, environments, function names and file names of
//     frames, debug images, modules, measurements and the User-Agent header.
//
// Strings that are JSON are read and cleared by the names inside, wherever they stand.
// A string under a secret name becomes [Filtered]; a number, an array or an object
// becomes null; true, false and null stay. Attachments are not looked into.
//
// What was removed is written into the document's _meta, as Sentry does. Original
// values that a client put into _meta are dropped, since nothing needs them.
package scrub

import (
	"sync"

	"github.com/valyala/fastjson"

	"relay.one/picket/redact"
)

// Rules are a project's settings. The zero value is the default.
type Rules struct {
	// Off leaves documents as they are, addresses included.
	Off bool
	// IPs removes the addresses of users and clients.
	IPs bool
	// Sensitive are parts of further names whose values are secret; case does not matter.
	Sensitive []string
	// Safe are whole names whose values are left alone; case does not matter.
	Safe []string
}

// Event scrubs the body of an event, a transaction or a feedback. New values come
// from a; the tree must not outlive it.
func Event(v *fastjson.Value, a *fastjson.Arena, r Rules) { run(v, a, r, (*walker).event) }

// UserReport is Event for the body of a user report.
func UserReport(v *fastjson.Value, a *fastjson.Arena, r Rules) { run(v, a, r, (*walker).userReport) }

// Span is Event for one span, in the first format (data) or the second (attributes).
func Span(v *fastjson.Value, a *fastjson.Arena, r Rules) { run(v, a, r, (*walker).span) }

// Spans is Event for a container of spans, {"items":[…]}; each has a _meta of its own.
func Spans(v *fastjson.Value, a *fastjson.Arena, r Rules) {
	runItems(v, a, r, (*walker).span)
}

// Log is Event for one log record.
func Log(v *fastjson.Value, a *fastjson.Arena, r Rules) { run(v, a, r, (*walker).log) }

// Logs is Event for a container of log records, {"items":[…]}; each has a _meta of
// its own.
func Logs(v *fastjson.Value, a *fastjson.Arena, r Rules) {
	runItems(v, a, r, (*walker).log)
}

// CheckIn is Event for a monitor's check-in.
func CheckIn(v *fastjson.Value, a *fastjson.Arena, r Rules) { run(v, a, r, (*walker).checkIn) }

// Session is Event for an update of a session or a list of counted sessions.
func Session(v *fastjson.Value, a *fastjson.Arena, r Rules) { run(v, a, r, (*walker).session) }

// scrubber clears one value of a known kind.
type scrubber func(*walker, *fastjson.Value)

var walkers = sync.Pool{New: func() any { return new(walker) }}

func run(v *fastjson.Value, a *fastjson.Arena, r Rules, f scrubber) {
	if r.Off || v == nil {
		return
	}
	w := walkers.Get().(*walker)
	w.start(a, r)
	w.document(v, f)
	w.stop()
}

// runItems clears every item of a container as a document, and what else is in it.
func runItems(v *fastjson.Value, a *fastjson.Arena, r Rules, f scrubber) {
	run(v, a, r, func(w *walker, v *fastjson.Value) {
		w.fields(v, func(w *walker, key string, v *fastjson.Value) {
			switch {
			case key == "_meta":
				w.meta(v)
			case key == "items" && v.Type() == fastjson.TypeArray:
				for _, item := range v.GetArray() {
					w.document(item, f)
				}
			default:
				w.member(key, v)
			}
		})
	})
}

// walker goes through one document.
type walker struct {
	arena *fastjson.Arena
	root  *fastjson.Value
	// path leads to the value at hand; from base on it lies in the document.
	path []step
	base int
	// remarks counts what was written into _meta, which is bounded.
	remarks int
	// quiet is set where nothing is written into _meta.
	quiet bool
	ips   bool
	// named is set when the project has names of its own.
	named bool

	// text is for all that is free to hold anything, plain is text where paths are not
	// those of files, bare is plain where versions look like addresses, message is for
	// what people and models wrote, and source is for code.
	text, plain, bare, message, source redact.Rules

	buf   []byte
	marks []redact.Mark
}

// step is one step down a document: a key, or an index if there is none.
type step struct {
	key   string
	index int
	list  bool
}

func (w *walker) start(a *fastjson.Arena, r Rules) {
	if a == nil {
		a = new(fastjson.Arena)
	}
	w.arena, w.ips, w.named = a, r.IPs, len(r.Sensitive)+len(r.Safe) > 0
	w.plain = redact.Rules{IPs: r.IPs, Sensitive: r.Sensitive, Safe: r.Safe}
	w.text, w.bare, w.message, w.source = w.plain, w.plain, w.plain, w.plain
	w.text.Paths = true
	w.message.Emails, w.message.Named = true, true
	w.source.Source, w.source.IPs, w.bare.IPs = true, false, false
}

// stop gives the walker back, without what belongs to the document.
func (w *walker) stop() {
	const maxKept = 1 << 16
	if cap(w.buf) > maxKept {
		w.buf = nil
	}
	clear(w.path[:cap(w.path)])
	*w = walker{path: w.path[:0], buf: w.buf[:0], marks: w.marks[:0]}
	walkers.Put(w)
}

// document clears v as a document of its own, with its own _meta.
func (w *walker) document(v *fastjson.Value, f scrubber) {
	root, base, remarks := w.root, w.base, w.remarks
	w.root, w.base, w.remarks = v, len(w.path), 0
	f(w, v)
	w.root, w.base, w.remarks = root, base, remarks
}
