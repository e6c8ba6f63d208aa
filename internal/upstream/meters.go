package upstream

import (
	"context"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// latencyBuckets are the bounds, in seconds, of how long envelopes waited here.
var latencyBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60, 600, 3600, 36000}

// meters are what /metrics says of forwarding.
type meters struct {
	set                      *metrics.Set
	sent                     *metrics.Counter
	refused, limited, pauses *metrics.Counter
	latency                  *metrics.PrometheusHistogram
}

func newMeters(set *metrics.Set, f *Forwarder) *meters {
	set.GetOrCreateGauge("picket_outbox_envelopes", func() float64 { n, _ := f.waiting(); return float64(n) })
	set.GetOrCreateGauge("picket_outbox_bytes", func() float64 { _, n := f.waiting(); return float64(n) })
	set.GetOrCreateGauge("picket_outbox_upstreams_in_trouble", func() float64 { return float64(f.inTrouble()) })
	for _, reason := range [...]string{reasonOverflow, reasonExpired} {
		set.GetOrCreateCounter(droppedName(reason))
	}
	return &meters{
		set: set, sent: set.GetOrCreateCounter("picket_outbox_sent_total"), refused: set.GetOrCreateCounter("picket_outbox_refused_total"),
		limited: set.GetOrCreateCounter("picket_outbox_limited_total"), pauses: set.GetOrCreateCounter("picket_outbox_pauses_total"),
		latency: set.NewPrometheusHistogramExt("picket_outbox_seconds", latencyBuckets),
	}
}

func droppedName(reason string) string { return `picket_outbox_dropped_total{reason="` + reason + `"}` }

func (m *meters) dropped(reason string, n int64) {
	m.set.GetOrCreateCounter(droppedName(reason)).AddInt64(n)
}

// took counts an envelope that the upstream took.
func (m *meters) took(r store.OutboxRecord, now time.Time) {
	m.sent.Inc()
	m.latency.Update(max(now.Sub(r.Time), 0).Seconds())
}

// waiting returns how much waits for upstreams.
func (f *Forwarder) waiting() (envelopes, bytes int64) {
	states, err := f.outbox.OutboxQueues(context.Background())
	if err != nil {
		return 0, 0 // the log tells, when it is looked into for sending
	}
	for i := range states {
		envelopes += states[i].Envelopes
		bytes += states[i].Bytes
	}
	return envelopes, bytes
}

func (f *Forwarder) inTrouble() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.lanes {
		if h := l.condition().health(); h != model.UpstreamHealthy && h != model.UpstreamLimited {
			n++
		}
	}
	return n
}

// count adds to what became of a queue.
func (f *Forwarder) count(q store.OutboxQueue, s sum) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sums[q] == nil {
		f.sums[q] = &sum{}
	}
	f.sums[q].sent += s.sent
	f.sums[q].dropped += s.dropped
}
