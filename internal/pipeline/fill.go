package pipeline

import (
	"slices"
	"strconv"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
)

// fill gives what names no environment and no release those of the project's settings, and
// cuts breadcrumbs to the latest. It works on the documents, so that what is stored, shown
// and forwarded is the same.
func (p *Pipeline) fill(docs *sentry.Documents) {
	m := docs.Meta()
	up := &p.settings.Of(m.Org, m.Project).Upstream
	names := up.Environment != "" || up.Release != ""
	for i := range docs.Items {
		d := &docs.Items[i]
		switch d.Kind {
		case sentry.DocEvent, sentry.DocTransaction, sentry.DocFeedback:
			trim(d, up.MaxBreadcrumbs)
			if names {
				nameEvent(d, up)
			}
		case sentry.DocSession, sentry.DocSessions:
			if names {
				inAttrs.fill(d, d.Root, up)
			}
		}
	}
	// Spans and logs beside a transaction have its environment and release.
	if names && !slices.ContainsFunc(docs.Items, func(d sentry.Document) bool { return d.Kind == sentry.DocTransaction }) {
		nameRecords(docs, up)
	}
}

// nameRecords does for spans and logs what nameEvent does for events.
func nameRecords(docs *sentry.Documents, up *settings.Upstream) {
	for i := range docs.Items {
		d := &docs.Items[i]
		switch d.Kind {
		case sentry.DocSpan:
			inData.fill(d, d.Root, up)
		case sentry.DocSpans, sentry.DocLogs:
			for _, v := range d.Root.GetArray("items") {
				if v.Type() == fastjson.TypeObject {
					inAttributes.fill(d, v, up)
				}
			}
		}
	}
}

func nameEvent(d *sentry.Document, up *settings.Upstream) {
	name(d, d.Root, "environment", up.Environment, false)
	name(d, d.Root, "release", up.Release, false)
}

// nameplate says where records name their environment and release.
type nameplate struct {
	object, environment, release string
	typed                        bool // values stand with their type
}

var (
	inAttrs      = nameplate{"attrs", "environment", "release", false}
	inData       = nameplate{"data", "environment", "release", false}
	inAttributes = nameplate{"attributes", "sentry.environment", "sentry.release", true}
)

// fill names both in v's object, which is made if need be.
func (n nameplate) fill(d *sentry.Document, v *fastjson.Value, up *settings.Upstream) {
	o := v.Get(n.object)
	if o == nil || o.Type() == fastjson.TypeNull {
		o = d.Arena.NewObject()
		v.Set(n.object, o)
	}
	if o.Type() != fastjson.TypeObject {
		return
	}
	name(d, o, n.environment, up.Environment, n.typed)
	name(d, o, n.release, up.Release, n.typed)
}

// name sets a field that is not there, or is empty; of an event none that a tag says.
func name(d *sentry.Document, o *fastjson.Value, key, value string, typed bool) {
	if value == "" || !missing(o.Get(key)) || o == d.Root && tagged(o.Get("tags"), key) {
		return
	}
	v := sentry.NewString(d.Arena, value)
	if typed {
		text := v
		v = d.Arena.NewObject()
		v.Set("type", d.Arena.NewString("string"))
		v.Set("value", text)
	}
	o.Set(key, v)
}

// missing reports whether a value says nothing; that of a typed attribute counts.
func missing(v *fastjson.Value) bool {
	if v == nil {
		return true
	}
	switch v.Type() {
	case fastjson.TypeNull:
		return true
	case fastjson.TypeString:
		return len(v.GetStringBytes()) == 0
	case fastjson.TypeObject:
		return missing(v.Get("value"))
	}
	return false
}

// tagged reports whether tags, in any of their forms, have one of that key.
func tagged(tags *fastjson.Value, key string) bool {
	if tags == nil {
		return false
	}
	if tags.Type() == fastjson.TypeObject {
		return !missing(tags.Get(key))
	}
	return slices.ContainsFunc(tags.GetArray(), func(t *fastjson.Value) bool {
		return string(t.GetStringBytes("0")) == key && !missing(t.Get("1")) || string(t.GetStringBytes("key")) == key && !missing(t.Get("value"))
	})
}

// crumbs are the names under which clients send breadcrumbs.
var crumbs = [...]string{"breadcrumbs", "sentry.interfaces.Breadcrumbs"}

// trim keeps the latest breadcrumbs of an event; they come oldest first.
func trim(d *sentry.Document, most int) {
	for _, key := range crumbs {
		holder, in := d.Root, key
		v := holder.Get(in)
		if v != nil && v.Type() == fastjson.TypeObject {
			holder, in = v, "values"
			v = holder.Get(in)
		}
		all := v.GetArray()
		cut := len(all) - most
		if cut <= 0 {
			continue
		}
		left := d.Arena.NewArray()
		for i, b := range all[cut:] {
			left.SetArrayItem(i, b)
		}
		holder.Set(in, left)
		shiftMeta(d, key, in != key, cut)
	}
}

// shiftMeta has what _meta says of breadcrumbs stand beside the ones it is about.
func shiftMeta(d *sentry.Document, key string, values bool, cut int) {
	m := d.Root.Get("_meta", key)
	if values {
		m = m.Get("values")
	}
	if m == nil || m.Type() != fastjson.TypeObject {
		return
	}
	shifted := d.Arena.NewObject()
	m.GetObject().Visit(func(k []byte, v *fastjson.Value) {
		switch n, err := strconv.Atoi(string(k)); {
		case err != nil:
			shifted.Set(string(k), v)
		case n >= cut:
			shifted.Set(strconv.Itoa(n-cut), v)
		}
	})
	if values {
		d.Root.Get("_meta", key).Set("values", shifted)
	} else {
		d.Root.Get("_meta").Set(key, shifted)
	}
}
