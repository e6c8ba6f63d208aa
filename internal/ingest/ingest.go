// Package ingest is the door: it lets in what Sentry's SDKs send over HTTP. It
// checks the key, reads and decompresses the body within bounds, splits it into
// items, holds back what is over a limit, and hands the rest on. It answers 200
// only when what it handed on is stored.
package ingest

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// Sink takes what the door lets in.
type Sink interface {
	// Process stores the envelope and then returns the id that it is known by, zero
	// when it has none. The envelope points into memory that is used again
	// afterwards: nothing may be kept of it. Errors are of model's kinds.
	Process(ctx context.Context, e *wire.Envelope, m sentry.Meta) (model.EventID, error)
	// ProcessStore does the same with the body of the store endpoint: one event.
	ProcessStore(ctx context.Context, body []byte, m sentry.Meta) (model.EventID, error)
	// Discard counts what the door held back. It does not block.
	Discard(org model.OrgID, project model.ProjectID, d model.Discard)
}

// Options says what the door needs. Gate and Sink must be set.
type Options struct {
	Gate   store.Gate
	Sink   Sink
	Limits Limits
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Metrics takes the counters; nil keeps them to ourselves.
	Metrics *metrics.Set
	// Log is told of our own faults; nil means slog.Default().
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Handler serves the ingest endpoints.
type Handler struct {
	sink      Sink
	limits    Limits
	trusted   []netip.Prefix
	log       *slog.Logger
	now       func() time.Time
	counters  *counters
	keys      *keyCache
	limiter   *limiter
	buffers   *buffers
	inflaters chan *inflater
}

// New returns the handler of every path that Owns says is its own.
func New(o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	h := &Handler{
		sink:      o.Sink,
		limits:    o.Limits.withDefaults(),
		trusted:   o.TrustedProxies,
		log:       o.Log,
		now:       o.Now,
		counters:  newCounters(o.Metrics),
		keys:      &keyCache{gate: o.Gate, now: o.Now, seen: map[string]cachedKey{}},
		limiter:   &limiter{now: o.Now, buckets: map[bucketKey]*bucket{}},
		inflaters: make(chan *inflater, runtime.GOMAXPROCS(0)),
	}
	h.buffers = newBuffers(newBudget(h.limits.Memory))
	for range cap(h.inflaters) {
		h.inflaters <- &inflater{}
	}
	return h
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	cors(w.Header())
	if r.Method == http.MethodOptions {
		preflight(w)
		return
	}
	id, err := h.receive(w, r)
	if err == nil {
		h.counters.accepted.Inc()
		accepted(w, id)
		return
	}
	answer := asRefusal(err)
	h.counters.refuse(answer.reason)
	if answer.reason == internalFault {
		h.log.Error("ingest", "error", err, "path", r.URL.Path)
	} else {
		h.log.Debug("refused", "status", answer.status, "reason", answer.reason, "path", r.URL.Path)
	}
	refused(w, answer)
}

// visit is what is known of a request's sender.
type visit struct {
	route route
	auth  wire.Auth
	key   store.Key // zero until the key is found good
}

// receive is the whole way of a request, in the order it happens.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request) (model.EventID, error) {
	v := visit{route: parsePath(r.URL.Path)}
	if err := h.greet(r, &v); err != nil {
		return model.EventID{}, err
	}
	body, err := h.readBody(w, r)
	if err != nil {
		return h.turnAway(v.key, nil, err)
	}
	defer h.buffers.put(body)
	m, err := h.frame(r, v.route, body)
	if err != nil {
		return h.turnAway(v.key, m.Envelope, err)
	}
	if err := h.identify(r, &v, m.Header.DSN); err != nil {
		return h.turnAway(v.key, m.Envelope, err)
	}
	return h.hand(r, m, v)
}

// greet checks what can be told before the body is read.
func (h *Handler) greet(r *http.Request, v *visit) error {
	err := checkRoute(r, v.route)
	if err != nil {
		return err
	}
	if v.auth, err = credentials(r); err != nil || v.auth.Key == "" {
		return err
	}
	v.key, err = h.admit(r, v.route, v.auth)
	return err
}

// identify checks the DSN in the envelope against the request, or takes the
// credentials from it when the request had none.
func (h *Handler) identify(r *http.Request, v *visit, dsn string) (err error) {
	if v.auth.Key == "" {
		if v.auth, err = fromEnvelope(dsn); err != nil {
			return err
		}
		if v.key, err = h.admit(r, v.route, v.auth); err != nil {
			return err
		}
	}
	return agrees(dsn, v.route, v.key)
}

// hand passes on what is within the key's rate. When something is not, the rest is
// stored all the same, and the answer is 429.
func (h *Handler) hand(r *http.Request, m message, v visit) (id model.EventID, err error) {
	over, dropped := h.limiter.limit(v.key, m.Envelope)
	h.discard(v.key, dropped, "rate_limited")
	// What has come is stored even when the client does not wait for the answer.
	ctx := context.WithoutCancel(r.Context())
	switch {
	case m.event == nil:
		id, err = h.sink.Process(ctx, m.Envelope, h.meta(r, v))
	case len(m.Items) > 0:
		id, err = h.sink.ProcessStore(ctx, m.event, h.meta(r, v))
	}
	if err != nil {
		return h.turnAway(v.key, m.Envelope, err)
	}
	if len(over) == 0 {
		return id, nil
	}
	limited := refuse(http.StatusTooManyRequests, "rate_limited", "over the key's rate: hold back the categories that are named")
	limited.limits, limited.retry = rateHeader(over)
	return id, limited
}

func (h *Handler) meta(r *http.Request, v visit) sentry.Meta {
	return sentry.Meta{
		Org: v.key.Org, Project: v.key.Project,
		Received:  h.now(),
		ClientIP:  access.ClientIP(r, h.trusted),
		UserAgent: r.UserAgent(),
		SDK:       v.auth.Client,
		Hops:      hops(r),
	}
}

// hops returns how many Pickets have forwarded a request. Whatever is no number is none:
// no client sends it.
func hops(r *http.Request) int {
	told := r.Header.Get(wire.HopsHeader)
	if told == "" {
		return 0
	}
	n, err := strconv.ParseUint(told, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

func checkRoute(r *http.Request, rt route) error {
	switch {
	case rt.endpoint == noEndpoint:
		return refuse(http.StatusNotFound, "path", "no such endpoint")
	case r.Method != http.MethodPost:
		return refuse(http.StatusMethodNotAllowed, "method", "want POST")
	case rt.bad:
		return refuse(http.StatusBadRequest, "project", "bad project id in the path: want a number above zero")
	case hops(r) > wire.MaxHops:
		return refuse(http.StatusBadRequest, "loop", "forwarded too often: the servers on the way forward to each other; give one of them another upstream, or none")
	}
	return nil
}
