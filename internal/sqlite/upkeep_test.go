package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

// sweep does a whole sweep at once.
func sweep(w *writer, now time.Time) error {
	chores, err := w.planSweep(now)
	for len(chores) > 0 && err == nil {
		var done bool
		if done, err = chores[0](w); done {
			chores = chores[1:]
		}
	}
	return err
}

// TestLateRowsOfADroppedDay has rows come for a day at every step of its way out.
func TestLateRowsOfADroppedDay(t *testing.T) {
	t.Parallel()
	db, in := fresh(t, Options{})
	old := storetest.Clock.Add(-100 * 24 * time.Hour)
	if err := faults(t, db, 10, old); err != nil {
		t.Fatal(err)
	}
	d := &dropping{day: dayOf(old)}
	for step := 0; ; step++ {
		var done bool
		inWriter(t, db, func(w *writer) (err error) {
			done, err = d.next(w)
			return err
		})
		if err := faults(t, db, 2, old); err != nil {
			t.Fatalf("write after step %d: %v", step, err)
		}
		page, err := db.Events(context.Background(), store.EventQuery{In: in})
		if err != nil || len(page.Events) < 2 {
			t.Fatalf("%d events after step %d, %v; want at least those just written", len(page.Events), step, err)
		}
		if _, err := db.Event(context.Background(), in, page.Events[0].ID); err != nil {
			t.Fatalf("event after step %d: %v", step, err)
		}
		if done {
			break
		}
		if step > 100 {
			t.Fatal("it never ends")
		}
		if step%4 > 0 { // late rows pause
			continue
		}
		inWriter(t, db, func(w *writer) error { // and so does the disk
			if err := w.c.Exec("PRAGMA query_only = 1"); err != nil {
				return err
			}
			if _, err := d.next(w); err == nil {
				t.Error("a day was dropped from a database that takes no changes")
			}
			return w.c.Exec("PRAGMA query_only = 0")
		})
	}
	page, err := db.Events(context.Background(), store.EventQuery{In: in})
	if err != nil || len(page.Events) != 2 {
		t.Errorf("%d events, %v; want only the last two", len(page.Events), err)
	}
	inWriter(t, db, func(w *writer) error { return sweep(w, storetest.Clock) })
	if days, err := db.Events(context.Background(), store.EventQuery{In: in}); err != nil || len(days.Events) != 0 {
		t.Errorf("%d events after a sweep, %v; want none", len(days.Events), err)
	}
}

