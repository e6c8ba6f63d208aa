package server

import (
	"fmt"
	"net/http"

	"github.com/VictoriaMetrics/metrics"
)

// minFree is how little room on the disk makes the server unready.
const minFree = 64 << 20

// commitBuckets are the bounds of the commit latency's histogram, in seconds.
var commitBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}

// healthy says that the process answers, and nothing more.
func healthy(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "ok")
}

// ready says whether events can be taken: the store answers and the disk has room.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.checkReady(r); err != nil {
		s.log.Warn("not ready", "error", err)
		http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (s *Server) checkReady(r *http.Request) error {
	if _, err := s.store.Organizations(r.Context()); err != nil {
		s.log.Error("store", "error", err)
		return fmt.Errorf("the store does not answer")
	}
	free, known := freeSpace(s.config.Data)
	if known && free < minFree {
		return fmt.Errorf("the disk of the data directory has %d MiB left", free>>20)
	}
	return nil
}

// writeMetrics answers in Prometheus' text format.
func (s *Server) writeMetrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	s.metrics.WritePrometheus(w)
	if stats, err := s.store.Stats(r.Context()); err == nil {
		metrics.WriteGaugeUint64(w, "picket_database_size_bytes", uint64(stats.SizeBytes))
		metrics.WriteGaugeUint64(w, "picket_write_queue_depth", uint64(stats.QueueDepth))
		metrics.WriteCounterUint64(w, "picket_commits_total", stats.Commits)
		metrics.WriteGaugeUint64(w, "picket_stored_events", uint64(stats.Events))
		metrics.WriteGaugeUint64(w, "picket_stored_spans", uint64(stats.Spans))
	} else {
		s.log.Error("metrics of the store", "error", err)
	}
	if free, known := freeSpace(s.config.Data); known {
		metrics.WriteGaugeUint64(w, "picket_disk_free_bytes", free)
	}
	metrics.WriteProcessMetrics(w)
}
