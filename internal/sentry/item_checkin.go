package sentry

import (
	"math"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// defaultEnvironment is where a check-in belongs that names none.
const defaultEnvironment = "production"

// checkIn decodes the report of a monitored job. The id of all zeros stays: it
// means the job's latest run.
func (d *decoder) checkIn(doc *Document) {
	r := doc.Root
	c := model.CheckIn{
		Monitor:     slug(r.Get("monitor_slug")),
		Status:      checkInStatus(r.Get("status")),
		Environment: or(environment(r.Get("environment")), defaultEnvironment),
		Release:     release(r.Get("release")),
		Timestamp:   d.clock.received.time(),
		Duration:    seconds(r.Get("duration")),
		Trace:       traceID(r.Get("contexts", "trace", "trace_id")),
	}
	if c.Monitor == "" || c.Status == "" {
		d.discard(wire.CategoryMonitor, "invalid", 1)
		return
	}
	c.ID, _ = eventID(r.Get("check_in_id"))
	if config := r.Get("monitor_config"); typeOf(config) == fastjson.TypeObject {
		c.Config = AppendJSON(nil, config)
	}
	d.batch.CheckIns = append(d.batch.CheckIns, c)
}

func checkInStatus(v *fastjson.Value) string {
	switch string(v.GetStringBytes()) {
	case "in_progress":
		return "in_progress"
	case "ok":
		return "ok"
	case "error":
		return "error"
	}
	return ""
}

// seconds reads a duration in seconds; zero when there is none that can be.
func seconds(v *fastjson.Value) time.Duration {
	f, ok := number(v)
	if !ok || f < 0 || f > math.MaxInt64/1e9/2 {
		return 0
	}
	return time.Duration(f * 1e9)
}

// slug returns the name of a monitor in lower-case letters, digits, underscores
// and single hyphens, at most 50 of them.
func slug(v *fastjson.Value) string {
	b := v.GetStringBytes()
	out := make([]byte, 0, min(len(b), 50))
	for _, c := range b {
		switch {
		case len(out) == 50:
		case c >= 'A' && c <= 'Z':
			out = append(out, c|0x20)
		case isWord(c):
			out = append(out, c)
		case len(out) > 0 && out[len(out)-1] != '-':
			out = append(out, '-')
		}
	}
	for len(out) > 0 && out[len(out)-1] == '-' {
		out = out[:len(out)-1]
	}
	return string(out)
}
