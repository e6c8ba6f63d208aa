package rollup

import (
	"time"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

const (
	// OtherValues stands for the values of a tag beyond those counted apart.
	OtherValues = "(other values)"
	// OtherTags stands for the tags of an issue beyond those counted apart; it has OtherValues only.
	OtherTags = "(other tags)"
)

const (
	// maxTagValues is how many values of one tag of one issue are counted apart in a day.
	maxTagValues = 50
	// maxTags is how many tags of one issue are counted apart in a day: as many as
	// an event may have, and some.
	maxTags = 250
	// maxTagEntries bounds the memory of a TagLimit.
	maxTagEntries = 400_000
)

// TagLimit keeps tags that are new with every event, and tags whose every value is
// (request ids and the like), from making rows without end. It remembers one day at
// a time. A nil limit admits everything. It is not safe for concurrent use.
type TagLimit struct {
	day    time.Time
	values map[place]lastSeen
	counts map[uint64]int // by issue and key
	tags   map[model.IssueID]int
	fresh  []IssueTagValue
}

// place is that of a value that was admitted: a hash of issue, key and value.
type place uint64

// lastSeen is the entry of the tally that had a value last: no pointer, since there are
// very many.
type lastSeen struct{ epoch, entry uint32 }

// IssueTagValue is a tag's value that an issue may not have had before.
type IssueTagValue struct {
	Issue      model.IssueID
	Key, Value string
}

// Fresh returns the values admitted since the last call that this limit had not
// seen before, and forgets them. Some may be known to the store already.
func (l *TagLimit) Fresh() []IssueTagValue {
	fresh := l.fresh
	l.fresh = nil
	return fresh
}

// Note remembers a tag that is counted elsewhere (see Tally.AddStory), for Fresh.
func (l *TagLimit) Note(issue model.IssueID, at time.Time, t model.Tag) {
	l.admit(issue, startOfDay(at), t)
}

// NewTagLimit returns an empty limit.
func NewTagLimit() *TagLimit {
	return &TagLimit{values: map[place]lastSeen{}, counts: map[uint64]int{}, tags: map[model.IssueID]int{}}
}

// admit returns the tag as it is to be counted, with OtherValues when it has too many
// values, as OtherTags when the issue has too many tags; and its place, or 0 when it
// has none.
func (l *TagLimit) admit(issue model.IssueID, day time.Time, t model.Tag) (place, model.Tag) {
	if l == nil {
		return 0, t
	}
	if day.After(l.day) || len(l.values) >= maxTagEntries {
		fresh := l.fresh
		*l = *NewTagLimit()
		l.day, l.fresh = day, fresh
	}
	key := xxhash.Sum64String(t.Key) ^ uint64(issue)*0x9E3779B97F4A7C15
	at := place(key^xxhash.Sum64String(t.Value)*31) | 1 // 0 is none
	if _, known := l.values[at]; known {
		return at, t
	}
	switch n := l.counts[key]; {
	case n >= maxTagValues:
		return 0, model.Tag{Key: t.Key, Value: OtherValues}
	case n == 0 && l.tags[issue] >= maxTags:
		return 0, model.Tag{Key: OtherTags, Value: OtherValues}
	case n == 0:
		l.tags[issue]++
	}
	l.values[at] = lastSeen{}
	l.fresh = append(l.fresh, IssueTagValue{issue, t.Key, t.Value})
	l.counts[key]++
	return at, t
}

// found returns the entry of the tally that had the value last, or -1.
func (l *TagLimit) found(at place, t *Tally) int {
	if s := l.values[at]; s.epoch == t.epoch && int(s.entry) < t.n {
		return int(s.entry)
	}
	return -1
}

// find has found return that entry.
func (l *TagLimit) find(at place, t *Tally, entry int) {
	l.values[at] = lastSeen{t.epoch, uint32(entry)}
}
