package scrub

import (
	"strings"
	"unsafe"

	"github.com/valyala/fastjson"

	"relay.one/picket/redact"
)

// field clears the value under a name.
type field func(w *walker, name string, v *fastjson.Value)

// fields hands every member of an object to f, with the path set; members under the
// same key come all. What is no object is cleared as anything.
func (w *walker) fields(v *fastjson.Value, f field) {
	o := v.GetObject()
	if o == nil {
		w.free(v, &w.text)
		return
	}
	w.path = append(w.path, step{})
	at := len(w.path) - 1
	o.Visit(func(key []byte, v *fastjson.Value) {
		name := view(key)
		w.path[at].key = name
		f(w, name, v)
	})
	w.path = w.path[:at]
}

// each hands every element of an array to f, with the path set. What is no array is
// handed on as it is.
func (w *walker) each(v *fastjson.Value, f scrubber) {
	if v.Type() != fastjson.TypeArray {
		f(w, v)
		return
	}
	w.path = append(w.path, step{list: true})
	at := len(w.path) - 1
	for i, e := range v.GetArray() {
		w.path[at].index = i
		f(w, e)
	}
	w.path = w.path[:at]
}

// values is each for Sentry's lists, which come bare, as {"values":[…]}, or as one
// bare object.
func (w *walker) values(v *fastjson.Value, f scrubber) {
	if o := v.GetObject(); o == nil || o.Get("values") == nil {
		w.each(v, f)
		return
	}
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		if key == "values" {
			w.each(v, f)
			return
		}
		w.member(key, v)
	})
}

// member clears a value by its name, and within.
func (w *walker) member(key string, v *fastjson.Value) { w.memberBy(key, v, &w.text) }

func (w *walker) memberBy(key string, v *fastjson.Value, r *redact.Rules) {
	switch {
	case w.named && r.IsSafe(key) && !container(v):
	case w.secret(key):
		w.blank(key, v)
	case r.IPs && strings.HasSuffix(key, "version"): // 120.0.0.0 is no address
		bare := *r
		bare.IPs = false
		w.free(v, &bare)
	default:
		w.free(v, r)
	}
}

// secret reports whether the value under this name is secret.
func (w *walker) secret(key string) bool {
	if w.named {
		return w.text.Key(key)
	}
	return redact.Key(key)
}

// fixed leaves a field alone that Sentry defines and that holds no secrets, unless it
// holds what it should not.
func (w *walker) fixed(key string, v *fastjson.Value) {
	if container(v) {
		w.member(key, v)
	}
}

func container(v *fastjson.Value) bool {
	t := v.Type()
	return t == fastjson.TypeObject || t == fastjson.TypeArray
}

// free clears a value that may be anything, by names and patterns.
func (w *walker) free(v *fastjson.Value, r *redact.Rules) {
	switch v.Type() {
	case fastjson.TypeString:
		w.str(v, r)
	case fastjson.TypeNumber:
		w.number(v)
	case fastjson.TypeObject:
		w.object(v, r)
	case fastjson.TypeArray:
		w.array(v.GetArray(), r)
	}
}

func (w *walker) object(v *fastjson.Value, r *redact.Rules) {
	o := v.GetObject()
	called := w.namesSecret(o)
	w.path = append(w.path, step{})
	at := len(w.path) - 1
	o.Visit(func(key []byte, v *fastjson.Value) {
		name := view(key)
		w.path[at].key = name
		if called != "" && name == "value" {
			w.blank(called, v)
			return
		}
		w.memberBy(name, v, r)
	})
	w.path = w.path[:at]
}

// namesSecret returns the name in {"name":…,"value":…} or {"key":…,"value":…} if it is
// that of a secret.
func (w *walker) namesSecret(o *fastjson.Object) string {
	if n := o.Len(); n < 2 || n > 4 || o.Get("value") == nil {
		return ""
	}
	for _, key := range [...]string{"name", "key"} {
		if name := view(o.Get(key).GetStringBytes()); w.text.Names(name) {
			return name
		}
	}
	return ""
}

func (w *walker) array(list []*fastjson.Value, r *redact.Rules) {
	w.path = append(w.path, step{list: true})
	at := len(w.path) - 1
	flag := ""
	for i, e := range list {
		w.path[at].index = i
		switch {
		case isPair(e):
			flag = ""
			w.pair(e.GetArray(), func(w *walker, name string, v *fastjson.Value) {
				if w.text.Names(name) {
					w.blank(name, v)
				} else {
					w.free(v, r)
				}
			})
		case flag != "" && e.Type() == fastjson.TypeString:
			w.blank(flag, e)
			flag = ""
		default:
			flag = w.flag(e)
			w.free(e, r)
		}
	}
	w.path = w.path[:at]
}

// isPair reports whether an element of an array is a [name, value].
func isPair(v *fastjson.Value) bool {
	p := v.GetArray()
	return len(p) == 2 && p[0].Type() == fastjson.TypeString
}

// pair hands the value of a [name, value] to f, and clears the name as it may be none.
func (w *walker) pair(p []*fastjson.Value, f field) {
	name := view(p[0].GetStringBytes())
	w.path = append(w.path, step{list: true})
	at := len(w.path) - 1
	w.free(p[0], &w.text)
	w.path[at].index = 1
	f(w, name, p[1])
	w.path = w.path[:at]
}

// flag returns the name of a flag on a command line, such as --password, whose value
// is the next word and secret.
func (w *walker) flag(v *fastjson.Value) string {
	if v.Type() != fastjson.TypeString {
		return ""
	}
	s := view(v.GetStringBytes())
	if !w.text.Flag(s) {
		return ""
	}
	return s
}

// patterns clears the strings in a value without regard to names.
func (w *walker) patterns(v *fastjson.Value, r *redact.Rules) {
	switch v.Type() {
	case fastjson.TypeString:
		w.edit(v, r.AppendText)
	case fastjson.TypeArray:
		w.path = append(w.path, step{list: true})
		for i, e := range v.GetArray() {
			w.path[len(w.path)-1].index = i
			w.patterns(e, r)
		}
		w.path = w.path[:len(w.path)-1]
	case fastjson.TypeObject:
		w.path = append(w.path, step{})
		at := len(w.path) - 1
		v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			w.path[at].key = view(key)
			w.patterns(v, r)
		})
		w.path = w.path[:at]
	}
}

// view looks at b as a string. Keys and strings of a tree are strings of the parser,
// of which fastjson hands out bytes; they live as long as the tree, unchanged.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
