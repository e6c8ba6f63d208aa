package sentry

import (
	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// fields are the members of an event's document, under whatever name a client
// gave them. Absent ones are nil.
type fields struct {
	timestamp, start, level, platform, release, environment, dist, transaction,
	serverName, logger, sdk, logentry, message, exception, stacktrace, threads, request, user,
	contexts, tags, fingerprint, checksum, spans, measurements, breadcrumbs *fastjson.Value
}

func readFields(root *fastjson.Value) *fields {
	f := new(fields)
	root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if v.Type() == fastjson.TypeNull {
			return
		}
		if dst, alias := f.named(key); dst != nil && (*dst == nil || !alias) {
			*dst = v
		}
	})
	return f
}

// named returns the field of that key, and whether the key is an old name, which
// gives way to the new one.
func (f *fields) named(key []byte) (dst **fastjson.Value, alias bool) {
	switch string(key) {
	case "timestamp":
		return &f.timestamp, false
	case "start_timestamp":
		return &f.start, false
	case "level":
		return &f.level, false
	case "platform":
		return &f.platform, false
	case "release":
		return &f.release, false
	case "environment":
		return &f.environment, false
	case "dist":
		return &f.dist, false
	case "transaction":
		return &f.transaction, false
	case "culprit":
		return &f.transaction, true
	case "server_name":
		return &f.serverName, false
	case "logger":
		return &f.logger, false
	case "sdk":
		return &f.sdk, false
	case "logentry":
		return &f.logentry, false
	case "sentry.interfaces.Message":
		return &f.logentry, true
	case "message":
		return &f.message, false
	case "exception":
		return &f.exception, false
	case "sentry.interfaces.Exception":
		return &f.exception, true
	case "stacktrace":
		return &f.stacktrace, false
	case "sentry.interfaces.Stacktrace":
		return &f.stacktrace, true
	case "threads":
		return &f.threads, false
	case "sentry.interfaces.Threads":
		return &f.threads, true
	case "request":
		return &f.request, false
	case "sentry.interfaces.Http":
		return &f.request, true
	}
	return f.namedMore(key)
}

func (f *fields) namedMore(key []byte) (dst **fastjson.Value, alias bool) {
	switch string(key) {
	case "user":
		return &f.user, false
	case "sentry.interfaces.User":
		return &f.user, true
	case "contexts":
		return &f.contexts, false
	case "sentry.interfaces.Contexts":
		return &f.contexts, true
	case "tags":
		return &f.tags, false
	case "fingerprint":
		return &f.fingerprint, false
	case "breadcrumbs":
		return &f.breadcrumbs, false
	case "sentry.interfaces.Breadcrumbs":
		return &f.breadcrumbs, true
	case "checksum":
		return &f.checksum, false
	case "spans":
		return &f.spans, false
	case "measurements":
		return &f.measurements, false
	}
	return nil, false
}

// event decodes an error or a message.
func (d *decoder) event(doc *Document) {
	f := readFields(doc.Root)
	e := model.Event{ID: doc.ID}
	if !d.occurred(&e, f) {
		d.discard(wire.CategoryError, "before_1970", 1)
		return
	}
	d.common(&e, f)
	e.Kind = model.KindMessage
	if len(e.Exceptions) > 0 {
		e.Kind = model.KindError
	}
	e.Level = levelOr(f.level, model.LevelError)
	e.Payload = payload(doc)
	d.batch.Events = append(d.batch.Events, e)
}

// occurred sets when the event happened; false for one before 1970.
func (d *decoder) occurred(e *model.Event, f *fields) bool {
	if t, ok := timestamp(f.timestamp); ok && t < 0 {
		return false
	}
	e.Timestamp, e.Shifted = d.clock.at(f.timestamp)
	return true
}

// common decodes what all kinds of event share, and returns those of the trace's
// data that are read.
func (d *decoder) common(e *model.Event, f *fields) attributes {
	tags := readTags(f.tags)
	e.Tags = tags.list
	e.Platform = platform(f.platform)
	e.Release = or(release(f.release), tags.release)
	e.Environment = or(environment(f.environment), tags.environment)
	e.ServerName = or(text(f.serverName, symbolLimit), tags.serverName)
	e.Dist = dist(f.dist)
	e.Logger = logger(f.logger)
	e.Transaction = trimmed(f.transaction, nameLimit)
	e.SDKName, e.SDKVersion = d.sdk(f.sdk)
	e.Exceptions = exceptions(&d.texts, f.exception)
	e.Threads = threads(&d.texts, f.threads)
	placeStack(&d.texts, e, f.stacktrace)
	e.Handled = handled(e.Exceptions)
	setMessage(e, f)
	e.Request = request(f.request)
	e.User = user(f.user)
	e.Fingerprint = fingerprint(f.fingerprint)
	e.Checksum = text(f.checksum, enumLimit)
	data := d.trace(e, f.contexts.Get("trace"))
	o := ownerOf(f.contexts, data.list, &tags)
	e.Agent, e.Execution, e.Conversation, e.Organization = o.agent, o.execution, o.conversation, o.organization
	return data
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// setMessage sets the event's text. A template is kept where it differs.
func setMessage(e *model.Event, f *fields) {
	formatted, template := message(f.logentry)
	if len(formatted) == 0 {
		formatted, template = message(f.message)
	}
	e.Message = copyText(formatted, messageLimit)
	if string(template) != string(formatted) {
		e.Template = copyText(template, messageLimit)
	}
}

// trace decodes the trace context and returns those of its data that are read.
func (d *decoder) trace(e *model.Event, v *fastjson.Value) attributes {
	data := attributes{texts: &d.texts}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "trace_id":
			e.Trace = traceID(v)
		case "span_id":
			e.Span = spanID(v)
		case "parent_span_id":
			e.Parent = spanID(v)
		case "op":
			e.Op = text(v, enumLimit)
		case "status":
			e.Status = status(v)
		case "origin":
			data.put("sentry.origin", v)
		case "data":
			data.addAll(v)
		}
	})
	if e.Trace.IsZero() {
		parseHex(e.Trace[:], d.docs.header.Trace.TraceID)
	}
	return data
}

// sdk returns name and version of the client: the event's own, else the
// envelope's, else what the credentials or the user agent said.
func (d *decoder) sdk(v *fastjson.Value) (name, version string) {
	name, version = text(v.Get("name"), enumLimit), text(v.Get("version"), enumLimit)
	if name != "" {
		return name, version
	}
	if d.docs.header.SDKName != "" {
		return clip(d.docs.header.SDKName), clip(d.docs.header.SDKVersion)
	}
	return splitClient(or(d.docs.meta.SDK, d.docs.meta.UserAgent))
}

// fingerprint reads the client's own grouping. Elements that cannot be text are left out.
func fingerprint(v *fastjson.Value) []string {
	if typeOf(v) == fastjson.TypeString {
		return []string{str(v, summaryLimit)}
	}
	var out []string
	for _, e := range v.GetArray() {
		s := tagLike(e)
		if s != "" && len(out) < maxTags {
			out = append(out, s)
		}
	}
	return out
}

// payload returns the document as it is stored.
func payload(doc *Document) []byte {
	return AppendJSON(make([]byte, 0, doc.tree.size+doc.tree.size/16+64), doc.Root)
}
