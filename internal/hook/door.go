package hook

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
)

// Taker stores deliveries; store.Hooks does.
type Taker interface {
	TakeDelivery(ctx context.Context, d store.Delivery) (id int64, again bool, err error)
}

// DoorOptions sets up a door. Store and Sentries must be there.
type DoorOptions struct {
	Store    Taker
	Sentries *settings.Sentries
	// Taken is called after a delivery was stored; nil calls nobody.
	Taken func()
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	Limits         Limits
	// Metrics gets the counters; nil keeps none.
	Metrics *metrics.Set
	// Log takes what strangers must not read; nil is slog's default.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Limits bounds what is taken. Zero fields mean the defaults.
type Limits struct {
	// PerSecond and Burst bound the deliveries of one organization; by default 1,000 a
	// second and 5,000 at once.
	PerSecond, Burst float64
	// Failures is how many requests without a good signature one address may send at once,
	// and as many again each minute; 300 by default. Fewer would let any customer of a
	// Sentry keep out the others, whose webhooks come from the same addresses.
	Failures float64
	// Body is the most bytes of a request; 2 MiB by default, since errors carry events.
	Body int64
}

func (l *Limits) fill() {
	if l.PerSecond == 0 {
		l.PerSecond, l.Burst = 1000, 5000
	}
	if l.Failures == 0 {
		l.Failures = 300
	}
	if l.Body == 0 {
		l.Body = 2 << 20
	}
}

const (
	// window is how far a delivery's time may be from ours. It is not signed: what keeps
	// replays out is that a body counts once a day.
	window = 5 * time.Minute
	// maxReading is how many bodies are read at once, and readTime how long each may take:
	// until it is read nobody knows whose it is.
	maxReading = 128
	readTime   = 10 * time.Second
)

// Door takes webhooks: it answers 200 once a delivery is stored. It is safe for
// concurrent use.
type Door struct {
	DoorOptions
	strangers limiter[netip.Prefix] // requests that were not signed well
	orgs      limiter[model.OrgID]
	reading   chan struct{}
	counted   map[int]*metrics.Counter // answers by status
}

// NewDoor returns a door.
func NewDoor(o DoorOptions) *Door {
	o.Limits.fill()
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	d := &Door{DoorOptions: o, reading: make(chan struct{}, maxReading), counted: map[int]*metrics.Counter{}}
	d.strangers.perSecond, d.strangers.burst, d.strangers.now = o.Limits.Failures/60, o.Limits.Failures, o.Now
	d.orgs.perSecond, d.orgs.burst, d.orgs.now = o.Limits.PerSecond, o.Limits.Burst, o.Now
	for _, code := range [...]int{200, 400, 401, 403, 405, 413, 429, 500, 503} {
		d.counted[code] = o.Metrics.NewCounter(fmt.Sprintf(`picket_webhooks_total{status="%d"}`, code))
	}
	return d
}

// Paths returns the patterns of what a door answers, to be mounted on a http.ServeMux.
func Paths() []string {
	var out []string
	for _, prefix := range [...]string{"/sentry/webhook", "/api/v1/sentry/webhook"} {
		out = append(out, prefix)
		for kind := range kinds {
			out = append(out, prefix+"/"+kind)
		}
	}
	return out
}

// kinds are the last parts of paths that say what is delivered where the request does not.
var kinds = map[string]string{"issue": "issue", "error": "error", "event": "event_alert"}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, err := d.take(w, r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	d.counted[http.StatusOK].Inc()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"received":true,"deliveryId":"%d"}`+"\n", id)
}

// take is the whole way of a request, the cheap questions first.
func (d *Door) take(w http.ResponseWriter, r *http.Request) (id int64, err error) {
	if r.Method != http.MethodPost {
		return 0, refusal{status: http.StatusMethodNotAllowed, text: "webhooks are sent by POST"}
	}
	from, err := d.knock(r)
	if err != nil {
		return 0, err
	}
	l, err := d.read(w, r)
	if err == nil {
		err = d.verify(l, from)
	}
	if err != nil {
		return 0, err
	}
	if l.Body, l.Action, l.Subject, err = Clean(l.Resource, l.Body); err != nil {
		return 0, err
	}
	id, again, err := d.Store.TakeDelivery(r.Context(), l.Delivery)
	if err != nil {
		return 0, fmt.Errorf("store delivery: %w", err)
	}
	if !again && d.Taken != nil {
		d.Taken()
	}
	return id, nil
}

// knock asks whether anybody takes webhooks from the sender's address.
func (d *Door) knock(r *http.Request) (from netip.Addr, err error) {
	if a, err := netip.ParseAddr(access.ClientIP(r, d.TrustedProxies)); err == nil {
		from = a.WithZone("")
	}
	listening := d.Sentries.Listening()
	if len(listening) == 0 {
		return from, refusal{status: http.StatusUnauthorized, text: "no webhook secret is set here: Settings, Webhooks has the steps"}
	}
	if wait, ok := d.strangers.left(neighbours(from)); !ok {
		return from, refusal{status: http.StatusTooManyRequests, wait: wait, text: "too many requests without a good signature came from this address"}
	}
	for i := range listening {
		if listening[i].Allows(from) {
			return from, nil
		}
	}
	return from, errAddress
}

var errAddress = refusal{status: http.StatusForbidden, text: "webhooks are not taken from this address: its network is not among those allowed"}

// letter is a delivery that was not checked yet.
type letter struct {
	store.Delivery
	signature []byte
}

// read reads a request: what its headers say, and the body within bounds.
func (d *Door) read(w http.ResponseWriter, r *http.Request) (*letter, error) {
	now := d.Now().UTC()
	l := &letter{Delivery: store.Delivery{Received: now, Due: now, Resource: r.Header.Get("Sentry-Hook-Resource"), Request: r.Header.Get("Request-ID")}}
	if l.Resource == "" {
		l.Resource = kinds[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
	}
	switch {
	case !isName(l.Resource):
		return nil, bad("Sentry-Hook-Resource: want the name of a resource such as issue")
	case l.Request != "" && !isName(l.Request):
		return nil, bad("Request-ID: want at most 64 letters, digits and hyphens")
	case l.Request == "":
		l.Request = rand.Text()
	}
	sent, err := strconv.ParseInt(strings.TrimSpace(r.Header.Get("Sentry-Hook-Timestamp")), 10, 64)
	if err != nil {
		return nil, bad("Sentry-Hook-Timestamp: want Unix seconds")
	}
	if late := now.Sub(time.Unix(sent, 0)); late > window || late < -window {
		return nil, bad("Sentry-Hook-Timestamp: it was sent %s from now, at most %s are allowed: check the clocks", late.Round(time.Second), window)
	}
	l.signature, err = hex.DecodeString(strings.TrimSpace(r.Header.Get("Sentry-Hook-Signature")))
	if err != nil || len(l.signature) != sha256.Size {
		l.signature = make([]byte, sha256.Size) // of nothing: told like any other that is wrong
	}
	l.Body, err = d.body(w, r)
	l.Digest = sha256.Sum256(l.Body)
	return l, err
}

// isName reports whether a header holds a plain name of bearable length.
func isName(s string) bool {
	const longest = 64
	return s != "" && len(s) <= longest && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && c != '-' && c != '.'
	})
}

func (d *Door) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	select {
	case d.reading <- struct{}{}:
		defer func() { <-d.reading }()
	default:
		return nil, refusal{status: http.StatusServiceUnavailable, wait: time.Second, text: "too many webhooks are being read: send it again"}
	}
	// What does not support deadlines has one of its own; the next request gets a new one.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, d.Limits.Body))
	var overrun *http.MaxBytesError
	switch {
	case errors.As(err, &overrun):
		return nil, refusal{status: http.StatusRequestEntityTooLarge, text: fmt.Sprintf("the body has more than %d bytes", d.Limits.Body)}
	case err != nil:
		return nil, bad("the body ended early")
	}
	return body, nil
}

// verify finds out whose a letter is: of the organization whose secret signed its body.
// Every secret is tried whichever fits, so that the time it takes tells nothing.
func (d *Door) verify(l *letter, from netip.Addr) error {
	listening := d.Sentries.Listening()
	found := -1
	for i := len(listening) - 1; i >= 0; i-- {
		mac := hmac.New(sha256.New, []byte(listening[i].WebhookSecret))
		mac.Write(l.Body)
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(mac.Sum(nil), l.signature), i, found)
	}
	if found < 0 {
		d.strangers.take(neighbours(from)) // what is left counts the next time
		return refusal{status: http.StatusUnauthorized, text: "Sentry-Hook-Signature: the body was not signed with a client secret that is set here"}
	}
	o := &listening[found]
	l.Org = o.Org
	if !o.Allows(from) {
		return errAddress
	}
	if wait, ok := d.orgs.take(o.Org); !ok {
		return refusal{status: http.StatusTooManyRequests, wait: wait, text: "too many webhooks: send it again later"}
	}
	return nil
}
