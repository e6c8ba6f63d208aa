package picket

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"relay.one/picket/wire"
)

const (
	deliveryTimeout = 30 * time.Second
	// deliveryDrain is how much of an answer is read to use its connection again.
	deliveryDrain = 64 << 10
	// deliveryDetail is how much of an answer is shown.
	deliveryDetail = 300
)

// deliveryResult is how an attempt ended, and the losses that it told.
type deliveryResult struct {
	parcel *queuedParcel
	told   map[lossKey]int64
	answer deliveryAnswer
}

// deliveryTransport returns a copy of the default transport, as the host may have set
// it, that does not wait for ever. It keeps a connection for each attempt that may be
// under way.
func deliveryTransport() http.RoundTripper {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		t = standard.Clone()
	}
	t.TLSHandshakeTimeout = 10 * time.Second
	t.ResponseHeaderTimeout = deliveryTimeout
	t.IdleConnTimeout = 90 * time.Second
	t.MaxIdleConnsPerHost = deliveryWidth
	return t
}

// attempt posts q once, and says how that ended. The transport is the host's: its
// panic is a failure like others.
func (d *delivery) attempt(q *queuedParcel, told map[lossKey]int64) {
	r := deliveryResult{parcel: q, told: told}
	defer func() {
		if p := recover(); p != nil {
			r.answer = deliveryAnswer{kind: answerNone, detail: fmt.Sprintf("the transport panicked: %v", p)}
		}
		d.results <- r
	}()
	ctx, cancel := context.WithTimeout(d.ctx, deliveryTimeout)
	defer cancel()
	r.answer = d.post(ctx, q.packed.with(d.prefix(q, told)), q.packed.deflated)
}

// prefix returns all that goes before the packed items and is new at each attempt:
// the header, whose sent_at servers correct clocks by, and the report of losses.
func (d *delivery) prefix(q *queuedParcel, told map[lossKey]int64) []byte {
	now := d.o.now()
	b := wire.AppendHeader(make([]byte, 0, 512), wire.EnvelopeHeader{
		EventID: q.eventID, SentAt: now, SDKName: sdkName, SDKVersion: sdkVersion, Trace: q.trace,
	})
	if len(told) == 0 {
		return b
	}
	return wire.AppendItem(b, wire.Item{Type: wire.ItemClientReport, Payload: lossReport(told, now)})
}

// lossReport writes the payload of a client report.
func lossReport(told map[lossKey]int64, now time.Time) []byte {
	type entry struct {
		Reason   string `json:"reason"`
		Category string `json:"category"`
		Quantity int64  `json:"quantity"`
	}
	entries := make([]entry, 0, len(told))
	for l, n := range told {
		entries = append(entries, entry{l.reason, l.category, n})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Category, b.Category))
	})
	report, _ := json.Marshal(struct { // texts and numbers always encode
		Timestamp time.Time `json:"timestamp"`
		Discarded []entry   `json:"discarded_events"`
	}{now.UTC(), entries})
	return report
}

// post sends one body and reads the answer.
func (d *delivery) post(ctx context.Context, body []byte, deflated bool) deliveryAnswer {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.o.url, bytes.NewReader(body))
	if err != nil {
		return deliveryAnswer{kind: answerRefused, detail: err.Error()}
	}
	r.Header.Set("Content-Type", wire.ContentEnvelope)
	r.Header.Set("User-Agent", d.o.userAgent)
	r.Header.Set("X-Sentry-Auth", d.o.auth)
	if deflated {
		r.Header.Set("Content-Encoding", "gzip")
	}
	// Servers know an envelope again by its ids. The empty list is not sent; it lets
	// the transport repeat what a kept connection lost by closing.
	r.Header["X-Idempotency-Key"] = []string{}
	res, err := d.o.transport.RoundTrip(r)
	if err != nil {
		return deliveryAnswer{kind: answerNone, detail: err.Error()}
	}
	defer res.Body.Close()
	a := judgeAnswer(res.StatusCode, res.Header, d.o.now())
	head, _ := io.ReadAll(io.LimitReader(res.Body, deliveryDetail)) // what the body says is only shown
	_, _ = io.CopyN(io.Discard, res.Body, deliveryDrain)            // or the connection is not used again
	a.detail = cmp.Or(res.Header.Get("X-Sentry-Error"), strings.ToValidUTF8(strings.TrimSpace(string(head)), "?"))
	return a
}

// hint tells once for each kind of refusal what would mend it, and once for each
// outage that there is one.
func (d *delivery) hint(a deliveryAnswer) {
	switch a.kind {
	case answerTaken, answerLimited:
	case answerRefused:
		if !d.hinted[a.status] {
			d.hinted[a.status] = true
			d.tell("delivery: an envelope is refused with status %d, and dropped: %s%s", a.status, a.detail, answerCure(a.status))
		}
	default:
		if d.failures == 0 {
			d.tell("delivery: held back, and tried again: status %d: %s", a.status, a.detail)
		}
	}
}

// answerCure returns what a user can do about a refusal.
func answerCure(status int) string {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ": check the DSN's key: it must be an enabled key of the DSN's project"
	case status == http.StatusNotFound:
		return ": check the DSN's project, and the path before it"
	case status == http.StatusRequestEntityTooLarge:
		return ": report less in one piece"
	case status >= 300 && status < 400:
		return ": check the DSN's scheme and host: redirects are not followed"
	}
	return ""
}

// tell writes to the debug log, which is the host's and may panic.
func (d *delivery) tell(format string, args ...any) {
	defer func() { _ = recover() }()
	d.o.debugf(format, args...)
}
