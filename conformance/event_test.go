package conformance

import (
	"bytes"
	"strings"
	"testing"
)

// eventPath is where Sentry's own API shows the events of the first project.
const eventPath = "/api/0/projects/picket/default/events/"

// event returns an event as Sentry's API shows it. The story's secret must not
// be in it anywhere.
func (w witness) event(t *testing.T, name, id string) doc {
	t.Helper()
	if id == "" {
		t.Fatalf("the client reported no id of its %s", name)
	}
	body := w.get(t, eventPath+undashed(id)+"/")
	if bytes.Contains(body, []byte(w.s.secret())) {
		t.Errorf("%s: the password stands in it unscrubbed", name)
	}
	e := newDoc(t, name, body)
	e.want(undashed(id), "eventID")
	return e
}

func (w witness) checkError(t *testing.T) {
	e := w.event(t, "error", w.r.Error)
	title := w.d.title
	if title == "" {
		title = w.d.failure + ": " + w.s.Failure.Message
	}
	e.want(title, "title")
	e.want(w.d.level, "tags/key=level/value")
	if w.d.failure != "" {
		e.want("error", "type")
		w.checkExceptions(t, e)
	}
	w.checkSurroundings(t, e)
	w.checkBreadcrumbs(e)
	if w.d.traces != noSpans {
		e.want(w.r.Trace, "contexts/trace/trace_id")
		e.want(w.r.Spans["tool"], "contexts/trace/span_id")
	}
	if w.d.request != "" {
		w.checkRequest(t, e)
	}
}

// checkSurroundings checks what the scope gives to every event; breadcrumbs are
// left out, since not all clients send them with transactions.
func (w witness) checkSurroundings(t *testing.T, e doc) {
	t.Helper()
	e.want(w.d.platform, "platform")
	e.want(w.d.sdk, "sdk/name")
	e.want(w.r.SDK, "sdk/version")
	e.want(w.s.Release, "release/version")
	e.want(w.s.Environment, "tags/key=environment/value")
	e.want(w.s.Release, "tags/key=release/value")
	e.wantTime("dateCreated")
	e.wantTime("dateReceived")
	for key, value := range w.s.Tags {
		e.want(value, "tags/key="+key+"/value")
	}
	for key, value := range w.s.User {
		e.want(value, "user/"+key)
	}
	w.checkContexts(e)
	w.checkExtra(e)
}

func (w witness) checkContexts(e doc) {
	e.t.Helper()
	for name, context := range w.s.Contexts {
		if !w.d.bare {
			e.wantAll(context, "contexts/"+name)
		}
	}
	if w.d.bare {
		for key, value := range w.s.agentTags() {
			e.want(value, "tags/key="+key+"/value")
		}
	}
}

// agentTags returns what a client without contexts says of its agent in tags.
func (s story) agentTags() map[string]string {
	agent := s.Contexts["agent"]
	return map[string]string{
		"agent.id":        agent["id"].(string),
		"agent.name":      agent["name"].(string),
		"agent.framework": agent["framework"].(string),
		"agent.version":   agent["version"].(string),
		"execution.id":    s.Contexts["execution"]["id"].(string),
		"organization.id": s.Contexts["organization"]["id"].(string),
	}
}

func (w witness) checkExtra(e doc) {
	e.t.Helper()
	for key, value := range w.s.Extra {
		path := w.d.extra + "/" + key
		switch {
		case key == "password":
			e.want("[Filtered]", path)
		case w.d.sdk != "sentry-cli":
			e.want(value, path)
		}
	}
}

func (w witness) checkBreadcrumbs(e doc) {
	e.t.Helper()
	if !w.d.crumbs {
		return
	}
	crumbs := e.at("entries/type=breadcrumbs/data/values")
	for _, told := range w.s.Breadcrumbs {
		c := crumbs.at("category=" + told.Category)
		c.want(told.Message, "message")
		c.want(told.Level, "level")
		c.want(told.Type, "type")
		c.wantAll(told.Data, "data")
		c.wantTime("timestamp")
	}
}

// checkExceptions checks the chain, the root cause first, and the frame in which
// the failure was thrown.
func (w witness) checkExceptions(t *testing.T, e doc) {
	t.Helper()
	values := e.at("entries/type=exception/data/values")
	values.want(w.d.cause, "0/type")
	values.want(w.s.Cause.Message, "0/value")
	values.want(w.d.failure, "1/type")
	values.want(w.s.Failure.Message, "1/value")
	values.want(nil, "2")
	last := values.at("1/stacktrace/frames/-1")
	want := w.d.throws
	last.want(want.function, "function")
	last.wantText(want.file, "absPath")
	last.wantText(want.file, "filename")
	last.wantMore(0, "lineNo")
	last.want(!want.foreign, "inApp")
	if want.source != "" {
		last.wantText(want.source, "context")
	}
	if want.variable != "" {
		last.want(want.value, "vars/"+want.variable)
	}
}

func (w witness) checkRequest(t *testing.T, e doc) {
	t.Helper()
	request := e.at("entries/type=request/data")
	if url, _ := request.get("url").(string); !strings.HasSuffix(url, w.d.request) {
		t.Errorf("request: url = %q, want one that ends in %q", url, w.d.request)
	}
	request.wantText("User-Agent", "headers")
	request.wantText("HeadlessChrome", "headers")
}

func (w witness) checkMessage(t *testing.T) {
	e := w.event(t, "message", w.r.Message)
	if w.d.stacked == "" {
		e.want("default", "type")
		e.want(w.s.Message.Text, "title")
	} else {
		// A synthetic exception heads the issue with its function, as in Sentry.
		e.want("error", "type")
		e.want(w.d.stacked, "title")
		e.want(w.s.Message.Text, "metadata/value")
	}
	e.want(w.s.Message.Text, "message")
	e.want(w.s.Message.Level, "tags/key=level/value")
	e.want(w.s.Message.Text, "entries/type=message/data/formatted")
	w.checkSurroundings(t, e)
	w.checkBreadcrumbs(e)
}

func (w witness) checkAttachment(t *testing.T) {
	path := eventPath + w.r.Error + "/attachments/"
	list := newDoc(t, "attachments", w.get(t, path))
	list.want(nil, "1")
	list.want(w.s.Attachment.Name, "0/name")
	list.want(w.s.Attachment.Size, "0/size")
	list.want(w.s.Attachment.Type, "0/mimetype")
	id, ok := list.get("0/id").(string)
	if !ok {
		t.Fatalf("attachments: 0/id is no text in %s", list)
	}
	if got := w.get(t, path+id+"/?download=1"); !bytes.Equal(got, w.s.state()) {
		t.Errorf("attachment: %d bytes that differ from the %d sent", len(got), w.s.Attachment.Size)
	}
}

func (w witness) checkTransaction(t *testing.T) {
	e := w.event(t, "transaction", w.r.Transaction)
	root := w.s.Spans["root"]
	e.want("transaction", "type")
	e.want(root.Name, "title")
	e.want(w.r.Trace, "contexts/trace/trace_id")
	e.want(w.r.Spans["root"], "contexts/trace/span_id")
	e.want(root.Op, "contexts/trace/op")
	w.checkSurroundings(t, e)
}

// undashed returns an id as the API writes it: some clients print hyphens.
func undashed(id string) string { return strings.ReplaceAll(id, "-", "") }
