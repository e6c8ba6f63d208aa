package sqlite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// daySeconds is the width of a partition.
const daySeconds = 24 * 60 * 60

// lastDay is in the year 4840. Days stay below it, and ids of attachments count on that.
const lastDay = 1<<20 - 1

// dayOf returns the number of the day, since 1970 in UTC, that names its tables.
// What lies far off goes to the first or the last one.
func dayOf(t time.Time) int64 { return min(max(t.Unix()/daySeconds, 0), lastDay) }

// days is the list of partitions, ascending. It is safe for concurrent use.
type days struct {
	mu   sync.RWMutex
	list []int64
	next map[int64]int64 // writer only: the next block id of a day
}

// days returns the partitions that are in the database, ascending.
func (c *conn) days() (list []int64, err error) {
	err = c.bind("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'events_[0-9]*'").each(func(s *sqlite3.Stmt) error {
		n, err := strconv.ParseInt(strings.TrimPrefix(s.ColumnText(0), "events_"), 10, 64)
		list = append(list, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list days: %w", err)
	}
	slices.Sort(list)
	return list, nil
}

// load reads the list from the database.
func (d *days) load(c *conn) error {
	list, err := c.days()
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list, d.next = list, map[int64]int64{}
	return nil
}

// newestFirst returns the days that may hold something between from and to
// (zero: open), newest first.
func (d *days) newestFirst(from, to time.Time) []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []int64
	for _, day := range slices.Backward(d.list) {
		if (from.IsZero() || day >= dayOf(from)) && (to.IsZero() || day <= dayOf(to)) {
			out = append(out, day)
		}
	}
	return out
}

// all returns the days, ascending. Nobody changes the list that it returns.
func (d *days) all() []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.list
}

func (d *days) has(day int64) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, ok := slices.BinarySearch(d.list, day)
	return ok
}

// publish makes committed days known to readers.
func (d *days) publish(opened []int64) {
	if len(opened) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(slices.Clone(d.list), opened...)
	slices.Sort(d.list)
}

// withdraw hides a day from readers before its tables are dropped.
func (d *days) withdraw(day int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = slices.DeleteFunc(slices.Clone(d.list), func(x int64) bool { return x == day })
	delete(d.next, day)
}

// in fills a day's number into a statement.
func in(day int64, sql string) string {
	return strings.ReplaceAll(sql, "@", strconv.FormatInt(day, 10))
}

// isOpen reports whether the day's tables are there.
func (t *txn) isOpen(day int64) bool {
	return t.db.days.has(day) || slices.Contains(t.opened, day)
}

// open makes the day's tables when they are not there.
func (t *txn) open(day int64) error {
	if t.isOpen(day) {
		return nil
	}
	text, err := schema.ReadFile("schema/day.sql")
	if err != nil {
		return err
	}
	if err := t.c.Exec(in(day, stripComments(string(text)))); err != nil {
		return fmt.Errorf("open day %d: %w", day, err)
	}
	t.opened = append(t.opened, day)
	return nil
}

// stripComments removes SQL comments, in which the @ of a day's number may stand for itself.
func stripComments(sql string) string {
	lines := strings.Split(sql, "\n")
	for i, l := range lines {
		lines[i], _, _ = strings.Cut(l, "--")
	}
	return strings.Join(lines, "\n")
}

// noSuchTable reports whether a reader met a day that was dropped meanwhile.
func noSuchTable(err error) bool {
	return err != nil && strings.Contains(err.Error(), "no such table")
}
