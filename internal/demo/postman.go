package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"relay.one/picket/wire"
)

// postman carries the SDK's requests and keeps the books: what the server
// accepted, and what it did not and why. When the server is busy it waits and
// asks again, since the SDK itself would drop what is refused.
type postman struct {
	base *http.Transport

	mu  sync.Mutex
	got tally
	bad error // the first trouble
}

// patience is how often a busy server is asked, and the longest wait in between.
const (
	patience = 40
	longWait = 500 * time.Millisecond
)

func newPostman() *postman {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 256
	return &postman{base: t}
}

// RoundTrip sends a request, again while the answer is 429.
func (p *postman) RoundTrip(r *http.Request) (*http.Response, error) {
	for try := 1; ; try++ {
		answer, err := p.base.RoundTrip(r)
		if err != nil {
			p.trouble(err)
			return nil, err
		}
		if answer.StatusCode != http.StatusTooManyRequests || try == patience {
			p.book(r, answer.StatusCode)
			return answer, nil
		}
		io.Copy(io.Discard, answer.Body) // so that the connection can be used again
		answer.Body.Close()
		select {
		case <-r.Context().Done():
			p.trouble(r.Context().Err())
			return nil, r.Context().Err()
		case <-time.After(wait(answer.Header)):
		}
		if r, err = again(r); err != nil {
			return nil, err
		}
	}
}

// wait returns how long the server asks to wait, within reason.
func wait(h http.Header) time.Duration {
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s >= 0 {
		return min(time.Duration(s)*time.Second, longWait)
	}
	return longWait
}

// again returns the request with its body at the beginning.
func again(r *http.Request) (*http.Request, error) {
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = body
	return r, nil
}

// book notes what a request carried, as accepted or as trouble.
func (p *postman) book(r *http.Request, status int) {
	if status != http.StatusOK {
		p.trouble(fmt.Errorf("the server answered %d %s", status, http.StatusText(status)))
		return
	}
	body, err := r.GetBody()
	if err != nil {
		p.trouble(err)
		return
	}
	var b bytes.Buffer
	if _, err = b.ReadFrom(body); err != nil {
		p.trouble(err)
		return
	}
	e, err := wire.ReadEnvelope(b.Bytes())
	if err != nil {
		p.trouble(err)
		return
	}
	for i := range e.Items {
		p.item(&e.Items[i])
	}
}

func (p *postman) item(item *wire.Item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch item.Type {
	case "event":
		p.got.events++
	case "transaction":
		p.got.transactions++
	case "log":
		p.got.logs += item.ItemCount
	case "check_in":
		p.got.checkIns++
	case "client_report":
		var report struct {
			Discarded []struct{ Reason, Category string } `json:"discarded_events"`
		}
		if json.Unmarshal(item.Payload, &report) == nil && len(report.Discarded) > 0 && p.bad == nil {
			p.bad = fmt.Errorf("sentry-go dropped %s: %s", report.Discarded[0].Category, report.Discarded[0].Reason)
		}
	}
}

func (p *postman) trouble(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bad == nil {
		p.bad = err
	}
}

// problem returns the first thing that went wrong, or that nothing is known of any.
func (p *postman) problem() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bad == nil {
		return errors.New("no answer was bad")
	}
	return p.bad
}

func (p *postman) accepted() tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got
}
