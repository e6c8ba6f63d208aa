package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A yardstick measures how fast the machine is right now, so that figures from
// different machines and noisy moments can be compared: the time in which
// encoding/json decodes one 9 KB error event on one core.
type yardstick struct {
	event []byte
	seen  []time.Duration
}

func newYardstick(list []fault) *yardstick {
	d := newDoc(3)
	d.errorEvent(&list[0], d.draw(time.Unix(1_700_000_000, 0)), make([]byte, 16))
	return &yardstick{event: d.b}
}

// measure decodes for about a fifth of a second and notes the median time.
func (y *yardstick) measure() {
	var times []time.Duration
	for begin := time.Now(); time.Since(begin) < 200*time.Millisecond; {
		at := time.Now()
		var v any
		if err := json.Unmarshal(y.event, &v); err != nil {
			panic(fmt.Sprintf("bench: the calibration event is no JSON: %v", err))
		}
		times = append(times, time.Since(at))
	}
	slices.Sort(times)
	y.seen = append(y.seen, percentile(times, 0.5))
}

// median returns the middle of what was noted.
func (y *yardstick) median() time.Duration {
	return percentile(slices.Sorted(slices.Values(y.seen)), 0.5)
}

// String says how long a decode took and how much that varied.
func (y *yardstick) String() string {
	return fmt.Sprintf("encoding/json decodes one error event in %s (%s to %s over %d looks)",
		micros(y.median()), micros(slices.Min(y.seen)), micros(slices.Max(y.seen)), len(y.seen))
}

func micros(d time.Duration) string {
	return fmt.Sprintf("%d µs", d.Round(time.Microsecond).Microseconds())
}

// machine describes where the figures were taken.
func machine() string {
	return fmt.Sprintf("%d cores, %s, Linux %s, %s", runtime.NumCPU(), cpuModel(), kernel(), runtime.Version())
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "of unknown version"
	}
	return strings.TrimSpace(string(b))
}
