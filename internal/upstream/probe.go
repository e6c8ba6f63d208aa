// Package upstream speaks with the Sentry that a company has beside Picket: it tries its
// DSN out, and sends on what is to be forwarded.
package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/outbound"
	"relay.one/picket/wire"
)

// probing is how long a trial takes at most, all together, and trials how many may be
// under way: each holds a connection to an address that somebody typed.
const (
	probing = 10 * time.Second
	trials  = 4
)

// Prober tries DSNs out, by sending an event and looking at how far it gets. It is safe
// for concurrent use.
type Prober struct {
	client  *http.Client
	version string
	turns   chan struct{}
}

// NewProber returns a prober that calls whom the options allow. Its events say that they
// are of Picket in that version.
func NewProber(o outbound.Options, version string) *Prober {
	if o.Timeout == 0 {
		o.Timeout = probing
	}
	return &Prober{client: outbound.New(o), version: version, turns: make(chan struct{}, trials)}
}

// Try sends an event to a DSN and returns how far it came, in 10 seconds at most. What is
// wrong at the upstream is in the trial; the error is ErrBusy when too many are under way.
func (p *Prober) Try(ctx context.Context, e model.TestEvent) (model.Trial, error) {
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	default:
		return model.Trial{}, fmt.Errorf("%d upstreams are being tried: %w", trials, model.ErrBusy)
	}
	dsn, err := wire.ParseDSN(e.DSN)
	if err != nil {
		return model.Trial{Stage: model.StageParse, Problem: err.Error() + "; it looks like https://KEY@HOST/PROJECT"}, nil
	}
	t := &trip{start: time.Now(), secure: dsn.Scheme == "https"}
	t.pass(model.StageParse)
	out := model.Trial{Event: model.NewEventID()}
	r, err := p.request(httptrace.WithClientTrace(ctx, t.trace()), dsn, e, out.Event)
	if err != nil {
		return out, fmt.Errorf("make test event: %w", err)
	}
	a, err := p.client.Do(r)
	if err != nil {
		out.Stage, out.Problem = t.fault(dsn.Host, err)
	} else {
		defer a.Body.Close()
		out.Status = a.StatusCode
		out.Stage, out.Problem = judge(a)
		t.arrive(out.Stage, out.Status)
	}
	out.OK, out.Latency, out.Passed = out.Stage == "", time.Since(t.start), t.way()
	return out, nil
}

// request makes the test event: one that says what it is, of a fault of its own.
func (p *Prober) request(ctx context.Context, dsn wire.DSN, e model.TestEvent, id model.EventID) (*http.Request, error) {
	now := time.Now().UTC()
	event := map[string]any{
		"event_id": id.String(), "timestamp": now.Format(time.RFC3339Nano), "platform": "other", "level": "info", "logger": "picket.test",
		"message": "Test event from Picket: what is forwarded arrives", "fingerprint": []string{"picket-test-event"},
		"tags": map[string]string{"picket.test": "true"}, "sdk": map[string]string{"name": "picket", "version": p.version},
	}
	if e.Environment != "" {
		event["environment"] = e.Environment
	}
	if e.Release != "" {
		event["release"] = e.Release
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	body := wire.AppendEnvelope(nil, &wire.Envelope{
		Header: wire.EnvelopeHeader{EventID: id.String(), SentAt: now, SDKName: "picket", SDKVersion: p.version},
		Items:  []wire.Item{{Type: wire.ItemEvent, Payload: payload}},
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, dsn.EnvelopeURL(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Close = true // every trial goes the whole way
	r.Header.Set("Content-Type", "application/x-sentry-envelope")
	r.Header.Set("User-Agent", "picket/"+p.version)
	r.Header.Set(wire.HopsHeader, "1")
	r.Header.Set("X-Sentry-Auth", fmt.Sprintf("Sentry sentry_version=%d, sentry_client=picket/%s, sentry_key=%s", wire.ProtocolVersion, p.version, dsn.PublicKey))
	return r, nil
}

// maxDetail is how much is read of what an upstream says, and maxSaid how much repeated.
const (
	maxDetail = 4 << 10
	maxSaid   = 200
)

// said returns what an upstream says of a refusal, as far as Sentry's form has it.
func said(a *http.Response) string {
	raw, _ := io.ReadAll(io.LimitReader(a.Body, maxDetail)) // a part of it may do
	var answer struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Detail == "" {
		return ""
	}
	return fmt.Sprintf("; it says %.*q", maxSaid, answer.Detail)
}
