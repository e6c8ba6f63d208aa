package main

import "time"

// spansPerRun is how many spans a transaction brings besides its root.
const spansPerRun = 12

// models are what the fleet calls; the last has no price.
var models = [][2]string{
	{"anthropic", "claude-sonnet-4-5"}, {"openai", "gpt-4o"}, {"openai", "gpt-5-mini"},
	{"anthropic", "claude-haiku-4-5"}, {"mistral_ai", "mistral-large-2512"}, {"inhouse", "relay-7b-instruct"},
}

var tools = []string{"lookup_order", "search_documents", "issue_refund", "send_email", "query_ledger", "open_ticket"}

// run is one execution of an agent on its way to JSON.
type run struct {
	role
	trace, execution [16]byte
	root, agent      [8]byte
	failed           bool
}

func (d *doc) newRun(r role) run {
	x := run{role: r, failed: d.r.IntN(12) == 0}
	d.fill(x.trace[:])
	d.fill(x.execution[:])
	d.fill(x.root[:])
	d.fill(x.agent[:])
	return x
}

// streamed reports whether the agent's SDK takes the gen_ai spans out of the
// transaction and sends them in a container of their own, as Python and Node do.
func (x *run) streamed() bool { return x.platform != golang }

// transaction appends the transaction; with a streaming SDK it holds only the
// spans that are not gen_ai's.
func (d *doc) transaction(x *run, id []byte) {
	d.raw(`{"type":"transaction","event_id":"`)
	d.id(id)
	d.raw(`","transaction":"POST /v1/agents/{agent}/runs","transaction_info":{"source":"route"},"start_timestamp":`)
	d.time(x.platform, x.at)
	d.raw(`,"timestamp":`)
	d.time(x.platform, x.at.Add(9*time.Second))
	d.raw(`,"platform":"`, platformNames[x.platform], `","environment":"`, x.env, `","release":"`, releaseName(x.release),
		`","server_name":"agents-7f9c4-`)
	d.int(int64(x.role.agent))
	d.raw(`","sdk":`, sdks[x.platform], `,`)
	d.request(x.role)
	d.raw(`,`)
	d.user(x.role)
	d.raw(`,`)
	d.tags(x.role)
	d.raw(`,"contexts":{`)
	d.contexts(x.role, x.execution[:])
	d.raw(`,"trace":{"trace_id":"`)
	d.id(x.trace[:])
	d.raw(`","span_id":"`)
	d.id(x.root[:])
	d.raw(`","op":"http.server","status":"ok","origin":"auto.http.otel","data":{"http.response.status_code":200,"http.request.method":"POST","http.route":"/v1/agents/{agent}/runs"}}},"spans":[`)
	d.spans(x, !x.streamed())
	d.raw(`]}`)
}

// container appends the v2 container with the gen_ai spans of a run.
func (d *doc) container(x *run) {
	d.raw(`{"version":2,"items":[`)
	first := true
	d.eachSpan(x, func(s *span) {
		if !s.genAI {
			return
		}
		d.comma(&first)
		d.spanV2(x, s)
	})
	d.raw(`]}`)
}

// spans appends the spans in the older form, gen_ai's only when asked for.
func (d *doc) spans(x *run, genAI bool) {
	first := true
	d.eachSpan(x, func(s *span) {
		if s.genAI && !genAI {
			return
		}
		d.comma(&first)
		d.spanV1(x, s)
	})
}

func (d *doc) comma(first *bool) {
	if !*first {
		d.raw(`,`)
	}
	*first = false
}
