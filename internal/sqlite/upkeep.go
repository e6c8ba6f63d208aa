package sqlite

import (
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/store"
)

const (
	// sweepEvery is how often what is past retention is looked for.
	sweepEvery = 10 * time.Minute
	// sweepRows is the most rows that one sweep deletes from a table.
	sweepRows = 20_000
	// changesKept is how long the feed reaches back.
	changesKept = 14 * 24 * time.Hour
)

// sweep drops days past retention and deletes a bounded number of rows that
// outlived theirs elsewhere.
func (w *writer) sweep(now time.Time) error {
	oldest := now.Add(-w.db.opt.Retention)
	var errs []error
	for _, day := range w.db.days.newestFirst(time.Time{}, oldest) {
		if day < dayOf(oldest) {
			errs = append(errs, w.drop(day))
		}
	}
	for _, d := range [...]struct {
		table, column string
		before        int64
	}{
		{"rollup_minute", "time", now.Add(-store.MinuteHistory).Unix()},
		{"rollup_hour", "time", now.Add(-store.HourHistory).Unix()},
		{"rollup_day", "time", now.Add(-store.DayHistory).Unix()},
		{"changes", "time", micros(now.Add(-changesKept))},
		{"executions", "start", micros(oldest)},
		{"checkins", "time", micros(oldest)},
		{"session_counts", "minute", micros(now.Add(-store.DayHistory))},
		{"sessions", "started", micros(now.Add(-sessionUpdates))},
	} {
		errs = append(errs, w.delete(d.table, d.column, d.before))
	}
	return errors.Join(errs...)
}

// sessionUpdates is how long a session may be updated after its start.
const sessionUpdates = 5 * 24 * time.Hour

func (w *writer) delete(table, column string, before int64) error {
	key := "rowid"
	switch table {
	case "rollup_minute", "rollup_hour", "rollup_day":
		key = "(kind, project, name, time, sub, environment, release)"
	case "executions":
		key = "(project, id)"
	case "sessions":
		key = "(project, sid)"
	case "session_counts":
		key = "(project, minute, release, environment)"
	}
	columns := key
	if key != "rowid" {
		columns = key[1 : len(key)-1]
	}
	sql := fmt.Sprintf("DELETE FROM %s WHERE %s IN (SELECT %s FROM %s WHERE %s < ? LIMIT %d)", table, key, columns, table, column, sweepRows)
	if err := w.c.bind(sql).int(before).run(); err != nil {
		return fmt.Errorf("sweep %s: %w", table, err)
	}
	return nil
}

// drop removes a day's tables.
func (w *writer) drop(day int64) error {
	w.db.days.withdraw(day)
	w.dropDayWriters()
	w.c.forget()
	err := w.c.Exec(in(day, `BEGIN IMMEDIATE; DROP TABLE events_@; DROP TABLE spans_@; DROP TABLE logs_@;
		DROP TABLE attachments_@; DROP TABLE blocks_@; COMMIT`))
	if err != nil {
		return fmt.Errorf("drop day %d: %w", day, joinRollback(err, w.c))
	}
	w.db.opt.Log.Info("dropped a day past retention", "day", date(day).Format(time.DateOnly))
	return nil
}

const (
	// checkpointPages is the length of the write-ahead log at which its pages are
	// copied into the database. In a long log one copy of a page serves many commits.
	checkpointPages = 16_000
	// checkpointCheck is how often the log's length is looked at.
	checkpointCheck = 500 * time.Millisecond
)

// checkpoint keeps the write-ahead log from growing without end. The bulk is
// copied beside the writer, on a connection of its own; only the little that came
// meanwhile is copied by the writer, which lets the log start over.
func (db *DB) checkpoint() {
	c, err := connect(db.path, "", 1<<10)
	if err != nil {
		db.opt.Log.Error("open connection for checkpoints", "error", err)
		return
	}
	defer c.Close()
	tick := time.NewTicker(checkpointCheck)
	defer tick.Stop()
	for {
		select {
		case <-db.closing:
			return
		case <-tick.C:
		}
		if db.logPages.Load() < checkpointPages {
			continue
		}
		if err := db.checkpointNow(c); err != nil && !errors.Is(err, sqlite3.BUSY) {
			db.opt.Log.Error("checkpoint", "error", err)
		}
	}
}

func (db *DB) checkpointNow(c *conn) error {
	if _, _, err := c.WALCheckpoint("main", sqlite3.CHECKPOINT_PASSIVE); err != nil {
		return err
	}
	return db.alone(func(w *writer) error {
		_, _, err := w.c.WALCheckpoint("main", sqlite3.CHECKPOINT_PASSIVE)
		return err
	})
}
