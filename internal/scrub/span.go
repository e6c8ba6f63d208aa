package scrub

import "github.com/valyala/fastjson"

// span clears a span of either format, or a trace context, which is one but for its
// name.
func (w *walker) span(v *fastjson.Value) { w.fields(v, spanField) }

func spanField(w *walker, key string, v *fastjson.Value) {
	switch key {
	case "trace_id", "span_id", "parent_span_id", "segment_id", "profile_id", "event_id", "op", "status", "origin",
		"kind", "type", "hash", "platform", "timestamp", "start_timestamp", "end_timestamp", "exclusive_time",
		"is_segment", "is_remote", "same_process_as_parent", "was_transaction", "received", "sampled",
		"client_sample_rate":
		w.fixed(key, v)
	case "measurements":
	case "_meta":
		w.meta(v)
	case "description", "name":
		w.free(v, &w.plain)
	case "data", "attributes":
		w.attributes(v)
	case "tags", "sentry_tags":
		w.pairs(v, tag)
	case "links":
		w.each(v, (*walker).link)
	default:
		w.member(key, v)
	}
}

func (w *walker) link(v *fastjson.Value) {
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		if key == "attributes" {
			w.attributes(v)
			return
		}
		w.member(key, v)
	})
}

// log clears a log record.
func (w *walker) log(v *fastjson.Value) {
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		switch key {
		case "timestamp", "trace_id", "span_id", "level", "severity_number", "severity_text":
			w.fixed(key, v)
		case "_meta":
			w.meta(v)
		case "body":
			w.free(v, &w.message)
		case "attributes":
			w.attributes(v)
		default:
			w.member(key, v)
		}
	})
}

// userReport clears what a user wrote. Their name and address were given to be used.
func (w *walker) userReport(v *fastjson.Value) {
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		switch key {
		case "_meta":
			w.meta(v)
		case "event_id":
			w.fixed(key, v)
		default:
			w.memberBy(key, v, &w.plain)
		}
	})
}

func (w *walker) checkIn(v *fastjson.Value) {
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		switch key {
		case "_meta":
			w.meta(v)
		case "check_in_id", "monitor_slug", "status", "duration", "release", "environment":
			w.fixed(key, v)
		case "contexts":
			w.fields(v, contextField)
		default:
			w.member(key, v)
		}
	})
}

func (w *walker) session(v *fastjson.Value) {
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		switch key {
		case "_meta":
			w.meta(v)
		case "sid", "seq", "timestamp", "started", "init", "duration", "status", "errors", "abnormal_mechanism":
			w.fixed(key, v)
		case "attrs", "attributes":
			w.fields(v, sessionField)
		default:
			w.memberBy(key, v, &w.plain)
		}
	})
}

func sessionField(w *walker, key string, v *fastjson.Value) {
	switch key {
	case "ip_address":
		w.address(key, v)
	case "release", "environment", "user_agent":
		w.fixed(key, v)
	default:
		w.member(key, v)
	}
}
