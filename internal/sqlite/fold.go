package sqlite

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/rollup"
)

// pending is what the journal holds and no fold has brought to the rollup rows
// yet. The writer changes it; readers of rollups add it to the rows they find.
// DB.mu guards all of it.
type pending struct {
	growing   rollup.Delta // what commits add
	most      int          // how many slots of it may gather
	journaled int          // how many slots commits have journaled for it
	last      int64        // the journal row that growing reaches up to

	// folding is what a fold is bringing to the rows, in order of slots: a crash in
	// the middle leaves a cursor, and what comes before it is not brought again.
	folding rollup.Delta
	order   []foldSlot
	total   int // how long order was at first
	upto    int64
}

// foldSlot is a slot with the encoding that orders it.
type foldSlot struct {
	rollup.Slot
	key []byte
}

func newPending() *pending { return &pending{most: maxGrowing} }

// add takes what a commit journaled.
func (p *pending) add(journal int64, t *rollup.Tally) {
	if journal > 0 {
		p.journaled += t.Len()
		p.growing.Add(t)
		p.last = journal
	}
}

const (
	// foldEvery is how long deltas gather before they are brought to the rows: long
	// enough that a busy slot is written once for thousands of events.
	foldEvery = 30 * time.Second
	// maxGrowing bounds what gathers.
	maxGrowing = 20_000
	// maxJournaled bounds the journal, which a start after a crash reads back: about
	// a second.
	maxJournaled = 1_000_000
	// foldChunk is how many slots a fold takes at a time, a few milliseconds, unless
	// it falls behind.
	foldChunk = 100
	// maxFoldChunk is the most that one transaction of a fold takes.
	maxFoldChunk = 1000
)

// share returns how many slots the fold is to take away now: as much of it as has
// gathered of the next one, so that it ends before there is too much and those who
// write wait a little each time and never long.
func (p *pending) share() int {
	free := max(p.most-p.growing.Len(), 0)
	return max(len(p.order)-p.total*free/p.most, foldChunk)
}

// fold brings some pending deltas to the rows.
func (w *writer) fold(now time.Time) error {
	if !w.ready() {
		return nil
	}
	if w.db.lost != nil {
		return w.db.lost
	}
	p := w.db.pending
	due := p.growing.Len() >= p.most || p.journaled >= maxJournaled || p.growing.Len() > 0 && now.Sub(w.folded) >= foldEvery
	if due && len(p.order) == 0 {
		w.folded = now
		w.startFold()
	}
	for n := p.share(); n > 0 && len(p.order) > 0; n -= maxFoldChunk {
		if err := w.foldSome(min(n, maxFoldChunk)); err != nil {
			return err
		}
	}
	return nil
}

// startFold freezes what has grown, unless a fold is under way.
func (w *writer) startFold() {
	w.db.mu.Lock()
	defer w.db.mu.Unlock()
	p := w.db.pending
	if len(p.order) > 0 {
		return
	}
	p.folding, p.upto = p.growing, p.last
	p.growing, p.journaled = rollup.Delta{}, 0
	p.order = inOrder(&p.folding)
	p.total = len(p.order)
}

// inOrder returns the slots in the order that a fold's cursor counts on.
func inOrder(d *rollup.Delta) []foldSlot {
	order := make([]foldSlot, 0, d.Len())
	for _, slots := range d {
		for s := range slots {
			order = append(order, foldSlot{s, s.Append(nil)})
		}
	}
	slices.SortFunc(order, func(a, b foldSlot) int { return bytes.Compare(a.key, b.key) })
	return order
}

// foldSome brings the next slots to the rows, in a transaction of its own.
func (w *writer) foldSome(n int) error {
	p := w.db.pending
	if n = min(n, len(p.order)); n == 0 {
		return nil
	}
	if err := w.c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := w.foldRows(p.order[:n], n == len(p.order))
	if err != nil {
		return fmt.Errorf("fold: %w", joinRollback(err, w.c))
	}
	// Readers see either the old rows and the slots, or the new rows without them.
	w.db.mu.Lock()
	defer w.db.mu.Unlock()
	if err := w.c.Exec("COMMIT"); err != nil {
		return fmt.Errorf("fold: %w", joinRollback(err, w.c))
	}
	for _, s := range p.order[:n] {
		p.folding.Delete(s.Slot)
	}
	if p.order = p.order[n:]; len(p.order) == 0 {
		p.folding, p.order = rollup.Delta{}, nil
	}
	return nil
}

func (w *writer) foldRows(slots []foldSlot, last bool) error {
	now := w.db.opt.Now()
	for _, s := range slots {
		c := w.db.pending.folding.Get(s.Slot)
		for _, tier := range s.Kind.Tiers() {
			if now.Sub(time.Unix(s.Minute*60, 0)) > rowsKept[tier]+tier.Width() {
				continue // a late event: nobody reads such fine rows of that time any more
			}
			if err := w.c.addToRow(tier, s.Slot, c); err != nil {
				return err
			}
		}
	}
	if !last {
		return w.c.bind("INSERT OR REPLACE INTO fold (one, upto, slot) VALUES (1, ?, ?)").
			int(w.db.pending.upto).blob(slots[len(slots)-1].key).run()
	}
	if err := w.c.bind("DELETE FROM journal WHERE id <= ?").int(w.db.pending.upto).run(); err != nil {
		return err
	}
	return w.c.bind("DELETE FROM fold").run()
}

// tierTables names the table of each tier.
var tierTables = [...]string{rollup.Minute: "rollup_minute", rollup.Hour: "rollup_hour", rollup.Day: "rollup_day"}

// addToRow merges counters into the row of a slot's bucket. It only reads add, as
// readers of pending do meanwhile.
func (c *conn) addToRow(tier rollup.Tier, s rollup.Slot, add *rollup.Counters) error {
	at := s.Minute * 60 / int64(tier.Width().Seconds()) * int64(tier.Width().Seconds())
	var row rollup.Counters
	var decoded error
	_, err := bindSlot(c.bind("SELECT value FROM "+tierTables[tier]+" WHERE kind = ? AND project = ? AND name = ? AND time = ? AND sub = ? AND environment = ? AND release = ?"), s, at).
		one(func(r *sqlite3.Stmt) { _, decoded = row.Decode(r.ColumnRawBlob(0)) })
	if err != nil || decoded != nil {
		return fmt.Errorf("read rollup: %w", firstError(err, decoded))
	}
	row.Merge(add)
	if row.Zero() { // all of it was taken back
		return bindSlot(c.bind("DELETE FROM "+tierTables[tier]+" WHERE kind = ? AND project = ? AND name = ? AND time = ? AND sub = ? AND environment = ? AND release = ?"), s, at).run()
	}
	return bindSlot(c.bind("INSERT OR REPLACE INTO "+tierTables[tier]+" (kind, project, name, time, sub, environment, release, value) VALUES (?,?,?,?,?,?,?,?)"), s, at).
		blob(row.Append(nil)).run()
}

func bindSlot(b *binder, s rollup.Slot, at int64) *binder {
	return b.int(int64(s.Kind)).int(int64(s.Project)).text(s.Name).int(at).text(s.Sub).text(s.Environment).text(s.Release)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
