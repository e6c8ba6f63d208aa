package scrub

import "github.com/valyala/fastjson"

// event clears the body of an event, a transaction or a feedback.
func (w *walker) event(v *fastjson.Value) { w.fields(v, eventField) }

func eventField(w *walker, key string, v *fastjson.Value) {
	switch key {
	case "_meta":
		w.meta(v)
	case "debug_meta", "modules", "measurements", "breakdowns":
	case "event_id", "timestamp", "start_timestamp", "received", "platform", "level", "type", "release", "dist",
		"environment", "transaction_info", "key_id", "project", "version", "time_spent", "ingest_path":
		w.fixed(key, v)
	case "transaction", "culprit", "logger", "server_name", "site", "fingerprint":
		w.free(v, &w.plain)
	case "logentry", "message", "sentry.interfaces.Message":
		w.logEntry(v)
	case "exception", "sentry.interfaces.Exception":
		w.values(v, (*walker).exception)
	case "stacktrace", "sentry.interfaces.Stacktrace":
		w.stack(v)
	case "threads", "sentry.interfaces.Threads":
		w.values(v, (*walker).thread)
	case "breadcrumbs", "sentry.interfaces.Breadcrumbs":
		w.values(v, (*walker).breadcrumb)
	case "request", "sentry.interfaces.Http":
		w.request(v)
	case "user", "sentry.interfaces.User":
		w.fields(v, userField)
	case "contexts", "sentry.interfaces.Contexts":
		w.fields(v, contextField)
	case "tags":
		w.pairs(v, tag)
	case "spans":
		w.each(v, (*walker).span)
	case "sdk":
		w.fields(v, sdkField)
	case "template", "sentry.interfaces.Template":
		w.frame(v)
	default:
		w.member(key, v)
	}
}

// logEntry clears a message, with or without its template and parameters.
func (w *walker) logEntry(v *fastjson.Value) {
	if v.GetObject() == nil {
		w.free(v, &w.message)
		return
	}
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		if key == "message" || key == "formatted" {
			w.free(v, &w.message)
			return
		}
		w.member(key, v)
	})
}

func (w *walker) exception(v *fastjson.Value) {
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		switch key {
		case "type", "module", "thread_id":
			w.fixed(key, v)
		case "value":
			w.free(v, &w.text)
		case "stacktrace", "raw_stacktrace":
			w.stack(v)
		default:
			w.member(key, v)
		}
	})
}

func (w *walker) thread(v *fastjson.Value) {
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		if key == "stacktrace" || key == "raw_stacktrace" {
			w.stack(v)
			return
		}
		w.member(key, v)
	})
}

func (w *walker) stack(v *fastjson.Value) {
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		switch key {
		case "frames":
			w.each(v, (*walker).frame)
		case "registers", "frames_omitted":
		default:
			w.member(key, v)
		}
	})
}

func (w *walker) frame(v *fastjson.Value) { w.fields(v, frameField) }

func frameField(w *walker, key string, v *fastjson.Value) {
	switch key {
	case "vars":
		w.free(v, &w.text)
	case "context_line", "pre_context", "post_context":
		w.patterns(v, &w.source)
	case "function", "raw_function", "symbol", "module", "package", "filename", "abs_path", "platform", "lang",
		"lineno", "colno", "in_app", "image_addr", "instruction_addr", "symbol_addr", "addr_mode", "function_id",
		"trust", "stack_start":
		w.fixed(key, v)
	default:
		w.member(key, v)
	}
}

func (w *walker) breadcrumb(v *fastjson.Value) {
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		switch key {
		case "type", "ty", "category", "level", "timestamp", "event_id":
			w.fixed(key, v)
		case "data":
			w.attributes(v)
		default:
			w.member(key, v)
		}
	})
}

func userField(w *walker, key string, v *fastjson.Value) {
	if key == "ip_address" {
		w.address(key, v)
		return
	}
	w.memberBy(key, v, &w.plain)
}

func sdkField(w *walker, key string, v *fastjson.Value) {
	switch key {
	case "client_ip":
		w.address(key, v)
	case "name", "version":
		w.fixed(key, v)
	case "integrations", "features", "packages":
	default:
		w.member(key, v)
	}
}

// address removes what is known to be an address, if addresses are to go.
func (w *walker) address(key string, v *fastjson.Value) {
	if w.ips {
		w.remove(ruleRemove, v)
		return
	}
	w.member(key, v)
}

// contextField clears the context with the name key.
func contextField(w *walker, key string, v *fastjson.Value) {
	switch key {
	case "trace":
		w.span(v)
	case "response":
		w.request(v)
	case "otel":
		w.fields(v, func(w *walker, key string, v *fastjson.Value) { w.attributes(v) })
	default:
		w.member(key, v)
	}
}
