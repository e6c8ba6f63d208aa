package main

import "time"

// span is one step of a run: what both JSON forms of it are written from.
type span struct {
	id, parent  []byte
	op, name    string
	genAI       bool
	failed      bool
	start       time.Time
	took        time.Duration
	step        int
	model, tool string
	provider    string
}

// eachSpan walks the steps of a run in order: the agent's own span, then four
// rounds of a model call and a tool call, every second tool asking the network
// and the last the database.
func (d *doc) eachSpan(x *run, visit func(*span)) {
	visit(&span{id: x.agent[:], parent: x.root[:], op: "gen_ai.invoke_agent", name: "invoke_agent " + agentID(x.role.agent), genAI: true,
		failed: x.failed, start: x.at.Add(3 * time.Millisecond), took: 8900 * time.Millisecond})
	m := models[x.role.agent%len(models)]
	at := x.at.Add(10 * time.Millisecond)
	for i := range 4 {
		visit(&span{id: x.stepID(i, 1), parent: x.agent[:], op: "gen_ai.chat", name: "chat " + m[1], genAI: true,
			start: at, took: 1500 * time.Millisecond, step: i, provider: m[0], model: m[1]})
		at = at.Add(1510 * time.Millisecond)
		tool, failed := tools[(x.role.agent+i)%len(tools)], x.failed && i == 3
		id := x.stepID(i, 2)
		visit(&span{id: id, parent: x.agent[:], op: "gen_ai.execute_tool", name: "execute_tool " + tool, genAI: true, failed: failed,
			start: at, took: 600 * time.Millisecond, step: i, tool: tool})
		d.inside(x, i, id, at, visit)
		at = at.Add(640 * time.Millisecond)
	}
}

// inside visits what a tool call does in its turn: three of the twelve spans.
func (d *doc) inside(x *run, i int, tool []byte, at time.Time, visit func(*span)) {
	s := span{id: x.stepID(i, 3), parent: tool, start: at.Add(4 * time.Millisecond), took: 420 * time.Millisecond, step: i}
	switch i {
	case 0, 2:
		s.op, s.name = "http.client", "GET https://api.example.com/v1/orders/{id}"
	case 3:
		s.op, s.name = "db.sql.query", "SELECT id, total, state FROM orders WHERE customer = $1 ORDER BY created DESC LIMIT 20"
	default:
		return
	}
	visit(&s)
}

// stepID derives the id of a step's span from the run's, so that both JSON forms agree.
func (x *run) stepID(step, part int) []byte {
	id := x.root
	id[0] ^= byte(1 + step)
	id[7] ^= byte(part << 4)
	return id[:]
}

// spanV1 appends a span as it stands in a transaction.
func (d *doc) spanV1(x *run, s *span) {
	d.raw(`{"trace_id":"`)
	d.id(x.trace[:])
	d.raw(`","span_id":"`)
	d.id(s.id)
	d.raw(`","parent_span_id":"`)
	d.id(s.parent)
	d.raw(`","op":"`, s.op, `","description":"`, s.name, `","status":"`, s.status("internal_error"), `","origin":"manual","start_timestamp":`)
	d.time(x.platform, s.start)
	d.raw(`,"timestamp":`)
	d.time(x.platform, s.start.Add(s.took))
	d.raw(`,"data":{`)
	d.attributes(x, s, plain)
	d.raw(`}}`)
}

// spanV2 appends a span as it stands in a container.
func (d *doc) spanV2(x *run, s *span) {
	d.raw(`{"trace_id":"`)
	d.id(x.trace[:])
	d.raw(`","span_id":"`)
	d.id(s.id)
	d.raw(`","parent_span_id":"`)
	d.id(s.parent)
	d.raw(`","name":"`, s.name, `","status":"`, s.status("error"), `","is_segment":false,"start_timestamp":`)
	d.seconds(s.start)
	d.raw(`,"end_timestamp":`)
	d.seconds(s.start.Add(s.took))
	d.raw(`,"attributes":{"sentry.op":{"type":"string","value":"`, s.op, `"},`)
	d.attributes(x, s, typed)
	d.raw(`}}`)
}

func (s *span) status(bad string) string {
	if s.failed {
		return bad
	}
	return "ok"
}
