package picket

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
)

// settled returns attributes that may be kept: what the host can go on to write to has
// been read. The list itself is copied only if there is such a thing in it.
func (c *Client) settled(list []Attr) []Attr {
	for i := range list {
		if isSettled(list[i].Value) {
			continue
		}
		out := slices.Clone(list)
		for j := range out {
			out[j].Value = c.settledValue(out[j].Key, out[j].Value)
		}
		return out
	}
	return list
}

func isSettled(v slog.Value) bool {
	switch v.Kind() {
	case slog.KindAny, slog.KindLogValuer, slog.KindGroup:
		return false
	}
	return true
}

func (c *Client) settledValue(key string, v slog.Value) slog.Value {
	switch v = encodeResolve(v); v.Kind() {
	case slog.KindGroup:
		return c.settledGroup(key, v.Group(), 0)
	case slog.KindAny:
		return c.settledAny(key, v.Any())
	}
	return v
}

func (c *Client) settledGroup(key string, group []Attr, depth int) slog.Value {
	out := make([]Attr, 0, len(group))
	for _, a := range group {
		name := key + "." + a.Key
		switch v := encodeResolve(a.Value); {
		case v.Kind() != slog.KindGroup:
			out = append(out, Attr{Key: a.Key, Value: c.settledValue(name, v)})
		case depth < defaultMaxDepth: // a group may be in itself
			out = append(out, Attr{Key: a.Key, Value: c.settledGroup(name, v.Group(), depth+1)})
		}
	}
	return slog.GroupValue(out...)
}

// settledAny keeps lists that have a type of their own on the wire, and turns
// everything else into JSON.
func (c *Client) settledAny(key string, v any) slog.Value {
	switch t := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case []string:
		return slog.AnyValue(slices.Clone(t))
	case []int:
		return slog.AnyValue(slices.Clone(t))
	case []int64:
		return slog.AnyValue(slices.Clone(t))
	case []float64:
		return slog.AnyValue(slices.Clone(t))
	case []float32:
		return slog.AnyValue(slices.Clone(t))
	case []bool:
		return slog.AnyValue(slices.Clone(t))
	case json.RawMessage:
		if json.Valid(t) {
			return slog.AnyValue(json.RawMessage(bytes.Clone(t)))
		}
	}
	e := c.encoder()
	defer e.release()
	e.placedValue(key, v, attrPlaceOf(key))
	return slog.AnyValue(json.RawMessage(e.take()))
}
