package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/outbound"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// send sends one envelope, whole or, where the upstream wants that, item by item.
func (l *lane) send(ctx context.Context, r store.OutboxRecord) result {
	release, err := l.board(ctx, r.Size)
	if err != nil {
		return result{record: r, verdict: stopped}
	}
	defer release()
	body, err := l.outbox.OutgoingEnvelope(ctx, r.Seq)
	switch {
	case ctx.Err() != nil:
		return result{record: r, verdict: stopped}
	case errors.Is(err, model.ErrNotFound):
		return result{record: r, verdict: gone}
	case err != nil:
		return result{record: r, verdict: broken, problem: err.Error()}
	}
	parts, err := split(body)
	if err != nil {
		return result{record: r, verdict: refused, problem: "the envelope in the outbox cannot be read: " + err.Error()}
	}
	if parts.severalEvents() {
		return l.sendParts(ctx, r, parts)
	}
	got := l.post(ctx, r, body)
	if got.verdict == refused && got.status == http.StatusRequestEntityTooLarge && len(parts.items) > 1 {
		return l.sendParts(ctx, r, parts)
	}
	return got.of(r)
}

// board waits for a place among those under way, and for the only one of large envelopes.
func (l *lane) board(ctx context.Context, size int64) (leave func(), err error) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if size < large {
		return func() { <-l.slots }, nil
	}
	select {
	case l.large <- struct{}{}:
	case <-ctx.Done():
		<-l.slots
		return nil, ctx.Err()
	}
	return func() { <-l.large; <-l.slots }, nil
}

// sendParts sends the items one by one. What the upstream refuses of them is left, and set
// aside; when it is away, all that was not sent is.
func (l *lane) sendParts(ctx context.Context, r store.OutboxRecord, p parts) result {
	var left []wire.Item
	out := answer{result: result{verdict: taken}}
	for i, item := range p.items {
		got := l.post(ctx, r, p.one(item))
		out.limits = append(out.limits, got.limits...)
		switch got.verdict {
		case taken:
		case refused:
			left = append(left, item)
			out.verdict, out.problem = refused, got.problem
		default:
			got.limits = out.limits
			left = append(left, p.items[i:]...)
			return p.rest(r, left, got)
		}
	}
	return p.rest(r, left, out)
}

// answer is what an upstream said to one request.
type answer struct {
	result
	status int
}

func (a answer) of(r store.OutboxRecord) result {
	a.result.record = r
	return a.result
}

// perSecond is how many bytes a second a line is expected to carry at the least.
const perSecond = 64 << 10

// post sends one envelope and judges the answer.
func (l *lane) post(ctx context.Context, r store.OutboxRecord, body []byte) answer {
	ctx, cancel := context.WithTimeout(ctx, l.pace.Timeout+time.Duration(len(body)/perSecond)*time.Second)
	defer cancel()
	now := l.now()
	packed, err := pack(body, l.dsn, sentAt(r, now))
	if err != nil {
		return answer{result: result{verdict: refused, problem: "the envelope in the outbox cannot be read: " + err.Error()}}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.dsn.EnvelopeURL(), bytes.NewReader(packed.body))
	if err != nil {
		return answer{result: result{verdict: refused, problem: err.Error()}}
	}
	l.introduce(request.Header, r)
	if packed.gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	reply, err := l.client.Do(request)
	if err != nil {
		return l.unanswered(ctx, err)
	}
	defer reply.Body.Close()
	said, err := io.ReadAll(reply.Body)
	if err != nil && !errors.Is(err, outbound.ErrTooLong) {
		return l.unanswered(ctx, fmt.Errorf("the answer %d broke off: %w", reply.StatusCode, err))
	}
	a := judgeAnswer(reply, said, now)
	if l.debug(r) {
		l.log.Info("forwarded", "host", l.dsn.Host, "project", r.Project, "event", r.Event, "bytes", len(packed.body), "status", a.status, "categories", r.Categories)
	}
	return a
}

func (l *lane) debug(r store.OutboxRecord) bool { return l.book.Of(r.Org, r.Project).Upstream.Debug }

// introduce says who sends.
func (l *lane) introduce(h http.Header, r store.OutboxRecord) {
	auth := fmt.Sprintf("Sentry sentry_version=%d, sentry_client=picket/%s, sentry_key=%s", wire.ProtocolVersion, l.version, l.dsn.PublicKey)
	if l.dsn.Secret != "" {
		auth += ", sentry_secret=" + l.dsn.Secret
	}
	h.Set("X-Sentry-Auth", auth)
	h.Set("Content-Type", wire.ContentEnvelope)
	h.Set("User-Agent", "picket/"+l.version)
	h.Set(wire.HopsHeader, strconv.Itoa(r.Hops+1))
	if r.ClientIP != "" {
		h.Set("X-Forwarded-For", r.ClientIP)
	}
}

// sentAt moves the client's clock by as long as the envelope waited here: the drift that
// the upstream works out stays what it was on arrival.
func sentAt(r store.OutboxRecord, now time.Time) time.Time {
	if r.SentAt.IsZero() {
		return time.Time{}
	}
	return r.SentAt.Add(max(now.Sub(r.Time), 0))
}

// unanswered judges that there was no answer, or half of one. Whether the upstream took
// the envelope is unknown then: it is sent again, with the same id.
func (l *lane) unanswered(ctx context.Context, err error) answer {
	a := answer{result: result{verdict: away, blamed: true}}
	var stranger *outbound.Refused
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		a.verdict = stopped
	case errors.As(err, &stranger):
		a.problem, a.blamed = stranger.Error(), false
	case errors.Is(ctx.Err(), context.DeadlineExceeded), late(err):
		a.problem = l.dsn.Host + " gave no answer in time"
	case notSent(err):
		a.problem, a.blamed = "no connection to "+l.dsn.Host+": "+cause(err), false
	default:
		a.problem = l.dsn.Host + " broke the connection off: " + cause(err)
	}
	return a
}
