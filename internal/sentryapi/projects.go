package sentryapi

import (
	"fmt"
	"strings"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/store"
)

type project struct {
	ID           string       `json:"id"`
	Slug         string       `json:"slug"`
	Name         string       `json:"name"`
	Platform     *string      `json:"platform"`
	DateCreated  *string      `json:"dateCreated"`
	FirstEvent   *string      `json:"firstEvent"`
	Transactions bool         `json:"firstTransactionEvent"` // clients hide their tools for traces without it
	Logs         bool         `json:"hasLogs"`
	Profiles     bool         `json:"hasProfiles"`
	Replays      bool         `json:"hasReplays"`
	Monitors     bool         `json:"hasMonitors"`
	Feedbacks    bool         `json:"hasFeedbacks"`
	Sessions     bool         `json:"hasSessions"`
	Status       string       `json:"status"`
	Public       bool         `json:"isPublic"`
	Bookmarked   bool         `json:"isBookmarked"`
	Member       bool         `json:"isMember"`
	HasAccess    bool         `json:"hasAccess"`
	Access       []string     `json:"access"`
	Features     []string     `json:"features"`
	Team         *named       `json:"team"`
	Teams        []named      `json:"teams"`
	Organization organization `json:"organization"`
}

func projectOf(c *call, p store.Project) project {
	started := !p.FirstEvent.IsZero()
	return project{
		ID: p.ID.String(), Slug: p.Slug, Name: p.Name, Platform: text(p.Platform),
		DateCreated: stamp(p.Created), FirstEvent: stamp(p.FirstEvent),
		Transactions: started, Logs: started, Monitors: started, Feedbacks: started, Sessions: started,
		Status: "active", Member: true, HasAccess: true,
		Access: append([]string{}, c.caller.Scopes...), Features: []string{}, Teams: []named{},
		Organization: organizationOf(c),
	}
}

// projects lists the projects of the organization; query narrows by slug and name.
func (a *rest) projects(c *call) (any, error) {
	if _, err := c.page(); err != nil {
		return nil, err
	}
	all, err := a.store.Projects(c.ctx(), c.caller.In())
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	want := strings.ToLower(c.URL.Query().Get("query"))
	out := []project{}
	for _, p := range all {
		if strings.Contains(strings.ToLower(p.Slug+" "+p.Name), want) {
			out = append(out, projectOf(c, p))
		}
	}
	c.link("")
	return out, nil
}

func (a *rest) project(c *call) (any, error) { return projectOf(c, c.project), nil }

type key struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Label       string        `json:"label"`
	Public      string        `json:"public"`
	Secret      string        `json:"secret"` // modern DSNs have none
	ProjectID   int64         `json:"projectId"`
	Active      bool          `json:"isActive"`
	RateLimit   *rateLimit    `json:"rateLimit"`
	DSN         dsn           `json:"dsn"`
	DateCreated *string       `json:"dateCreated"`
	Browser     string        `json:"browserSdkVersion"`
	Loader      loaderOptions `json:"dynamicSdkLoaderOptions"`
}

type rateLimit struct {
	Window int `json:"window"` // seconds
	Count  int `json:"count"`
}

type dsn struct {
	Public string `json:"public"`
	Secret string `json:"secret"`
}

type loaderOptions struct {
	Replay      bool `json:"hasReplay"`
	Performance bool `json:"hasPerformance"`
	Debug       bool `json:"hasDebug"`
}

func (a *rest) keys(c *call) (any, error) {
	if _, err := c.page(); err != nil {
		return nil, err
	}
	found, err := a.store.Keys(c.ctx(), c.caller.In(), c.project.ID)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	c.link("")
	return each(found, func(k store.Key) key { return keyOf(c, k) }), nil
}

func keyOf(c *call, k store.Key) key {
	address := access.DSN(c.ctx(), k.Public, k.Project)
	out := key{
		ID: k.Public, Name: k.Name, Label: k.Name, Public: k.Public, ProjectID: int64(k.Project), Active: k.Enabled,
		DSN: dsn{address, address}, DateCreated: stamp(k.Created), Browser: "latest",
	}
	if k.PerMinute > 0 {
		out.RateLimit = &rateLimit{60, k.PerMinute}
	}
	return out
}
