package store

import (
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
)

// RollupQuery selects rollup rows of one kind. From and To are cut to whole
// minutes; the engine covers the window with the coarsest rows that fit it exactly
// and are no wider than Step, so that summing what it returns never counts twice.
type RollupQuery struct {
	In   Scope
	Kind rollup.Kind
	// Name and Sub narrow to one value each; nil means any. See rollup.Kind for their
	// meaning. Without a Name, rows by error type, model, tool and policy are sums over
	// all agents and have none themselves.
	Name, Sub *string
	// Names narrows to any of several names, in place of Name; empty means any.
	Names []string
	// SubPrefix narrows to what begins with it.
	SubPrefix string
	// Apart asks for the rows of every agent where there would be those sums.
	Apart                bool
	Environment, Release string // empty: any
	From, To             time.Time
	// Step is the widest bucket wanted; 0 means any.
	Step time.Duration
	// Omit says which sketches nobody looks at: rows may come without them.
	Omit rollup.Omit
}

// RollupRow is one stored row, or the part of it that the engine had at hand:
// rows of the same key and time may come more than once and add up. Rows of an issue
// that is merged into another name that; so that an execution which hit several of
// them counts once, one row may take back what others have. The Counters
// are the engine's: merge them into others, but do not keep them.
type RollupRow struct {
	rollup.Key
	Time     time.Time // start of the bucket
	Counters *rollup.Counters
}

// MinuteHistory, HourHistory and DayHistory are how long rows of each width are kept.
const (
	MinuteHistory = 2 * 24 * time.Hour
	HourHistory   = 35 * 24 * time.Hour
	DayHistory    = 400 * 24 * time.Hour
)

// Piece is a part of a window that rows of one tier cover exactly.
type Piece struct {
	Tier     rollup.Tier
	From, To time.Time
}

// Cover cuts the window [from, to) into pieces, coarse tiers in the middle and
// finer ones at the edges, no tier wider than step (0: any). Before a tier's
// history begins the next coarser one stands in, so the outermost pieces may then
// reach beyond the window, as the last one may when the window ends now; the
// returned pieces say what is really covered. Kinds that are kept by day only are
// covered by whole days.
func Cover(k rollup.Kind, from, to time.Time, step time.Duration, now time.Time) []Piece {
	from, to = from.UTC(), to.UTC()
	if tiers := k.Tiers(); len(tiers) == 1 {
		return window{tiers[0], tiers[0]}.cover(from, to, tiers[0])
	}
	widest := rollup.Day
	for widest > rollup.Minute && step > 0 && widest.Width() > step {
		widest--
	}
	left := finestKept(from, now)
	right := left
	// Nothing has happened yet in what is left of the last bucket when the window ends now.
	for to.Before(now.Truncate(time.Minute)) && right > rollup.Minute && finestKept(to.Truncate(right.Width()), now) < right {
		right--
	}
	return window{left, right}.cover(from, to, max(widest, left))
}

// finestKept returns the finest tier that still has rows from then.
func finestKept(from, now time.Time) rollup.Tier {
	switch age := now.Sub(from); {
	case age <= MinuteHistory:
		return rollup.Minute
	case age <= HourHistory:
		return rollup.Hour
	}
	return rollup.Day
}

// window is the finest tier that there is at either end of one.
type window struct{ left, right rollup.Tier }

func (w window) cover(from, to time.Time, tier rollup.Tier) []Piece {
	if !from.Before(to) {
		return nil
	}
	width := tier.Width()
	first, last := from.Truncate(width), ceil(to, width)
	if tier > w.left {
		first = ceil(from, width)
	}
	if tier > w.right {
		last = to.Truncate(width)
	}
	if !first.Before(last) { // less than a bucket
		if tier > w.left {
			return w.cover(from, to, tier-1)
		}
		return []Piece{{tier, first, ceil(to, width)}}
	}
	out := window{w.left, w.left}.cover(from, first, max(tier, 1)-1)
	out = append(out, Piece{tier, first, last})
	return append(out, window{w.right, w.right}.cover(last, to, max(tier, 1)-1)...)
}

func ceil(t time.Time, width time.Duration) time.Time {
	if cut := t.Truncate(width); !cut.Equal(t) {
		return cut.Add(width)
	}
	return t
}

// Only returns a pointer to s, for RollupQuery.Name and Sub.
func Only(s string) *string { return &s }

// IssueName is the Name of an issue's rollup rows.
func IssueName(id model.IssueID) *string { return Only(id.String()) }
