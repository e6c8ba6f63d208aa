package hook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/hook"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// FuzzClean clears bodies of strangers: what comes out is JSON, says the same of itself,
// and has nothing more to clear.
func FuzzClean(f *testing.F) {
	for _, name := range fixtures(f) {
		resource, _, _ := strings.Cut(name, ".")
		f.Add(resource, fixture(f, name))
	}
	f.Add("issue", []byte(`{"action":7,"data":{"issue":{"id":1e9,"x":[[[{"password":"a"}]]]},"event":[],"error":{"user":null}}}`))
	f.Add("error", []byte(`{"data":{"error":{"issue_id":"4111111111111111","web_url":"https://a.example/4111111111111111/","api_key":{"a":1}}}}`))
	f.Fuzz(func(t *testing.T, resource string, body []byte) {
		clean, action, subject, err := hook.Clean(resource, body)
		if err != nil {
			if !errors.Is(err, model.ErrInvalid) || clean != nil {
				t.Fatalf("%q: %v with %q", body, err, clean)
			}
			return
		}
		if len(action) > 200 || len(subject) > 210 {
			t.Fatalf("%q: action %q, subject %q", body, action, subject)
		}
		if fastjson.ValidateBytes(body) != nil {
			return // the parser is laxer than the standard
		}
		if !json.Valid(clean) {
			t.Fatalf("%q becomes %q, which is no JSON", body, clean)
		}
		twice, again, same, err := hook.Clean(resource, clean)
		if err != nil || again != action || same != subject {
			t.Fatalf("%q: once %q %q, twice %q %q, %v", body, action, subject, again, same, err)
		}
		if thrice, _, _, err := hook.Clean(resource, twice); err != nil || !bytes.Equal(twice, thrice) {
			t.Fatalf("%q does not come to rest: %q, then %q", body, twice, thrice)
		}
	})
}

// FuzzMeaning has strangers' bodies worked on: nothing of it panics, or is tried again.
func FuzzMeaning(f *testing.F) {
	for _, name := range fixtures(f) {
		resource, action, _ := strings.Cut(name, ".")
		f.Add(resource, action, fixture(f, name))
	}
	w := newWorld(f)
	w.declined()
	f.Fuzz(func(t *testing.T, resource, action string, body []byte) {
		v, err := w.worker.Judge(t.Context(), &store.Delivery{Org: w.org, Resource: resource, Action: action, Body: body, Received: noon})
		if err != nil || v == "" {
			t.Fatalf("%s %s %q: %q, %v", resource, action, body, v, err)
		}
	})
}
