// Package pipeline is the journey of what came in, from raw items to what the
// store commits. It decides nothing by itself: each step has its own room.
package pipeline

import (
	"context"
	"fmt"

	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/filter"
	"relay.one/picket/internal/group"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/sample"
	"relay.one/picket/internal/scrub"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// Options says what the journey needs. Writer and Prices must be set.
type Options struct {
	Writer store.Writer
	Prices *price.Table
	// Rules says what else is secret; its zero value is the default.
	Rules scrub.Rules
	// Outcomes are the rules by which executions fail without an error; the store must
	// know the same ones. The zero value has all of them on.
	Outcomes agent.Rules
	// Settings are what was set at run time; nil has the defaults hold for all.
	Settings *settings.Book
	// Judge decides what is sampled out; nil makes one.
	Judge *sample.Judge
	// Metrics takes the counters; nil keeps them to ourselves.
	Metrics *metrics.Set
}

// Pipeline carries batches to the store. It is safe for concurrent use.
type Pipeline struct {
	writer   store.Writer
	prices   *price.Table
	rules    scrub.Rules
	outcomes agent.Rules
	settings *settings.Book
	filters  *filter.Sets
	judge    *sample.Judge
	counters *counters
	lost     lost
}

// New returns a pipeline. Its discards are stored while Run runs.
func New(o Options) *Pipeline {
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	if o.Settings == nil {
		o.Settings = settings.NewBook(settings.Defaults())
	}
	if o.Judge == nil {
		o.Judge = sample.NewJudge(nil)
	}
	p := &Pipeline{writer: o.Writer, prices: o.Prices, rules: o.Rules, outcomes: o.Outcomes, settings: o.Settings, judge: o.Judge, counters: newCounters(o.Metrics)}
	p.filters = p.newFilters()
	return p
}

// Process takes one envelope on its whole way and returns when it is stored, with
// the id that it is known by; zero when it has none. Nothing of the envelope is
// kept. Errors are of model's kinds; ErrBusy and ErrFull say that nothing was stored.
func (p *Pipeline) Process(ctx context.Context, e *wire.Envelope, m sentry.Meta) (model.EventID, error) {
	return p.process(ctx, sentry.Parse(e, m))
}

// ProcessStore does what Process does with the body of the store endpoint, which
// is one event. What cannot be read is ErrInvalid.
func (p *Pipeline) ProcessStore(ctx context.Context, body []byte, m sentry.Meta) (model.EventID, error) {
	docs, err := sentry.ParseStore(body, m)
	if err != nil {
		return model.EventID{}, err
	}
	return p.process(ctx, docs)
}

// process is the whole life of a batch, in the order it happens. Secrets go before
// anything is read out of the documents, so that no later step can hold one. The
// documents are given back before the wait for the commit: their memory is large,
// and reused at once it is still in the processor's cache. Only the envelope for an
// upstream needs them for longer.
func (p *Pipeline) process(ctx context.Context, docs *sentry.Documents) (model.EventID, error) {
	id := docs.EventID
	p.clean(docs)
	p.fill(docs)
	b := sentry.Decode(docs)
	p.filter(docs, b)
	up := p.forwards(docs)
	if up == nil {
		docs.Release()
	}
	about := agent.Read(b)
	tellFaults(b)
	group.Assign(b)
	if about {
		price.Apply(b, p.prices)
		agent.AssembleWith(b, p.outcomes)
	}
	verdict := p.sample(b)
	if up != nil {
		p.forward(docs, b, up, verdict)
		docs.Release()
	}
	if b.Empty() {
		return id, nil
	}
	receipt, err := p.writer.Write(ctx, b)
	if err != nil {
		return id, fmt.Errorf("write batch: %w", err)
	}
	p.counters.count(b, receipt)
	return id, nil
}
