package sentryapi

import (
	"errors"
	"fmt"
	"regexp"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/query"
	"relay.one/picket/internal/store"
)

// usualQuery is what Sentry searches for when it is not told.
const usualQuery = "is:unresolved"

// sorts maps the orders that clients ask for to those there are. Sentry's own
// scores (recommended, inbox, trends) come closest to these.
var sorts = map[string]store.IssueSort{
	"": store.ByLastSeen, "date": store.ByLastSeen, "new": store.ByFirstSeen, "freq": store.ByCount, "user": store.ByUsers,
	"recommended": store.ByLastSeen, "inbox": store.ByLastSeen, "trends": store.ByCount,
}

// issues lists issues of the organization, or of the project in the path.
func (a *rest) issues(c *call) (any, error) {
	if found, err := a.direct(c); found != nil || err != nil {
		return found, err
	}
	q, err := a.issueQuery(c)
	if err != nil {
		return nil, err
	}
	p, err := a.store.Issues(c.ctx(), q)
	if err != nil {
		return nil, fmt.Errorf("list issues: %w", err)
	}
	out := each(p.Issues, func(i store.Issue) issue { return issueOf(c, &i) })
	if err := a.addStats(c, p.Issues, out); err != nil {
		return nil, err
	}
	c.link(p.Next)
	return out, nil
}

var shortID = regexp.MustCompile(`^(?i)[a-z0-9_-]+-[0-9a-z]+$`)

// direct answers a search for nothing but a short id, when the client said that it
// may be one.
func (a *rest) direct(c *call) ([]issue, error) {
	q := c.URL.Query()
	text := q.Get("query")
	if q.Get("shortIdLookup") != "1" || !shortID.MatchString(text) {
		return nil, nil
	}
	c.SetPathValue("issue", text)
	i, err := a.find(c)
	if errors.Is(err, model.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c.head.Set("X-Sentry-Direct-Hit", "1")
	c.link("")
	return []issue{issueOf(c, i)}, nil
}

func (a *rest) issueQuery(c *call) (store.IssueQuery, error) {
	var q store.IssueQuery
	params := c.URL.Query()
	text := params.Get("query")
	if !params.Has("query") {
		text = usualQuery
	}
	var err error
	if q.Terms, err = query.Parse(text); err != nil {
		return q, err
	}
	sort, known := sorts[params.Get("sort")]
	if !known {
		return q, invalid("sort", "%.40q is none; use date, new, freq or user", params.Get("sort"))
	}
	q.Sort = sort
	for _, e := range params["environment"] {
		if e != "" {
			q.Environments = append(q.Environments, e)
		}
	}
	if q.In, err = a.scope(c); err != nil {
		return q, err
	}
	if q.From, q.To, err = a.period(c); err != nil {
		return q, err
	}
	q.Page, err = c.page()
	return q, err
}

// addStats gives each issue its bars when the client asked for them.
func (a *rest) addStats(c *call, from []store.Issue, to []issue) error {
	name := c.URL.Query().Get("groupStatsPeriod")
	if name == "" {
		return nil
	}
	if name == "auto" {
		name = "24h"
	}
	p, known := statsPeriods[name]
	if !known {
		return invalid("groupStatsPeriod", "%.40q is none; use 24h, 14d or 30d", name)
	}
	for i := range to {
		bars, err := a.counts(c.ctx(), c.in(), from[i].ID, p)
		if err != nil {
			return err
		}
		to[i].Stats = map[string]any{name: bars}
	}
	return nil
}
