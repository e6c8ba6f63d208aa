package sentry

import (
	"slices"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// unlabeled is Sentry's name for a transaction that has none.
const unlabeled = "<unlabeled transaction>"

// transaction decodes a transaction, its root span and its spans.
func (d *decoder) transaction(doc *Document) {
	f := readFields(doc.Root)
	list := f.spans.GetArray()
	e := model.Event{ID: doc.ID, Kind: model.KindTransaction}
	by, ok := d.lasted(&e, f, list)
	if !ok {
		d.loseTransaction(len(list))
		return
	}
	data := d.common(&e, f)
	if !completeIDs(&e, list) {
		d.loseTransaction(len(list))
		return
	}
	fill(&e.Transaction, unlabeled)
	e.Level = levelOr(f.level, model.LevelInfo)
	e.Payload = payload(doc)
	d.batch.Events = append(d.batch.Events, e)
	d.beside = lenderOf(&e)
	d.batch.Spans = slices.Grow(d.batch.Spans, 1+len(list))
	d.root(&e, data, f.measurements)
	d.children(&e, list, by)
}

// loseTransaction counts a transaction that cannot be read: itself, and its spans.
func (d *decoder) loseTransaction(spans int) {
	d.discard(wire.CategoryTransaction, "invalid", 1)
	d.discard(wire.CategorySpan, "invalid", int64(spans)+1)
}

// lasted sets start and end of a transaction, from its spans where it does not
// tell, and returns how far its times were moved. It is false when there are no
// times, or none that can be.
func (d *decoder) lasted(e *model.Event, f *fields, spans []*fastjson.Value) (by micros, ok bool) {
	start, started := timestamp(f.start)
	end, ended := timestamp(f.timestamp)
	if !started || !ended {
		e.Shifted = true
		from, to := extent(spans)
		if !started {
			start = from
		}
		if !ended {
			end = to
		}
	}
	if start <= 0 || end < start {
		return 0, false
	}
	by = d.clock.shift(end)
	e.Shifted = e.Shifted || by != 0
	e.Timestamp = (end + by).time()
	e.Started = d.clock.since(start, by)
	return by, true
}

// extent returns the first start and the last end of the spans; zero when there is none.
func extent(spans []*fastjson.Value) (start, end micros) {
	for _, s := range spans {
		from, to, ok := interval(s.Get("start_timestamp"), s.Get("timestamp"))
		if ok && (start == 0 || from < start) {
			start = from
		}
		if ok {
			end = max(end, to)
		}
	}
	return start, end
}

// interval reads a start and an end; false unless both are there and in order.
func interval(start, end *fastjson.Value) (from, to micros, ok bool) {
	from, a := timestamp(start)
	to, b := timestamp(end)
	return from, to, a && b && from >= 0 && from <= to
}

// completeIDs finds the ids that a transaction does not tell: the trace from its
// spans, the root span as the parent that spans name and that is none of them.
func completeIDs(e *model.Event, spans []*fastjson.Value) bool {
	for i := 0; e.Trace.IsZero() && i < len(spans); i++ {
		e.Trace = traceID(spans[i].Get("trace_id"))
	}
	if e.Span.IsZero() {
		e.Span = commonParent(spans)
	}
	return !e.Trace.IsZero() && !e.Span.IsZero()
}

func commonParent(spans []*fastjson.Value) (root model.SpanID) {
	own := make(map[model.SpanID]bool, len(spans))
	for _, s := range spans {
		own[spanID(s.Get("span_id"))] = true
	}
	votes := map[model.SpanID]int{}
	for _, s := range spans {
		p := spanID(s.Get("parent_span_id"))
		if p.IsZero() || own[p] {
			continue
		}
		if votes[p]++; votes[p] > votes[root] {
			root = p
		}
	}
	return root
}

// root adds the transaction itself as a span, with the data of its trace context.
func (d *decoder) root(e *model.Event, data attributes, measurements *fastjson.Value) {
	s := model.Span{
		Trace: e.Trace, ID: e.Span, Parent: e.Parent,
		Start: e.Started, Duration: e.Timestamp.Sub(e.Started),
		Op: e.Op, Name: e.Transaction, Status: e.Status, Segment: true,
		Event: e.ID, Blob: -1,
	}
	data.addMissing(e.Tags)
	data.addMeasurements(measurements)
	s.Attributes, s.Long = data.list, data.long
	d.beside.lend(&s, owner{})
	d.batch.Spans = append(d.batch.Spans, s)
}

// children adds the spans of the first format that stand in a transaction.
func (d *decoder) children(e *model.Event, list []*fastjson.Value, by micros) {
	lost := int64(0)
	for _, v := range list {
		s, ok := d.spanV1(v, by)
		if !ok || s.ID == e.Span {
			lost++
			continue
		}
		if s.Trace.IsZero() {
			s.Trace = e.Trace
		}
		if s.Parent.IsZero() {
			s.Parent = e.Span
		}
		s.Event, s.Blob = e.ID, -1
		d.beside.lend(&s, ownerOfAttributes(s.Attributes))
		d.batch.Spans = append(d.batch.Spans, s)
	}
	if lost > 0 {
		d.discard(wire.CategorySpan, "invalid", lost)
	}
}

// spanV1 reads a span of the first format; false when it has no id or no times
// that can be. Trace and Parent may be zero.
func (d *decoder) spanV1(v *fastjson.Value, by micros) (model.Span, bool) {
	var s model.Span
	a := attributes{texts: &d.texts}
	var start, end, origin, measurements, segment *fastjson.Value
	var tagged model.SpanStatus
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "trace_id":
			s.Trace = traceID(v)
		case "span_id":
			s.ID = spanID(v)
		case "parent_span_id":
			s.Parent = spanID(v)
		case "op":
			s.Op = text(v, enumLimit)
		case "description":
			s.Name = text(v, summaryLimit)
		case "status":
			s.Status = status(v)
		case "start_timestamp":
			start = v
		case "timestamp":
			end = v
		case "is_segment":
			s.Segment = truth(v)
		case "segment_id":
			segment = v
		case "origin":
			origin = v
		case "data":
			pairs(v, a.add)
		case "tags":
			pairs(v, a.add)
			tagged = status(v.Get("status"))
		case "measurements":
			measurements = v
		}
	})
	if s.Status == model.StatusUnknown {
		s.Status = tagged // sentry-python 1 has the status of its spans nowhere else
	}
	from, to, ok := interval(start, end)
	if !ok || s.ID.IsZero() {
		return s, false
	}
	if origin != nil {
		a.put("sentry.origin", origin)
	}
	a.addMeasurements(measurements)
	s.Attributes, s.Long = a.list, a.long
	s.Segment = s.Segment || spanID(segment) == s.ID
	s.Start, s.Duration = d.clock.span(from, to, by)
	return s, true
}

// span returns start and duration of a span within something whose times are
// moved by that much.
func (c clock) span(from, to, by micros) (time.Time, time.Duration) {
	end := to + by
	if end < c.received-maxAge || end > c.received+maxFuture {
		by = c.received - to // a span far outside of its own transaction
		end = c.received
	}
	start := c.since(from, by)
	return start, end.time().Sub(start)
}

// lender is what a transaction lends to the spans beside it that do not tell.
type lender struct {
	release, environment string
	user                 model.User
	owner                owner
}

func lenderOf(e *model.Event) lender {
	return lender{
		release: e.Release, environment: e.Environment, user: e.User,
		owner: owner{agent: e.Agent, execution: e.Execution, conversation: e.Conversation, organization: e.Organization},
	}
}

// lend fills what the span itself, whose own owner is o, does not tell.
func (l *lender) lend(s *model.Span, o owner) {
	fill(&s.Release, l.release)
	fill(&s.Environment, l.environment)
	if s.User == (model.User{}) {
		s.User = l.user
	}
	o.inherit(l.owner)
	o.settle()
	s.Agent, s.Execution, s.Conversation, s.Organization = o.agent, o.execution, o.conversation, o.organization
}
