package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Logs implements store.Reader. Records go by arrival.
func (db *DB) Logs(ctx context.Context, q store.LogQuery) (store.LogPage, error) {
	var page store.LogPage
	var from, seq int64 = 1 << 40, 1 << 62
	if err := parseCursor(q.Page.Cursor, &from, &seq); err != nil {
		return page, err
	}
	want := limit(q.Page)
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(q.In)
		if err != nil {
			return err
		}
		return db.eachDay(q.From, q.To, func(day int64) error {
			if day > from {
				return nil
			}
			w := logConditions(q, projects)
			if day == from {
				w.add("seq < ?", seq)
			}
			found, err := db.readLogs(c, day, w, want+1-len(page.Logs))
			page.Logs = append(page.Logs, found...)
			if err == nil && len(page.Logs) > want {
				page.Logs = page.Logs[:want]
				last := page.Logs[want-1]
				page.Next = cursor(dayOf(last.Timestamp), last.ID)
				return errStop
			}
			return err
		})
	})
	return page, err
}

func logConditions(q store.LogQuery, projects []model.ProjectID) *where {
	w := &where{}
	w.add(oneOf("project", projects))
	if !q.Trace.IsZero() {
		w.add("trace = ?", q.Trace[:])
	}
	if !q.From.IsZero() {
		w.add("time >= ?", micros(q.From))
	}
	if !q.To.IsZero() {
		w.add("time < ?", micros(q.To))
	}
	return w
}

func (db *DB) readLogs(c *conn, day int64, w *where, most int) ([]store.LogRecord, error) {
	var out []store.LogRecord
	var at []pointer
	sql := in(day, `SELECT seq, project, time, trace, span, level, body, release, environment, agent, block, offset, length
		FROM logs_@ WHERE `+w.String()+" ORDER BY seq DESC LIMIT ?")
	err := c.query(sql, append(w.args, int64(most)), func(s *sqlite3.Stmt) error {
		out = append(out, store.LogRecord{ID: s.ColumnInt64(0), Project: model.ProjectID(s.ColumnInt64(1)), Log: model.Log{
			Timestamp: instant(s.ColumnInt64(2)), Trace: traceID(s, 3), Span: spanID(s, 4), Level: model.Level(s.ColumnInt(5)),
			Body: s.ColumnText(6), Release: s.ColumnText(7), Environment: s.ColumnText(8), Agent: s.ColumnText(9)}})
		at = append(at, pointer{day, s.ColumnInt64(10), s.ColumnInt64(11), s.ColumnInt64(12)})
		return nil
	})
	for i := range at {
		if err == nil {
			out[i].Payload, err = c.payload(db, at[i])
		}
	}
	return out, err
}

const attachmentColumns = "seq, project, time, name, content_type, type, size"

func scanAttachment(s *sqlite3.Stmt, event model.EventID, day int64) store.AttachmentRecord {
	return store.AttachmentRecord{ID: s.ColumnInt64(0)<<20 | day, Project: model.ProjectID(s.ColumnInt64(1)), Created: instant(s.ColumnInt64(2)),
		Size:       s.ColumnInt64(6),
		Attachment: model.Attachment{Event: event, Name: s.ColumnText(3), ContentType: s.ColumnText(4), Type: s.ColumnText(5)}}
}

// Attachments implements store.Reader.
func (db *DB) Attachments(ctx context.Context, scope store.Scope, event model.EventID) ([]store.AttachmentRecord, error) {
	out := []store.AttachmentRecord{}
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(scope)
		if err != nil {
			return err
		}
		return db.eachDay(time.Time{}, time.Time{}, func(day int64) error {
			sql := in(day, "SELECT "+attachmentColumns+" FROM attachments_@ WHERE event = ? AND "+oneOf("project", projects)+" ORDER BY seq")
			return c.bind(sql).blob(event[:]).each(func(s *sqlite3.Stmt) error {
				out = append(out, scanAttachment(s, event, day))
				return nil
			})
		})
	})
	return out, err
}

