// Package hook takes Sentry's webhooks: the door checks who sent one and stores it before
// it answers, the worker finds out afterwards what it means for the issues here, and the
// mirror tells Sentry's API what people change here. See docs/upstream.md.
package hook

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
)

// Store is what the worker and the mirror need of an engine.
type Store interface {
	store.Hooks
	store.Feed
	Event(ctx context.Context, in store.Scope, id model.EventID) (*store.EventRecord, error)
	Issue(ctx context.Context, in store.Scope, id model.IssueID) (*store.Issue, error)
	Issues(ctx context.Context, q store.IssueQuery) (store.IssuePage, error)
	Projects(ctx context.Context, in store.Scope) ([]store.Project, error)
	UpdateIssues(ctx context.Context, in store.Scope, ids []model.IssueID, u store.IssueUpdate) ([]store.Issue, error)
}

// API is Sentry's, of one organization. Errors are of model's kinds: ErrNotFound,
// ErrInvalid, ErrUnauthorized, ErrForbidden; of any other kind when it may go well later,
// and then they may have a method RetryAfter that says when.
type API interface {
	// LatestEvent returns the id of the latest event of an issue there.
	LatestEvent(ctx context.Context, issue string) (model.EventID, error)
	// SetStatus makes an issue there resolved, unresolved or ignored, and SetAssignee gives
	// it to somebody, or to nobody.
	SetStatus(ctx context.Context, issue, status string) error
	SetAssignee(ctx context.Context, issue, who string) error
}

// Options are those of a worker and a mirror. Store, Sentries, Book and API must be there.
type Options struct {
	Store    Store
	Sentries *settings.Sentries
	// Book says which project there is which here: by where events are forwarded to.
	Book *settings.Book
	// API returns that of an organization whose settings say how to reach it.
	API func(s settings.Sentry) API
	// Log takes what goes wrong in the background; nil is slog's default.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (o Options) log() *slog.Logger {
	if o.Log != nil {
		return o.Log
	}
	return slog.Default()
}

func (o Options) now() time.Time {
	if o.Now != nil {
		return o.Now().UTC()
	}
	return time.Now().UTC()
}

// backoff returns how long to wait after some tries in vain: it doubles from first to
// most, with jitter downwards, so that what failed together does not come back together.
func backoff(tries int, first, most time.Duration) time.Duration {
	wait := most
	if doubled := first << min(tries-1, 30); tries < 30 && doubled < most {
		wait = doubled
	}
	return wait/2 + rand.N(wait/2+1)
}
