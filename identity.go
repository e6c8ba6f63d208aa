package picket

import (
	"context"
	"slices"
)

// User is who a request or an execution was done for.
type User struct {
	ID    string
	Email string
	Name  string
	// IP is the user's address; the middleware fills it in with Options.SendDefaultPII.
	IP string
}

// Organization is the customer that the user belongs to.
type Organization struct {
	ID   string
	Name string
	// Tier is the customer's plan, such as free or enterprise.
	Tier string
}

// Agent is an AI agent.
type Agent struct {
	// ID tells agents apart, over all their versions; empty means Name.
	ID           string
	Name         string
	Framework    string
	Version      string
	Capabilities []string
}

// key returns the agent's id, or its name when it has none.
func (a *Agent) key() string {
	if a.ID == "" {
		return a.Name
	}
	return a.ID
}

// title returns the agent's name, or its id when it has none.
func (a *Agent) title() string {
	if a.Name == "" {
		return a.ID
	}
	return a.Name
}

// tag is a name and a value by which events can be searched.
type tag struct{ key, value string }

// identity is whose something is. It is copied when a context is derived; its slices
// are never written to, only replaced.
type identity struct {
	user         User
	organization Organization
	agent        Agent
	conversation string
	tags         []tag
	extra        []Attr
}

// withTag returns the tags with one more, or another value of it.
func withTag(tags []tag, key, value string) []tag {
	tags = slices.Clone(tags)
	for i := range tags {
		if tags[i].key == key {
			tags[i].value = value
			return tags
		}
	}
	return append(tags, tag{key, value})
}

// WithUser returns a context in which everything is reported as done for u.
func WithUser(ctx context.Context, u User) context.Context {
	return derive(ctx, func(i *identity) { i.user = u })
}

// WithOrganization returns a context in which everything is reported as done for a
// user of o.
func WithOrganization(ctx context.Context, o Organization) context.Context {
	return derive(ctx, func(i *identity) { i.organization = o })
}

// WithAgent returns a context in which everything is reported as done by a.
func WithAgent(ctx context.Context, a Agent) context.Context {
	a.Capabilities = slices.Clone(a.Capabilities)
	return derive(ctx, func(i *identity) { i.agent = a })
}

// WithConversation returns a context in which everything belongs to the conversation
// (session, thread) with that id.
func WithConversation(ctx context.Context, id string) context.Context {
	return derive(ctx, func(i *identity) { i.conversation = id })
}

// WithTag returns a context in which everything carries a tag. Tags are for values
// that many events share; they are searched by.
func WithTag(ctx context.Context, key, value string) context.Context {
	return derive(ctx, func(i *identity) { i.tags = withTag(i.tags, key, value) })
}

// WithExtra returns a context in whose events attrs are shown under "extra". They
// are not searched by.
func WithExtra(ctx context.Context, attrs ...Attr) context.Context {
	if n := nodeOr(ctx); n != nil {
		attrs = n.scope.client.settled(attrs)
	}
	return derive(ctx, func(i *identity) { i.extra = slices.Concat(i.extra, attrs) })
}

// SetUser says whom the surrounding request or execution is done for, also to those
// who hold an outer context of it, such as the middleware. Outside of both it speaks of
// the whole process.
func SetUser(ctx context.Context, u User) {
	amend(ctx, func(i *identity) { i.user = u })
}

// SetOrganization is SetUser for the organization.
func SetOrganization(ctx context.Context, o Organization) {
	amend(ctx, func(i *identity) { i.organization = o })
}

// SetAgent is SetUser for the agent.
func SetAgent(ctx context.Context, a Agent) {
	a.Capabilities = slices.Clone(a.Capabilities)
	amend(ctx, func(i *identity) { i.agent = a })
}

// SetTag is SetUser for a tag.
func SetTag(ctx context.Context, key, value string) {
	amend(ctx, func(i *identity) { i.tags = withTag(i.tags, key, value) })
}
