package sqlite

import (
	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// Of what sampling leaves out, the rows are kept that something may be asked of later:
// events, since they may come again, and what tells of agents, since more of their
// traces may come and all of it is then put together anew. In place of a payload their
// rows say why there is none.

// omitted is where no payload stands, for that reason. The rows of a transaction and of
// its spans have the same place and no others have it, as with payloads.
func omitted(day, seq int64, why model.Omission) pointer {
	return pointer{day: day, block: -seq, offset: int64(why)}
}

// whyOmitted is the other way round.
func whyOmitted(p pointer) model.Omission {
	if p.length != 0 {
		return model.NotOmitted
	}
	return model.Omission(p.offset)
}

// leaveOut returns which spans of a batch that is sampled out are not stored: those that
// have nothing to do with an agent or a customer and do not stand above any that has, but
// for roots: by them a transaction is known, and one that was sent alone has others below it.
func leaveOut(b *model.Batch) []bool {
	left := make([]bool, len(b.Spans))
	index := make(map[model.SpanID]int, len(b.Spans))
	for i := range b.Spans {
		left[i] = !tellsOfAgents(b, i)
		index[b.Spans[i].ID] = i
	}
	for i := range b.Spans {
		if left[i] {
			continue
		}
		for p, ok := index[b.Spans[i].Parent]; ok && left[p]; p, ok = index[b.Spans[p].Parent] {
			left[p] = false
		}
	}
	return left
}

func tellsOfAgents(b *model.Batch, i int) bool {
	s, own := &b.Spans[i], ownOf(b, i)
	return s.Segment || s.Parent.IsZero() || !isPlain(s, &own) || s.Signs != (model.Signs{}) ||
		s.Agent.ID != "" || s.Execution != "" || s.Conversation != "" || s.Organization != ""
}

// isLeftOut reports whether a span is not stored.
func (w *batchWriter) isLeftOut(i int) bool { return w.left != nil && w.left[i] }

// countSampling counts what sampling said of what was not there before.
func (w *batchWriter) countSampling() {
	if w.Kept == "" && w.Omitted == model.NotOmitted {
		return
	}
	counts := map[string]int64{}
	for i := range w.Events {
		if !w.stored[i] {
			continue
		}
		switch w.Events[i].Kind {
		case model.KindTransaction:
			counts[wire.CategoryTransaction]++
		case model.KindError, model.KindMessage:
			counts[wire.CategoryError]++
		}
	}
	for i := range w.Spans {
		if w.Spans[i].Segment && w.Spans[i].Event.IsZero() && w.spanStored[i] {
			counts[wire.CategoryTransaction]++
		}
	}
	for category, n := range counts {
		w.tally.AddSampling(w.Batch, category, n)
	}
}
