package sqlite

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
)

func (w *batchWriter) writeLogs() error {
	for i := range w.Logs {
		l := &w.Logs[i]
		day := dayOf(l.Timestamp)
		if err := w.open(day); err != nil {
			return err
		}
		at, err := w.keep(day, l.Payload)
		if err != nil {
			return err
		}
		err = w.c.bind(in(day, `INSERT INTO logs_@ (project, time, trace, span, level, body, release, environment, agent,
			block, offset, length) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`)).
			int(int64(w.Project)).int(micros(l.Timestamp)).trace(l.Trace).span(l.Span).int(int64(l.Level)).text(l.Body).
			text(l.Release).text(l.Environment).text(l.Agent).int(at.block).int(at.offset).int(at.length).run()
		if err != nil {
			return fmt.Errorf("write log: %w", err)
		}
	}
	return nil
}

// writeAttachments keeps files with the day they came: their event may come later.
func (w *batchWriter) writeAttachments() error {
	if w.Omitted != model.NotOmitted {
		return nil // they are part of the payload
	}
	for i := range w.Attachments {
		a := &w.Attachments[i]
		day := dayOf(w.Received)
		if err := w.open(day); err != nil {
			return err
		}
		hash := sha256.Sum256(a.Data)
		err := w.c.bind(in(day, `INSERT OR IGNORE INTO attachments_@ (project, event, time, name, content_type, type, size, hash, data)
			VALUES (?,?,?,?,?,?,?,?,?)`)).
			int(int64(w.Project)).blob(a.Event[:]).int(micros(w.Received)).text(a.Name).text(a.ContentType).text(a.Type).
			int(int64(len(a.Data))).blob(hash[:16]).blob(w.db.codec.Pack(a.Data)).run()
		if err != nil {
			return fmt.Errorf("write attachment %q: %w", a.Name, err)
		}
	}
	return nil
}

func (w *batchWriter) writeCheckIns() error {
	for i := range w.CheckIns {
		if err := w.checkIn(&w.CheckIns[i]); err != nil {
			return fmt.Errorf("write check-in of %q: %w", w.CheckIns[i].Monitor, err)
		}
	}
	return nil
}

func (w *batchWriter) checkIn(c *model.CheckIn) error {
	var monitor int64
	_, err := w.c.bind(`INSERT INTO monitors (project, slug, config, status, last) VALUES (?,?,?,?,?)
		ON CONFLICT (project, slug) DO UPDATE SET config = iif(excluded.config = '', config, excluded.config),
		status = iif(excluded.last >= last, excluded.status, status), last = max(last, excluded.last) RETURNING id`).
		int(int64(w.Project)).text(c.Monitor).text(string(c.Config)).text(c.Status).int(micros(c.Timestamp)).
		one(func(s *sqlite3.Stmt) { monitor = s.ColumnInt64(0) })
	if err != nil {
		return err
	}
	id := c.ID
	if id.IsZero() { // means the latest that is still running
		_, err = w.c.bind("SELECT id FROM checkins WHERE monitor = ? AND environment = ? AND status = 'in_progress' ORDER BY seq DESC LIMIT 1").
			int(monitor).text(c.Environment).one(func(s *sqlite3.Stmt) { copy(id[:], s.ColumnRawBlob(0)) })
		if err != nil {
			return err
		}
	}
	if id.IsZero() {
		id = model.NewEventID()
	}
	// Requests overtake each other: a start that comes after its end changes nothing.
	return w.c.bind(`INSERT INTO checkins (project, monitor, id, status, environment, release, time, duration, trace)
		VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (project, id) DO UPDATE SET
		duration = iif(excluded.duration > 0, excluded.duration, iif(excluded.status = 'in_progress', duration, abs(excluded.time - time))),
		time = min(time, excluded.time), status = iif(excluded.status = 'in_progress', status, excluded.status)`).
		int(int64(w.Project)).int(monitor).blob(id[:]).text(c.Status).text(c.Environment).text(c.Release).
		int(micros(c.Timestamp)).int(c.Duration.Microseconds()).trace(c.Trace).run()
}

func (w *batchWriter) writeSessions() error {
	for i := range w.Sessions {
		s := &w.Sessions[i]
		err := w.aggregate(s)
		if s.SID != "" {
			err = w.session(s)
		}
		if err != nil {
			return fmt.Errorf("write session: %w", err)
		}
	}
	return nil
}

// aggregate counts sessions that came pre-aggregated.
func (w *batchWriter) aggregate(s *model.Session) error {
	if s.SID != "" {
		return nil
	}
	total := s.Exited + s.Errored + s.Crashed + s.Abnormal + s.Unhandled
	return w.countSessions(s, total, map[string]int64{"exited": s.Exited, "errored": s.Errored,
		"crashed": s.Crashed, "abnormal": s.Abnormal, "unhandled": s.Unhandled})
}

// session stores an update of one session and moves it from the count of what it
// was to that of what it is. How a session ended is final.
func (w *batchWriter) session(s *model.Session) error {
	var seq, errs int64
	status := ""
	known, err := w.c.bind("SELECT seq, status, errors FROM sessions WHERE project = ? AND sid = ?").
		int(int64(w.Project)).text(s.SID).one(func(r *sqlite3.Stmt) {
		seq, status, errs = r.ColumnInt64(0), r.ColumnText(1), r.ColumnInt64(2)
	})
	if err != nil || known && (s.Seq <= seq || status != "ok") {
		return err
	}
	err = w.c.bind("INSERT OR REPLACE INTO sessions (project, sid, seq, status, errors, started) VALUES (?,?,?,?,?,?)").
		int(int64(w.Project)).text(s.SID).int(s.Seq).text(s.Status).int(max(errs, s.ErrorCount)).int(micros(s.Started)).run()
	if err != nil {
		return err
	}
	counts := map[string]int64{health(s.Status, max(errs, s.ErrorCount)): 1}
	if !known {
		return w.countSessions(s, 1, counts)
	}
	counts[health(status, errs)]--
	return w.countSessions(s, 0, counts)
}

// health names the count that a session belongs to; none while it runs well.
func health(status string, errors int64) string {
	switch {
	case status == "crashed", status == "abnormal", status == "unhandled":
		return status
	case errors > 0:
		return "errored"
	case status == "exited":
		return "exited"
	}
	return ""
}

func (w *batchWriter) countSessions(s *model.Session, total int64, by map[string]int64) error {
	return w.c.bind(`INSERT INTO session_counts (project, minute, release, environment, total, exited, errored, crashed, abnormal, unhandled)
		VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET total = total + excluded.total, exited = exited + excluded.exited,
		errored = errored + excluded.errored, crashed = crashed + excluded.crashed, abnormal = abnormal + excluded.abnormal,
		unhandled = unhandled + excluded.unhandled`).
		int(int64(w.Project)).int(micros(s.Started.Truncate(time.Minute))).text(s.Release).text(s.Environment).
		int(total).int(by["exited"]).int(by["errored"]).int(by["crashed"]).int(by["abnormal"]).int(by["unhandled"]).run()
}
