package sqlite

import (
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// restAfterError is how long upkeep pauses when something went wrong: commits go on.
const restAfterError = 5 * time.Second

// upkeep does what is due between commits, a little of each at a time, and
// reports whether there is more to do at once.
func (w *writer) upkeep() (more bool) {
	now := w.db.opt.Now()
	if now.Before(w.resting) {
		return false
	}
	if err := errors.Join(w.fold(now), w.clean(now), w.restartLog()); err != nil {
		w.db.opt.Log.Error("upkeep of the database", "error", err)
		w.resting = now.Add(restAfterError)
		return false
	}
	return len(w.chores) > 0 || w.ready() && len(w.db.pending.order) > 0
}

// within runs f in a transaction of its own.
func (w *writer) within(f func() error) error {
	if err := w.c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = w.c.Exec("COMMIT")
	}
	if err != nil {
		return joinRollback(err, w.c)
	}
	return nil
}

func joinRollback(err error, c *conn) error {
	if back := c.rollback(); back != nil {
		return fmt.Errorf("%w (and rolling back: %w)", err, back)
	}
	return err
}

// pageSize is that of SQLite's pages.
const pageSize = 4096

const (
	// checkpointPages is the length of the write-ahead log at which its pages are
	// copied into the database. In a long log one copy of a page serves many commits.
	checkpointPages = 16_000
	// longLog is the length at which readers are waited for that keep the log from
	// starting over: one after the other they could do so for ever.
	longLog = 4 * checkpointPages
	// longestWait is how long the writer waits for those readers.
	longestWait = 100 * time.Millisecond
	// checkpointCheck is how often the log's length is looked at.
	checkpointCheck = 500 * time.Millisecond
	// quietChecks is how often in a row it must be the same before a short log is
	// copied, too, and its file emptied: nobody writes just now.
	quietChecks = 10
)

// checkpoint keeps the write-ahead log from growing without end. The bulk is
// copied beside the writer, on a connection of its own; only the little that came
// meanwhile is copied by the writer, which lets the log start over.
func (db *DB) checkpoint(c *conn) {
	defer c.Close()
	tick := time.NewTicker(checkpointCheck)
	defer tick.Stop()
	var last int64
	same := 0
	for {
		select {
		case <-db.closing:
			return
		case <-tick.C:
		}
		length := db.logPages.Load()
		if same++; length != last {
			last, same = length, 0
		}
		if length < checkpointPages && (length == 0 || same%quietChecks != quietChecks-1) {
			continue
		}
		if err := db.copyLog(c); err != nil {
			db.opt.Log.Error("checkpoint", "error", err)
		}
	}
}

// copyLog copies the log's pages into the database and leaves the rest to the writer.
func (db *DB) copyLog(c *conn) error {
	if _, _, err := c.WALCheckpoint("main", sqlite3.CHECKPOINT_PASSIVE); err != nil && !errors.Is(err, sqlite3.BUSY) {
		return err
	}
	db.copied.Store(true)
	return nil
}

// restartLog copies what came to the log since copyLog did: the next commit then
// starts the log over, unless a reader still needs it.
func (w *writer) restartLog() error {
	if !w.db.copied.Swap(false) {
		return nil
	}
	mode := sqlite3.CHECKPOINT_PASSIVE
	switch length := w.db.logPages.Load(); {
	case length >= longLog:
		mode = sqlite3.CHECKPOINT_RESTART
	case length < checkpointPages:
		mode = sqlite3.CHECKPOINT_TRUNCATE
	}
	if err := w.c.BusyTimeout(longestWait); err != nil {
		return err
	}
	_, _, err := w.c.WALCheckpoint("main", mode)
	switch {
	case errors.Is(err, sqlite3.BUSY):
		err = nil // the next time, then
	case err == nil && mode == sqlite3.CHECKPOINT_TRUNCATE:
		w.db.logPages.Store(0)
	}
	return errors.Join(err, w.c.BusyTimeout(busyTimeout))
}
