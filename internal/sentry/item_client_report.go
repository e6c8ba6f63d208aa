package sentry

import (
	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// maxReported is the most entries of a client report that are read.
const maxReported = 100

// clientReport decodes what the client itself dropped.
func (d *decoder) clientReport(doc *Document) {
	left := maxReported
	for _, list := range [...]string{
		"discarded_events", "rate_limited_events", "filtered_events", "filtered_sampling_events",
	} {
		for _, v := range doc.Root.GetArray(list) {
			if left == 0 {
				return
			}
			left--
			d.reported(v)
		}
	}
}

func (d *decoder) reported(v *fastjson.Value) {
	n := int64(1)
	if q := v.Get("quantity"); q != nil {
		n = count(q)
	}
	if n == 0 || typeOf(v) != fastjson.TypeObject {
		return
	}
	d.batch.Discards = append(d.batch.Discards, model.Discard{
		Category: or(word(v.Get("category")), "default"),
		Reason:   or(word(v.Get("reason")), "unknown"),
		Source:   "client",
		Quantity: n,
	})
}

// word returns a short text of letters, digits and a few signs, or nothing:
// reasons and categories become keys of counters.
func word(v *fastjson.Value) string {
	b := v.GetStringBytes()
	if len(b) > 64 {
		return ""
	}
	for _, c := range b {
		if !isWord(c) && c != '-' && c != '.' && c != ':' {
			return ""
		}
	}
	return string(b)
}
