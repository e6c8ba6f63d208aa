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
// (request ids and the like), from making rows without end. It remembers one day at a time. A nil limit admits
// everything. It is not safe for concurrent use.
type TagLimit struct {
	day    time.Time
	values map[uint64]struct{} // by issue, key and value
	counts map[uint64]int      // by issue and key
	tags   map[model.IssueID]int
	fresh  []IssueTagValue
}

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

// NewTagLimit returns an empty limit.
func NewTagLimit() *TagLimit {
	return &TagLimit{values: map[uint64]struct{}{}, counts: map[uint64]int{}, tags: map[model.IssueID]int{}}
}

// admit returns the tag as it is to be counted: with OtherValues when it has too
// many values, as OtherTags when the issue has too many tags.
func (l *TagLimit) admit(issue model.IssueID, day time.Time, key, value string) (string, string) {
	if l == nil {
		return key, value
	}
	if day.After(l.day) || len(l.values) >= maxTagEntries {
		fresh := l.fresh
		*l = *NewTagLimit()
		l.day, l.fresh = day, fresh
	}
	tag := xxhash.Sum64String(key) ^ uint64(issue)*0x9E3779B97F4A7C15
	full := tag ^ xxhash.Sum64String(value)*31
	if _, known := l.values[full]; known {
		return key, value
	}
	switch n := l.counts[tag]; {
	case n >= maxTagValues:
		return key, OtherValues
	case n == 0 && l.tags[issue] >= maxTags:
		return OtherTags, OtherValues
	case n == 0:
		l.tags[issue]++
	}
	l.values[full] = struct{}{}
	l.fresh = append(l.fresh, IssueTagValue{issue, key, value})
	l.counts[tag]++
	return key, value
}
