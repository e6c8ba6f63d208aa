package sqlite

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// job is something to do for the writer: run within a transaction, a second time
// in one of its own when the one it shared failed; or alone, outside of any.
type job struct {
	run   func(t *txn) error
	alone func(w *writer) error
	rows  int        // about how many it writes
	done  chan error // buffered: the writer never waits for who asked
}

// writer owns the writing connection. Only its run method uses it.
type writer struct {
	db         *DB
	c          *conn
	issues     *issueCache
	tags       *rollup.TagLimit
	tally      rollup.Tally // of the transaction under way
	encoded    []byte       // the tally's, reused
	buffer     []byte       // of the first block of each transaction
	dayWriters map[int64]*dayWriter
	overgrown  map[model.TraceID]bool   // traces that are too much to be put together
	begun      map[model.ProjectID]bool // projects that are known to have got something
	folded     time.Time                // when the last fold began
	swept      time.Time                // when the last sweep began
	chores     []chore                  // what is left of it
	outgoing   int64                    // the last number of an envelope in the outbox; 0 when it is not known yet
	resting    time.Time                // until when there is no upkeep, since it met an error
}

const (
	// maxGroup is the most jobs that share a commit: enough to make the cost of a
	// sync small, few enough that nobody waits long.
	maxGroup = 512
	// maxGroupRows is about the most rows that a commit of several jobs writes.
	maxGroupRows = 10_000
)

// do hands the writer a job that writes about that many rows, and waits until it
// is committed.
func (db *DB) do(rows int, run func(t *txn) error) error {
	return db.wait(&job{run: run, rows: rows, done: make(chan error, 1)})
}

// alone has the writer do something outside of any transaction, and waits for it.
func (db *DB) alone(f func(w *writer) error) error {
	return db.wait(&job{alone: f, done: make(chan error, 1)})
}

// wait hands a job over and waits for it. It is carried out whatever becomes of the
// caller: that keeps "acknowledged" and "stored" the same thing.
func (db *DB) wait(j *job) error {
	if err := db.hand(j); err != nil {
		return err
	}
	return <-j.done
}

func (db *DB) hand(j *job) error {
	db.senders.RLock()
	defer db.senders.RUnlock()
	select {
	case <-db.closing:
		return errClosed
	default:
	}
	select {
	case db.jobs <- j:
		return nil
	default:
		return fmt.Errorf("%d batches wait to be committed: %w", cap(db.jobs), model.ErrBusy)
	}
}

// run commits jobs until there are no more, and in quiet moments folds the
// journal and sweeps what is past retention.
func (w *writer) run() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	at := make(chan time.Time)
	close(at) // always ready: go on at once
	wait := tick.C
	group := make([]*job, 0, maxGroup)
	for {
		select {
		case j, ok := <-w.db.jobs:
			if !ok {
				w.close()
				return
			}
			group = w.gather(append(group[:0], j))
			w.commit(w.runAlone(group))
		case <-wait:
		}
		if wait = tick.C; !w.db.opt.Beside && w.upkeep() {
			wait = at
		}
	}
}

// gather takes what else is ready, without waiting for it.
func (w *writer) gather(group []*job) []*job {
	for rows := group[0].rows; len(group) < maxGroup && rows < maxGroupRows; {
		select {
		case j, ok := <-w.db.jobs:
			if !ok {
				return group
			}
			group = append(group, j)
			rows += j.rows
		default:
			return group
		}
	}
	return group
}

// runAlone carries out the jobs that want no transaction and returns the others.
func (w *writer) runAlone(group []*job) []*job {
	return slices.DeleteFunc(group, func(j *job) bool {
		if j.alone != nil {
			j.done <- j.alone(w)
		}
		return j.alone != nil
	})
}

// commit carries out the group in one transaction. When that fails, each job gets
// one of its own, so that a bad one does not take the others down.
func (w *writer) commit(group []*job) {
	if len(group) == 0 {
		return
	}
	start := time.Now()
	err := w.transact(func(t *txn) error {
		for _, j := range group {
			if err := j.run(t); err != nil {
				return err
			}
		}
		return nil
	})
	for _, j := range group {
		if err != nil && len(group) > 1 {
			j.done <- kind(w.transact(j.run))
		} else {
			j.done <- kind(err)
		}
	}
	w.db.commits.Add(1)
	if w.db.opt.Committed != nil {
		w.db.opt.Committed(time.Since(start), len(group))
	}
}

// transact runs f in a transaction and commits it, durably.
func (w *writer) transact(f func(t *txn) error) error {
	if err := w.c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	t := &txn{writer: w, now: w.db.opt.Now().UTC()}
	w.tally.Reset()
	err := f(t)
	if err == nil {
		err = t.finish()
	}
	if err == nil {
		err = w.c.Exec("COMMIT")
	}
	if err != nil {
		// What the transaction taught the caches is no longer true, and statements
		// may be of a day whose tables went with it.
		w.issues.clear()
		w.tags = rollup.NewTagLimit()
		clear(w.overgrown)
		clear(w.begun)
		w.dropDayWriters()
		return errors.Join(err, w.c.rollback(), w.db.days.load(w.c))
	}
	w.db.mu.Lock()
	w.db.pending.add(t.journal, &w.tally)
	w.db.mu.Unlock()
	w.db.days.publish(t.opened)
	w.db.outbox.add(t.outbox)
	w.db.events.Add(t.events)
	w.db.spans.Add(t.spans)
	return nil
}

// close runs once the last job is done.
func (w *writer) close() {
	w.dropDayWriters()
	if err := w.c.Close(); err != nil {
		w.db.opt.Log.Error("close database", "error", err)
	}
}

// txn is one transaction of the writer and what it gathers on the way.
type txn struct {
	*writer
	now     time.Time
	journal int64 // id of the journal row; 0 when nothing was counted
	blocks  []*block
	touched map[model.IssueID]*issueDelta
	opened  []int64 // days whose tables this transaction made
	events  int64
	spans   int64
	packed  []byte                          // the envelope of the batch that is written, for the upstream
	outbox  map[store.OutboxQueue]outboxSum // what changes there
}

// finish writes what was gathered: blocks, issues, and the journal.
func (t *txn) finish() error {
	for _, b := range t.blocks {
		if err := t.flush(b); err != nil {
			return err
		}
	}
	if len(t.blocks) > 0 {
		t.buffer = t.blocks[0].data
	}
	if err := errors.Join(t.updateIssues(), t.addTags()); err != nil {
		return err
	}
	if t.encoded = t.tally.Append(t.encoded[:0]); len(t.encoded) == 0 {
		return nil
	}
	data := t.db.codec.Pack(t.encoded)
	if err := t.c.bind("INSERT INTO journal (data) VALUES (?)").blob(data).run(); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	t.journal = t.c.LastInsertRowID()
	return nil
}

// change records what happened for those who follow the feed.
func (t *txn) change(k store.ChangeKind, org model.OrgID, p model.ProjectID, issue model.IssueID, event model.EventID) error {
	return t.record(&store.Change{Kind: k, Org: org, Project: p, Issue: issue, Event: event})
}

// record is change for one of which there is more to say. Cursor and Time are the engine's.
func (t *txn) record(c *store.Change) error {
	return t.c.bind("INSERT INTO changes (time, kind, org, project, issue, event, origin, what) VALUES (?, ?, ?, ?, ?, ?, ?, ?)").
		int(micros(t.now)).text(string(c.Kind)).int(int64(c.Org)).int(int64(c.Project)).int(int64(c.Issue)).blob(c.Event[:]).
		text(c.Origin).int(int64(c.What)).run()
}
