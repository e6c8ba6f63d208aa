package scrub

import "github.com/valyala/fastjson"

// Header is Event for the header of an envelope or of an item. Nothing is written into
// _meta, which headers do not have.
func Header(v *fastjson.Value, a *fastjson.Arena, r Rules) {
	run(v, a, r, func(w *walker, v *fastjson.Value) {
		w.quiet = true
		w.fields(v, headerField)
	})
}

// Anything is Event for a document of which nobody here knows what it is: by names and
// by patterns. Nothing is written into _meta.
func Anything(v *fastjson.Value, a *fastjson.Arena, r Rules) {
	run(v, a, r, func(w *walker, v *fastjson.Value) {
		w.quiet = true
		w.free(v, &w.text)
	})
}

func headerField(w *walker, key string, v *fastjson.Value) {
	switch key {
	case "event_id", "sent_at", "type", "content_type", "attachment_type", "platform", "version", "origin", "retention":
		w.fixed(key, v)
	case "sdk":
		w.fields(v, sdkField)
	case "trace":
		w.fields(v, contextOfSampling)
	case "client_hints", "user_agent":
		w.patterns(v, &w.bare)
	default:
		w.memberBy(key, v, &w.plain)
	}
}

// contextOfSampling clears a member of the dynamic sampling context.
func contextOfSampling(w *walker, key string, v *fastjson.Value) {
	switch key {
	case "trace_id", "org_id", "sampled", "sample_rate", "sample_rand", "release", "environment", "replay_id":
		w.fixed(key, v)
	default:
		w.memberBy(key, v, &w.plain)
	}
}
