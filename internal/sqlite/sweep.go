package sqlite

import (
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
	days, err := w.c.days() // those, too, that an earlier sweep began to drop
	if err != nil {
		return nil, err
	}
	for _, day := range days {
		if day < dayOf(oldest) {
			out = append(out, (&dropping{day: day}).next)
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
	out = append(out, sweepHooks(now, oldest)...)
	err = w.c.bind("SELECT id FROM projects").each(func(s *sqlite3.Stmt) error {
		p := s.ColumnInt64(0)
		out = append(out, deleteRows(deleteExecutions, micros(oldest), p), deleteRows(deleteSessionCounts, micros(now.Add(-store.DayHistory)), p))
		return nil
	})
	return out, err
}

const deleteExecutions = `DELETE FROM executions WHERE seq IN
	(SELECT seq FROM executions WHERE project = ?3 AND start < ?1 LIMIT ?2)`

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
	more          bool // there is more to delete of that name
}

func (x *expired) delete(w *writer) (done bool, err error) {
	err = w.within(func() error {
		for rows, names := int64(0), 0; rows < sweepRows && names < sweepNames; names++ {
			if !x.more {
				found, err := x.next(w.c)
				if err != nil || !found {
					done = true
					return err
				}
			}
			most := sweepRows - rows
			err := w.c.bind(deleteExpired(x.table)).int(x.kind).int(x.project).text(x.name).int(x.before).int(most).run()
			if err != nil {
				return fmt.Errorf("delete from %s: %w", x.table, err)
			}
			x.more = w.c.Changes() == most
			rows += w.c.Changes()
		}
		return nil
	})
	return done, err
}

func deleteExpired(table string) string {
	const key = "kind, project, name, time, sub, environment, release"
	return "DELETE FROM " + table + " WHERE (" + key + ") IN (SELECT " + key + " FROM " + table +
		" WHERE kind = ? AND project = ? AND name = ? AND time < ? LIMIT ?)"
}

// next moves to the next name: of the same project, of the next one, or of the next
// kind. (A comparison of all three at once would walk through the rows of the name.)
func (x *expired) next(c *conn) (found bool, err error) {
	for _, further := range [...]string{"kind = ?1 AND project = ?2 AND name > ?3", "kind = ?1 AND project > ?2 AND ?3 = ?3", "kind > ?1 AND ?2 = ?2 AND ?3 = ?3"} {
		found, err = c.bind("SELECT kind, project, name FROM " + x.table + " WHERE " + further + " ORDER BY kind, project, name LIMIT 1").
			int(x.kind).int(x.project).text(x.name).one(func(s *sqlite3.Stmt) {
			x.kind, x.project, x.name = s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnText(2)
		})
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}
