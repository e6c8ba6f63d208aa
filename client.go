package picket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// Types of sentry-go that callers need, under names of ours.
type (
	// EventID is the id of an event, 32 hexadecimal digits; empty when nothing was sent.
	EventID = sentry.EventID
	// Level is how grave an event is.
	Level = sentry.Level
	// Attr is a named value: slog.String("order", "81"), slog.Int("rows", 3).
	Attr = slog.Attr
)

// Levels of events and breadcrumbs.
const (
	LevelDebug   = sentry.LevelDebug
	LevelInfo    = sentry.LevelInfo
	LevelWarning = sentry.LevelWarning
	LevelError   = sentry.LevelError
	LevelFatal   = sentry.LevelFatal
)

// Client reports what a program does. It may be used by many goroutines at once. A nil
// Client reports nothing.
type Client struct {
	options Options
	dsn     wire.DSN
	sentry  *sentry.Client
	out     outlet
	base    *node
	streams streams
	filter  filter
	encode  *encodeSettings
	clock   func() time.Time // nil: time.Now
	// life ends when the client is closed.
	life context.Context
	end  context.CancelFunc
}

// outlet is the way out: a delivery, or the log in local mode.
type outlet interface {
	send(p parcel) bool
	discard(reason, category string, n int)
	flush(ctx context.Context) error
	close(ctx context.Context) error
	stats() DeliveryStats
}

// defaultClient is the client of contexts that carry none; Init sets it.
var defaultClient atomic.Pointer[Client]

// New returns a client. Its error names every setting that is wrong. Close it when the
// program ends.
func New(o Options) (*Client, error) {
	o, err := o.resolved()
	if err != nil {
		return nil, err
	}
	c := &Client{options: o, encode: newEncodeSettings(o.encoding())}
	c.life, c.end = context.WithCancel(context.Background())
	if c.filter, err = newFilter(o.IgnoreErrors); err != nil {
		return nil, err
	}
	c.base = &node{Context: context.Background(), scope: &scope{client: c, trail: newTrail(c)}}
	c.streams.client = c
	if o.DSN == "" {
		c.out = newLocal(o.Logger)
	} else if err := c.connect(); err != nil {
		return nil, err
	}
	if err := c.startSentry(); err != nil {
		return nil, errors.Join(fmt.Errorf("picket: start sentry-go: %w", err), c.out.close(context.Background()))
	}
	return c, nil
}

// connect starts the delivery to the DSN.
func (c *Client) connect() error {
	dsn, err := wire.ParseDSN(c.options.DSN)
	if err != nil {
		return err
	}
	c.dsn = dsn
	c.out = newDelivery(deliveryOptions{
		url:       dsn.EnvelopeURL(),
		auth:      fmt.Sprintf("Sentry sentry_version=%d, sentry_client=%s/%s, sentry_key=%s", wire.ProtocolVersion, sdkName, sdkVersion, dsn.PublicKey),
		userAgent: sdkName + "/" + sdkVersion,
		transport: c.options.Transport,
		maxBytes:  c.options.BufferBytes,
		debugf:    c.debugf,
	})
	return nil
}

// Init makes a client and lets it report for every context that carries none, and for
// code that calls sentry-go itself. A client that did so before is closed.
func Init(o Options) error {
	c, err := New(o)
	if err != nil {
		return err
	}
	sentry.CurrentHub().BindClient(c.sentry)
	if old := defaultClient.Swap(c); old != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := old.Close(ctx); err != nil {
			c.debugf("the client before this one: %v", err)
		}
	}
	return nil
}

// Default returns the client that Init made, or nil.
func Default() *Client { return defaultClient.Load() }

// Local reports whether nothing is sent because there is no DSN.
func (c *Client) Local() bool { return c == nil || c.options.DSN == "" }

// patience is how long Flush and Close wait when nobody says.
const patience = 5 * time.Second

// patient bounds a context that has no deadline.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = orBackground(ctx)
	if _, bounded := ctx.Deadline(); bounded {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, patience)
}

// Flush waits until everything reported before has been delivered or given up, at most
// until ctx ends, and five seconds where it has no deadline. The error says what is still
// waiting. Executions that are running stay so; what they have finished goes out.
func (c *Client) Flush(ctx context.Context) error {
	if c == nil {
		return nil
	}
	ctx, cancel := patient(ctx)
	defer cancel()
	c.streams.flush()
	c.flushSentry(ctx)
	if err := c.out.flush(ctx); err != nil {
		return fmt.Errorf("flush: %d envelopes are still waiting: %w", c.Stats().Queued, err)
	}
	return nil
}

// flushSentry takes what sentry-go gathers, logs and metrics. A closed sentry-go would
// wait for somebody who is gone.
func (c *Client) flushSentry(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	c.sentry.FlushWithContext(ctx)
}

// Close flushes and stops; what is reported afterwards is lost and counted. It waits as
// Flush does. The error says what could not be delivered before.
func (c *Client) Close(ctx context.Context) error {
	if c == nil {
		return nil
	}
	ctx, cancel := patient(ctx)
	defer cancel()
	c.streams.close()
	c.flushSentry(ctx)
	err := c.out.close(ctx)
	c.sentry.Close()
	c.end()
	return err
}

// Flush is Client.Flush for the default client.
func Flush(ctx context.Context) error { return Default().Flush(ctx) }

// Close is Client.Close for the default client.
func Close(ctx context.Context) error { return Default().Close(ctx) }

// Stats returns how delivery goes. A nil client has none.
func (c *Client) Stats() DeliveryStats {
	if c == nil {
		return DeliveryStats{}
	}
	return c.out.stats()
}

// encoder returns an encoder by the client's rules; release it.
func (c *Client) encoder() *encoder { return acquireEncoder(c.encode) }

// ourSDK is how we call ourselves in events.
var ourSDK = sentry.SdkInfo{Name: sdkName, Version: sdkVersion, Packages: []sentry.SdkPackage{{Name: "sentry-go", Version: sentry.SDKVersion}}}

// now is the time to write into what is reported.
func (c *Client) now() time.Time {
	if c.clock != nil {
		return c.clock()
	}
	return time.Now()
}

// debugf logs what only somebody who looks into the SDK itself wants to know.
func (c *Client) debugf(format string, args ...any) {
	if c.options.Debug {
		c.options.Logger.Debug("picket: " + fmt.Sprintf(format, args...))
	}
}

// guard calls what the host gave us. A panic in it costs its answer, which is then
// true, and never the host.
func (c *Client) guard(setting string, f func() bool) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			c.options.Logger.Error("picket: a callback panicked; going on without it", "option", setting, "panic", fmt.Sprint(r))
			ok = true
		}
	}()
	return f()
}
