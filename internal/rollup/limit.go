package rollup

import (
	"time"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

// OtherValues stands for the values of a tag beyond those counted apart.
const OtherValues = "(other values)"

const (
	// maxTagValues is how many values of one tag of one issue are counted apart in a day.
	maxTagValues = 50
	// maxTagEntries bounds the memory of a TagLimit.
	maxTagEntries = 400_000
)

// TagLimit keeps tags whose every value is new (request ids and the like) from
// making a row per event. It remembers one day at a time. A nil limit admits
// everything. It is not safe for concurrent use.
type TagLimit struct {
	day    time.Time
	values map[uint64]struct{} // by issue, key and value
	counts map[uint64]int      // by issue and key
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
	return &TagLimit{values: map[uint64]struct{}{}, counts: map[uint64]int{}}
}

// admit returns the value, or OtherValues when the tag has too many.
func (l *TagLimit) admit(issue model.IssueID, day time.Time, key, value string) string {
	if l == nil {
		return value
	}
	if day.After(l.day) || len(l.values) >= maxTagEntries {
		fresh := l.fresh
		*l = *NewTagLimit()
		l.day, l.fresh = day, fresh
	}
	tag := xxhash.Sum64String(key) ^ uint64(issue)*0x9E3779B97F4A7C15
	full := tag ^ xxhash.Sum64String(value)*31
	if _, known := l.values[full]; known {
		return value
	}
	if l.counts[tag] >= maxTagValues {
		return OtherValues
	}
	l.values[full] = struct{}{}
	l.fresh = append(l.fresh, IssueTagValue{issue, key, value})
	l.counts[tag]++
	return value
}
