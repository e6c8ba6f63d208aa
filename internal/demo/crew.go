package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/getsentry/sentry-go/attribute"
)

// Simulated is the tag that everything the demo sends carries, with the value true.
const Simulated = "simulated"

// momentAttr carries a log's own time to where the SDK lets it be set.
const momentAttr = "picket.demo.moment"

// flushTimeout bounds one wait for the server.
const flushTimeout = 60 * time.Second

// How much may wait in one client: well below what the SDK's buffers hold (100
// errors, 1,000 transactions, 1,000 logs) before they drop the oldest.
const (
	waitingEvents = 40
	waitingOthers = 400
)

// service is one process of the simulated fleet: an agent in one release and
// one environment, with an SDK client of its own.
type service struct {
	agent        *agent
	release, env string
}

// crew holds the SDK clients of all services. Its methods are for one goroutine.
type crew struct {
	dsn     string
	post    *postman
	clients map[service]*seat
	sent    tally
	spans   int // of the transactions sent
	told    int // feedback
}

// seat is a client and what waits in it.
type seat struct {
	client         *sentry.Client
	events, others int
}

// tally counts what was sent, or what was accepted.
type tally struct{ events, transactions, logs, checkIns int }

func newCrew(dsn string) *crew {
	return &crew{dsn: dsn, post: newPostman(), clients: map[service]*seat{}}
}

// seat returns the client of a service, made on its first use.
func (c *crew) seat(s service) (*seat, error) {
	if have := c.clients[s]; have != nil {
		return have, nil
	}
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: c.dsn, Release: s.release, Environment: s.env, ServerName: s.agent.id + "-7c9f-" + s.env[:4],
		EnableTracing: true, TracesSampleRate: 1, TraceIgnoreStatusCodes: [][]int{},
		Tags: map[string]string{Simulated: "true"}, HTTPTransport: c.post,
		Integrations: s.agent.integrations, BeforeSendLog: dateLog,
	})
	if err != nil {
		return nil, fmt.Errorf("make a client of sentry-go: %w", err)
	}
	c.clients[s] = &seat{client: client}
	return c.clients[s], nil
}

// integrations leaves out the list of this program's own dependencies, and for
// agents that are not in Go what is true of this process alone.
func (a *agent) integrations(list []sentry.Integration) []sentry.Integration {
	return slices.DeleteFunc(list, func(i sentry.Integration) bool {
		return i.Name() == "Modules" || i.Name() == "Environment" && a.platform != golang
	})
}

// dateLog gives a log the time that it was planned for.
func dateLog(l *sentry.Log) *sentry.Log {
	if at, ok := l.Attributes[momentAttr]; ok {
		l.Timestamp = time.Unix(0, at.AsInt64())
		delete(l.Attributes, momentAttr)
	}
	l.Attributes[Simulated] = attribute.BoolValue(true)
	return l
}

// noted counts what was just captured, and waits for the server when much is waiting.
func (c *crew) noted(s *seat, what tally) error {
	c.sent.add(what)
	s.events += what.events
	s.others += what.transactions + what.logs + what.checkIns
	if s.events < waitingEvents && s.others < waitingOthers {
		return nil
	}
	s.events, s.others = 0, 0
	if !s.client.Flush(flushTimeout) {
		return fmt.Errorf("the server took nothing for %s: %w", flushTimeout, c.post.problem())
	}
	return nil
}

func (t *tally) add(o tally) {
	t.events += o.events
	t.transactions += o.transactions
	t.logs += o.logs
	t.checkIns += o.checkIns
}

// flush waits until everything is sent, and compares what was captured with what
// the server accepted: nothing may be missing.
func (c *crew) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for _, s := range c.clients {
		s.events, s.others = 0, 0
		wg.Go(func() { s.client.FlushWithContext(ctx) })
	}
	wg.Wait()
	if got := c.post.accepted(); got != c.sent {
		return errors.Join(fmt.Errorf("captured %+v, but the server accepted %+v", c.sent, got), c.post.problem())
	}
	return nil
}

// close ends all clients and connections.
func (c *crew) close() {
	for _, s := range c.clients {
		s.client.Close()
	}
	c.post.base.CloseIdleConnections()
}
