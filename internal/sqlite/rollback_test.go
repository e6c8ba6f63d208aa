package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

// fresh opens a new file.
func fresh(t *testing.T, opt Options) (*DB, store.Scope) {
	t.Helper()
	return start(t, filepath.Join(t.TempDir(), "picket.db"), opt)
}

// inWriter runs f on the writer's goroutine.
func inWriter(t *testing.T, db *DB, f func(w *writer) error) {
	t.Helper()
	if err := db.alone(f); err != nil {
		t.Fatal(err)
	}
}

// span returns a lone span of a tool.
func span(trace byte) model.Span {
	return model.Span{Trace: model.TraceID{trace}, ID: model.SpanID{1}, Start: storetest.Clock, Kind: model.SpanTool, Tool: "lookup", Blob: -1}
}

// TestRolledBackDay has a job of a shared commit fail that was the first of its day.
func TestRolledBackDay(t *testing.T) {
	t.Parallel()
	db, in := fresh(t, Options{})
	b := &model.Batch{Org: 1, Project: 1, Received: storetest.Clock, Spans: []model.Span{span(1)}}
	bad := errors.New("bad")
	err := db.do(1, func(t *txn) error {
		return errors.Join(t.write(b, &store.Receipt{}), bad)
	})
	if !errors.Is(err, bad) {
		t.Fatal(err)
	}
	if _, err := db.Write(context.Background(), b); err != nil {
		t.Fatalf("write to the day afterwards: %v", err)
	}
	if trace, err := db.Trace(context.Background(), in, model.TraceID{1}); err != nil || len(trace.Spans) != 1 {
		t.Errorf("trace %+v, %v; want its span", trace, err)
	}
}

// TestRollbackLeavesOthersPagesAlone rolls a transaction back of which pages are
// gathered for the log, lets another process commit, and goes on.
func TestRollbackLeavesOthersPagesAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, in := start(t, path, Options{})
	inWriter(t, db, func(w *writer) error {
		if err := w.c.Exec("CREATE TABLE junk (id INTEGER PRIMARY KEY, data BLOB)"); err != nil {
			return err
		}
		if _, _, err := w.c.WALCheckpoint("main", sqlite3.CHECKPOINT_PASSIVE); err != nil {
			return err
		}
		if err := w.c.Exec(`PRAGMA cache_size = 100; BEGIN;
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 700) INSERT INTO junk SELECT i, zeroblob(1000) FROM n`); err != nil {
			return err
		}
		if len(w.c.log.gathered) == 0 {
			t.Error("nothing was gathered: the test shows nothing")
		}
		return w.c.rollback()
	})
	other, _ := start(t, path, Options{Beside: true})
	const projects = 20
	for i := range projects {
		if _, err := other.CreateProject(context.Background(), in, fmt.Sprint("p", i), "P", ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := faults(t, db, 1, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "picket.db")
	copyFiles(t, path, crashed)
	again, _ := start(t, crashed, Options{})
	if list, err := again.Projects(context.Background(), in); err != nil || len(list) != projects+1 {
		t.Errorf("%d projects after a crash, %v; want %d", len(list), err, projects+1)
	}
}

// fullDisk is a file on a disk without room.
type fullDisk struct{ vfs.File }

func (fullDisk) WriteAt([]byte, int64) (int, error) { return 0, syscall.ENOSPC }

// TestNoRoomForTheLog fills the disk under the log, whose pages are written at the sync only.
func TestNoRoomForTheLog(t *testing.T) {
	t.Parallel()
	db, in := fresh(t, Options{})
	var room vfs.File
	inWriter(t, db, func(w *writer) error {
		room, w.c.log.File = w.c.log.File, fullDisk{w.c.log.File}
		return nil
	})
	if err := faults(t, db, 1, storetest.Clock); !errors.Is(err, model.ErrFull) {
		t.Errorf("write without room: %v, want disk full", err)
	}
	inWriter(t, db, func(w *writer) error {
		w.c.log.File = room
		return nil
	})
	if err := faults(t, db, 1, storetest.Clock); err != nil {
		t.Errorf("write once there is room: %v", err)
	}
	page, err := db.Issues(context.Background(), store.IssueQuery{In: in})
	if err != nil || len(page.Issues) != 1 || page.Issues[0].Count != 1 {
		t.Errorf("issues = %+v, %v; want one of the one event that was acknowledged", page.Issues, err)
	}
}

// TestWritesDuringRecovery writes to a crashed copy while its journal is read back.
func TestWritesDuringRecovery(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, in := start(t, path, Options{})
	const before, after = 100, 20
	for range before {
		if err := faults(t, db, 10, storetest.Clock); err != nil {
			t.Fatal(err)
		}
	}
	crashed := filepath.Join(t.TempDir(), "picket.db")
	copyFiles(t, path, crashed)
	again, _ := start(t, crashed, Options{})
	for range after {
		if err := faults(t, again, 10, storetest.Clock); err != nil {
			t.Fatal(err)
		}
	}
	if got := errorsIn(t, again, in, rollup.Agent, storetest.Clock.Add(-time.Hour), storetest.Clock.Add(time.Minute)); got != 10*(before+after) {
		t.Errorf("%d errors, want %d", got, 10*(before+after))
	}
	crashed2 := filepath.Join(t.TempDir(), "picket.db")
	copyFiles(t, crashed, crashed2)
	third, _ := start(t, crashed2, Options{})
	if err := third.Close(); err != nil { // perhaps in the middle of it
		t.Fatal(err)
	}
	if _, err := third.Organizations(context.Background()); !errors.Is(err, model.ErrBusy) {
		t.Errorf("read after close: %v, want busy", err)
	}
	fourth, _ := start(t, crashed2, Options{})
	if got := errorsIn(t, fourth, in, rollup.Agent, storetest.Clock.Add(-time.Hour), storetest.Clock.Add(time.Minute)); got != 10*(before+after) {
		t.Errorf("%d errors the next time, want %d", got, 10*(before+after))
	}
}

// TestUnreadableJournal has sums fail rather than be wrong.
func TestUnreadableJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, in := start(t, path, Options{})
	if err := faults(t, db, 1, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	inWriter(t, db, func(w *writer) error { return w.c.Exec("UPDATE journal SET data = x'00'") })
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again, _ := start(t, path, Options{Log: slog.New(slog.DiscardHandler)})
	err := again.Rollup(context.Background(), store.RollupQuery{In: in, Kind: rollup.Agent}, func(store.RollupRow) error { return nil })
	if err == nil {
		t.Error("rollups were read without the journal")
	}
	if err := faults(t, again, 1, storetest.Clock); err != nil {
		t.Errorf("write: %v", err)
	}
}
