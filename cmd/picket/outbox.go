package main

import (
	"fmt"
	"strconv"
	"strings"

	"relay.one/picket/internal/server"
)

// outboxFlags are those that bound what waits for upstreams.
func outboxFlags(s *flags, c *server.ForwardingConfig) {
	s.Var(&size{&c.Bytes}, "outbox-bytes", "most that waits for upstreams, on the disk, such as 500MB or 2GiB; the oldest goes first, and is counted (default 1GiB)")
	s.Var(&days{&c.Age}, "outbox-age", "how `long` it waits at most, such as 3d or 36h (default 3d)")
}

// units are what sizes are told in, the longest names first.
var units = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
}

// size is a flag for a number of bytes.
type size struct{ bytes *int64 }

// String implements flag.Value.
func (s *size) String() string { return "" }

// Set implements flag.Value.
func (s *size) Set(text string) error {
	for _, u := range units {
		number, ok := strings.CutSuffix(strings.TrimSpace(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n*u.bytes >= 1) || n*u.bytes > 1<<60 {
			break
		}
		*s.bytes = int64(n * u.bytes)
		return nil
	}
	return fmt.Errorf("want a size such as 500MB or 2GiB, found %q", text)
}