// Attachment implements store.Reader. An attachment's id is its row's number and its day.
func (db *DB) Attachment(ctx context.Context, scope store.Scope, event model.EventID, id int64) (*store.AttachmentRecord, error) {
	var out *store.AttachmentRecord
	day, seq := id&(1<<20-1), id>>20
	if !db.days.has(day) {
		return nil, fmt.Errorf("attachment %d: %w", id, model.ErrNotFound)
	}
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(scope)
		if err != nil {
			return err
		}
		sql := in(day, "SELECT "+attachmentColumns+", data FROM attachments_@ WHERE seq = ? AND event = ? AND "+oneOf("project", projects))
		var unpack error
		_, err = c.bind(sql).int(seq).blob(event[:]).one(func(s *sqlite3.Stmt) {
			a := scanAttachment(s, event, day)
			out = &a
			out.Data, unpack = db.codec.Unpack(s.ColumnRawBlob(7))
		})
		return firstError(err, unpack)
	})
	if (err == nil || noSuchTable(err)) && out == nil {
		err = fmt.Errorf("attachment %d: %w", id, model.ErrNotFound)
	}
	return out, err
}

// Monitors implements store.Reader.
func (db *DB) Monitors(ctx context.Context, in store.Scope) ([]store.Monitor, error) {
	out := []store.Monitor{}
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(in)
		if err != nil {
			return err
		}
		sql := "SELECT id, project, slug, config, status, last FROM monitors WHERE " + oneOf("project", projects) + " ORDER BY slug, id"
		return c.query(sql, nil, func(s *sqlite3.Stmt) error {
			m := store.Monitor{ID: s.ColumnInt64(0), Project: model.ProjectID(s.ColumnInt64(1)), Slug: s.ColumnText(2),
				Status: s.ColumnText(4), Last: instant(s.ColumnInt64(5))}
			if config := s.ColumnText(3); config != "" {
				m.Config = json.RawMessage(config)
			}
			out = append(out, m)
			return nil
		})
	})
	return out, err
}

// CheckIns implements store.Reader.
func (db *DB) CheckIns(ctx context.Context, in store.Scope, monitor string, p store.Page) (store.CheckInPage, error) {
	var page store.CheckInPage
	var seq int64 = 1 << 62
	if err := parseCursor(p.Cursor, &seq); err != nil {
		return page, err
	}
	want := limit(p)
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(in)
		if err != nil {
			return err
		}
		sql := `SELECT k.seq, k.project, k.id, m.slug, k.status, k.environment, k.release, k.time, k.duration, k.trace
			FROM checkins k JOIN monitors m ON m.id = k.monitor WHERE m.slug = ? AND k.seq < ? AND ` + oneOf("k.project", projects) + " ORDER BY k.seq DESC LIMIT ?"
		return c.bind(sql).text(monitor).int(seq).int(int64(want + 1)).each(func(s *sqlite3.Stmt) error {
			if len(page.CheckIns) == want {
				page.Next = cursor(seq)
				return nil
			}
			seq = s.ColumnInt64(0)
			page.CheckIns = append(page.CheckIns, store.CheckInRecord{Project: model.ProjectID(s.ColumnInt64(1)), CheckIn: model.CheckIn{
				ID: eventID(s, 2), Monitor: s.ColumnText(3), Status: s.ColumnText(4), Environment: s.ColumnText(5), Release: s.ColumnText(6),
				Timestamp: instant(s.ColumnInt64(7)), Duration: time.Duration(s.ColumnInt64(8)) * time.Microsecond, Trace: traceID(s, 9)}})
			return nil
		})
	})
	return page, err
}

// SessionCounts implements store.Reader.
func (db *DB) SessionCounts(ctx context.Context, q store.SessionQuery) ([]store.SessionCount, error) {
	out := []store.SessionCount{}
	w := &where{}
	if q.Release != "" {
		w.add("release = ?", q.Release)
	}
	if q.Environment != "" {
		w.add("environment = ?", q.Environment)
	}
	if !q.From.IsZero() {
		w.add("minute >= ?", micros(q.From.Truncate(time.Minute)))
	}
	if !q.To.IsZero() {
		w.add("minute < ?", micros(q.To))
	}
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(q.In)
		if err != nil {
			return err
		}
		w.add(oneOf("project", projects))
		sql := "SELECT project, minute, release, environment, total, exited, errored, crashed, abnormal, unhandled FROM session_counts WHERE " + w.String() + " ORDER BY minute, project, release, environment"
		return c.query(sql, w.args, func(s *sqlite3.Stmt) error {
			out = append(out, store.SessionCount{Project: model.ProjectID(s.ColumnInt64(0)), Minute: instant(s.ColumnInt64(1)),
				Release: s.ColumnText(2), Environment: s.ColumnText(3), Total: s.ColumnInt64(4), Exited: s.ColumnInt64(5),
				Errored: s.ColumnInt64(6), Crashed: s.ColumnInt64(7), Abnormal: s.ColumnInt64(8), Unhandled: s.ColumnInt64(9)})
			return nil
		})
	})
	return out, err
}