// TestAttachmentOfDroppedDay asks for one just when its day is dropped.
func TestAttachmentOfDroppedDay(t *testing.T) {
	t.Parallel()
	db, scope := fresh(t, Options{})
	id := model.NewEventID()
	_, err := db.Write(context.Background(), &model.Batch{Org: 1, Project: 1, Received: storetest.Clock, Attachments: []model.Attachment{{Event: id, Name: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := db.Attachments(context.Background(), scope, id)
	if err != nil {
		t.Fatal(err)
	}
	inWriter(t, db, func(w *writer) error {
		return w.c.Exec(in(dayOf(storetest.Clock), "DROP TABLE attachments_@"))
	})
	if _, err := db.Attachment(context.Background(), scope, id, list[0].ID); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("attachment of a dropped day: %v, want not found", err)
	}
}

// TestSweepCatchesUp has more rows outlive their retention than one chore deletes,
// of many names, while traffic goes on.
func TestSweepCatchesUp(t *testing.T) {
	t.Parallel()
	c := &clock{}
	db, in := fresh(t, Options{Now: c.now, Retention: 24 * time.Hour})
	const batches, each = 3, 1500
	for n := range batches {
		b := &model.Batch{Org: 1, Project: 1, Received: storetest.Clock, Spans: []model.Span{span(byte(n))}}
		for i := range each {
			b.Executions = append(b.Executions, model.Execution{ID: fmt.Sprint(n, "-", i), Start: storetest.Clock, Ended: true, Agent: model.Agent{ID: fmt.Sprint("agent-", i)}})
		}
		if _, err := db.Write(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	rows := func(table string) (n int64) {
		inWriter(t, db, func(w *writer) (err error) {
			n, err = count(w.c, table)
			return err
		})
		return n
	}
	c.advance(time.Minute)
	for range 1000 {
		if rows("rollup_minute") > each {
			break
		}
	}
	if got := rows("rollup_minute"); got <= each {
		t.Fatalf("%d rows by the minute, want more than %d", got, each)
	}
	c.advance(49 * time.Hour)
	for range 1000 {
		if rows("executions")+rows("rollup_minute") == 0 {
			break
		}
	}
	if x, m := rows("executions"), rows("rollup_minute"); x+m != 0 {
		t.Errorf("%d executions and %d rows by the minute are left, want none", x, m)
	}
	var sum int64
	err := db.Rollup(context.Background(), store.RollupQuery{In: in, Kind: rollup.Agent, From: storetest.Clock.Add(-time.Hour), To: c.now()}, func(r store.RollupRow) error {
		sum += r.Counters.Get(rollup.Executions)
		return nil
	})
	if err != nil || sum != batches*each {
		t.Errorf("%d executions by the hour, %v; want %d", sum, err, batches*each)
	}
	if st, err := db.Stats(context.Background()); err != nil || st.Events != 0 {
		t.Errorf("stats = %+v, %v", st, err)
	}
}

// TestLogStartsOverDespiteReaders has two readers take turns, so that the log is
// read from at all times.
func TestLogStartsOverDespiteReaders(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, _ := start(t, path, Options{})
	stop := make(chan struct{})
	turns := [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}
	done := make(chan error, 2)
	for i := range turns {
		go func() { done <- takeTurns(path, turns[i], turns[1-i], stop) }()
	}
	turns[0] <- struct{}{}
	if err := faults(t, db, 100, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	before := db.logPages.Load()
	for n := 0; db.logPages.Load() >= before && n < 50; n++ {
		inWriter(t, db, func(w *writer) error {
			db.copied.Store(true)
			db.logPages.Store(longLog)
			err := w.restartLog()
			return errors.Join(err, w.c.Exec("UPDATE organizations SET name = name || '.'")) // as the next commit does, at once
		})
	}
	close(stop)
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	if after := db.logPages.Load(); after >= before {
		t.Errorf("the log has %d pages, %d before: it never started over", after, before)
	}
}

// takeTurns reads whenever it is its turn, and ends that read only once the other
// one has begun the next.
func takeTurns(path string, mine, other chan struct{}, stop chan struct{}) error {
	c, err := connect(path, "", readerCacheKiB)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		select {
		case <-stop:
			return nil
		case <-mine:
		}
		if err := c.Exec("ROLLBACK"); err != nil && !c.GetAutocommit() {
			return err
		}
		if err := c.Exec("BEGIN"); err != nil {
			return err
		}
		for begun := time.Now(); time.Since(begun) < 3*time.Millisecond; { // long for a commit, short for longestWait
			if err := c.Exec("SELECT 1 FROM fold"); err != nil {
				return err
			}
		}
		other <- struct{}{}
	}
}

// TestFullQueueLetsTheLogStartOver has the copying of the log end while no job can be queued.
func TestFullQueueLetsTheLogStartOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, _ := start(t, path, Options{Queue: 1})
	if err := faults(t, db, 100, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	before := db.logPages.Load()
	c, err := connect(path, "", copierCacheKiB)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
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
	if err := errors.Join(db.hand(waiting), db.copyLog(c)); err != nil {
		t.Fatal(err)
	}
	close(leave)
	if err := errors.Join(<-blocked, <-waiting.done); err != nil {
		t.Fatal(err)
	}
	inWriter(t, db, func(*writer) error { return nil }) // upkeep was in between
	if err := faults(t, db, 1, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	if after := db.logPages.Load(); after >= before {
		t.Errorf("the log has %d pages, %d before", after, before)
	}
}

// TestCloseDismissesWaitingReaders closes while every reading connection is taken.
func TestCloseDismissesWaitingReaders(t *testing.T) {
	t.Parallel()
	db, in := fresh(t, Options{})
	var held []*conn
	for range readerCount {
		c, err := db.acquire(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	waiting, refused, closed := make(chan struct{}), make(chan error), make(chan error)
	go func() {
		close(waiting)
		_, err := db.Projects(context.Background(), in)
		refused <- err
	}()
	<-waiting
	go func() { closed <- db.Close() }()
	if err := <-refused; !errors.Is(err, model.ErrBusy) {
		t.Errorf("the waiting reader: %v, want busy", err)
	}
	for _, c := range held {
		db.readers <- c
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// count counts a table's rows.
func count(c *conn, table string) (n int64, err error) {
	_, err = c.bind("SELECT count(*) FROM " + table).one(func(s *sqlite3.Stmt) { n = s.ColumnInt64(0) })
	return n, err
}

// TestQuietLogIsEmptied lets the writer rest and sees the log's file shrink to nothing.
func TestQuietLogIsEmptied(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, _ := start(t, path, Options{})
	if err := faults(t, db, 50, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	c, err := connect(path, "", 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := db.copyLog(c); err != nil {
		t.Fatal(err)
	}
	inWriter(t, db, (*writer).restartLog)
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() != 0 {
		t.Errorf("the log's file: %v, %v; want it empty", info, err)
	}
	if err := faults(t, db, 1, storetest.Clock); err != nil {
		t.Fatal(err)
	}
}
