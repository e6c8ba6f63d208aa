package hook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Mirror tells Sentry's API what people change here of issues that it has, too. What a
// webhook changed is not told: so what is said once goes to the other side and ends there.
type Mirror struct {
	Options
	at    int64 // of the feed; -1 when it is to be read
	known bool
}

// NewMirror returns a mirror. Run or Work have it work, one of them at a time.
func NewMirror(o Options) *Mirror { return &Mirror{Options: o} }

const (
	// follower is the mirror's name among those that follow the feed.
	follower = "sentry"
	// changesAtOnce is how many changes are read at a time, and pushesAtOnce sent.
	changesAtOnce, pushesAtOnce = 500, 50
	// attentive is how often the feed is looked at while somebody may be told, and idle
	// while nobody is: then only the cursor moves on.
	attentive, idle = time.Second, 30 * time.Second
	// maxPushes is how often something is sent in vain: for some three days.
	maxPushes             = 600
	firstPush, mostPushes = 5 * time.Second, 10 * time.Minute
)

// Run follows the feed until ctx ends.
func (m *Mirror) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait := idle
		if m.speaks() {
			wait = attentive
		}
		changed := m.Book.Changed()
		if err := m.Work(ctx); err != nil && ctx.Err() == nil {
			m.log().Error("webhooks: Sentry could not be told of changes", "error", err)
		}
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-pause.C:
		}
		pause.Stop()
	}
}

// speaks reports whether anybody may be told anything.
func (m *Mirror) speaks() bool {
	found := false
	m.Book.Projects(func(org model.OrgID, project model.ProjectID) {
		if s := m.Sentries.Of(org); project == 0 && s.Speaks() {
			found = true
		}
	})
	return found
}

// Work notes what has changed and sends what is due. Its errors are the store's: what
// Sentry says is noted with the tie.
func (m *Mirror) Work(ctx context.Context) error {
	if err := m.follow(ctx); err != nil {
		return err
	}
	list, err := m.Store.DuePushes(ctx, m.now(), pushesAtOnce)
	if err != nil {
		return fmt.Errorf("what Sentry is to be told: %w", err)
	}
	for i := range list {
		if ctx.Err() != nil {
			return nil
		}
		if err := m.push(ctx, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

// follow notes for every tie what of its issue has changed, up to the end of the feed.
func (m *Mirror) follow(ctx context.Context) error {
	if !m.known {
		at, err := m.Store.Cursor(ctx, follower)
		if err != nil {
			return fmt.Errorf("read the cursor: %w", err)
		}
		m.at, m.known = at, true
	}
	for {
		list, err := m.Store.Changes(ctx, m.at, changesAtOnce)
		if err != nil {
			return fmt.Errorf("read changes: %w", err)
		}
		if len(list) == 0 {
			return nil
		}
		if err := m.Store.PushChanges(ctx, follower, list, m.now()); err != nil {
			return fmt.Errorf("note changes: %w", err)
		}
		m.at = list[len(list)-1].Cursor
	}
}

// push tells Sentry how things stand with an issue, of what has changed, and notes how
// that went.
func (m *Mirror) push(ctx context.Context, p *store.Push) error {
	s := m.Sentries.Of(p.Org)
	if !s.Speaks() {
		p.What, p.Due, p.Tries, p.Problem = 0, time.Time{}, 0, ""
		return m.settle(ctx, p)
	}
	here, err := m.Store.Issue(ctx, store.Scope{Org: p.Org}, p.Issue)
	if errors.Is(err, model.ErrNotFound) {
		p.What, p.Due, p.Problem = 0, time.Time{}, "the issue here is gone"
		return m.settle(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("read issue %d: %w", p.Issue, err)
	}
	begun, owed := m.now(), p.What
	err = m.tell(ctx, m.API(s), p, here)
	if err != nil && ctx.Err() != nil {
		return nil // the next process tells it
	}
	if sent := owed &^ p.What; sent != 0 {
		p.Sent = begun
		if err := m.remember(ctx, p, sent); err != nil {
			return err
		}
	}
	m.note(p, err)
	return m.settle(ctx, p)
}

// tell sends what has changed; what went well is taken out of p.What.
func (m *Mirror) tell(ctx context.Context, api API, p *store.Push, here *store.Issue) error {
	if p.What&store.ChangedStatus != 0 {
		if err := api.SetStatus(ctx, p.ID, theirs(here.Status)); err != nil {
			return &apiError{"to make issue " + p.ID + " " + here.Status.String(), err}
		}
		p.What &^= store.ChangedStatus
		p.Status = theirs(here.Status)
	}
	if p.What&store.ChangedAssignee != 0 {
		if err := api.SetAssignee(ctx, p.ID, here.AssignedTo); err != nil {
			return &apiError{"to assign issue " + p.ID, err}
		}
		p.What &^= store.ChangedAssignee
		p.Assigned = here.AssignedTo
	}
	return nil
}

// theirs is what Sentry calls a status.
func theirs(s store.Status) string {
	if s == store.Archived {
		return "ignored"
	}
	return s.String()
}

// note decides whether what was in vain is tried again.
func (m *Mirror) note(p *store.Push, err error) {
	p.Due, p.Problem = time.Time{}, ""
	if err == nil {
		p.Tries = 0
		return
	}
	p.Tries++
	p.Problem = err.Error()
	if errors.Is(err, model.ErrNotFound) || errors.Is(err, model.ErrInvalid) || p.Tries >= maxPushes {
		p.What = 0 // it will not go better
		return
	}
	p.Due = m.now().Add(max(backoff(p.Tries, firstPush, mostPushes), retryAfter(err)))
}

// remember stores how things stand there since we said so, from when we began to: what
// was received before and is worked on after is past by then.
func (m *Mirror) remember(ctx context.Context, p *store.Push, sent store.Changed) error {
	u, err := m.Store.UpstreamIssueByID(ctx, p.Org, p.ID)
	if err != nil {
		return fmt.Errorf("read how issue %d stands at Sentry: %w", p.Issue, err)
	}
	if sent&store.ChangedStatus != 0 {
		u.Status = p.Status
	}
	if sent&store.ChangedAssignee != 0 {
		u.Assigned = p.Assigned
	}
	u.UpdatedAt = p.Sent
	if err := m.Store.LinkIssue(ctx, *u); err != nil && !errors.Is(err, model.ErrConflict) {
		return fmt.Errorf("note how issue %d stands at Sentry: %w", p.Issue, err)
	}
	return nil
}

func (m *Mirror) settle(ctx context.Context, p *store.Push) error {
	if err := m.Store.SettlePush(ctx, *p); err != nil {
		return fmt.Errorf("note what Sentry said of issue %d: %w", p.Issue, err)
	}
	return nil
}
