package ingest

import (
	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// counters are what /metrics says of the door.
type counters struct {
	set      *metrics.Set
	accepted *metrics.Counter
}

func newCounters(set *metrics.Set) *counters {
	return &counters{set: set, accepted: set.GetOrCreateCounter("picket_requests_accepted_total")}
}

// refuse counts a refused request. Reasons are words of ours, never of strangers.
func (c *counters) refuse(reason string) {
	c.set.GetOrCreateCounter(`picket_requests_refused_total{reason="` + reason + `"}`).Inc()
}

// turnAway counts everything of a refused request against its project, and returns
// err. Before the items are known they count as one of the category default;
// before the key is, only the refusal counts.
func (h *Handler) turnAway(key store.Key, e *wire.Envelope, err error) (model.EventID, error) {
	items := []wire.Item{{}}
	if e != nil {
		items = e.Items
	}
	h.discard(key, items, asRefusal(err).reason)
	return model.EventID{}, err
}

// discard counts items that were held back.
func (h *Handler) discard(key store.Key, items []wire.Item, reason string) {
	if key.Project == 0 {
		return
	}
	for i := range items {
		category := wire.ItemCategory(items[i].Type)
		if category == "" {
			category = wire.CategoryDefault
		}
		// A count is a stranger's word: no more than the payload can hold is believed.
		quantity := int64(max(min(items[i].ItemCount, len(items[i].Payload)), 1))
		h.sink.Discard(key.Org, key.Project, model.Discard{Category: category, Reason: reason, Source: "server", Quantity: quantity})
	}
}
