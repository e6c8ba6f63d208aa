package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/filter"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
)

// filters are what holds of inbound filters, for an organization or a project.
type filters struct {
	Project *string `json:"project" doc:"Whose filters these are; null: the organization's"`
	FilterFields
	Inherited bool            `json:"inherited" doc:"Whether nobody set filters here: a project then has those of its organization"`
	Variables []string        `json:"variables" doc:"What expressions can ask for"`
	Failures  []filterFailure `json:"failures" doc:"Expressions that could not be worked out for some events since they were set or the server was started; those events were stored"`
	Version   int64           `json:"version" doc:"Of everything that is set here; 0 before the first"`
	UpdatedAt *time.Time      `json:"updatedAt" doc:"Of everything that is set here; null before the first change"`
	UpdatedBy *string         `json:"updatedBy" doc:"An e-mail address, or the name of a token"`
}

// FilterFields are those that can be set.
type FilterFields struct {
	Messages     []string           `json:"messages" example:"[\"*connection reset*\"]" doc:"Patterns of errors, as \"type: value\" or by their message: * is any run of characters, ? one, [a-z] one of a set, {a,b} either; case does not matter"`
	Types        []string           `json:"types" doc:"Patterns of exception types"`
	Releases     []string           `json:"releases" doc:"Patterns of releases"`
	Transactions []string           `json:"transactions" doc:"Patterns of names of transactions"`
	Crawlers     bool               `json:"crawlers" doc:"Whether events from well-known web crawlers go"`
	Localhost    bool               `json:"localhost" doc:"Whether events from pages or users on localhost or a loopback address go"`
	HealthChecks bool               `json:"healthChecks" doc:"Whether transactions go that are named as health checks usually are, unless agents did them"`
	Expressions  []filterExpression `json:"expressions" doc:"Conditions in CEL; an event that one of them holds for goes"`
}

// filterExpression is a named condition.
type filterExpression struct {
	_    struct{} `additionalProperties:"false"`
	Name string   `json:"name" doc:"Discards are counted as expression: and this"`
	When string   `json:"when" example:"event.level == \"debug\" && event.tags[\"region\"] == \"test\""`
	Off  bool     `json:"off,omitempty" doc:"Whether it is kept but not asked"`
}

// filterFailure is an expression that could not be worked out.
type filterFailure struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	Last  string `json:"last" doc:"Why, the last time"`
}

func filterFieldsOf(f *settings.Filters) FilterFields {
	return FilterFields{
		Messages: each(f.Messages, same), Types: each(f.Types, same), Releases: each(f.Releases, same), Transactions: each(f.Transactions, same),
		Crawlers: f.Crawlers, Localhost: f.Localhost, HealthChecks: f.HealthChecks,
		Expressions: each(f.Expressions, func(x settings.Expression) filterExpression {
			return filterExpression{Name: x.Name, When: x.When, Off: x.Off}
		}),
	}
}

