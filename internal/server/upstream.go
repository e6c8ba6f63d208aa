package server

import (
	"fmt"
	"time"

	"relay.one/picket/internal/outbound"
	"relay.one/picket/internal/upstream"
)

// ForwardingConfig bounds what waits for upstreams. Its zero value is right.
type ForwardingConfig struct {
	// Bytes and Age are the most that waits, on the disk, and for how long; zero means
	// upstream.DefaultBytes and DefaultAge.
	Bytes int64
	Age   time.Duration
	// Pace says how many envelopes are under way, and how long to wait for what.
	Pace upstream.Pace
}

// check returns an error that names the flag that is wrong.
func (c ForwardingConfig) check() error {
	switch {
	case c.Bytes < 0:
		return fmt.Errorf("--outbox-bytes %d: want a size above zero", c.Bytes)
	case c.Age < 0:
		return fmt.Errorf("--outbox-age %s: want a time above zero", c.Age)
	}
	return nil
}

// longestCall bounds a call of an upstream as a whole: what is large may take a while. The
// forwarder's own bounds are shorter, and grow with what is sent.
const longestCall = 30 * time.Minute

// newForwarder makes what sends the outbox on. An upstream that is not the public
// Internet's must be allowed.
func (s *Server) newForwarder() *upstream.Forwarder {
	c := s.config.Forwarding
	return upstream.New(upstream.Options{
		Outbox: s.store, Settings: s.settings.Book(), Version: s.config.Version,
		Client: outbound.New(outbound.Options{Allow: s.config.Settings.AllowOutbound, Timeout: longestCall, PerHost: c.Pace.InFlight}),
		Bytes:  c.Bytes, Age: c.Age, Pace: c.Pace, Metrics: s.metrics, Log: s.log,
	})
}
