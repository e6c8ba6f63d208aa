package api

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/fault"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

type executionsQuery struct {
	AgentID      string   `query:"agentId" doc:"Only runs of this agent"`
	Outcome      []string `query:"outcome,explode" enum:"running,ok,error,failed" doc:"Only runs that ended so; several mean any of them"`
	Rule         string   `query:"rule" example:"tool_failed" doc:"Only runs that this rule of outcome says failed"`
	Fault        string   `query:"fault" example:"rate_limit" doc:"Only runs that this typed error ended"`
	User         string   `query:"user" example:"id:42" doc:"Only runs for this user, as answers name one: id, email, username or ip, a colon, and the value"`
	Organization string   `query:"organization" doc:"Only runs for this organization of the customer's"`
	Conversation string   `query:"conversation" doc:"Only runs in this conversation"`
	Release      string   `query:"release" doc:"Only this release"`
	Environment  string   `query:"environment" doc:"Only this environment"`
	Model        string   `query:"model" example:"openai/gpt-5" doc:"Only runs that called this model, named as in models"`
	Tool         string   `query:"tool" doc:"Only runs that called this tool"`
	Policy       string   `query:"policy" doc:"Only runs that violated this policy"`
	Issue        string   `query:"issue" doc:"Only runs with errors of this issue, by its number or short id"`
	Looped       bool     `query:"looped" doc:"Only runs that went round in circles"`
	MinCostUSD   float64  `query:"minCostUsd" minimum:"0" maximum:"1000000000" doc:"Only runs that cost that much or more, as far as is known"`
	Project      []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
	Sort         string   `query:"sort" default:"start" enum:"start,cost,duration" doc:"The latest, the most expensive or the longest first"`
	Stretch
	Paging
}

var outcomes = map[string]model.Outcome{
	"running": model.OutcomeRunning, "ok": model.OutcomeOK, "error": model.OutcomeError, "failed": model.OutcomeFailed,
}

// executionQuery is the store's question for what was asked.
func (a *rest) executionQuery(ctx context.Context, c access.Caller, in *executionsQuery) (store.ExecutionQuery, error) {
	q := store.ExecutionQuery{
		Agent: in.AgentID, Rule: in.Rule, Fault: in.Fault, UserKey: in.User, Organization: in.Organization,
		Conversation: in.Conversation, Release: in.Release, Environment: in.Environment,
		Model: in.Model, Tool: in.Tool, Policy: in.Policy, Looped: in.Looped,
		Sort: store.ExecutionSort(in.Sort), Page: in.page(),
	}
	for _, o := range in.Outcome {
		q.Outcomes = append(q.Outcomes, outcomes[o])
	}
	err := checkWords(in)
	if err != nil {
		return q, err
	}
	if q.MinCostNanos, err = nanosOf("minCostUsd", in.MinCostUSD); err != nil {
		return q, err
	}
	if q.From, q.To, err = a.between(in.Stretch); err != nil {
		return q, err
	}
	if q.In, err = a.scope(ctx, c, in.Project); err != nil || in.Issue == "" {
		return q, err
	}
	found, err := a.find(ctx, c, in.Issue)
	if err != nil {
		return q, fmt.Errorf("issue: %w", err)
	}
	q.Issue = found.ID
	return q, nil
}

// checkWords refuses what no execution can ever have: a typing error would answer
// with an empty list otherwise.
func checkWords(in *executionsQuery) error {
	rules := each(agent.AllRules(), func(r agent.Rule) string { return r.Name })
	if err := oneOf("rule", in.Rule, rules); err != nil {
		return err
	}
	if err := oneOf("fault", in.Fault, each(fault.Kinds[:], func(k fault.Kind) string { return string(k) })); err != nil {
		return err
	}
	return checkUser(in.User)
}

func oneOf(name, value string, known []string) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	return invalid(name, "there is no %.40q; use one of %s", value, strings.Join(known, ", "))
}

func checkUser(key string) error {
	kind, _, ok := strings.Cut(key, ":")
	if key == "" || ok && slices.Contains([]string{"id", "email", "username", "ip"}, kind) {
		return nil
	}
	return invalid("user", "%.40q does not say what it is; write id:, email:, username: or ip: before it", key)
}

// nanosOf turns dollars into nano-dollars, to the nearest.
func nanosOf(name string, dollars float64) (int64, error) {
	if math.IsNaN(dollars) {
		return 0, invalid(name, "NaN is no number of dollars")
	}
	return int64(math.Round(dollars * nanosPerDollar)), nil
}