func (a *rest) filters(ctx context.Context, c access.Caller, in *ConfigScope) (*filters, error) {
	project, err := a.scoped(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	return a.filtersOf(c.Org, project), nil
}

func (a *rest) filtersOf(org model.OrgID, project model.ProjectID) *filters {
	own, mark := a.settings.Own(org, project)
	e := a.settings.Book().Of(org, project)
	out := &filters{FilterFields: filterFieldsOf(&e.Filters), Inherited: own.Filters == nil, Variables: filter.Names(), Failures: []filterFailure{},
		Version: mark.Version, UpdatedAt: when(mark.Time), UpdatedBy: text(mark.By)}
	if project != 0 {
		id := projectID(project)
		out.Project = &id
	}
	for _, f := range a.sets.Of(e).Failures() {
		out.Failures = append(out.Failures, filterFailure(f))
	}
	return out
}

type newFilters struct {
	ConfigScope
	IfMatch string `header:"If-Match" doc:"Version of the answer that was changed, in quotes: 409 when there is a newer one"`
	Body    filtersBody
}

// filtersBody is everything that a scope sets. What only answers hold may be sent back.
type filtersBody struct {
	_ struct{} `additionalProperties:"false"`
	FilterBody
	Inherited bool   `json:"inherited,omitempty" doc:"Takes back what is set here, unless something else is sent than what is inherited"`
	Version   *int64 `json:"version,omitempty" doc:"As answered: 409 when there is a newer one"`

	Project   *string          `json:"project,omitempty" nullable:"true" doc:"Not looked at: the address names the project"`
	Variables *[]string        `json:"variables,omitempty" doc:"Not looked at"`
	Failures  *[]filterFailure `json:"failures,omitempty" doc:"Not looked at"`
	UpdatedAt *time.Time       `json:"updatedAt,omitempty" nullable:"true" doc:"Not looked at"`
	UpdatedBy *string          `json:"updatedBy,omitempty" nullable:"true" doc:"Not looked at"`
}

// FilterBody are filters as they are sent; what is left out filters nothing.
type FilterBody struct {
	_            struct{}            `additionalProperties:"false"`
	Messages     *[]string           `json:"messages,omitempty" maxItems:"200"`
	Types        *[]string           `json:"types,omitempty" maxItems:"200"`
	Releases     *[]string           `json:"releases,omitempty" maxItems:"200"`
	Transactions *[]string           `json:"transactions,omitempty" maxItems:"200"`
	Crawlers     *bool               `json:"crawlers,omitempty"`
	Localhost    *bool               `json:"localhost,omitempty"`
	HealthChecks *bool               `json:"healthChecks,omitempty"`
	Expressions  *[]filterExpression `json:"expressions,omitempty" maxItems:"20"`
}

// filters returns what the body says, checked; errors are FieldErrors.
func (b *FilterBody) filters() (*settings.Filters, error) {
	f := &settings.Filters{
		Messages: listed(b.Messages), Types: listed(b.Types), Releases: listed(b.Releases), Transactions: listed(b.Transactions),
		Crawlers: sent(b.Crawlers), Localhost: sent(b.Localhost), HealthChecks: sent(b.HealthChecks),
	}
	for _, x := range sent(b.Expressions) {
		f.Expressions = append(f.Expressions, settings.Expression{Name: x.Name, When: x.When, Off: x.Off})
	}
	_, err := filter.Compile(f)
	return f, errors.Join(settings.Settings{Filters: f}.Check(), err)
}

// sent returns what was sent, or nothing.
func sent[T any](v *T) (out T) {
	if v != nil {
		out = *v
	}
	return out
}

// listed returns a list that was sent; an empty one is none.
func listed(v *[]string) []string {
	if list := sent(v); len(list) > 0 {
		return list
	}
	return nil
}

// inherits reports whether the body asks for what is above: it says so, and everything that
// it sends is that.
func (b *filtersBody) inherits(f, above *settings.Filters) bool {
	return b.Inherited && (b.FilterBody == FilterBody{} || reflect.DeepEqual(filterFieldsOf(f), filterFieldsOf(above)))
}

func (a *rest) changeFilters(ctx context.Context, c access.Caller, in *newFilters) (*filters, error) {
	project, err := a.scoped(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	wanted, err := version(in.IfMatch, in.Body.Version)
	if err != nil {
		return nil, err
	}
	next, err := in.Body.filters()
	if err != nil {
		return nil, err
	}
	_, err = a.settings.Change(ctx, settings.Edit{Org: c.Org, Project: project, By: who(c), For: wanted, Make: func(own settings.Settings) (settings.Settings, error) {
		own.Filters = next
		if in.Body.inherits(next, &a.settings.Book().Above(c.Org, project).Filters) {
			own.Filters = nil
		}
		return own, nil
	}})
	if err != nil {
		return nil, err
	}
	return a.filtersOf(c.Org, project), nil
}

// filterRoutes are what is neither stored nor forwarded.
func (a *rest) filterRoutes(api huma.API) {
	add(a, api, operation{
		id: "filters", path: "/api/v1/filters",
		scope: access.OrgRead, tag: "settings", summary: "What is neither stored nor forwarded",
		about: "The inbound filters that hold for the organization, or with ?project= for a project. What they take is counted among the discards, as " +
			"error-message, release-version, web-crawlers, localhost, filtered-transaction or expression:NAME.",
	}, a.filters)
	add(a, api, operation{
		id: "changeFilters", method: http.MethodPut, path: "/api/v1/filters",
		scope: access.OrgWrite, tag: "settings", summary: "Set what is neither stored nor forwarded",
		about: "Sets the whole, at once and without a restart: what is left out filters nothing. A project with filters of its own has none of its organization's; " +
			"inherited takes its own back. Everything that is wrong is told at once.",
	}, a.changeFilters)
	add(a, api, operation{
		id: "testFilters", method: http.MethodPost, path: "/api/v1/filters/test", status: http.StatusOK,
		scope: access.EventRead, tag: "settings", summary: "Try filters on the last events",
		about: "Says which of the events that are stored would have been filtered, and changes nothing: by the filters or the expression sent, else by those that are set.",
	}, a.testFilters)
}

// filterSets returns the filters in force; where nobody handed them over, of the settings alone.
func filterSets(c *Config) *filter.Sets {
	if c.Filters != nil || c.Settings == nil {
		return c.Filters
	}
	return filter.NewSets(c.Settings.Book(), nil)
}
