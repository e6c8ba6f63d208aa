package rollup

import (
	"math"

	"relay.one/picket/internal/model"
)

// perThing is in how many parts the counters of what was not seen count a thing.
const perThing = 1000

// unseen is what one thing stands for that an SDK sent at a rate r below 1, by
// Horvitz and Thompson (Journal of the American Statistical Association 47, 1952): it
// itself and 1/r - 1 others, which were not sent. The variance of a sum of such is that
// of (1-r)/r² of each. Both are integers, so that they can be taken back.
type unseen struct{ others, spread int64 }

func unseenOf(r model.SampleRate) unseen {
	if r == 0 {
		return unseen{}
	}
	share := r.Share()
	return unseen{int64(math.Round(perThing * (1/share - 1))), int64(math.Round(perThing * (1 - share) / (share * share)))}
}

// addUnseen adds them, with sign -1 takes them back; of things that were sent
// together, or not at all, there are so many.
func (c *Counters) addUnseen(others, spread Counter, r model.SampleRate, sign, together int64) {
	if u := unseenOf(r); u != (unseen{}) {
		c.Add(others, sign*u.others)
		c.Add(spread, sign*u.spread*together)
	}
}

// Sampled is what came of something that SDKs sampled.
type Sampled struct {
	// Seen is how many came, Unseen about how many more there were, and Spread the
	// variance of that.
	Seen           int64
	Unseen, Spread float64
}

// SampledExecutions returns what is known of how many executions ended. Of a row of
// anything but a project, an agent or an organization, nothing is unseen.
func (c *Counters) SampledExecutions() Sampled {
	return c.sampled(c.n[Executions], UnseenExecutions, SpreadExecutions)
}

// SampledBad is the same of those that ended in an error or failed.
func (c *Counters) SampledBad() Sampled {
	return c.sampled(c.n[Errored]+c.n[Failed], UnseenBad, SpreadBad)
}

// SampledTransactions is the same of transactions, of a project or an agent.
func (c *Counters) SampledTransactions() Sampled {
	return c.sampled(c.n[Transactions], UnseenTransactions, SpreadTransactions)
}

func (c *Counters) sampled(seen int64, others, spread Counter) Sampled {
	return Sampled{seen, float64(c.n[others]) / perThing, float64(c.n[spread]) / perThing}
}

// addUnseenEnd counts what an execution that ended stands for. Those of one trace
// were sent together.
func (w where) addUnseenEnd(b *model.Batch, x *model.Execution, owners []*Counters) {
	if x.SampleRate == 0 {
		return
	}
	together := int64(0)
	for i := range b.Executions {
		if o := &b.Executions[i]; o.Trace == x.Trace && o.Ended && o.SampleRate != 0 {
			together++
		}
	}
	bad := x.Outcome == model.OutcomeError || x.Outcome == model.OutcomeFailed
	w.each(owners, func(c *Counters) {
		c.addUnseen(UnseenExecutions, SpreadExecutions, x.SampleRate, w.sign, together)
		if bad {
			c.addUnseen(UnseenBad, SpreadBad, x.SampleRate, w.sign, together)
		}
	})
}

// addTransaction counts a transaction, or a segment that came without one.
func (c *Counters) addTransaction(r model.SampleRate, sign int64) {
	c.Add(Transactions, sign)
	c.addUnseen(UnseenTransactions, SpreadTransactions, r, sign, 1)
}
