package settings

import (
	"cmp"
	"slices"
	"sync/atomic"

	"relay.one/picket/internal/model"
)

// Listener is an organization that takes webhooks, and how.
type Listener struct {
	Org model.OrgID
	Sentry
}

// Sentries says how each organization talks with its upstream. It is safe for concurrent use.
type Sentries struct {
	book   *Book
	first  model.OrgID
	secret string
	known  atomic.Pointer[listeners]
}

// listeners is what was found in the book until it changes.
type listeners struct {
	until <-chan struct{}
	list  []Listener
}

// NewSentries returns what a book says. The operator's secret, if there is one, is that
// of the first organization where it sets none itself: that of the others is nobody's
// business who runs the server.
func NewSentries(b *Book, first model.OrgID, secret string) *Sentries {
	return &Sentries{book: b, first: first, secret: secret}
}

// Of returns how an organization talks with its upstream.
func (s *Sentries) Of(org model.OrgID) Sentry {
	out := s.book.Of(org, 0).Sentry
	if org == s.first {
		out.WebhookSecret = cmp.Or(out.WebhookSecret, s.secret)
	}
	return out
}

// Listening returns the organizations that take webhooks, by id. It is shared: nobody
// changes it.
func (s *Sentries) Listening() []Listener {
	until := s.book.Changed()
	if k := s.known.Load(); k != nil && k.until == until {
		return k.list
	}
	orgs := []model.OrgID{s.first}
	s.book.Projects(func(org model.OrgID, project model.ProjectID) {
		if project == 0 && org != s.first {
			orgs = append(orgs, org)
		}
	})
	slices.Sort(orgs)
	var list []Listener
	for _, org := range orgs {
		if l := (Listener{org, s.Of(org)}); l.Listens() {
			list = append(list, l)
		}
	}
	s.known.Store(&listeners{until, list})
	return list
}
