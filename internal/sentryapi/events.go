package sentryapi

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// faults are the events that lists show: what issues are made of.
var faults = []model.Kind{model.KindError, model.KindMessage, model.KindFeedback}

func isNotFound(err error) bool { return errors.Is(err, model.ErrNotFound) }

// issueEvents lists the events of an issue, whole ones when full is asked for.
func (a *rest) issueEvents(c *call) (any, error) {
	i, err := a.find(c)
	if err != nil {
		return nil, err
	}
	return a.events(c, store.EventQuery{In: c.in(), Issue: i.ID})
}

func (a *rest) projectEvents(c *call) (any, error) {
	return a.events(c, store.EventQuery{In: c.in(), Kinds: faults})
}

func (a *rest) events(c *call, q store.EventQuery) (any, error) {
	var err error
	if q.From, q.To, err = a.period(c); err != nil {
		return nil, err
	}
	if q.Page, err = c.page(); err != nil {
		return nil, err
	}
	if err := checkNarrowing(c.URL.Query()); err != nil {
		return nil, err
	}
	p, err := a.store.Events(c.ctx(), q)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	full := isTrue(c.URL.Query(), "full")
	out := []any{}
	for i := range p.Events {
		shown, err := a.show(c, q.In, p.Events[i].ID, full)
		if isNotFound(err) {
			continue // retention took it meanwhile
		}
		if err != nil {
			return nil, err
		}
		out = append(out, shown)
	}
	c.link(p.Next)
	return out, nil
}

// checkNarrowing refuses what lists of events cannot be narrowed by yet: an answer
// that passed it over would be a wrong one.
func checkNarrowing(q url.Values) error {
	for _, name := range []string{"query", "environment"} {
		if q.Get(name) != "" {
			return invalid(name, "Picket cannot narrow lists of events by it yet; leave it out")
		}
	}
	if sort := q.Get("sort"); sort != "" && sort != "-timestamp" {
		return invalid("sort", "%.40q is none; events come by -timestamp", sort)
	}
	return nil
}

func isTrue(q url.Values, name string) bool {
	v := q.Get(name)
	return v == "1" || v == "true"
}

// show reads an event and makes of it what lists or single answers have.
func (a *rest) show(c *call, in store.Scope, id model.EventID, full bool) (any, error) {
	e, err := a.store.Event(c.ctx(), in, id)
	if err != nil {
		return nil, err
	}
	v, err := view(e)
	if err != nil {
		return nil, err
	}
	if full {
		return wholeEventOf(e, v)
	}
	return eventOf(e, v), nil
}

// projectEvent answers an event of the project in the path.
func (a *rest) projectEvent(c *call) (any, error) {
	id, err := c.event()
	if err != nil {
		return nil, err
	}
	return a.show(c, c.in(), id, true)
}

// event reads the event id in the path. What cannot be one names nothing.
func (c *call) event() (model.EventID, error) {
	id, err := model.ParseEventID(c.PathValue("event"))
	if err != nil {
		return id, fmt.Errorf("%w: event %.80q", model.ErrNotFound, c.PathValue("event"))
	}
	return id, nil
}

// issueEvent answers one event of an issue, by its id or its place.
func (a *rest) issueEvent(c *call) (any, error) {
	i, err := a.find(c)
	if err != nil {
		return nil, err
	}
	id, err := a.pick(c, i)
	if err != nil {
		return nil, err
	}
	e, err := a.store.Event(c.ctx(), c.in(), id)
	if err != nil {
		return nil, err
	}
	if e.Issue != i.ID {
		return nil, fmt.Errorf("%w: event %s of issue %d", model.ErrNotFound, id, i.ID)
	}
	v, err := view(e)
	if err != nil {
		return nil, err
	}
	return wholeEventOf(e, v)
}

// pick resolves latest, recommended and oldest; anything else is an id.
func (a *rest) pick(c *call, i *store.Issue) (model.EventID, error) {
	q := store.EventQuery{In: c.in(), Issue: i.ID, Page: store.Page{Limit: 1}}
	if err := checkNarrowing(c.URL.Query()); err != nil {
		return model.EventID{}, err
	}
	switch c.PathValue("event") {
	case "latest", "recommended":
	case "oldest":
		return a.oldest(c, q, i)
	default:
		return c.event()
	}
	return a.first(c, q)
}

// first returns the latest event that a query finds.
func (a *rest) first(c *call, q store.EventQuery) (model.EventID, error) {
	p, err := a.store.Events(c.ctx(), q)
	if err != nil {
		return model.EventID{}, fmt.Errorf("list events of issue %d: %w", q.Issue, err)
	}
	if len(p.Events) == 0 {
		return model.EventID{}, fmt.Errorf("%w: no event of issue %d is kept", model.ErrNotFound, q.Issue)
	}
	return p.Events[0].ID, nil
}

// oldest returns the first event of an issue, or, when retention took that, walks
// back from one that is left.
func (a *rest) oldest(c *call, q store.EventQuery, i *store.Issue) (model.EventID, error) {
	q.To = i.FirstSeen.Add(time.Microsecond)
	id, err := a.first(c, q)
	if !isNotFound(err) {
		return id, err
	}
	q.To, q.Page.Limit = time.Time{}, largestPage
	for {
		p, err := a.store.Events(c.ctx(), q)
		if err != nil {
			return id, fmt.Errorf("list events of issue %d: %w", i.ID, err)
		}
		if n := len(p.Events); n > 0 {
			id = p.Events[n-1].ID
		}
		if q.Page.Cursor = p.Next; p.Next == "" {
			break
		}
	}
	if id.IsZero() {
		return id, fmt.Errorf("%w: no event of issue %d is kept", model.ErrNotFound, i.ID)
	}
	return id, nil
}

// located is the answer to an event id alone.
type located struct {
	Organization string  `json:"organizationSlug"`
	Project      string  `json:"projectSlug"`
	GroupID      *string `json:"groupId"`
	EventID      string  `json:"eventId"`
	Event        any     `json:"event"`
}

// eventID finds an event of the organization by nothing but its id.
func (a *rest) eventID(c *call) (any, error) {
	id, err := c.event()
	if err != nil {
		return nil, err
	}
	shown, err := a.show(c, c.in(), id, true)
	if err != nil {
		return nil, err
	}
	e := shown.(*wholeEvent)
	p, err := a.findProject(c, e.ProjectID)
	if err != nil {
		return nil, err
	}
	return located{c.org.Slug, p.Slug, e.GroupID, e.EventID, e}, nil
}
