package picketfiber

import (
	"context"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v3"

	"relay.one/picket"
)

// request returns the request as net/http has it. Everything is copied: fasthttp writes
// the next request over this one.
func (t *turn) request(o *Options) *http.Request {
	in := t.c.Request()
	r := &http.Request{
		Method:     strings.Clone(t.c.Method()),
		URL:        &url.URL{Path: string(in.URI().Path()), RawQuery: string(in.URI().QueryString())},
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     make(http.Header, in.Header.Len()),
		Host:       string(in.Host()),
		RemoteAddr: t.c.RequestCtx().RemoteAddr().String(),
		TLS:        t.c.RequestCtx().TLSConnectionState(),
	}
	for key, value := range in.Header.All() {
		if name := textproto.CanonicalMIMEHeaderKey(string(key)); name != fiber.HeaderHost {
			r.Header[name] = append(r.Header[name], string(value))
		}
	}
	if o.BodyBytes > 0 && !in.IsBodyStream() {
		body := in.Body()
		r.Body = io.NopCloser(strings.NewReader(string(body[:min(len(body), o.BodyBytes+1)])))
	}
	ctx := t.c.Context()
	if t.agentParam = o.AgentParam; o.AgentParam != "" {
		ctx = picket.WithPathValues(ctx, t.pathValue)
	}
	return r.WithContext(ctx)
}

// answer lets picket write into a response of fiber's, which is sent when all handlers
// have returned: it adds its header, and in the place of a handler that panicked it
// writes the whole answer.
type answer struct {
	c      fiber.Ctx
	header http.Header
}

func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

func (a *answer) WriteHeader(status int) {
	if a.c.IsAbandoned() {
		return // a timeout was answered; the response belongs to the handler that runs on
	}
	a.c.Status(status)
	for name := range a.header {
		a.c.Set(name, a.header.Get(name))
	}
}

// Write takes the whole body at once, in the place of what the handler had begun.
func (a *answer) Write(b []byte) (int, error) {
	a.c.Response().Header.Del(fiber.HeaderContentEncoding)
	a.c.Response().SetBody(b)
	return len(b), nil
}

// Inject writes the headers that continue ctx's trace at another service into those of
// a request, such as fasthttp's RequestHeader. For all requests of a fiber client:
//
//	cc.AddRequestHook(func(_ *client.Client, r *client.Request) error {
//		picketfiber.Inject(r.Context(), &r.RawRequest.Header)
//		return nil
//	})
//
// It does nothing outside of every scope. Clients of net/http have picket.Transport.
func Inject(ctx context.Context, h interface{ Set(name, value string) }) {
	out := http.Header{}
	picket.Inject(ctx, out)
	for name := range out {
		h.Set(name, out.Get(name))
	}
}
