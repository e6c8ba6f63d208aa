package sentry

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden decodes what clients send and compares with what stands beside it.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.envelope")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d envelopes, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		env, err := wire.ReadEnvelope(body)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		docs := Parse(env, testMeta())
		b := Decode(docs)
		docs.Release()
		checkBatch(t, b)
		compare(t, strings.TrimSuffix(file, ".envelope")+".golden", dump(b))
	}
}

// TestGoldenStore does the same for bodies of the old store endpoint.
func TestGoldenStore(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.store")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d bodies, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		docs, err := ParseStore(body, testMeta())
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		b := Decode(docs)
		docs.Release()
		checkBatch(t, b)
		compare(t, file+".golden", dump(b))
	}
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and read the diff\n%s", file, got)
	}
}

// checkBatch checks what must hold of every batch, whatever the bytes were.
func checkBatch(t *testing.T, b *model.Batch) {
	t.Helper()
	for i := range b.Events {
		e := &b.Events[i]
		checkPayload(t, e.Payload)
		checkTime(t, e.Timestamp)
		if e.ID.IsZero() || e.Kind == 0 || e.Level == model.LevelUnset {
			t.Errorf("event %+v lacks id, kind or level", e)
		}
		if e.Kind == model.KindTransaction && (e.Trace.IsZero() || e.Span.IsZero() || e.Timestamp.Before(e.Started)) {
			t.Errorf("transaction %+v lacks ids or ends before it starts", e)
		}
	}
	for i := range b.SpanBlobs {
		checkPayload(t, b.SpanBlobs[i].Payload)
	}
	for i := range b.Spans {
		s := &b.Spans[i]
		checkTime(t, s.Start)
		if s.ID.IsZero() || s.Trace.IsZero() || s.Duration < 0 {
			t.Errorf("span %+v lacks ids or ends before it starts", s)
		}
		if s.Event.IsZero() == (s.Blob < 0) || s.Blob >= len(b.SpanBlobs) {
			t.Errorf("span %s stands in event %s and blob %d of %d", s.ID, s.Event, s.Blob, len(b.SpanBlobs))
		}
	}
	for i := range b.Logs {
		checkPayload(t, b.Logs[i].Payload)
		checkTime(t, b.Logs[i].Timestamp)
	}
	for _, s := range b.Sessions {
		checkTime(t, s.Started)
		checkTime(t, s.Timestamp)
	}
	for _, d := range b.Discards {
		if d.Category == "" || d.Reason == "" || d.Quantity <= 0 || d.Source != "server" && d.Source != "client" {
			t.Errorf("discard %+v is incomplete", d)
		}
	}
	checkTexts(t, reflect.ValueOf(b))
}

func checkPayload(t *testing.T, p []byte) {
	t.Helper()
	if !json.Valid(p) || !utf8.Valid(p) {
		t.Errorf("the payload is not JSON: %.200q", p)
	}
}

// checkTime checks that storage, which cuts time into days, is not led astray.
func checkTime(t *testing.T, at time.Time) {
	t.Helper()
	if age := noon.Sub(at); age > 30*24*time.Hour+time.Minute || age < -time.Minute {
		t.Errorf("time %s lies outside of what is stored", at)
	}
}

// checkTexts checks that every text can be stored by every engine.
func checkTexts(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		checkTexts(t, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				checkTexts(t, v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				checkTexts(t, v.Index(i))
			}
		}
	case reflect.String:
		if s := v.String(); !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 || len(s) > 4*8400 {
			t.Errorf("text %.100q of %d bytes cannot be stored", s, len(s))
		}
	}
}

// dump writes what is set in a batch, a line for each field.
func dump(b *model.Batch) string {
	var out bytes.Buffer
	dumpValue(&out, "", "batch", reflect.ValueOf(*b))
	return out.String()
}

func dumpValue(out *bytes.Buffer, indent, name string, v reflect.Value) {
	if v.IsZero() && name != "Blob" {
		return
	}
	if s, ok := scalarText(name, v); ok {
		fmt.Fprintf(out, "%s%s: %s\n", indent, name, s)
		return
	}
	fmt.Fprintf(out, "%s%s:\n", indent, name)
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			dumpValue(out, indent+"  ", v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			dumpValue(out, indent+"  ", fmt.Sprint(i), v.Index(i))
		}
	}
}

func scalarText(name string, v reflect.Value) (string, bool) {
	switch x := v.Interface().(type) {
	case time.Time:
		return x.Format(time.RFC3339Nano), true
	case model.Tag:
		return fmt.Sprintf("%s = %q", x.Key, x.Value), true
	case model.Tristate:
		return map[model.Tristate]string{model.Yes: "yes", model.No: "no"}[x], true
	case []byte:
		if name != "Config" && len(x) > 700 {
			return fmt.Sprintf("%d bytes", len(x)), true
		}
		return fmt.Sprintf("%q", x), true
	case string:
		return fmt.Sprintf("%.200q", x), true
	case fmt.Stringer:
		return x.String(), true
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Slice:
		return "", false
	}
	return fmt.Sprint(v.Interface()), true
}
