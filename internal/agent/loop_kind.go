package agent

import "relay.one/picket/internal/model"

// sameRound reports whether b did what a did, with the same end as far as it is known.
func sameRound(a, b *round) bool {
	return a.call != 0 && a.call == b.call && a.fault == b.fault && (a.result == b.result || a.result == 0 || b.result == 0)
}

// period looks for the longest stretch in which every round is like the one n before it
// and, with n above one, unlike the one before. Results that change are news: polling is
// no loop until nothing changes any more.
func period(rounds []round, n, least int, kind model.LoopKind) (longest found) {
	from := 0
	for i := n; i <= len(rounds); i++ {
		if i < len(rounds) && sameRound(&rounds[i-n], &rounds[i]) && (n == 1 || rounds[i].call != rounds[i-1].call) && settled(rounds[from:i+1], n) {
			continue
		}
		if count := i - from; count >= least*n && count > longest.to-longest.from {
			longest = found{kind, from, i, from + n}
		}
		from = i - n + 1
	}
	return longest
}

// settled reports whether the last round's result is that of the first like it, where
// both are known: an unknown one between them must not hide a change.
func settled(stretch []round, n int) bool {
	last := len(stretch) - 1
	a, b := stretch[last%n].result, stretch[last].result
	return a == b || a == 0 || b == 0
}

func repeats(rounds []round) found { return period(rounds, 1, minRepeats, model.LoopRepeat) }

// alternates finds ABABAB.
func alternates(rounds []round) found { return period(rounds, 2, minPairs, model.LoopAlternate) }

// sameErrors finds the same tools failing in the same way, whatever their arguments.
func sameErrors(rounds []round) (longest found) {
	from := 0
	for i := 1; i <= len(rounds); i++ {
		if i < len(rounds) && rounds[i].fault != 0 && rounds[i].fault == rounds[from].fault {
			continue
		}
		if count := i - from; count >= minErrors && rounds[from].fault != 0 && count > longest.to-longest.from {
			longest = found{model.LoopError, from, i, from + 1}
		}
		from = i
	}
	return longest
}

// noProgress finds rounds in a row that all did what was done before, and learned what
// was known before.
func noProgress(rounds []round) (longest found) {
	type known struct{ call, result, fault uint64 }
	if len(rounds) <= minNoProgress {
		return found{}
	}
	seen := make(map[known]bool, len(rounds))
	from := 0
	for i := range rounds {
		k := known{rounds[i].call, rounds[i].result, rounds[i].fault}
		if k.call == 0 || !seen[k] {
			seen[k] = true
			from = i + 1
		}
		if count := i + 1 - from; count >= minNoProgress && count > longest.to-longest.from {
			longest = found{model.LoopNoProgress, from, i + 1, from}
		}
	}
	return longest
}
