package upstream

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
)

func (l *lane) condition() condition {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shown
}

func (c condition) health() model.UpstreamHealth {
	switch {
	case c.trouble.there():
		return c.trouble.health
	case len(c.limits) > 0:
		return model.UpstreamLimited
	}
	return model.UpstreamHealthy
}

// States returns how forwarding stands for every project of those, and for every customer's
// organization in them that has an upstream of its own or something that waits.
func (f *Forwarder) States(ctx context.Context, org model.OrgID, projects []model.ProjectID) ([]model.UpstreamState, error) {
	waiting, err := f.outbox.OutboxStates(ctx)
	if err != nil {
		return nil, fmt.Errorf("look into the outbox: %w", err)
	}
	found := map[store.OutboxQueue]store.OutboxState{}
	for _, p := range projects {
		found[store.OutboxQueue{Org: org, Project: p}] = store.OutboxState{}
		for _, c := range f.book.Of(org, p).Upstream.Customers {
			found[store.OutboxQueue{Org: org, Project: p, Organization: c.Organization}] = store.OutboxState{}
		}
	}
	for _, s := range waiting {
		if s.Org == org && slices.Contains(projects, s.Project) {
			found[s.OutboxQueue] = s
		}
	}
	out := make([]model.UpstreamState, 0, len(found))
	for q, s := range found {
		out = append(out, f.state(q, s))
	}
	slices.SortFunc(out, func(a, b model.UpstreamState) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Organization, b.Organization))
	})
	return out, nil
}

// state tells of one queue.
func (f *Forwarder) state(q store.OutboxQueue, s store.OutboxState) model.UpstreamState {
	dsn := f.dsnOf(q)
	out := model.UpstreamState{
		Org: q.Org, Project: q.Project, Organization: q.Organization, DSN: settings.MaskDSN(dsn), Health: model.UpstreamHealthy,
		Waiting: s.Envelopes, Bytes: s.Bytes, Held: s.Held, Aside: s.Aside, Oldest: s.Oldest,
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.sums[q]; n != nil {
		out.Sent, out.Dropped = n.sent, n.dropped
	}
	l := f.lanes[dsn]
	switch {
	case dsn == "":
		out.Health = model.UpstreamNone
		if s.Envelopes > 0 {
			out.Problem = "there is no upstream any more; what waits goes once there is one, or is given up for its age"
		}
	case l != nil:
		c := l.condition()
		out.Health, out.Since, out.Problem, out.Next, out.Limits = c.health(), c.trouble.since, c.trouble.problem, c.trouble.until, c.limits
	}
	return out
}

// Refusals returns the oldest envelopes that upstreams refused for themselves.
func (f *Forwarder) Refusals(ctx context.Context, in store.Scope, limit int) ([]model.UpstreamRefusal, error) {
	list, err := f.outbox.OutboxAside(ctx, in, limit)
	if err != nil {
		return nil, fmt.Errorf("look into the outbox: %w", err)
	}
	out := make([]model.UpstreamRefusal, 0, len(list))
	for i := range list {
		r := &list[i]
		out = append(out, model.UpstreamRefusal{Project: r.Project, Organization: r.Organization, Event: r.Event, Categories: r.Categories,
			Received: r.Time, Size: r.Size, Tries: r.Tries, Next: r.Due, Problem: r.Problem})
	}
	return out, nil
}
