package main

import "time"

// appFrames is how many frames of a stack are the fleet's own, with context and variables.
const appFrames = 4

// crumbs is how many breadcrumbs an error carries.
const crumbs = 25

// errorEvent appends an error of about 9 KB, as the platform's SDK writes it.
func (d *doc) errorEvent(f *fault, r role, id []byte) {
	r.platform = f.platform
	var trace, execution [16]byte
	d.fill(trace[:])
	d.fill(execution[:])
	d.raw(`{"event_id":"`)
	d.id(id)
	d.raw(`","level":"error","timestamp":`)
	d.time(f.platform, r.at)
	d.raw(`,"platform":"`, platformNames[f.platform], `","environment":"`, r.env, `","release":"`, releaseName(r.release),
		`","server_name":"agents-7f9c4-`)
	d.int(int64(r.agent))
	d.raw(`","transaction":"POST /v1/agents/{agent}/runs","sdk":`, sdks[f.platform], `,`)
	d.exception(f)
	d.raw(`,`)
	d.breadcrumbs(f.platform, r.at)
	d.raw(`,`)
	d.request(r)
	d.raw(`,`)
	d.user(r)
	d.raw(`,`)
	d.tags(r)
	d.raw(`,"contexts":{`)
	d.contexts(r, execution[:])
	d.raw(`,"trace":{"trace_id":"`)
	d.id(trace[:])
	d.raw(`","span_id":"`)
	d.hex(16)
	d.raw(`","op":"gen_ai.execute_tool","status":"internal_error"}}}`)
}

func (d *doc) fill(id []byte) {
	for i := range id {
		id[i] = byte(d.r.Uint32())
	}
}

// exception appends the exception with its stack: a bare list in Go, an object elsewhere.
func (d *doc) exception(f *fault) {
	open, end := `"exception":{"values":[{`, `]}}]}`
	if f.platform == golang {
		open, end = `"exception":[{`, `]}}]`
	}
	d.raw(open, `"type":"`, f.kind, `","value":"`, f.message[0])
	d.digits(5)
	d.raw(f.message[1])
	d.digits(4)
	d.raw(f.message[2], `","module":"`, f.module, `","mechanism":{"type":"generic","handled":true},"stacktrace":{"frames":[`, f.stack)
	for i := range appFrames {
		if i > 0 {
			d.raw(`,`)
		}
		d.appFrame(f, i)
	}
	d.raw(end)
}

// appFrame appends one frame of the fleet's own code; the last is where it crashed.
func (d *doc) appFrame(f *fault, i int) {
	function, line := f.function, int64(140)
	if i < appFrames-1 {
		function, line = verbs[i]+"_step", int64(40+17*i)
	}
	d.raw(`{"filename":"`, f.file, `","abs_path":"`, f.file, `","function":"`, function, `","module":"`, f.module, `","in_app":true,"lineno":`)
	d.int(line)
	if f.platform == golang {
		d.raw(`}`)
		return
	}
	d.raw(`,"pre_context":["        try:"],"context_line":"            result = `, function, `(order, deadline)","post_context":["        finally:"]`)
	if f.platform == python {
		d.raw(`,"vars":{"order":"`)
		d.digits(7)
		d.raw(`","deadline":"`)
		d.digits(2)
		d.raw(`.5","session":"'`)
		d.hex(12)
		d.raw(`'"}`)
	}
	d.raw(`}`)
}

// breadcrumbs appends the trail: a bare list in Go and Node, an object in Python.
func (d *doc) breadcrumbs(p platform, at time.Time) {
	open, end := `"breadcrumbs":[`, `]`
	if p == python {
		open, end = `"breadcrumbs":{"values":[`, `]}`
	}
	d.raw(open)
	for i := range crumbs {
		if i > 0 {
			d.raw(`,`)
		}
		d.raw(`{"timestamp":`)
		d.time(p, at.Add(-time.Duration(crumbs-i)*137*time.Millisecond))
		d.crumb(i)
	}
	d.raw(end)
}

func (d *doc) crumb(i int) {
	switch i % 3 {
	case 0:
		d.raw(`,"category":"httplib","data":{"url":"https://api.example.com/`, d.pick(nouns), `/`)
		d.digits(6)
		d.raw(`","method":"GET","status_code":200}}`)
	case 1:
		d.raw(`,"category":"query","message":"SELECT * FROM `, d.pick(nouns), `s WHERE id = $1","level":"info"}`)
	default:
		d.raw(`,"category":"agent","message":"step `)
		d.int(int64(i))
		d.raw(`: `, d.pick(verbs), ` `, d.pick(nouns), ` took `)
		d.digits(3)
		d.raw(` ms","level":"info"}`)
	}
}
