package sqlite

import (
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

const (
	// sweepEvery is how often what is past retention is looked for.
	sweepEvery = 10 * time.Minute
	// sweepRows is about how many rows one chore deletes at a time: a few milliseconds.
	sweepRows = 1000
	// sweepNames is the most names that one chore looks at at a time.
	sweepNames = 200
	// changesKept is how long the feed reaches back.
	changesKept = 14 * 24 * time.Hour
	// sessionUpdates is how long a session may be updated after its start.
	sessionUpdates = 5 * 24 * time.Hour
)

// chore is one part of a sweep. A call does a little of it, in a transaction of
// its own, and reports whether that was all.
type chore func(w *writer) (done bool, err error)

// clean does a little of the sweep under way, or begins one when it is time.
func (w *writer) clean(now time.Time) error {
	if len(w.chores) == 0 {
		if now.Sub(w.swept) < sweepEvery {
			return nil
		}
		w.swept = now
		var err error
		if w.chores, err = w.planSweep(now); err != nil {
			return fmt.Errorf("plan a sweep: %w", err)
		}
		return nil
	}
	done, err := w.chores[0](w)
	if done || err != nil { // the next sweep tries again
		w.chores = w.chores[1:]
	}
	return err
}

// planSweep returns what there is to do: days past retention to drop, and rows to
// delete that outlived theirs elsewhere.
func (w *writer) planSweep(now time.Time) ([]chore, error) {
	var out []chore
	oldest := now.Add(-w.db.opt.Retention)
	for _, day := range w.db.days.newestFirst(time.Time{}, oldest) {
		if day < dayOf(oldest) {
			out = append(out, func(w *writer) (bool, error) { return true, w.drop(day) })
		}
	}
	for tier, kept := range rowsKept {
		// The bucket in which the history begins is kept whole.
		e := &expired{table: tierTables[tier], before: now.Add(-kept - rollup.Tier(tier).Width()).Unix()}
		out = append(out, e.delete)
	}
	out = append(out,
		deleteRows("DELETE FROM changes WHERE cursor IN (SELECT cursor FROM changes ORDER BY cursor LIMIT ?2) AND time < ?1", micros(now.Add(-changesKept))),
		deleteRows("DELETE FROM checkins WHERE seq IN (SELECT seq FROM checkins WHERE time < ?1 LIMIT ?2)", micros(oldest)),
		deleteRows("DELETE FROM sessions WHERE (project, sid) IN (SELECT project, sid FROM sessions WHERE started < ?1 LIMIT ?2)", micros(now.Add(-sessionUpdates))))
	err := w.c.bind("SELECT id FROM projects").each(func(s *sqlite3.Stmt) error {
		p := s.ColumnInt64(0)
		out = append(out, deleteRows(deleteExecutions, micros(oldest), p), deleteRows(deleteSessionCounts, micros(now.Add(-store.DayHistory)), p))
		return nil
	})
	return out, err
}

const deleteExecutions = `DELETE FROM executions WHERE (project, id) IN
	(SELECT project, id FROM executions WHERE project = ?3 AND start < ?1 LIMIT ?2)`

const deleteSessionCounts = `DELETE FROM session_counts WHERE (project, minute, release, environment) IN
	(SELECT project, minute, release, environment FROM session_counts WHERE project = ?3 AND minute < ?1 LIMIT ?2)`

// deleteRows returns the chore of a statement that deletes rows older than ?1, at
// most ?2 of them at a time.
func deleteRows(sql string, before int64, project ...int64) chore {
	return func(w *writer) (done bool, err error) {
		err = w.within(func() error {
			b := w.c.bind(sql).int(before).int(sweepRows)
			for _, p := range project {
				b.int(p)
			}
			if err := b.run(); err != nil {
				return fmt.Errorf("%.30s…: %w", sql, err)
			}
			done = w.c.Changes() < sweepRows
			return nil
		})
		return done, err
	}
}

// rowsKept is how long rollup rows of each tier are kept.
var rowsKept = [...]time.Duration{rollup.Minute: store.MinuteHistory, rollup.Hour: store.HourHistory, rollup.Day: store.DayHistory}

// expired deletes old rows of a tier. No index leads by time, so it goes from
// name to name: kind, project and name are where it stands.
type expired struct {
	table         string
	before        int64
	kind, project int64
	name          string
}

func (x *expired) delete(w *writer) (done bool, err error) {
	err = w.within(func() error {
		rows := int64(0)
		for range sweepNames {
			found, err := x.next(w.c)
			if err != nil || !found {
				done = true
				return err
			}
			err = w.c.bind("DELETE FROM " + x.table + " WHERE kind = ? AND project = ? AND name = ? AND time < ?").
				int(x.kind).int(x.project).text(x.name).int(x.before).run()
			if err != nil {
				return fmt.Errorf("delete from %s: %w", x.table, err)
			}
			if rows += w.c.Changes(); rows >= sweepRows {
				return nil
			}
		}
		return nil
	})
	return done, err
}

// next moves to the next name.
func (x *expired) next(c *conn) (found bool, err error) {
	return c.bind("SELECT kind, project, name FROM " + x.table + " WHERE (kind, project, name) > (?, ?, ?) ORDER BY kind, project, name LIMIT 1").
		int(x.kind).int(x.project).text(x.name).one(func(s *sqlite3.Stmt) {
		x.kind, x.project, x.name = s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnText(2)
	})
}

// drop removes a day's tables.
func (w *writer) drop(day int64) error {
	var events int64
	_, err := w.c.bind(in(day, "SELECT ifnull(max(seq), 0) FROM events_@")).one(func(s *sqlite3.Stmt) { events = s.ColumnInt64(0) })
	if err != nil {
		return fmt.Errorf("drop day %d: %w", day, err)
	}
	w.db.days.withdraw(day)
	w.dropDayWriters()
	w.c.forget()
	err = w.within(func() error {
		return w.c.Exec(in(day, "DROP TABLE events_@; DROP TABLE spans_@; DROP TABLE logs_@; DROP TABLE attachments_@; DROP TABLE blocks_@"))
	})
	if err != nil {
		return errors.Join(fmt.Errorf("drop day %d: %w", day, err), w.db.days.load(w.c))
	}
	w.db.events.Add(-events)
	w.db.opt.Log.Info("dropped a day past retention", "day", date(day).Format(time.DateOnly))
	return nil
}
