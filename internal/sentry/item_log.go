package sentry

import (
	"slices"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// logs decodes a container of log records.
func (d *decoder) logs(doc *Document) {
	list := doc.Root.GetArray("items")
	if doc.Root.Get("items") == nil {
		list = []*fastjson.Value{doc.Root} // a lone record
	}
	lost := int64(0)
	all := make([]byte, 0, doc.tree.size+doc.tree.size/16) // the payloads of all, one after the other
	d.batch.Logs = slices.Grow(d.batch.Logs, len(list))
	for _, v := range list {
		if typeOf(v) != fastjson.TypeObject {
			lost++
			continue
		}
		l := d.log(v)
		start := len(all)
		all = AppendJSON(all, v)
		l.Payload = all[start:len(all):len(all)]
		d.batch.Logs = append(d.batch.Logs, l)
	}
	if lost > 0 {
		d.discard(wire.CategoryLogItem, "invalid", lost)
	}
}

func (d *decoder) log(v *fastjson.Value) model.Log {
	var l model.Log
	var at, severity *fastjson.Value
	t := typed{attributes: attributes{texts: &d.texts}}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "timestamp":
			at = v
		case "trace_id":
			l.Trace = traceID(v)
		case "span_id":
			l.Span = spanID(v)
		case "level":
			l.Level = level(v)
		case "severity_number":
			severity = v
		case "body":
			l.Body = anyText(untyped(v), messageLimit)
		case "attributes":
			t.addAll(v)
		}
	})
	l.Timestamp, _ = d.clock.at(at)
	if l.Level == model.LevelUnset {
		l.Level = severityLevel(severity)
	}
	l.Release = or(release(t.release), d.beside.release)
	l.Environment = or(environment(t.environment), d.beside.environment)
	o := ownerOfAttributes(t.list)
	o.settle()
	l.Agent = o.agent.ID
	return l
}

// severityLevel returns the level of OpenTelemetry's number; info when it is none.
func severityLevel(v *fastjson.Value) model.Level {
	n := integer(v)
	if n < 1 || n > 24 {
		return model.LevelInfo
	}
	return model.LevelTrace + model.Level((n-1)/4)
}
