package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
)

type newConfig struct {
	ConfigScope
	IfMatch string `header:"If-Match" doc:"ETag of the answer that was changed: 409 when there is a newer one"`
	Body    configBody
	RawBody []byte
}

// configBody is what a scope is to set: null is inherited, and what is left out stays as it
// is. What only answers hold may be sent back.
type configBody struct {
	_                  struct{}          `additionalProperties:"false"`
	DSN                *string           `json:"dsn,omitempty" nullable:"true" maxLength:"1000"`
	Customers          *[]configCustomer `json:"customers,omitempty" maxItems:"1000"`
	Environment        *string           `json:"environment,omitempty" nullable:"true"`
	Release            *string           `json:"release,omitempty" nullable:"true"`
	SampleRate         *float64          `json:"sampleRate,omitempty" nullable:"true" minimum:"0" maximum:"1"`
	TracesSampleRate   *float64          `json:"tracesSampleRate,omitempty" nullable:"true" minimum:"0" maximum:"1"`
	SamplingRules      *[]configRule     `json:"samplingRules,omitempty" maxItems:"1000"`
	SamplingPerMinute  *int              `json:"samplingPerMinute,omitempty" nullable:"true" minimum:"0"`
	SamplingCostUSD    *float64          `json:"samplingCostUsd,omitempty" nullable:"true" minimum:"0"`
	SamplingDurationMs *int64            `json:"samplingDurationMs,omitempty" nullable:"true" minimum:"0"`
	Debug              *bool             `json:"debug,omitempty" nullable:"true"`
	MaxBreadcrumbs     *int              `json:"maxBreadcrumbs,omitempty" nullable:"true" minimum:"0" maximum:"100"`
	SendDefaultPII     *bool             `json:"sendDefaultPii,omitempty" nullable:"true"`
	Inherited          []string          `json:"inherited,omitempty" doc:"As answered: what it names stays inherited unless its value was changed"`
	Version            *int64            `json:"version,omitempty" doc:"As answered: 409 when there is a newer one"`

	Mode        *string    `json:"mode,omitempty" doc:"Not looked at"`
	Initialized *bool      `json:"initialized,omitempty" doc:"Not looked at"`
	Project     *string    `json:"project,omitempty" nullable:"true" doc:"Not looked at: the address names the project"`
	UpdatedAt   *time.Time `json:"updatedAt,omitempty" nullable:"true" doc:"Not looked at"`
	UpdatedBy   *string    `json:"updatedBy,omitempty" nullable:"true" doc:"Not looked at"`
}

