package price

import "relay.one/picket/internal/model"

// kind numbers what has a price of its own.
type kind uint8

const (
	input kind = iota
	output
	cacheRead
	cacheWrite
	cacheWriteHour
	reasoning
	request // each call
	search  // each web search
	numKinds
)

// kinds lists the keys of the kinds in a table, and as whose each is charged that has
// no price of its own; itself where nobody's.
var kinds = [numKinds]struct {
	key    string
	parent kind
}{
	input:          {"input", input},
	output:         {"output", output},
	cacheRead:      {"cache_read", input},
	cacheWrite:     {"cache_write", input},
	cacheWriteHour: {"cache_write_1h", cacheWrite},
	reasoning:      {"output_reasoning", output},
	request:        {"per_1000_requests", request},
	search:         {"per_1000_web_searches", search},
}

// perThousand reports whether the table gives the price for a thousand, not a million.
func (k kind) perThousand() bool { return k == request || k == search }

// unknown stands for a price that the table does not give.
const unknown = -1

// rates are prices by kind, in pico-dollars each.
type rates [numKinds]int64

// replaced returns r with the prices that o gives in place of its own.
func (r rates) replaced(o rates) rates {
	for k, price := range o {
		if price != unknown {
			r[k] = price
		}
	}
	return r
}

// fill gives kinds without a price that of their parent. A call that has no price
// beside that of its tokens is free.
func (r *rates) fill() {
	for k := range kinds {
		if r[k] == unknown {
			r[k] = r[kinds[k].parent]
		}
	}
	r[request] = max(0, r[request])
}

// charge returns the cost in nano-dollars, with tokens at so many thousandths of their
// price, and whether everything that was used has a price. Counts that contradict each
// other never make a negative part.
func (r *rates) charge(u model.Usage, t model.Terms, thousandths int64) (nanos int64, ok bool) {
	read, write, thoughts := max(0, u.CacheRead), max(0, u.CacheWrite), max(0, u.Reasoning)
	hour := min(max(0, t.CacheWriteHour), write)
	var tokens, fees sum
	ok = tokens.add(max(0, u.Input-min(u.Input, read)-write), r[input]) &&
		tokens.add(read, r[cacheRead]) &&
		tokens.add(write-hour, r[cacheWrite]) &&
		tokens.add(hour, r[cacheWriteHour]) &&
		tokens.add(max(0, u.Output-min(u.Output, thoughts)), r[output]) &&
		tokens.add(thoughts, r[reasoning]) &&
		fees.add(1, r[request]) &&
		fees.add(max(0, t.WebSearches), r[search])
	if !ok {
		return 0, false
	}
	tokens.scale(thousandths)
	fees.scale(whole)
	tokens.plus(fees)
	return tokens.nanos(), true
}
