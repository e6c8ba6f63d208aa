package sentry

import (
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// UserAgent returns what an event, whose document has that root, says of the client of its
// request: the header, else an attribute of the trace, else the browser's name. Empty
// when it says nothing.
func UserAgent(root *fastjson.Value) (agent string) {
	pairs(requestOf(root).Get("headers"), func(key []byte, v *fastjson.Value) {
		if len(key) == len("user-agent") && strings.EqualFold(string(key), "user-agent") {
			agent = or(agent, headerText(v))
		}
	})
	if agent != "" {
		return agent
	}
	contexts := root.Get("contexts")
	return or(text(contexts.Get("trace", "data", "user_agent.original"), unlimited), text(contexts.Get("browser", "name"), unlimited))
}

// RequestHeaders returns the headers of an event's request by their name in lower case; nil
// when there are none.
func RequestHeaders(root *fastjson.Value) map[string]string {
	var out map[string]string
	pairs(requestOf(root).Get("headers"), func(key []byte, v *fastjson.Value) {
		if out == nil {
			out = map[string]string{}
		}
		out[strings.ToLower(string(key))] = headerText(v)
	})
	return out
}

func requestOf(root *fastjson.Value) *fastjson.Value {
	return aliased(root, "request", "sentry.interfaces.Http")
}

// Root returns the document of an event that was decoded from the documents; nil when it
// is of none of them.
func (d *Documents) Root(event model.EventID) *fastjson.Value {
	for i := range d.Items {
		if doc := &d.Items[i]; doc.isEvent() && doc.ID == event {
			return doc.Root
		}
	}
	return nil
}

// Leave takes out of the documents what the batch that was decoded from them does not hold
// any more, where Stored could not tell: what users wrote, and spans of containers of which
// others stay, whose payloads in the batch are written anew.
func (d *Documents) Leave(b *model.Batch) {
	held := make(map[model.SpanID]bool, len(b.Spans))
	for i := range b.Spans {
		if b.Spans[i].Blob >= 0 {
			held[b.Spans[i].ID] = true
		}
	}
	left := d.Items[:0]
	for i := range d.Items {
		doc := &d.Items[i]
		if doc.isEvent() && !doc.IsEvent() && !holds(b, doc.ID) {
			doc.tree.release()
			continue
		}
		if doc.blob >= 0 {
			doc.leave(b, held)
		}
		left = append(left, *doc)
	}
	clear(d.Items[len(left):])
	d.Items = left
}

func holds(b *model.Batch, id model.EventID) bool {
	for i := range b.Events {
		if b.Events[i].ID == id {
			return true
		}
	}
	return false
}

// leave takes spans that are not held out of a container of them.
func (doc *Document) leave(b *model.Batch, held map[model.SpanID]bool) {
	list := doc.Root.GetArray("items")
	left := doc.Arena.NewArray()
	n := 0
	for _, v := range list {
		if held[spanID(v.Get("span_id"))] {
			left.SetArrayItem(n, v)
			n++
		}
	}
	if n == len(list) || n == 0 {
		return // all of it stays or goes
	}
	doc.Root.Set("items", left)
	b.SpanBlobs[doc.blob].Payload = payload(doc)
}
