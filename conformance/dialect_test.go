package conformance

import "testing"

// teller has a client tell the story to a DSN and returns what it reported.
type teller func(t *testing.T, dsn string, s story) report

// dialect is how one client tells the story: what it calls things, and what it
// cannot say.
type dialect struct {
	name     string // of the folder with its recordings
	sdk      string // sdk.name of its events
	platform string

	failure, cause string // types of the two exceptions; none are sent when empty
	title          string // of the error; type and message of the failure when empty
	level          string // of the error
	throws         frame  // where the failure was thrown
	stacked        string // function whose stack is sent with messages, as a synthetic exception
	extra          string // path of the story's extra in the event

	bare     bool // knows no contexts: agent, execution and organization are tags
	attaches bool // sends the attachment
	crumbs   bool // sends breadcrumbs
	messages bool // sends the story's message too
	traces   tracing
	failed   string // status of the failed tool's span
	request  string // URL that the event's request must end in
}

// frame is what can be known of the frame that threw.
type frame struct {
	function, file string
	source         string // part of its source line, if the SDK sends lines
	variable       string // a local variable and
	value          string // its value
	foreign        bool   // the SDK does not see that it is the application's own
}

// tracing is how a client sends spans.
type tracing uint8

const (
	noSpans tracing = iota
	transactions
	streams // span items only, never a transaction
)

// prove has the client tell its story to a server of its own, and to nobody
// else, and checks that the server can tell all of it.
func prove(t *testing.T, d dialect, tell teller) {
	t.Helper()
	if *record {
		recordStory(t, d.name, tell)
		return
	}
	srv := startServer(t)
	s := newStory(t, newRun())
	r := tell(t, srv.dsn, s)
	w := witness{srv, d, s, r}
	w.checkAll(t)
	t.Run("stats", w.checkStats)
	t.Run("issues", w.checkIssues)
}

// witness knows what was told, by whom, and asks the server for it.
type witness struct {
	*server
	d dialect
	s story
	r report
}

// checkAll checks what does not depend on when the story was told.
func (w witness) checkAll(t *testing.T) {
	t.Run("error", w.checkError)
	if w.d.messages {
		t.Run("message", w.checkMessage)
	}
	if w.d.attaches {
		t.Run("attachment", w.checkAttachment)
	}
	if w.d.traces == transactions {
		t.Run("transaction", w.checkTransaction)
	}
	if w.d.traces != noSpans {
		t.Run("trace", w.checkTrace)
	}
}
