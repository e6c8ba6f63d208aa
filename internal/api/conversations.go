package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Conversation is several executions that belong together, such as the turns of a chat.
type Conversation struct {
	ID             string    `json:"id"`
	ProjectID      string    `json:"projectId"`
	AgentIDs       []string  `json:"agentIds" doc:"Of all agents that took part"`
	User           *string   `json:"user" doc:"One of the users; mostly there is one"`
	OrganizationID *string   `json:"organizationId" doc:"The customer's organization, likewise"`
	StartedAt      time.Time `json:"startedAt" doc:"When the first execution began"`
	EndedAt        time.Time `json:"endedAt" doc:"When the last one ended, as far as is known"`
	Executions     int64     `json:"executions"`
	Errored        int64     `json:"errored" doc:"Of those, the ones that ended with an error"`
	Failed         int64     `json:"failed" doc:"Of those, the ones that ended without an error and yet did not do the task"`
	Usage          usage     `json:"usage"`
	CostUSD        *usd      `json:"costUsd" doc:"What the priced model calls cost; null when none had a price"`
	CostNanos      int64     `json:"costNanos"`
	UnpricedCalls  int64     `json:"unpricedCalls"`
}

func conversationOf(c store.Conversation) Conversation {
	return Conversation{
		ID: c.ID, ProjectID: projectID(c.Project), AgentIDs: each(c.Agents, same), User: text(c.UserKey),
		OrganizationID: text(c.Organization), StartedAt: c.Start.UTC(), EndedAt: c.End.UTC(),
		Executions: c.Executions, Errored: c.Errored, Failed: c.Failed, Usage: usageOf(c.Usage),
		CostUSD: dollars(c.CostNanos, c.UnpricedCalls), CostNanos: c.CostNanos, UnpricedCalls: c.UnpricedCalls,
	}
}

type conversationsQuery struct {
	AgentID      string   `query:"agentId" doc:"Only runs of this agent: what answers sum up is of these alone"`
	User         string   `query:"user" example:"id:42" doc:"Only runs for this user: id, email, username or ip, a colon, and the value"`
	Organization string   `query:"organization" doc:"Only runs for this organization of the customer's"`
	Project      []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
	Stretch
	Paging
}

type conversationList struct {
	Conversations []Conversation `json:"conversations" doc:"The one with the latest execution first"`
	Next          *string        `json:"next" doc:"The cursor of the next page; null at the end"`
}

func (a *rest) conversations(ctx context.Context, c access.Caller, in *conversationsQuery) (*conversationList, error) {
	q := store.ConversationQuery{Agent: in.AgentID, UserKey: in.User, Organization: in.Organization, Page: in.page()}
	err := checkUser(in.User)
	if err != nil {
		return nil, err
	}
	if q.From, q.To, err = a.between(in.Stretch); err != nil {
		return nil, err
	}
	if q.In, err = a.scope(ctx, c, in.Project); err != nil {
		return nil, err
	}
	p, err := a.store.Conversations(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list conversations: %w", err)
	}
	return &conversationList{each(p.Conversations, conversationOf), text(p.Next)}, nil
}

type conversationQuery struct {
	ID      string   `path:"id" doc:"The conversation's id, percent-encoded"`
	Project []string `query:"project,explode" doc:"Only in these projects, by slug or numeric id"`
	Cursor  string   `query:"cursor" doc:"Where to go on: next of the page before"`
	Limit   int      `query:"limit" default:"20" minimum:"1" maximum:"100" doc:"The most executions wanted"`
}

type wholeConversation struct {
	Conversation
	Turns []turn  `json:"turns" doc:"Its latest executions, the earliest of them first"`
	Next  *string `json:"next" doc:"The cursor of the page with the turns before these; null at the beginning"`
}

// turn is an execution of a conversation, with what was asked and answered.
type turn struct {
	Execution Execution `json:"execution"`
	Input     *cutText  `json:"input,omitempty" doc:"What the user said; left out when no messages were sent"`
	Output    *cutText  `json:"output,omitempty" doc:"What the agent said in the end; likewise"`
	Unread    bool      `json:"unread" doc:"Whether input and output were not looked for, because there is too much in the turns after it: ask for fewer"`
}

func (a *rest) conversation(ctx context.Context, c access.Caller, in *conversationQuery) (*wholeConversation, error) {
	scope, err := a.scope(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	found, err := a.store.Conversations(ctx, store.ConversationQuery{In: scope, ID: in.ID, Page: store.Page{Limit: 1}})
	if err != nil {
		return nil, fmt.Errorf("read conversation: %w", err)
	}
	if len(found.Conversations) == 0 {
		return nil, fmt.Errorf("%w: conversation %.200q", model.ErrNotFound, in.ID)
	}
	one := found.Conversations[0]
	p, err := a.store.Executions(ctx, store.ExecutionQuery{In: c.In(one.Project), Conversation: one.ID,
		Page: store.Page{Cursor: in.Cursor, Limit: in.Limit}})
	if err != nil {
		return nil, fmt.Errorf("list executions of a conversation: %w", err)
	}
	out := &wholeConversation{conversationOf(one), []turn{}, text(p.Next)}
	out.Turns, err = a.turns(ctx, c, p.Executions)
	return out, err
}

// maxTurnSpans is from how many spans on no more turns are read to the words.
const maxTurnSpans = 20_000

// turns reads what was said in executions, which come with the latest first, and
// returns them in order. The latest are read first: more is too much at once.
func (a *rest) turns(ctx context.Context, c access.Caller, list []store.ExecutionRecord) ([]turn, error) {
	out := make([]turn, 0, len(list))
	read := 0
	for _, x := range list {
		t := turn{Execution: executionOf(x), Unread: read >= maxTurnSpans}
		if !t.Unread {
			whole, err := a.store.Execution(ctx, c.In(x.Project), x.ID)
			if err != nil {
				return nil, fmt.Errorf("read execution: %w", err)
			}
			j := newJournal(ctx, whole)
			if t.Input, t.Output = j.gist(); j.sent.err != nil {
				return nil, j.sent.err
			}
			read += len(whole.Trace.Spans)
		}
		out = append(out, t)
	}
	slices.Reverse(out)
	return out, nil
}

// maxGist is in how many calls at either end of an execution the first input and the
// last output are looked for.
const maxGist = 8

// gist returns what the user said last before the agent did anything, and what the
// agent said last; nil where that was not sent.
func (j *journal) gist() (asked, answered *cutText) {
	var talks []int
	for _, list := range j.talks {
		talks = append(talks, list...)
	}
	slices.Sort(talks)
	first, last := talks[:min(maxGist, len(talks))], talks[max(0, len(talks)-maxGist):]
	var wanted []*store.SpanRecord
	for _, at := range slices.Concat(first, last) {
		wanted = append(wanted, &j.run.Trace.Spans[j.steps[at].span])
	}
	j.sent.fetch(wanted)
	for _, at := range first {
		if asked = lastWords(j.speech(j.steps[at].span).input, "user"); asked != nil {
			break
		}
	}
	for _, at := range slices.Backward(last) {
		if answered = lastWords(j.speech(j.steps[at].span).output, "assistant"); answered != nil {
			break
		}
	}
	return asked, answered
}

// lastWords returns the last text of a role; nil for none.
func lastWords(list []agent.Message, role string) *cutText {
	for _, m := range slices.Backward(list) {
		for _, p := range slices.Backward(m.Parts) {
			if m.Role == role && p.Type == "text" && p.Text != "" {
				return cutTextOf(p.Text)
			}
		}
	}
	return nil
}
