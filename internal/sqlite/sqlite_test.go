package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store {
		db, err := Open(filepath.Join(t.TempDir(), "picket.db"), Options{Now: func() time.Time { return storetest.Clock }})
		if err != nil {
			t.Fatal(err)
		}
		return db
	})
}

// clock is a time that a test moves.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time {
	return storetest.Clock.Add(time.Duration(c.seconds.Load()) * time.Second)
}
func (c *clock) advance(d time.Duration) { c.seconds.Add(int64(d / time.Second)) }

// start opens a file that holds at least the default project, and closes it with the test.
func start(t *testing.T, path string, opt Options) (*DB, store.Scope) {
	t.Helper()
	if opt.Now == nil {
		opt.Now = new(clock).now
	}
	db, err := Open(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	key, err := db.Bootstrap(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if key.Project != 1 {
		t.Errorf("default project is %d, want 1", key.Project)
	}
	return db, store.Scope{Org: key.Org}
}

// faults writes one error of each of n faults, in one batch.
func faults(t *testing.T, db *DB, n int, at time.Time) error {
	t.Helper()
	b := &model.Batch{Org: 1, Project: 1, Received: at}
	for i := range n {
		e := model.Event{ID: model.NewEventID(), Kind: model.KindError, Timestamp: at, Level: model.LevelError, Title: fmt.Sprint("fault ", i),
			Type: fmt.Sprint("Fault", i), Agent: model.Agent{ID: "a"}, User: model.User{ID: fmt.Sprint(i)}, Payload: []byte(`{}`)}
		e.Hashes = []model.Hash{{1, byte(i), byte(i >> 8)}}
		b.Events = append(b.Events, e)
	}
	_, err := db.Write(context.Background(), b)
	return err
}

// errorsIn sums the errors of the default project's agent, from pending and folded rows alike.
func errorsIn(t *testing.T, db *DB, in store.Scope, kind rollup.Kind, from, to time.Time) (sum int64) {
	t.Helper()
	err := db.Rollup(context.Background(), store.RollupQuery{In: in, Kind: kind, From: from, To: to}, func(r store.RollupRow) error {
		sum += r.Counters.Get(rollup.Errors)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// copyFiles copies the database as a crash would leave it: file and log, as they are on disk.
func copyFiles(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(from + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFoldSurvivesCrash stops a fold at every chunk and goes on from a copy of the files.
func TestFoldSurvivesCrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, in := start(t, path, Options{})
	const n = 400 // several chunks
	if err := faults(t, db, n, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	check := func(when string, db *DB) {
		t.Helper()
		for _, kind := range []rollup.Kind{rollup.Project, rollup.Agent, rollup.Issue, rollup.AgentIssue, rollup.ErrorType} {
			for _, window := range []time.Duration{time.Hour, 30 * time.Hour, 20 * 24 * time.Hour} {
				if got := errorsIn(t, db, in, kind, storetest.Clock.Add(-window), storetest.Clock.Add(time.Minute)); got != n {
					t.Errorf("%s: errors by kind %d over %s = %d, want %d", when, kind, window, got, n)
				}
			}
		}
	}
	check("before", db)
	left := 1
	for chunk := 0; left > 0; chunk++ {
		err := db.alone(func(w *writer) error {
			if chunk == 0 {
				w.startFold()
			}
			err := w.foldSome(foldChunk)
			left = len(w.db.pending.order)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		check(fmt.Sprintf("after chunk %d", chunk), db)
		crashed := filepath.Join(t.TempDir(), "picket.db")
		copyFiles(t, path, crashed)
		again, _ := start(t, crashed, Options{})
		check(fmt.Sprintf("crashed after chunk %d", chunk), again)
		if err := faults(t, again, 1, storetest.Clock.Add(-48*time.Hour)); err != nil { // the next fold must not upset the first
			t.Fatal(err)
		}
	}
	if left != 0 {
		t.Errorf("%d slots left", left)
	}
}

// TestOpenedTogether has several processes begin with the same new file.
func TestOpenedTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	const processes = 4
	keys := make(chan store.Key, processes)
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() {
			db, err := Open(path, Options{Beside: i > 0})
			if err != nil {
				t.Error(err)
				return
			}
			key, err := db.Bootstrap(context.Background())
			if err := errors.Join(err, db.Close()); err != nil {
				t.Error(err)
			}
			keys <- key
		})
	}
	wg.Wait()
	close(keys)
	first := <-keys
	for k := range keys {
		if k.Public != first.Public || k.Project != 1 {
			t.Errorf("first key = %+v here and %+v there", k, first)
		}
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, _ := start(t, path, Options{})
	if err := faults(t, db, 3, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := faults(t, db, 1, storetest.Clock); !errors.Is(err, model.ErrBusy) {
		t.Errorf("write after close: %v, want busy", err)
	}
	if _, err := db.Organizations(context.Background()); !errors.Is(err, model.ErrBusy) {
		t.Errorf("read after close: %v, want busy", err)
	}
	db, in := start(t, path, Options{})
	if err := faults(t, db, 3, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	page, err := db.Issues(context.Background(), store.IssueQuery{In: in})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range page.Issues {
		if i.Count != 2 || i.Users != 1 {
			t.Errorf("%s has %d events of %d users, want 2 of 1", i.Title, i.Count, i.Users)
		}
	}
	if st, err := db.Stats(context.Background()); err != nil || st.Events != 6 {
		t.Errorf("stats = %+v, %v; want 6 events", st, err)
	}
}

func TestRetentionDropsDays(t *testing.T) {
	t.Parallel()
	c := &clock{}
	db, in := start(t, filepath.Join(t.TempDir(), "picket.db"), Options{Now: c.now, Retention: 10 * 24 * time.Hour})
	for d := range 15 {
		if err := faults(t, db, 1, storetest.Clock.Add(-time.Duration(d)*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func() {
		t.Helper()
		inWriter(t, db, func(w *writer) error { return sweep(w, c.now()) })
	}
	events := func() int {
		t.Helper()
		page, err := db.Events(context.Background(), store.EventQuery{In: in})
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Events)
	}
	sweep()
	if got := events(); got != 11 {
		t.Errorf("%d events left, want those of today and ten days before", got)
	}
	if st, err := db.Stats(context.Background()); err != nil || st.Events != 11 {
		t.Errorf("stats count %d events, %v; want 11", st.Events, err)
	}
	c.advance(30 * 24 * time.Hour)
	sweep()
	if got := events(); got != 0 {
		t.Errorf("%d events left, want none", got)
	}
	if got := errorsIn(t, db, in, rollup.Project, storetest.Clock.Add(-60*24*time.Hour), c.now()); got != 15 {
		t.Errorf("rollups hold %d errors, want all 15: they outlive events", got)
	}
	if err := faults(t, db, 1, storetest.Clock); err != nil {
		t.Errorf("a late event for a dropped day: %v", err)
	}
}

func TestNewerDataIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, _ := start(t, path, Options{})
	if err := db.alone(func(w *writer) error { return w.c.Exec("PRAGMA user_version = 99") }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(path, Options{})
	if err == nil || !strings.Contains(err.Error(), "newer picket") {
		t.Errorf("open: %v, want a word about a newer picket", err)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	db, in := start(t, filepath.Join(t.TempDir(), "picket.db"), Options{})
	limit := func(pages string) {
		t.Helper()
		if err := db.alone(func(w *writer) error { return w.c.Exec("PRAGMA max_page_count = " + pages) }); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // SQLite takes the present size
	if err := faults(t, db, 2000, storetest.Clock); !errors.Is(err, model.ErrFull) {
		t.Fatalf("write to a full disk: %v, want disk full", err)
	}
	limit("1000000")
	if err := faults(t, db, 5, storetest.Clock); err != nil {
		t.Fatalf("write once there is room: %v", err)
	}
	if got := errorsIn(t, db, in, rollup.Project, storetest.Clock.Add(-time.Hour), storetest.Clock.Add(time.Hour)); got != 5 {
		t.Errorf("%d errors counted, want only the 5 that were acknowledged", got)
	}
}

func TestFullQueueIsBusy(t *testing.T) {
	t.Parallel()
	db, _ := start(t, filepath.Join(t.TempDir(), "picket.db"), Options{Queue: 1})
	entered, leave := make(chan struct{}), make(chan struct{})
	blocked := make(chan error, 1)
	go func() {
		blocked <- db.alone(func(*writer) error {
			close(entered)
			<-leave
			return nil
		})
	}()
	<-entered
	waiting := &job{run: func(*txn) error { return nil }, done: make(chan error, 1)}
	if err := db.hand(waiting); err != nil {
		t.Fatal(err)
	}
	if err := faults(t, db, 1, storetest.Clock); !errors.Is(err, model.ErrBusy) {
		t.Errorf("write to a full queue: %v, want busy", err)
	}
	close(leave)
	if err := errors.Join(<-blocked, <-waiting.done); err != nil {
		t.Error(err)
	}
}

// TestBadJobSparesOthers puts a failing job into a shared commit.
func TestBadJobSparesOthers(t *testing.T) {
	t.Parallel()
	db, _ := start(t, filepath.Join(t.TempDir(), "picket.db"), Options{})
	bad := errors.New("bad")
	runs := 0
	err := db.alone(func(w *writer) error {
		group := []*job{
			{run: func(t *txn) error { runs++; return t.change(store.IssueCreated, 1, 1, 1, model.EventID{}) }, done: make(chan error, 1)},
			{run: func(*txn) error { return bad }, done: make(chan error, 1)},
		}
		w.commit(group)
		if err := <-group[0].done; err != nil {
			return fmt.Errorf("good job: %w", err)
		}
		if err := <-group[1].done; !errors.Is(err, bad) {
			return fmt.Errorf("bad job: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	changes, err := db.Changes(context.Background(), 0, 10)
	if err != nil || len(changes) != 1 || runs != 2 {
		t.Errorf("%d changes after %d runs (%v), want 1 after 2", len(changes), runs, err)
	}
}

// TestCheckpointLetsTheLogStartOver keeps writing and sees the log's length fall.
func TestCheckpointLetsTheLogStartOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, _ := start(t, path, Options{})
	if err := faults(t, db, 500, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	before := db.logPages.Load()
	c, err := connect(path, "", 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := db.copyLog(c); err != nil {
		t.Fatal(err)
	}
	inWriter(t, db, (*writer).restartLog)
	if err := faults(t, db, 1, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	if after := db.logPages.Load(); after >= before {
		t.Errorf("the log has %d pages after a checkpoint, %d before", after, before)
	}
}
