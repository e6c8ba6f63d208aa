package pipeline

import (
	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sample"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// counters are what /metrics says of the journey.
type counters struct {
	set        *metrics.Set
	accepted   map[string]*metrics.Counter // by category
	duplicates *metrics.Counter
}

// categoriesStored are those of what a batch can hold.
var categoriesStored = [...]string{
	wire.CategoryError, wire.CategoryTransaction, wire.CategoryFeedback, wire.CategorySpan,
	wire.CategoryLogItem, wire.CategoryAttachmentItem, wire.CategoryMonitor, wire.CategorySession,
}

func newCounters(set *metrics.Set) *counters {
	c := &counters{set: set, accepted: map[string]*metrics.Counter{}, duplicates: set.GetOrCreateCounter("picket_duplicates_total")}
	for _, category := range categoriesStored {
		c.accepted[category] = set.GetOrCreateCounter(`picket_items_accepted_total{category="` + category + `"}`)
	}
	return c
}

// count counts what was stored.
func (c *counters) count(b *model.Batch, r store.Receipt) {
	for i := range b.Events {
		c.accepted[categoryOf(b.Events[i].Kind)].Inc()
	}
	c.accepted[wire.CategorySpan].Add(len(b.Spans))
	c.accepted[wire.CategoryLogItem].Add(len(b.Logs))
	c.accepted[wire.CategoryAttachmentItem].Add(len(b.Attachments))
	c.accepted[wire.CategoryMonitor].Add(len(b.CheckIns))
	c.accepted[wire.CategorySession].Add(len(b.Sessions))
	c.duplicates.Add(len(r.Duplicates))
	for _, d := range b.Discards {
		c.discard(d)
	}
}

// judged counts what sampling said.
func (c *counters) judged(r *sample.Result) {
	verdict, reason := verdicts[r.Verdict], string(r.Kept)
	if r.Verdict == sample.Drop {
		reason = r.Omitted.String()
	}
	if reason != "" { // else it is never sampled
		c.set.GetOrCreateCounter(`picket_sampling_total{verdict="` + verdict + `",reason="` + reason + `"}`).Inc()
	}
}

var verdicts = map[sample.Verdict]string{sample.Keep: "keep", sample.Drop: "drop", sample.Wait: "wait", sample.Stay: "stay"}

func categoryOf(k model.Kind) string {
	switch k {
	case model.KindTransaction:
		return wire.CategoryTransaction
	case model.KindFeedback:
		return wire.CategoryFeedback
	}
	return wire.CategoryError
}

// discard counts what was not stored. What clients report has words of their own,
// which are no labels of ours.
func (c *counters) discard(d model.Discard) {
	name := `picket_discarded_total{source="client"}`
	if d.Source == "server" {
		name = `picket_discarded_total{source="server",category="` + d.Category + `",reason="` + d.Reason + `"}`
	}
	c.set.GetOrCreateCounter(name).Add(int(d.Quantity))
}
