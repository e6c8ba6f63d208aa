package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
)

// Prober tries DSNs out; upstream.Prober does.
type Prober interface {
	Try(ctx context.Context, e model.TestEvent) (model.Trial, error)
}

// config is what holds of the upstream and of sampling, for an organization or a project.
type config struct {
	Mode        string  `json:"mode" enum:"local,forwarding" doc:"local: everything stays here; forwarding: what is kept goes on to the DSN"`
	Initialized bool    `json:"initialized" doc:"Whether the settings are loaded and in force: always, where this is answered"`
	Project     *string `json:"project" doc:"Whose settings these are; null: the organization's"`
	ConfigFields
	Inherited []string   `json:"inherited" doc:"Fields that nobody set here: a project's are those of its organization, an organization's those of the server's flags"`
	Version   int64      `json:"version" doc:"Of what is set here, by which a change can tell that nobody was quicker; 0 before the first"`
	UpdatedAt *time.Time `json:"updatedAt" doc:"Null before the first change"`
	UpdatedBy *string    `json:"updatedBy" doc:"An e-mail address, or the name of a token"`
}

// ConfigFields are those that can be set, as they are answered.
type ConfigFields struct {
	DSN                *string          `json:"dsn" example:"https://****cdef@o1.ingest.sentry.io/7" doc:"Of the Sentry project to forward to, masked; null: none"`
	Customers          []configCustomer `json:"customers" doc:"Organizations of the customer's that have an upstream of their own, by the name that events give them"`
	Environment        *string          `json:"environment" doc:"Of what names none"`
	Release            *string          `json:"release" doc:"Of what names none"`
	SampleRate         float64          `json:"sampleRate" doc:"Share of errors that is kept, from 0 to 1"`
	TracesSampleRate   float64          `json:"tracesSampleRate" doc:"Share of traces that is kept of those that nothing else decides, from 0 to 1"`
	SamplingRules      []configRule     `json:"samplingRules" doc:"The first that matches decides about a trace"`
	SamplingPerMinute  int              `json:"samplingPerMinute" doc:"About how many traces without anything remarkable are kept a minute; 0: any number"`
	SamplingCostUSD    float64          `json:"samplingCostUsd" doc:"From where an execution is remarkable, and kept; 0: what is unusual for its agent"`
	SamplingDurationMs int64            `json:"samplingDurationMs" doc:"From where an execution is remarkable, and kept; 0: what is unusual for its agent"`
	Debug              bool             `json:"debug" doc:"Whether every envelope that leaves is logged"`
	MaxBreadcrumbs     int              `json:"maxBreadcrumbs" doc:"How many breadcrumbs an event keeps, the latest ones"`
	SendDefaultPII     bool             `json:"sendDefaultPii" doc:"Whether addresses, names and cookies of users leave for the upstream"`
}

// configCustomer is an organization of the customer's with an upstream of its own.
type configCustomer struct {
	_            struct{} `additionalProperties:"false"`
	Organization string   `json:"organization"`
	DSN          string   `json:"dsn" doc:"Masked in answers; the mask sent back keeps what is there"`
}

// configRule gives the traces that match it a share of their own.
type configRule struct {
	_           struct{} `additionalProperties:"false"`
	Agent       string   `json:"agent,omitempty" doc:"Empty matches everything, and * any run of characters"`
	Environment string   `json:"environment,omitempty"`
	Release     string   `json:"release,omitempty"`
	Transaction string   `json:"transaction,omitempty"`
	Rate        float64  `json:"rate" minimum:"0" maximum:"1"`
}

// ConfigScope says whose settings are meant.
type ConfigScope struct {
	Project string `query:"project" doc:"A project by slug or numeric id; without one the organization"`
}

func (a *rest) config(ctx context.Context, c access.Caller, in *ConfigScope) (*config, error) {
	project, err := a.scoped(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	return a.configOf(c.Org, project), nil
}

// scoped returns the project of that slug or id; zero for no name.
func (a *rest) scoped(ctx context.Context, c access.Caller, name string) (model.ProjectID, error) {
	if name == "" {
		return 0, nil
	}
	in, err := a.scope(ctx, c, []string{name})
	if err != nil {
		return 0, err
	}
	return in.Projects[0], nil
}

// configOf tells what holds for a scope.
func (a *rest) configOf(org model.OrgID, project model.ProjectID) *config {
	own, mark := a.settings.Own(org, project)
	e := a.settings.Book().Of(org, project)
	out := &config{Mode: "local", Initialized: true, ConfigFields: fieldsOf(own, e), Inherited: []string{}, Version: mark.Version,
		UpdatedAt: when(mark.Time), UpdatedBy: text(mark.By)}
	if e.Upstream.Forwards() {
		out.Mode = "forwarding"
	}
	if project != 0 {
		id := projectID(project)
		out.Project = &id
	}
	for _, f := range settings.Fields() {
		if !own.Sets(f) {
			out.Inherited = append(out.Inherited, f)
		}
	}
	return out
}

func fieldsOf(own settings.Settings, e *settings.Effective) ConfigFields {
	u, s := &e.Upstream, &e.Sampling
	shown := func(field, value string) *string { // set to nothing is not the same as not set
		if value == "" && !own.Sets(field) {
			return nil
		}
		return &value
	}
	return ConfigFields{
		DSN: shown("dsn", settings.MaskDSN(u.DSN)), Environment: shown("environment", u.Environment), Release: shown("release", u.Release),
		Customers: each(u.Customers, func(c settings.Customer) configCustomer {
			return configCustomer{Organization: c.Organization, DSN: settings.MaskDSN(c.DSN)}
		}),
		SampleRate: s.Errors, TracesSampleRate: s.Transactions,
		SamplingRules: each(s.Rules, func(r settings.SamplingRule) configRule {
			return configRule{Agent: r.Agent, Environment: r.Environment, Release: r.Release, Transaction: r.Transaction, Rate: r.Rate}
		}),
		SamplingPerMinute: s.PerMinute, SamplingCostUSD: s.CostUSD, SamplingDurationMs: s.Milliseconds,
		Debug: u.Debug, MaxBreadcrumbs: u.MaxBreadcrumbs, SendDefaultPII: u.SendDefaultPII,
	}
}

// etag returns the version as answers carry it.
func (c *config) etag() string { return `"` + strconv.FormatInt(c.Version, 10) + `"` }

// version reads what a change is for: If-Match as etag gives it, else a version in the
// body; nil when it does not say.
func version(ifMatch string, body *int64) (*int64, error) {
	switch text := strings.Trim(strings.TrimPrefix(strings.TrimSpace(ifMatch), "W/"), `"`); text {
	case "":
		return body, nil
	case "*":
		return nil, nil
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, invalid("If-Match", "%.40q: want the ETag of an earlier answer", ifMatch)
		}
		return &n, nil
	}
}

