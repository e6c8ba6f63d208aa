package upstream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"syscall"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/outbound"
)

// trip notes how far a request comes. Several connections may be tried at once.
type trip struct {
	start  time.Time
	secure bool

	mu     sync.Mutex
	last   time.Time
	passed []model.TrialStage
}

// pass notes that a stage is behind us, once.
func (t *trip) pass(s model.Stage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.has(s) {
		return
	}
	now := time.Now()
	if t.last.IsZero() {
		t.last = t.start
	}
	t.passed = append(t.passed, model.TrialStage{Stage: s, Took: now.Sub(t.last)})
	t.last = now
}

func (t *trip) has(s model.Stage) bool {
	for _, p := range t.passed {
		if p.Stage == s {
			return true
		}
	}
	return false
}

// way returns the stages that were passed.
func (t *trip) way() []model.TrialStage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]model.TrialStage{}, t.passed...) // a late attempt to connect may add to ours
}

func (t *trip) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		ConnectStart: func(string, string) { t.pass(model.StageResolve) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				t.pass(model.StageConnect)
			}
		},
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				t.pass(model.StageTLS)
			}
		},
	}
}

// arrive notes what an answer tells: everything before the stage that failed was passed,
// if it is an answer that a Sentry gives to a key that it knows.
func (t *trip) arrive(failed model.Stage, status int) {
	switch {
	case failed == "", status == http.StatusTooManyRequests, status == http.StatusRequestEntityTooLarge, status == http.StatusBadRequest:
	default:
		return
	}
	for _, s := range []model.Stage{model.StageAuth, model.StageLimited, model.StageRejected} {
		if s == failed {
			return
		}
		t.pass(s)
	}
}

// fault says at which stage a request ended that got no answer, and what to do. The text
// tells nothing of the network inside.
func (t *trip) fault(host string, err error) (model.Stage, string) {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var refused *outbound.Refused
	switch {
	case errors.As(err, &refused):
		return model.StageConnect, refused.Error()
	case !t.has(model.StageResolve):
		return model.StageResolve, unresolved(host, err)
	case !t.has(model.StageConnect):
		return model.StageConnect, unconnected(host, err)
	case t.secure && !t.has(model.StageTLS):
		return model.StageTLS, untrusted(host, err)
	case late(err):
		return model.StageRejected, host + " took the connection, but gave no answer in time"
	}
	return model.StageRejected, host + " closed the connection without an answer: is there a Sentry?"
}

func late(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func unresolved(host string, err error) string {
	var d *net.DNSError
	if errors.As(err, &d) && d.IsNotFound {
		return host + " has no address: is the host in the DSN right?"
	}
	if late(err) {
		return "the name servers gave no address of " + host + " in time"
	}
	return host + " could not be looked up: is there a network, and a name server?"
}

func unconnected(host string, err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens at " + host + ": are host and port right, and does the server run?"
	case late(err):
		return "no connection to " + host + " in time: does a firewall keep us from going there?"
	}
	return "no way to " + host + ": does the network lead there?"
}

func untrusted(host string, err error) string {
	var c *tls.CertificateVerificationError
	switch {
	case errors.As(err, &c):
		return fmt.Sprintf("the certificate of %s is not to be trusted: %v", host, c.Err)
	case errors.Is(err, http.ErrSchemeMismatch):
		return host + " does not speak TLS there: is the DSN's scheme http?"
	case late(err):
		return host + " took the connection, but did not finish the TLS handshake in time"
	}
	return "the TLS handshake with " + host + " ended early: does it speak TLS there?"
}

// judge says at which stage an answer refuses the event, and what to do; nothing when it
// does not.
func judge(a *http.Response) (model.Stage, string) {
	status := fmt.Sprintf("the answer is %d %s", a.StatusCode, http.StatusText(a.StatusCode))
	switch {
	case a.StatusCode == http.StatusUnauthorized, a.StatusCode == http.StatusForbidden:
		return model.StageAuth, status + said(a) + ": is the key in the DSN still good, and of that project?"
	case a.StatusCode == http.StatusTooManyRequests:
		return model.StageLimited, status + said(a) + retry(a) + ": the project there is over its quota or its rate limit"
	case a.StatusCode >= 300 && a.StatusCode < 400:
		return model.StageRejected, status + ", and redirects are not followed: write the address where it leads into the DSN"
	case a.StatusCode == http.StatusNotFound:
		return model.StageRejected, status + ": there is no Sentry at this address, or it has a path prefix"
	case a.StatusCode >= 300:
		return model.StageRejected, status + said(a)
	case isPage(a):
		return model.StageRejected, status + ", but it is a web page: there is something else than a Sentry, or in between"
	}
	return "", ""
}

// retry repeats when to come again.
func retry(a *http.Response) string {
	if after := a.Header.Get("Retry-After"); after != "" {
		return fmt.Sprintf(", to be tried again after %.40s", after)
	}
	return ""
}

func isPage(a *http.Response) bool {
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return err == nil && kind == "text/html"
}