func (a *rest) changeConfig(ctx context.Context, c access.Caller, in *newConfig) (*config, error) {
	project, err := a.scoped(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	wanted, err := version(in.IfMatch, in.Body.Version)
	if err != nil {
		return nil, err
	}
	var sent map[string]json.RawMessage // a nil pointer may be a null, or nothing
	if err := json.Unmarshal(in.RawBody, &sent); err != nil {
		return nil, invalid("body", "no JSON object: %v", err)
	}
	_, err = a.settings.Change(ctx, settings.Edit{Org: c.Org, Project: project, By: who(c), For: wanted, Make: func(own settings.Settings) (settings.Settings, error) {
		return in.Body.over(sent, own, a.settings.Book().Above(c.Org, project))
	}})
	if err != nil {
		return nil, asConfig(err)
	}
	return a.configOf(c.Org, project), nil
}

// draft is what a body makes of a scope's settings.
type draft struct {
	sent    map[string]json.RawMessage
	same    []string // fields that the client says are inherited, if it has not changed them
	was     []string // fields that were inherited, in sections that the scope has
	there   bool     // whether the scope has the section under way
	inherit []string // fields that are inherited
	from    int      // how many were when the section began
	set     bool     // whether anything of the section is not inherited
}

func (d *draft) begin(there bool) { d.there, d.from, d.set = there, len(d.inherit), false }

// put sets a field to what was sent; null is inherited, and so is what the client got as
// inherited and sent back as it was. What was not sent stays as it is.
func put[T any](d *draft, field string, sent *T, to *T, above T) {
	keeps := d.there && !slices.Contains(d.was, field)
	if _, said := d.sent[field]; said {
		if keeps = sent != nil && !(slices.Contains(d.same, field) && reflect.DeepEqual(*sent, above)); keeps {
			*to = *sent
		}
	}
	if keeps {
		d.set = true
		return
	}
	d.inherit = append(d.inherit, field)
	*to = *new(T)
}

// over returns what the settings of a scope become, when above is what holds above it.
func (b *configBody) over(sent map[string]json.RawMessage, own settings.Settings, above *settings.Effective) (settings.Settings, error) {
	now := own.Over(*above)
	dsn, customers, err := b.unmask(&now)
	if err != nil {
		return own, err
	}
	d := &draft{sent: sent, same: b.Inherited, was: own.Inherit}
	u, s := copied(own.Upstream), copied(own.Sampling)
	d.begin(own.Upstream != nil)
	put(d, "dsn", dsn, &u.DSN, above.Upstream.DSN)
	put(d, "customers", customers, &u.Customers, above.Upstream.Customers)
	put(d, "environment", b.Environment, &u.Environment, above.Upstream.Environment)
	put(d, "release", b.Release, &u.Release, above.Upstream.Release)
	put(d, "debug", b.Debug, &u.Debug, above.Upstream.Debug)
	put(d, "maxBreadcrumbs", b.MaxBreadcrumbs, &u.MaxBreadcrumbs, above.Upstream.MaxBreadcrumbs)
	put(d, "sendDefaultPii", b.SendDefaultPII, &u.SendDefaultPII, above.Upstream.SendDefaultPII)
	own.Upstream = section(d, u)
	d.begin(own.Sampling != nil)
	put(d, "sampleRate", b.SampleRate, &s.Errors, above.Sampling.Errors)
	put(d, "tracesSampleRate", b.TracesSampleRate, &s.Transactions, above.Sampling.Transactions)
	put(d, "samplingRules", b.rules(), &s.Rules, above.Sampling.Rules)
	put(d, "samplingPerMinute", b.SamplingPerMinute, &s.PerMinute, above.Sampling.PerMinute)
	put(d, "samplingCostUsd", b.SamplingCostUSD, &s.CostUSD, above.Sampling.CostUSD)
	put(d, "samplingDurationMs", b.SamplingDurationMs, &s.Milliseconds, above.Sampling.Milliseconds)
	own.Sampling = section(d, s)
	own.Inherit = d.inherit
	return own, nil
}

// copied returns a section to change, empty where there is none.
func copied[T any](section *T) *T {
	if section == nil {
		return new(T)
	}
	c := *section
	return &c
}

// section returns a section, or nil when it would hold nothing: then all of its fields are
// inherited without being named.
func section[T any](d *draft, s *T) *T {
	if !d.set && reflect.ValueOf(*s).IsZero() {
		d.inherit = d.inherit[:d.from]
		return nil
	}
	return s
}

// unmask returns the DSNs that were sent, with what masks stand for.
func (b *configBody) unmask(now *settings.Effective) (dsn *string, customers *[]settings.Customer, err error) {
	var errs []error
	if b.DSN != nil {
		whole, err := settings.Unmask("dsn", *b.DSN, now.Upstream.DSN)
		dsn, errs = &whole, append(errs, err)
	}
	if b.Customers != nil {
		list := make([]settings.Customer, len(*b.Customers))
		for i, c := range *b.Customers {
			there, _ := now.Upstream.DSNOf(c.Organization)
			whole, err := settings.Unmask(fmt.Sprintf("customers[%d].dsn", i), c.DSN, there)
			list[i], errs = settings.Customer{Organization: c.Organization, DSN: whole}, append(errs, err)
		}
		customers = &list
		if len(list) == 0 {
			*customers = nil
		}
	}
	return dsn, customers, errors.Join(errs...)
}

func (b *configBody) rules() *[]settings.SamplingRule {
	if b.SamplingRules == nil {
		return nil
	}
	var list []settings.SamplingRule
	for _, r := range *b.SamplingRules {
		list = append(list, settings.SamplingRule{Agent: r.Agent, Environment: r.Environment, Release: r.Release, Transaction: r.Transaction, Rate: r.Rate})
	}
	return &list
}

// samplingNames are fields of the section that have another name here.
var samplingNames = map[string]string{
	"rules": "samplingRules", "perMinute": "samplingPerMinute", "costUsd": "samplingCostUsd", "durationMs": "samplingDurationMs",
}

// asConfig gives the fields in an error the names that they have here.
func asConfig(err error) error {
	for _, f := range fieldErrors(err) {
		for from, to := range samplingNames {
			if rest, ok := strings.CutPrefix(f.Field, from); ok && (rest == "" || rest[0] == '[') {
				f.Field = to + rest
				break
			}
		}
	}
	return err
}

type configTrial struct {
	ConfigScope
	Body *configTrialBody
}

type configTrialBody struct {
	_   struct{} `additionalProperties:"false"`
	DSN string   `json:"dsn,omitempty" maxLength:"1000" doc:"What is set, when left out or masked"`
}

// trial is what became of a test event.
type trial struct {
	OK        bool          `json:"ok"`
	EventID   *string       `json:"eventId" doc:"By which the upstream knows the event; null when it was not sent"`
	Status    *int          `json:"status" doc:"Of HTTP; null without an answer"`
	LatencyMs float64       `json:"latencyMs"`
	Stage     *string       `json:"stage" enum:"parse,resolve,connect,tls,auth,limited,rejected" doc:"Where it failed; null when it did not"`
	Error     *string       `json:"error" doc:"What is wrong there and what to do; null when nothing is"`
	Passed    []trialPassed `json:"passed" doc:"The stages it got through, in order; rejected stands for the event's being taken"`
}

// trialPassed is a stage that was passed.
type trialPassed struct {
	Stage     string  `json:"stage" enum:"parse,resolve,connect,tls,auth,limited,rejected"`
	LatencyMs float64 `json:"latencyMs"`
}

func trialOf(t model.Trial) *trial {
	out := &trial{OK: t.OK, LatencyMs: milliseconds(t.Latency), Stage: text(string(t.Stage)), Error: text(t.Problem)}
	if !t.Event.IsZero() {
		id := t.Event.String()
		out.EventID = &id
	}
	if t.Status != 0 {
		out.Status = &t.Status
	}
	out.Passed = each(t.Passed, func(p model.TrialStage) trialPassed { return trialPassed{string(p.Stage), milliseconds(p.Took)} })
	return out
}

func (a *rest) testConfig(ctx context.Context, c access.Caller, in *configTrial) (*trial, error) {
	project, err := a.scoped(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	u := a.settings.Book().Of(c.Org, project).Upstream
	dsn := u.DSN
	if in.Body != nil && in.Body.DSN != "" {
		if dsn, err = settings.Unmask("dsn", in.Body.DSN, u.DSN); err != nil {
			return nil, err
		}
	}
	if dsn == "" {
		return trialOf(model.Trial{Stage: model.StageParse, Problem: "there is no DSN: none is set, and none was sent"}), nil
	}
	err = a.settings.CheckOwn(ctx, "the DSN", dsn)
	if own := fieldErrors(err); len(own) > 0 {
		return trialOf(model.Trial{Stage: model.StageParse, Problem: err.Error()}), nil
	}
	if err != nil {
		return nil, err
	}
	t, err := a.prober.Try(ctx, model.TestEvent{DSN: dsn, Environment: u.Environment, Release: u.Release})
	if err != nil {
		return nil, err
	}
	return trialOf(t), nil
}
