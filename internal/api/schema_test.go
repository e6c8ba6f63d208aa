package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// schemas are those of an OpenAPI document, as they were read.
type schemas map[string]any

// check holds a body against the schema that the document gives for it, as far as
// answers use schemas: references, types, fields, lists and enumerations.
func (w *world) check(what string, all schemas, schema any, body []byte) {
	w.t.Helper()
	var v any
	w.must(json.Unmarshal(body, &v))
	for _, fault := range all.faults(what, schema, v) {
		w.t.Error(fault)
	}
}

func (all schemas) faults(at string, schema, v any) []string {
	s := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		return all.faults(at, all[strings.TrimPrefix(ref, "#/components/schemas/")], v)
	}
	if !typeFits(s["type"], v) {
		return []string{fmt.Sprintf("%s: %v is no %v", at, v, s["type"])}
	}
	if enum, ok := s["enum"].([]any); ok && v != nil && !slices.Contains(enum, v) {
		return []string{fmt.Sprintf("%s: %v is none of %v", at, v, enum)}
	}
	switch v := v.(type) {
	case []any:
		var out []string
		for i, item := range v {
			out = append(out, all.faults(fmt.Sprintf("%s[%d]", at, i), s["items"], item)...)
		}
		return out
	case map[string]any:
		return all.objectFaults(at, s, v)
	}
	return nil
}

func (all schemas) objectFaults(at string, s, v map[string]any) (out []string) {
	properties, _ := s["properties"].(map[string]any)
	for name, field := range v {
		if p, ok := properties[name]; ok {
			out = append(out, all.faults(at+"."+name, p, field)...)
		} else if properties != nil {
			out = append(out, fmt.Sprintf("%s.%s is not described", at, name))
		}
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			out = append(out, fmt.Sprintf("%s lacks %v", at, name))
		}
	}
	return out
}

// typeFits reports whether v is of a schema's type, or one of its types.
func typeFits(want, v any) bool {
	switch want := want.(type) {
	case nil:
		return true
	case []any:
		return slices.ContainsFunc(want, func(t any) bool { return typeFits(t, v) })
	case string:
		switch v := v.(type) {
		case nil:
			return want == "null"
		case bool:
			return want == "boolean"
		case string:
			return want == "string"
		case float64:
			return want == "number" || want == "integer" && v == float64(int64(v))
		case []any:
			return want == "array"
		case map[string]any:
			return want == "object"
		}
	}
	return false
}
