package sentry

import (
	"encoding/hex"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// session decodes one update of a single session. Exactly one of its counts is 1:
// a session that runs, or ended well, counts as exited until an update says more.
func (d *decoder) session(doc *Document) {
	r := doc.Root
	s, ok := d.sessionStart(r, r.Get("attrs"))
	s.SID = sessionID(r.Get("sid"))
	s.Status = sessionStatus(r.Get("status"))
	if !ok || s.SID == "" || s.Status == "" {
		d.discard(wire.CategorySession, "invalid", 1)
		return
	}
	s.Init = truth(r.Get("init"))
	s.Timestamp, _ = d.clock.at(r.Get("timestamp"))
	s.Duration = seconds(r.Get("duration"))
	s.ErrorCount = max(int64(integer(r.Get("errors"))), 0)
	s.Seq = sequence(&s, r.Get("seq"))
	countSession(&s)
	d.batch.Sessions = append(d.batch.Sessions, s)
}

// sequence returns the session's logical clock: as told, else zero for the first
// update and the milliseconds of its time for the others.
func sequence(s *model.Session, told *fastjson.Value) int64 {
	if n, ok := number(told); ok && n >= 0 && n < 1<<53 {
		return int64(n)
	}
	if s.Init {
		return 0
	}
	return s.Timestamp.UnixMilli()
}

func countSession(s *model.Session) {
	switch {
	case s.Status == "crashed":
		s.Crashed = 1
	case s.Status == "abnormal":
		s.Abnormal = 1
	case s.Status == "unhandled":
		s.Unhandled = 1
	case s.ErrorCount > 0:
		s.Errored = 1
	default:
		s.Exited = 1
	}
}

// sessionStart reads what single and counted sessions share; false when there is
// no release, or no start that can be.
func (d *decoder) sessionStart(v, attrs *fastjson.Value) (model.Session, bool) {
	s := model.Session{
		DID:         text(v.Get("did"), enumLimit),
		Release:     release(attrs.Get("release")),
		Environment: environment(attrs.Get("environment")),
	}
	started, ok := timestamp(v.Get("started"))
	if !ok || started < 0 || s.Release == "" {
		return s, false
	}
	started = min(started+d.clock.drift, d.clock.received)
	s.Started = started.time()
	return s, started >= d.clock.received-maxAge
}

// sessionID returns a UUID as 32 lower-case digits, and any other short name as it is.
func sessionID(v *fastjson.Value) string {
	if id, ok := eventID(v); ok {
		return hex.EncodeToString(id[:])
	}
	return text(v, enumLimit)
}

func sessionStatus(v *fastjson.Value) string {
	switch s := string(v.GetStringBytes()); s {
	case "ok", "exited", "crashed", "abnormal", "unhandled":
		return s
	case "errored", "degraded":
		return "ok"
	case "":
		return "ok"
	}
	return ""
}

// sessions decodes counts of sessions by the minute of their start.
func (d *decoder) sessions(doc *Document) {
	attrs := doc.Root.Get("attrs")
	lost := int64(0)
	for _, v := range values(doc.Root.Get("aggregates")) {
		s, ok := d.sessionStart(v, attrs)
		s.Exited, s.Errored = count(v.Get("exited")), count(v.Get("errored"))
		s.Crashed, s.Abnormal = count(v.Get("crashed")), count(v.Get("abnormal"))
		s.Unhandled = count(v.Get("unhandled"))
		total := s.Exited + s.Errored + s.Crashed + s.Abnormal + s.Unhandled
		if total == 0 {
			continue
		}
		if !ok {
			lost += total
			continue
		}
		s.Started = s.Started.Truncate(time.Minute)
		s.Timestamp = d.clock.received.time()
		d.batch.Sessions = append(d.batch.Sessions, s)
	}
	if lost > 0 {
		d.discard(wire.CategorySession, "invalid", lost)
	}
}

// maxCount bounds a number that a stranger counted, so that sums do not overflow.
const maxCount = 1_000_000_000

func count(v *fastjson.Value) int64 {
	return int64(min(max(integer(v), 0), maxCount))
}