// who is whom the history names for a change of the caller's.
func who(c access.Caller) string {
	switch {
	case c.Session.ID != 0:
		return c.Name
	case c.Token != 0:
		return "token " + c.Name
	}
	return "development mode"
}

type historyQuery struct {
	ConfigScope
	Cursor string `query:"cursor" doc:"What came as next"`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
}

type configHistory struct {
	Versions []configVersion `json:"versions" doc:"The newest first"`
	Next     *string         `json:"next" doc:"Cursor of the next page; null at the end"`
}

// configVersion is one change of what a scope has set.
type configVersion struct {
	Version    int64          `json:"version"`
	At         time.Time      `json:"at"`
	By         string         `json:"by" doc:"An e-mail address, or the name of a token"`
	Changes    []configChange `json:"changes"`
	Unreadable bool           `json:"unreadable" doc:"It was sealed with a key that is gone: what it changed is not known"`
}

// configChange is a field that was changed.
type configChange struct {
	Field  string `json:"field" example:"upstream.dsn"`
	Before any    `json:"before" doc:"Null: not set. Secrets are masked"`
	After  any    `json:"after"`
}

func (a *rest) configHistory(ctx context.Context, c access.Caller, in *historyQuery) (*configHistory, error) {
	project, err := a.scoped(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	found, next, err := a.settings.History(ctx, c.In(), project, store.Page{Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &configHistory{each(found, func(r settings.Revision) configVersion {
		return configVersion{r.Version, r.Time.UTC(), r.By, each(r.Changes, func(f settings.FieldChange) configChange {
			return configChange(f)
		}), r.Unreadable}
	}), text(next)}, nil
}

// configRoutes are what was set at run time.
func (a *rest) configRoutes(api huma.API) {
	const path, also = "/sentry/config", "/api/v1/sentry/config"
	addTagged(a, api, operation{
		id: "config", path: path, also: also,
		scope: access.OrgRead, tag: "settings", summary: "Where events go on to, and what is kept",
		about: "What holds for the organization, or with ?project= for a project, and what of it is inherited. Keys in DSNs are masked but for their " +
			"last four characters.",
	}, a.config)
	addTagged(a, api, operation{
		id: "changeConfig", method: http.MethodPut, path: path, also: also,
		scope: access.OrgWrite, tag: "settings", summary: "Set where events go on to, and what is kept",
		about: "Sets what is sent, checked as a whole, at once and without a restart: what is left out stays as it is, null is inherited from above, and an empty dsn " +
			"forwards nothing whatever is above. An answer of GET can be changed and sent back: a masked DSN stays what it is, what inherited names stays inherited unless its value was " +
			"changed, and version, or If-Match, makes it a 409 when somebody else was quicker. Everything that is wrong is told at once.",
	}, a.changeConfig)
	add(a, api, operation{
		id: "testConfig", method: http.MethodPost, path: path + "/test", also: also + "/test", status: http.StatusOK,
		scope: access.OrgWrite, tag: "settings", summary: "Try an upstream out",
		about: "Sends a real event, which says that it is a test, to the DSN given, or to the one that is set, and says at which stage it failed. Takes ten seconds at most.",
	}, a.testConfig)
	add(a, api, operation{
		id: "configHistory", path: "/api/v1/config/history",
		scope: access.OrgRead, tag: "settings", summary: "Who set what, and when",
		about: "Every version of the settings of the organization or a project, filters and sampling included.",
	}, a.configHistory)
}

// addTagged is add for answers that carry their version as ETag.
func addTagged[I any, O interface{ etag() string }](a *rest, to huma.API, op operation, handle func(context.Context, access.Caller, *I) (O, error)) {
	type answer struct {
		ETag string `header:"ETag"`
		Body O
	}
	run := func(ctx context.Context, in *I) (*answer, error) {
		c, err := access.From(ctx)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		out, err := handle(ctx, c, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &answer{out.etag(), out}, nil
	}
	huma.Register(to, a.describe(to, op, op.path, op.id), run)
	huma.Register(to, a.describe(to, op, op.also, op.id+"V1"), run)
}
