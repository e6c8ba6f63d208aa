package demo

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// scene is a run being told to the SDK. Time in it is the plan's, not the clock's.
type scene struct {
	run   *run
	hub   *sentry.Hub
	seat  *seat
	now   time.Time
	log   sentry.Logger
	agent *sentry.Span // the agent's own span
	step  *step        // what is being done
	did   tally
	spans int
	wrong sentry.EventID // the last error captured
	asked int            // model calls so far
}

// play tells a run, and the runs that it hands over to.
func (c *crew) play(x *run) error {
	for ; x != nil; x = x.next {
		s, err := c.scene(x)
		if err != nil {
			return err
		}
		s.play()
		c.spans += s.spans
		if err := c.noted(s.seat, s.did); err != nil {
			return err
		}
		if x.feedback != "" && s.wrong != "" {
			if err := c.feedback(x, s.wrong); err != nil {
				return err
			}
		}
	}
	return nil
}

// scene sets up a hub with everything that the SDK attaches to whatever the run sends.
func (c *crew) scene(x *run) (*scene, error) {
	seat, err := c.seat(service{x.agent, x.release, x.env})
	if err != nil {
		return nil, err
	}
	scope := sentry.NewScope()
	scope.SetUser(sentry.User{ID: x.customer.user, Username: x.customer.user})
	scope.SetTags(map[string]string{wire.TagAgentID: x.agent.id, "organization.tier": x.customer.tier, "framework": x.agent.framework})
	scope.SetContext(wire.ContextAgent, sentry.Context{"id": x.agent.id, "name": x.agent.name, "framework": x.agent.framework,
		"version": x.agent.version, "capabilities": x.agent.can})
	scope.SetContext(wire.ContextOrganization, sentry.Context{"id": x.customer.org, "name": x.customer.orgName, "tier": x.customer.tier})
	scope.SetContext(wire.ContextExecution, sentry.Context{"id": x.id})
	if r := runtimes[x.agent.platform]; r != nil {
		scope.SetContext("runtime", r)
	}
	s := &scene{run: x, seat: seat, hub: sentry.NewHub(seat.client, scope), now: x.at}
	scope.AddEventProcessor(s.date)
	return s, nil
}

var runtimes = map[platform]sentry.Context{
	python: {"name": "CPython", "version": "3.12.8"},
	node:   {"name": "node", "version": "v22.14.0"},
}

// date gives an event the time and the id of the plan; the SDK would take its own.
func (s *scene) date(e *sentry.Event, _ *sentry.EventHint) *sentry.Event {
	e.EventID = s.eventID()
	e.Platform = string(s.run.agent.platform)
	if e.Type == "" {
		e.Timestamp = s.now
		s.wrong = e.EventID
		trim(e.Exception)
	}
	return e
}

// trim takes the frames of the demo's own machinery out of real stacks.
func trim(chain []sentry.Exception) {
	for _, x := range chain {
		if x.Stacktrace == nil {
			continue
		}
		at := slices.IndexFunc(x.Stacktrace.Frames, func(f sentry.Frame) bool { return f.Function == "(*scene).perform" })
		x.Stacktrace.Frames = x.Stacktrace.Frames[at+1:]
	}
}

func (s *scene) eventID() sentry.EventID {
	var id [16]byte
	s.fillID(id[:])
	return sentry.EventID(hex.EncodeToString(id[:]))
}

func (s *scene) fillID(id []byte) {
	for i := range id {
		id[i] = byte(s.run.ids.Uint32())
	}
}

// play tells the run from its entry to its answer.
func (s *scene) play() {
	x := s.run
	ctx := sentry.SetHubOnContext(context.Background(), s.hub)
	root := s.open(ctx)
	s.log = sentry.NewLogger(root.Context())
	s.agent = root
	if root.Op != wire.OpInvokeAgent {
		s.agent = s.begin(root, wire.OpInvokeAgent, "invoke_agent "+x.agent.name)
	}
	s.describeAgent()
	s.tell(sentry.LogLevelInfo, "%s began: %s", x.agent.name, x.task)
	for i := range x.steps {
		s.step = &x.steps[i]
		s.perform()
	}
	if x.next != nil {
		s.handOver()
	}
	s.close(root)
}

