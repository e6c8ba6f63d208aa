package rollup

import (
	"time"

	"relay.one/picket/internal/model"
)

// Tally gathers what one transaction adds to the rollups, and is reused for the
// next. A slot may be in it more than once. The zero value is empty. It is not safe
// for concurrent use.
type Tally struct {
	index  map[Slot]*Counters // but for tags that a TagLimit knows
	chunks []*[chunk]entry    // never moved: pointers into them stay good
	n      int
	epoch  uint32 // counts the transactions
}

// entry is a slot and what it has.
type entry struct {
	Slot
	Counters
}

const (
	// chunk is how many entries are made at a time.
	chunk = 256
	// maxKept is how many chunks stay for the next transaction.
	maxKept = 32
)

// Len returns how many entries there are.
func (t *Tally) Len() int { return t.n }

// idle reports whether the entry changes nothing.
func (e *entry) idle() bool { return e.Zero() && e.users == nil }

// Reset empties t and keeps its memory, unless that is much.
func (t *Tally) Reset() {
	for i := range t.n {
		*t.entry(i) = entry{}
	}
	if len(t.chunks) > maxKept {
		t.chunks, t.index = nil, nil
	}
	clear(t.index)
	t.n = 0
	t.epoch++
}

func (t *Tally) entry(i int) *entry { return &t.chunks[i/chunk][i%chunk] }

// push adds an entry.
func (t *Tally) push(s Slot) *entry {
	if t.n/chunk == len(t.chunks) {
		t.chunks = append(t.chunks, new([chunk]entry))
	}
	e := t.entry(t.n)
	e.Slot = s
	t.n++
	return e
}

// At returns the counters of a key at a time, made when they are not there. They are
// good until Reset.
func (t *Tally) At(k Key, at time.Time) *Counters {
	s := Slot{k, at.Unix() / 60}
	c := t.index[s]
	if c == nil {
		if t.index == nil {
			t.index = map[Slot]*Counters{}
		}
		c = &t.push(s).Counters
		t.index[s] = c
	}
	return c
}

// tagged is what the tags of one event share.
type tagged struct {
	tally   *Tally
	project model.ProjectID
	issue   model.IssueID
	name    string // the issue's
	day     time.Time
	limit   *TagLimit
}

// at returns the counters of a tag's value, within what the limit admits. A value
// that the limit knows is found by its place there, which is quicker than by slot.
func (w *tagged) at(tag model.Tag) *Counters {
	t := w.tally
	place, tag := w.limit.admit(w.issue, w.day, tag)
	if place == 0 {
		return t.At(Key{Kind: IssueTag, Project: w.project, Name: w.name, Sub: tagSub(tag)}, w.day)
	}
	minute := w.day.Unix() / 60
	if n := w.limit.found(place, t); n >= 0 {
		if e := t.entry(n); e.Minute == minute && e.Project == w.project && e.Name == w.name && isTag(e.Sub, tag) {
			return &e.Counters
		}
	}
	e := t.push(Slot{Key{Kind: IssueTag, Project: w.project, Name: w.name, Sub: tagSub(tag)}, minute})
	w.limit.find(place, t, t.n-1)
	return &e.Counters
}

// tagSub is the Sub of a tag's rows.
func tagSub(t model.Tag) string { return t.Key + "\x00" + t.Value }

func isTag(sub string, t model.Tag) bool {
	k := len(t.Key)
	return len(sub) == k+1+len(t.Value) && sub[:k] == t.Key && sub[k] == 0 && sub[k+1:] == t.Value
}

// Append encodes t for the journal, without what was counted and taken back.
func (t *Tally) Append(dst []byte) []byte {
	for i := range t.n {
		e := t.entry(i)
		if e.idle() {
			continue
		}
		dst = e.Counters.Append(e.Slot.Append(dst))
	}
	return dst
}
