package sqlite

import (
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// dropping is the chore of dropping a day past retention. To drop a table is to
// read all of it, seconds of a busy day's: so its rows go first, some at a time.
type dropping struct {
	day    int64
	begun  bool
	events int64 // that it held
	step   int   // the next one of dropSteps
}

// dropSteps are what is done before the tables themselves go. What deletes at most
// some rows is done again until fewer are left. Payloads go last, since rows point
// to them.
var dropSteps = [...]struct {
	sql  string
	rows int64
}{
	{"DROP INDEX IF EXISTS events_@_id", 0},
	{"DROP INDEX IF EXISTS events_@_issue", 0},
	{"DROP INDEX IF EXISTS events_@_project", 0},
	{"DROP INDEX IF EXISTS events_@_trace", 0},
	{"DROP INDEX IF EXISTS events_@_execution", 0},
	{"DROP INDEX IF EXISTS logs_@_trace", 0},
	{"DELETE FROM events_@ WHERE seq IN (SELECT seq FROM events_@ LIMIT ?)", 2000},
	{"DELETE FROM spans_@ WHERE (trace, id, project) IN (SELECT trace, id, project FROM spans_@ LIMIT ?)", 1000},
	{"DELETE FROM logs_@ WHERE seq IN (SELECT seq FROM logs_@ LIMIT ?)", 2000},
	{"DELETE FROM attachments_@ WHERE seq IN (SELECT seq FROM attachments_@ LIMIT ?)", 5},
	{"DELETE FROM blocks_@ WHERE id IN (SELECT id FROM blocks_@ LIMIT ?)", 25},
}

func (d *dropping) next(w *writer) (done bool, err error) {
	if err := d.begin(w); err != nil {
		return false, fmt.Errorf("drop day %d: %w", d.day, err)
	}
	if d.step == len(dropSteps) {
		return true, d.end(w)
	}
	s := dropSteps[d.step]
	err = w.within(func() error {
		b := w.c.bind(in(d.day, s.sql))
		if s.rows > 0 {
			b.int(s.rows)
		}
		return b.run()
	})
	if err != nil {
		return false, fmt.Errorf("drop day %d: %w", d.day, err)
	}
	if s.rows == 0 || w.c.Changes() < s.rows {
		d.step++
	}
	return false, nil
}

// begin hides the day, again when a late row brought it back.
func (d *dropping) begin(w *writer) error {
	if !d.begun {
		if err := d.count(w); err != nil {
			return err
		}
		d.begun = true
	}
	if w.db.days.has(d.day) {
		w.db.days.withdraw(d.day)
		w.dropDayWriters()
	}
	return nil
}

// count learns how many events the day holds: they are numbered and deleted in order.
func (d *dropping) count(w *writer) error {
	_, err := w.c.bind(in(d.day, "SELECT ifnull(max(seq), 0) FROM events_@")).one(func(s *sqlite3.Stmt) {
		d.events = max(d.events, s.ColumnInt64(0))
	})
	return err
}

func (d *dropping) end(w *writer) error {
	if err := d.count(w); err != nil {
		return fmt.Errorf("drop day %d: %w", d.day, err)
	}
	err := w.within(func() error {
		return w.c.Exec(in(d.day, "DROP TABLE events_@; DROP TABLE spans_@; DROP TABLE logs_@; DROP TABLE attachments_@; DROP TABLE blocks_@"))
	})
	if err != nil {
		return fmt.Errorf("drop day %d: %w", d.day, err)
	}
	w.c.forget() // what was prepared for the day
	w.db.events.Add(-d.events)
	w.db.opt.Log.Info("dropped a day past retention", "day", date(d.day).Format(time.DateOnly))
	return nil
}