// open starts the transaction, by the way in which work reaches the agent.
func (s *scene) open(ctx context.Context) *sentry.Span {
	x, op, name := s.run, "http.server", "POST /v1/agents/{agent}/runs"
	switch x.agent.entry {
	case byQueue:
		op, name = "queue.process", "process "+x.agent.id
	case bySchedule:
		op, name = wire.OpInvokeAgent, "invoke_agent "+x.agent.name
	}
	if x.trace == (sentry.TraceID{}) {
		s.fillID(x.trace[:])
	}
	return sentry.StartSpan(ctx, op, sentry.WithTransactionName(name), sentry.WithTransactionSource(sentry.SourceRoute), s.dated(), func(p *sentry.Span) {
		p.TraceID, p.ParentSpanID = x.trace, x.parent
	})
}

// dated makes a span begin now, under an id of the plan.
func (s *scene) dated() sentry.SpanOption {
	return func(p *sentry.Span) {
		p.StartTime = s.now
		s.fillID(p.SpanID[:])
	}
}

// begin starts a span inside another.
func (s *scene) begin(parent *sentry.Span, op, name string) *sentry.Span {
	p := parent.StartChild(op, sentry.WithDescription(name), s.dated())
	p.Status = sentry.SpanStatusOK
	s.spans++
	p.SetData(wire.AttrExecutionID, s.run.id)
	p.SetData(wire.AttrOrganizationID, s.run.customer.org)
	p.SetData("gen_ai.agent.name", s.run.agent.name)
	return p
}

// end finishes a span after it took that long, and moves the time there.
func (s *scene) end(p *sentry.Span, took time.Duration) {
	s.now = p.StartTime.Add(took)
	p.EndTime = s.now
	p.Finish()
}

func (s *scene) describeAgent() {
	x := s.run
	for key, value := range map[string]any{
		"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.id": x.agent.id, "gen_ai.agent.name": x.agent.name, "gen_ai.agent.version": x.agent.version,
		"gen_ai.conversation.id": "conv-" + x.customer.user, "gen_ai.request.model": x.agent.model.name,
		wire.AttrExecutionID: x.id, wire.AttrOrganizationID: x.customer.org, wire.AttrOutcome: x.outcome,
	} {
		s.agent.SetData(key, value)
	}
	if x.reason != "" {
		s.agent.SetData(wire.AttrOutcomeReason, x.reason)
	}
}

// handOver ends a run by passing the work to the next agent, in the same trace.
func (s *scene) handOver() {
	next := s.run.next
	p := s.begin(s.agent, wire.OpHandoff, "handoff from "+s.run.agent.name+" to "+next.agent.name)
	next.trace, next.parent = p.TraceID, p.SpanID
	s.end(p, 12*time.Millisecond)
}

// close ends the agent's span and the transaction, with the outcome.
func (s *scene) close(root *sentry.Span) {
	x := s.run
	status := sentry.SpanStatusOK
	if x.outcome == "error" {
		status = s.step.fault.status
		s.agent.SetData("error.type", x.reason)
	}
	s.agent.Status, root.Status = status, status
	s.hub.Scope().SetContext(wire.ContextExecution, sentry.Context{"id": x.id, "outcome": x.outcome, "duration_ms": s.now.Sub(x.at).Milliseconds()})
	s.tell(sentry.LogLevelInfo, "%s ended: %s", x.agent.name, x.outcome)
	if s.agent != root {
		s.end(s.agent, s.now.Sub(s.agent.StartTime))
	}
	s.now = s.now.Add(3 * time.Millisecond)
	s.end(root, s.now.Sub(x.at))
	s.did.transactions++
}

// tell writes a log, if the run writes any, and leaves a breadcrumb.
func (s *scene) tell(level sentry.LogLevel, format string, args ...any) {
	s.hub.AddBreadcrumb(&sentry.Breadcrumb{Category: "agent", Message: fmt.Sprintf(format, args...), Timestamp: s.now, Level: sentry.LevelInfo}, nil)
	if !s.run.logged {
		return
	}
	s.did.logs++
	entry := s.log.Info()
	if level == sentry.LogLevelWarn {
		entry = s.log.Warn()
	}
	entry.Int64(momentAttr, s.now.UnixNano()).String("gen_ai.agent.name", s.run.agent.name).String(wire.AttrExecutionID, s.run.id).Emitf(format, args...)
}

// asJSON returns what JSON makes of a value made of texts and numbers.
func asJSON(v any) string {
	b, _ := json.Marshal(v) // nothing in it can fail
	return string(b)
}
