package conformance

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"relay.one/picket/wire"
)

// sent is one JSON item of a recording.
type sent struct {
	kind    string // type of the item; event for what came to the store endpoint
	eventID string // by the envelope, which wins over the item
	body    map[string]any
}

// sentItems returns the events, transactions and span containers of a recording.
func sentItems(t *testing.T, dir string, rec recording) []sent {
	t.Helper()
	var items []sent
	for _, q := range rec.Requests {
		raw, err := os.ReadFile(filepath.Join(dir, q.File))
		if err != nil {
			t.Fatal(err)
		}
		body, err := unpack(q, raw)
		if err != nil {
			t.Fatalf("%s: %v", q.File, err)
		}
		if filepath.Base(q.Target) == "store" {
			items = append(items, newSent(t, "event", "", body))
			continue
		}
		items = append(items, envelopeItems(t, q.File, body)...)
	}
	return items
}

func envelopeItems(t *testing.T, file string, body []byte) []sent {
	t.Helper()
	e, err := wire.ReadEnvelope(body)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var items []sent
	for _, item := range e.Items {
		switch item.Type {
		case "event", "transaction", "span":
			items = append(items, newSent(t, item.Type, e.Header.EventID, item.Payload))
		}
	}
	return items
}

func newSent(t *testing.T, kind, id string, payload []byte) sent {
	t.Helper()
	s := sent{kind: kind, eventID: id}
	if err := json.Unmarshal(payload, &s.body); err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	if id == "" {
		s.eventID, _ = s.body["event_id"].(string)
	}
	return s
}

// checkWhole checks that every field that was sent is found again, whether the
// story speaks of it or not.
func (w witness) checkWhole(t *testing.T, items []sent) {
	if len(items) == 0 {
		t.Fatal("the recording holds no event")
	}
	for _, item := range items {
		if item.kind != "span" {
			w.checkWholeEvent(item, w.event(t, item.kind, item.eventID))
		}
	}
	if w.d.traces == noSpans {
		return
	}
	tr := newDoc(t, "trace", w.get(t, "/api/v1/traces/"+w.r.Trace))
	for _, item := range items {
		for _, span := range spansOf(item) {
			span.check(tr)
		}
	}
}

func (w witness) checkWholeEvent(item sent, e doc) {
	e.t.Helper()
	for name, context := range object(item.body["contexts"]) {
		w.wantWhole(e, object(context), "contexts/"+name)
	}
	w.wantWhole(e, object(item.body["extra"]), "context")
	w.wantWhole(e, object(item.body["user"]), "user")
	w.wantWhole(e, object(item.body["modules"]), "packages")
	w.wantWhole(e, object(item.body["sdk"]), "sdk")
	for key, value := range object(item.body["tags"]) {
		e.want(value, "tags/key="+key+"/value")
	}
	if crumbs := values(item.body["breadcrumbs"]); len(crumbs) > 0 {
		e.wantCount(len(crumbs), "entries/type=breadcrumbs/data/values")
	}
	for i, value := range values(item.body["exception"]) {
		path := "entries/type=exception/data/values/" + strconv.Itoa(i)
		checkWholeException(e.at(path), object(value))
	}
}

// wantWhole checks every key that was sent, but nulls, what is inferred and what
// the server has to take out.
func (w witness) wantWhole(e doc, fields map[string]any, path string) {
	e.t.Helper()
	fields = maps.Clone(fields)
	maps.DeleteFunc(fields, func(key string, v any) bool {
		return v == nil || v == "{{auto}}" || v == w.s.secret() || hasSecret(v)
	})
	e.wantAll(fields, path)
}

// hasSecret reports whether an object holds the story's password: it comes back
// changed, and its own test says how.
func hasSecret(v any) bool {
	_, has := object(v)["password"]
	return has
}

func checkWholeException(e doc, told map[string]any) {
	e.t.Helper()
	e.want(told["type"], "type")
	e.want(told["value"], "value")
	if m := object(told["mechanism"]); len(m) > 0 {
		e.want(m["type"], "mechanism/type")
	}
	frames := values(object(told["stacktrace"])["frames"])
	if len(frames) == 0 {
		return
	}
	e.wantCount(len(frames), "stacktrace/frames")
	for i, frame := range frames {
		checkWholeFrame(e.at("stacktrace/frames/"+strconv.Itoa(i)), object(frame))
	}
}

func checkWholeFrame(f doc, told map[string]any) {
	f.t.Helper()
	names := map[string]string{"function": "function", "module": "module", "lineno": "lineNo",
		"colno": "colNo"}
	for wired, shown := range names {
		if v := told[wired]; v != nil {
			f.want(v, shown)
		}
	}
	f.wantAll(object(told["vars"]), "vars")
	if line, ok := told["context_line"].(string); ok {
		before, after := values(told["pre_context"]), values(told["post_context"])
		f.wantCount(len(before)+1+len(after), "context")
		f.want([]any{told["lineno"], line}, "context/"+strconv.Itoa(len(before)))
	}
}

// values returns a list that may stand in an object's values.
func values(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	list, _ := object(v)["values"].([]any)
	return list
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// sentSpan is a span as it stood in its carrier, of whichever version.
type sentSpan struct {
	id, parent, op, name string
	attributes           map[string]any
}

// spansOf returns the spans of a transaction, its root among them, or of a container.
func spansOf(item sent) []sentSpan {
	var spans []sentSpan
	if item.kind == "transaction" {
		root := object(object(item.body["contexts"])["trace"])
		spans = append(spans, newSentSpan(root, object(root["data"])))
	}
	for _, v := range values(item.body["spans"]) {
		spans = append(spans, newSentSpan(object(v), object(object(v)["data"])))
	}
	for _, v := range values(item.body["items"]) {
		attributes := map[string]any{}
		for key, typed := range object(object(v)["attributes"]) {
			attributes[key] = object(typed)["value"]
		}
		spans = append(spans, newSentSpan(object(v), attributes))
	}
	return spans
}

func newSentSpan(fields, attributes map[string]any) sentSpan {
	text := func(m map[string]any, key string) string {
		s, _ := m[key].(string)
		return s
	}
	return sentSpan{
		id:         text(fields, "span_id"),
		parent:     text(fields, "parent_span_id"),
		op:         cmp.Or(text(fields, "op"), text(attributes, "sentry.op")),
		name:       cmp.Or(text(fields, "name"), text(fields, "description")),
		attributes: attributes,
	}
}

func (s sentSpan) check(tr doc) {
	tr.t.Helper()
	span := tr.at("spans/spanId=" + s.id)
	span.want(s.op, "op")
	if s.name != "" {
		span.want(s.name, "name")
	}
	if s.parent != "" {
		span.want(s.parent, "parentSpanId")
	}
	span.wantAll(s.attributes, "attributes")
}
