package demo

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// sentry-go has no call for feedback and sessions: they go as envelopes of our own.

// send posts one item, with the patience that the SDK's own requests have.
func (c *crew) send(item wire.Item, header wire.EnvelopeHeader) error {
	dsn, err := wire.ParseDSN(c.dsn)
	if err != nil {
		return err
	}
	header.SDKName, header.SDKVersion = "picket.demo", "1"
	body := wire.AppendEnvelope(nil, &wire.Envelope{Header: header, Items: []wire.Item{item}})
	r, err := http.NewRequest(http.MethodPost, dsn.EnvelopeURL(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-sentry-envelope")
	r.Header.Set("X-Sentry-Auth", "Sentry sentry_version=7, sentry_client=picket.demo/1, sentry_key="+dsn.PublicKey)
	client := http.Client{Transport: c.post, Timeout: flushTimeout}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("send %s: %w", item.Type, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("send %s: the server answered %s", item.Type, answer.Status)
	}
	return nil
}

// feedback sends what a user wrote about a run that failed.
func (c *crew) feedback(x *run, about sentry.EventID) error {
	payload := asJSON(map[string]any{
		"timestamp": x.at.Add(x.took + time.Minute), "platform": "javascript", "level": "info", "release": x.release, "environment": x.env,
		"user": map[string]string{"id": x.customer.user}, "tags": map[string]string{Simulated: "true", wire.TagAgentID: x.agent.id},
		"contexts": map[string]any{"feedback": map[string]string{"message": x.feedback, "name": x.customer.user, "url": "https://console.example.com/chat",
			"associated_event_id": string(about), "source": "widget"},
			wire.ContextAgent: map[string]string{"id": x.agent.id, "name": x.agent.name}, wire.ContextExecution: map[string]string{"id": x.id}},
	})
	c.told++
	id := fmt.Sprintf("%016x%016x", x.ids.Uint64(), x.ids.Uint64())
	return c.send(wire.Item{Type: "feedback", Payload: []byte(payload)}, wire.EnvelopeHeader{EventID: id})
}

// checkIns reports three scheduled jobs. A check-in has no time but that of its
// arrival, so they all are of now.
func (c *crew) checkIns() error {
	s, err := c.seat(service{agentByID("night-ledger"), releases[len(releases)-1].name, "production"})
	if err != nil {
		return err
	}
	hub := sentry.NewHub(s.client, sentry.NewScope())
	for _, job := range []struct {
		slug, cron string
		end        sentry.CheckInStatus
		took       time.Duration
	}{
		{"reconcile-ledger", "10 2 * * *", sentry.CheckInStatusOK, 94 * time.Second},
		{"embed-handbook", "*/30 * * * *", sentry.CheckInStatusOK, 41 * time.Second},
		{"export-usage", "0 * * * *", sentry.CheckInStatusError, 7 * time.Second},
	} {
		config := &sentry.MonitorConfig{Schedule: sentry.CrontabSchedule(job.cron), CheckInMargin: 5, MaxRuntime: 30, Timezone: "UTC"}
		id := hub.CaptureCheckIn(&sentry.CheckIn{MonitorSlug: job.slug, Status: sentry.CheckInStatusInProgress}, config)
		if id == nil {
			return fmt.Errorf("check in %s: sentry-go refused it", job.slug)
		}
		hub.CaptureCheckIn(&sentry.CheckIn{ID: *id, MonitorSlug: job.slug, Status: job.end, Duration: job.took}, config)
		if err := c.noted(s, tally{checkIns: 2}); err != nil {
			return err
		}
	}
	return nil
}

// ledger counts runs as sessions, by the hour, release and environment.
type ledger struct{ hours map[hour]*sessionCount }

type hour struct {
	release, env string
	started      time.Time
}

type sessionCount struct{ exited, errored, crashed int }

// note counts a run and those that it handed over to.
func (l *ledger) note(x *run) {
	if l.hours == nil {
		l.hours = map[hour]*sessionCount{}
	}
	for ; x != nil; x = x.next {
		h := hour{x.release, x.env, x.at.UTC().Truncate(time.Hour)}
		if l.hours[h] == nil {
			l.hours[h] = &sessionCount{}
		}
		switch n := l.hours[h]; {
		case x.reason == "panic":
			n.crashed++
		case x.outcome == "error":
			n.errored++
		default:
			n.exited++
		}
	}
}

// sessions sends what a ledger counted, up to a hundred hours in an item.
func (c *crew) sessions(l *ledger) error {
	byAttrs := map[hour][]map[string]any{}
	for h, n := range l.hours {
		attrs := hour{release: h.release, env: h.env}
		byAttrs[attrs] = append(byAttrs[attrs], map[string]any{"started": h.started.Format(time.RFC3339), "exited": n.exited, "errored": n.errored, "crashed": n.crashed})
	}
	for attrs, all := range byAttrs {
		slices.SortFunc(all, func(a, b map[string]any) int { return strings.Compare(a["started"].(string), b["started"].(string)) })
		for some := range slices.Chunk(all, 100) {
			payload := asJSON(map[string]any{"aggregates": some, "attrs": map[string]string{"release": attrs.release, "environment": attrs.env}})
			if err := c.send(wire.Item{Type: "sessions", Payload: []byte(payload)}, wire.EnvelopeHeader{}); err != nil {
				return err
			}
		}
	}
	return nil
}
