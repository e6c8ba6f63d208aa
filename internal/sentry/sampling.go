package sentry

import (
	"strconv"
	"strings"

	"relay.one/picket/internal/model"
)

// tellSampling notes what the client sampled, as the envelope's trace header has it: of
// errors it says nothing.
func (d *decoder) tellSampling() {
	h := &d.docs.header.Trace
	draw := model.Draw{Rate: model.ParseSampleRate(h.SampleRate), Rand: drawn(h.SampleRand)}
	if draw == (model.Draw{}) || !parseHex(draw.Trace[:], h.TraceID) || draw.Trace.IsZero() {
		return
	}
	d.batch.Draw = draw
	if draw.Rate == 0 {
		return
	}
	for i := range d.batch.Events {
		if e := &d.batch.Events[i]; e.Kind == model.KindTransaction && e.Trace == draw.Trace {
			e.SampleRate = draw.Rate
		}
	}
	for i := range d.batch.Spans {
		if s := &d.batch.Spans[i]; s.Trace == draw.Trace {
			s.SampleRate = draw.Rate
		}
	}
}

// drawn reads the number that was drawn; zero when it is none.
func drawn(text string) float64 {
	r, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(r > 0 && r < 1) {
		return 0
	}
	return r
}
