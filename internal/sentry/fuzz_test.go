package sentry

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// FuzzDecodeEvent decodes arbitrary bytes as every kind of item, and what comes
// out as a stored payload.
func FuzzDecodeEvent(f *testing.F) {
	files, err := filepath.Glob("testdata/*.envelope")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		env, err := wire.ReadEnvelope(body)
		if err != nil {
			f.Fatal(err)
		}
		for _, item := range env.Items {
			f.Add(item.Payload)
		}
	}
	f.Add([]byte(`{"exception":{"values":null},"tags":[["a",1],{"key":"b","value":true}],"logentry":{"message":"%(a)s {}","params":{"a":[]}},"x":NaN}`))
	f.Add([]byte("{\"a\\u0000\":\"\\ud800\\x\x01\xff\",\"type\":\"transaction\",\"spans\":[{}],\"items\":[[]]}"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		env := &wire.Envelope{Items: make([]wire.Item, 0, len(items))}
		env.Header.SentAt = noon.AddDate(0, 0, -1)
		for i := range items {
			env.Items = append(env.Items, wire.Item{Type: items[i].item, Payload: payload})
		}
		docs := Parse(env, testMeta())
		b := Decode(docs)
		docs.Release()
		checkBatch(t, b)
		for i := range b.Events {
			readBack(t, b.Events[i].Payload)
		}
		for i := range b.Spans {
			if s := &b.Spans[i]; s.Blob >= 0 {
				if _, err := DecodeSpan(b.SpanBlobs[s.Blob].Payload, s.ID); err != nil {
					t.Errorf("span %s is not found again: %v", s.ID, err)
				}
			}
		}
	})
}

// readBack checks that a stored payload can be read, and does not change by it.
func readBack(t *testing.T, payload []byte) {
	t.Helper()
	v, err := DecodeEvent(payload)
	if err != nil {
		t.Fatalf("stored payload %.200q: %v", payload, err)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Fatalf("view of %.200q: %v", payload, err)
	}
	if _, err := DecodeSpans(payload); err != nil {
		t.Fatalf("spans of %.200q: %v", payload, err)
	}
	again := decode("event", string(payload))
	if len(again.Events) == 1 && again.Events[0].Kind != model.KindFeedback && string(again.Events[0].Payload) != string(payload) {
		t.Errorf("payload %.300q is written again as %.300q", payload, again.Events[0].Payload)
	}
}

func FuzzStore(f *testing.F) {
	files, err := filepath.Glob("testdata/*.store")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"a":[-Infinity,"Infinity\"",NaN]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		docs, err := ParseStore(body, testMeta())
		if err != nil {
			return
		}
		defer docs.Release()
		checkBatch(t, Decode(docs))
	})
}
