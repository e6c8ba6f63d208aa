package conformance

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// doc is a JSON answer, asked by path. A path's steps are parted by slashes: a
// key of an object, the index of a list (negative: from its end), or key=value,
// the first object of a list in which key is value.
type doc struct {
	t    *testing.T
	name string // of the document, for messages
	v    any
}

func newDoc(t *testing.T, name string, body []byte) doc {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%s: %v in %.300s", name, err, body)
	}
	return doc{t, name, v}
}

// get returns what stands under the path, and nil where nothing does.
func (d doc) get(path string) any {
	v := d.v
	for _, step := range strings.Split(path, "/") {
		v = descend(v, step)
	}
	return v
}

func descend(v any, step string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[step]
	case []any:
		if key, value, ok := strings.Cut(step, "="); ok {
			return find(v, key, value)
		}
		i, err := strconv.Atoi(step)
		if i < 0 {
			i += len(v)
		}
		if err == nil && i >= 0 && i < len(v) {
			return v[i]
		}
	}
	return nil
}

func find(list []any, key, value string) any {
	for _, item := range list {
		if m, ok := item.(map[string]any); ok && m[key] == value {
			return item
		}
	}
	return nil
}

// at returns the document under the path; it fails the test if there is none.
func (d doc) at(path string) doc {
	d.t.Helper()
	v := d.get(path)
	if v == nil {
		d.t.Fatalf("%s: nothing under %s in %s", d.name, path, d)
	}
	return doc{d.t, d.name + ": " + path, v}
}

// want checks that what stands under the path is that value, as JSON sees it.
func (d doc) want(want any, path string) {
	d.t.Helper()
	got := d.get(path)
	if !reflect.DeepEqual(got, asJSON(want)) {
		d.t.Errorf("%s: %s = %s, want %s", d.name, path, show(got), show(want))
	}
}

// wantAll checks every key of the object under the path that want names.
func (d doc) wantAll(want map[string]any, path string) {
	d.t.Helper()
	under := doc{d.t, d.name + ": " + path, d.get(path)}
	for key, value := range want {
		got := descend(under.v, key)
		if !reflect.DeepEqual(got, asJSON(value)) {
			d.t.Errorf("%s: %q = %s, want %s", under.name, key, show(got), show(value))
		}
	}
}

// wantText checks that text stands somewhere in the JSON under the path.
func (d doc) wantText(text, path string) {
	d.t.Helper()
	if got := d.get(path); !strings.Contains(show(got), strings.Trim(show(text), `"`)) {
		d.t.Errorf("%s: %s = %s, want %q in it", d.name, path, show(got), text)
	}
}

// wantTime checks that the path holds a time as RFC 3339.
func (d doc) wantTime(path string) {
	d.t.Helper()
	text, _ := d.get(path).(string)
	if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
		d.t.Errorf("%s: %s = %q is no RFC 3339 time", d.name, path, text)
	}
}

// wantMore checks that the path holds a number above floor.
func (d doc) wantMore(floor float64, path string) {
	d.t.Helper()
	if n, ok := d.get(path).(float64); !ok || n <= floor {
		d.t.Errorf("%s: %s = %s, want more than %v", d.name, path, show(d.get(path)), floor)
	}
}

// wantCount checks how many items the list under the path has.
func (d doc) wantCount(want int, path string) {
	d.t.Helper()
	if list, ok := d.get(path).([]any); !ok || len(list) != want {
		d.t.Errorf("%s: %s = %s, want a list of %d", d.name, path, show(d.get(path)), want)
	}
}

// String returns the document's JSON, cut to a length that can be read.
func (d doc) String() string { return show(d.v) }

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	if len(b) > 600 {
		return string(b[:600]) + "…"
	}
	return string(b)
}

// asJSON returns the value as decoding its JSON would give it.
func asJSON(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var back any
	if err := json.Unmarshal(b, &back); err != nil {
		return err
	}
	return back
}
