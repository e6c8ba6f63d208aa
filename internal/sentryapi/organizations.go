package sentryapi

import (
	"fmt"
	"strconv"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/store"
)

// user is who holds the token: tokens belong to an organization, not to a person.
type user struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Email    string `json:"email"`
}

func userOf(c access.Caller) user {
	name := c.Name
	if name == "" {
		name = "development mode"
	}
	id := strconv.FormatInt(c.Token, 10)
	return user{ID: id, Name: name, Username: name, Email: "token-" + id + "@picket.invalid"}
}

type info struct {
	Version string    `json:"version"`
	Auth    infoAuth  `json:"auth"`
	User    *struct{} `json:"user"` // a token of an organization is no user
}

type infoAuth struct {
	Scopes []string `json:"scopes"`
}

func (a *rest) info(c *call) (any, error) {
	return info{Version: a.version, Auth: infoAuth{append([]string{}, c.caller.Scopes...)}}, nil
}

func (a *rest) auth(c *call) (any, error) { return userOf(c.caller), nil }

type organization struct {
	ID           string    `json:"id"`
	Slug         string    `json:"slug"`
	Name         string    `json:"name"`
	DateCreated  *string   `json:"dateCreated"`
	Status       named     `json:"status"`
	Early        bool      `json:"isEarlyAdopter"`
	Require2FA   bool      `json:"require2FA"`
	RequireEmail bool      `json:"requireEmailVerification"`
	Features     []string  `json:"features"`
	Avatar       avatar    `json:"avatar"`
	Links        orgLinks  `json:"links"`
	Access       []string  `json:"access"`
	Teams        []string  `json:"teams"`
	Projects     []project `json:"projects,omitempty"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type avatar struct {
	Type string  `json:"avatarType"`
	UUID *string `json:"avatarUuid"`
}

// orgLinks has no region: clients send everything to a region they are given, and
// some insist on https there. An empty text suits them all.
type orgLinks struct {
	Organization string `json:"organizationUrl"`
	Region       string `json:"regionUrl"`
}

func organizationOf(c *call) organization {
	o := c.org
	return organization{
		ID: orgID(o.ID), Slug: o.Slug, Name: o.Name, DateCreated: stamp(o.Created),
		Status: named{"active", "active"}, Features: []string{}, Avatar: avatar{Type: "letter_avatar"},
		Links:  orgLinks{Organization: access.Origin(c.ctx()) + "/organizations/" + o.Slug},
		Access: append([]string{}, c.caller.Scopes...), Teams: []string{},
	}
}

func (a *rest) organizations(c *call) (any, error) {
	if _, err := c.page(); err != nil {
		return nil, err
	}
	c.link("")
	return []organization{organizationOf(c)}, nil
}

func (a *rest) organization(c *call) (any, error) {
	out := organizationOf(c)
	all, err := a.store.Projects(c.ctx(), c.caller.In())
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	out.Projects = each(all, func(p store.Project) project { return projectOf(c, p) })
	return out, nil
}
