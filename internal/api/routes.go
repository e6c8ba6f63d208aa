package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/access"
)

// routes puts every operation on the mux and returns their description. To add
// one, add a line here; a platform route stands under both of its prefixes.
func (a *rest) routes(mux *http.ServeMux) *huma.OpenAPI {
	api := newAPI(mux)
	a.platformRoutes(api)
	a.agentRoutes(api)
	a.issueRoutes(api)
	a.telemetryRoutes(api)
	a.projectRoutes(api)
	a.accountRoutes(api)
	a.tailRoutes(api)
	a.configRoutes(api)
	a.filterRoutes(api)
	a.upstreamRoutes(api)
	a.hookRoutes(api)
	return finish(api.OpenAPI())
}

// platformRoutes are the relay.one platform's own.
func (a *rest) platformRoutes(api huma.API) {
	add(a, api, operation{
		id: "agentStats", path: "/sentry/stats/{agentId}", also: "/api/v1/sentry/stats/{agentId}",
		scope: access.EventRead, tag: "agents", summary: "What one agent did",
		about: "Executions, errors, durations, tokens, cost, tools, models, policies, typed errors and loops of one agent over a window. " +
			"An agent that has never reported is a 404; one that was quiet in the window has zeros.",
	}, a.stats)
	add(a, api, operation{
		id: "agentIssues", path: "/sentry/issues/{agentId}", also: "/api/v1/sentry/issues/{agentId}",
		scope: access.EventRead, tag: "agents", summary: "Issues of one agent",
		about: "The issues that the agent had events of in the window, with the number of its events.",
	}, a.agentIssues)
	add(a, api, operation{
		id: "trends", path: "/sentry/trends", also: "/api/v1/sentry/trends",
		scope: access.EventRead, tag: "agents", summary: "How things go over time",
		about: "Errors, executions, cost, cost of failures, tokens and latency by interval, for all or one agent, as one series or one " +
			"for each agent, release, tool, policy and so on. Gaps are filled with zeros.",
	}, a.trends)
}

// agentRoutes are what agents did, by whatever had a part in it.
func (a *rest) agentRoutes(api huma.API) {
	add(a, api, operation{
		id: "agents", path: "/api/v1/agents",
		scope: access.EventRead, tag: "agents", summary: "Agents seen in a window",
		about: "Every agent that reported in the window, the busiest first.",
	}, a.agents)
	add(a, api, operation{
		id: "agent", path: "/api/v1/agents/{id}",
		scope: access.EventRead, tag: "agents", summary: "One agent",
		about: "What it did in the window, altogether, by release and environment, and by everything that had a part in it. " +
			"An agent that has never reported is a 404; one that was quiet in the window has zeros.",
	}, a.agent)
	add(a, api, operation{
		id: "cost", path: "/api/v1/cost",
		scope: access.EventRead, tag: "agents", summary: "What executions cost, and what failures cost",
		about: "Cost, cost of executions that errored or failed, and cost per success: altogether, by agent, release, tool and so on, " +
			"and over time when an interval is given.",
	}, a.cost)
	add(a, api, operation{
		id: "models", path: "/api/v1/models",
		scope: access.EventRead, tag: "agents", summary: "Models that were called",
		about: "Calls, errors, tokens and cost by provider and model. With pricing=unpriced those without a price: what they used, " +
			"which agents call them, and what to write into the operator's own prices.",
	}, a.models)
	add(a, api, operation{
		id: "tools", path: "/api/v1/tools",
		scope: access.EventRead, tag: "agents", summary: "Tools that were called",
		about: "Calls, errors and durations of each tool, and what executions cost that went wrong with a failed call of it.",
	}, a.tools)
	add(a, api, operation{
		id: "policies", path: "/api/v1/policies",
		scope: access.EventRead, tag: "agents", summary: "Policies, and whether violations go with failures",
		about: "For every policy its verdicts, and how executions with a violation end beside the others of the same agents. A difference " +
			"says that the two go together, and not that one is the cause.",
	}, a.policies)
	add(a, api, operation{
		id: "policy", path: "/api/v1/policies/{name}",
		scope: access.EventRead, tag: "agents", summary: "One policy, by agent and release",
		about: "As in the list, where it is judged among all policies; and within each agent and each release.",
	}, a.policy)
	add(a, api, operation{
		id: "faults", path: "/api/v1/faults",
		scope: access.EventRead, tag: "agents", summary: "Typed errors of agents",
		about: "Rate limits, prompts that are too long, tools that do not exist and the like: events, calls, and the executions that ended by them.",
	}, a.faults)
	add(a, api, operation{
		id: "rules", path: "/api/v1/rules",
		scope: access.EventRead, tag: "agents", summary: "Rules of outcome",
		about: "What is taken for a failure where an execution ended without an error, and how often each rule said so.",
	}, a.outcomeRules)
	add(a, api, operation{
		id: "compare", path: "/api/v1/compare",
		scope: access.EventRead, tag: "agents", summary: "What a selection has that the others have not",
		about: "Executions or events of a stretch of time on two sides: which releases, tools, models, errors and so on are found more often on one of them, " +
			"those that tell the sides apart best first. A difference says that two things go together, and not that one is the cause.",
	}, a.contrast)
}

func (a *rest) issueRoutes(api huma.API) {
	add(a, api, operation{
		id: "issues", path: "/api/v1/issues",
		scope: access.EventRead, tag: "issues", summary: "Find issues",
		about: "Issues by Sentry's search syntax, such as is:unresolved level:error agent:billing timeout.",
	}, a.issues)
	add(a, api, operation{
		id: "issue", path: "/api/v1/issues/{id}",
		scope: access.EventRead, tag: "issues", summary: "One issue",
		about: "By its number or its short id.",
	}, a.issue)
	add(a, api, operation{
		id: "changeIssue", method: http.MethodPatch, path: "/api/v1/issues/{id}",
		scope: access.EventWrite, tag: "issues", summary: "Resolve, archive, reopen or assign an issue",
		about: "Changes what the body names and answers with the issue as it is afterwards.",
	}, a.changeIssue)
	add(a, api, operation{
		id: "mergeIssues", method: http.MethodPost, acts: true, path: "/api/v1/issues/merge",
		scope: access.EventWrite, tag: "issues", summary: "Make several issues one",
		about: "One of them stays, with the status that it has, and shows what all have: events, users, tags, cost, first and last seen. New events of the others count " +
			"there as well, and their ids lead to it. Nothing is lost: unmerge gives each back.",
	}, a.mergeIssues)
	add(a, api, operation{
		id: "unmergeIssues", method: http.MethodPost, acts: true, path: "/api/v1/issues/{id}/unmerge",
		scope: access.EventWrite, tag: "issues", summary: "Give back issues that were merged",
		about: "Each goes on by itself with all events of its own fingerprints, those that came meanwhile included, with the status that it had, and with what had been " +
			"merged into it before. One that was resolved and came again has regressed.",
	}, a.unmergeIssues)
	add(a, api, operation{
		id: "mergedIssues", path: "/api/v1/issues/{id}/merged",
		scope: access.EventRead, tag: "issues", summary: "What is merged into an issue",
		about: "With what each has of its own.",
	}, a.mergedInto)
	add(a, api, operation{
		id: "similarIssues", path: "/api/v1/issues/{id}/similar",
		scope: access.EventRead, tag: "issues", summary: "Issues that are probably the same fault",
		about: "Of the same project, by what they say, without what varies, by type, culprit and typed error, and by the functions of the application that " +
			"their latest events ran through; with the reasons in words.",
	}, a.similar)
	add(a, api, operation{
		id: "issueSeries", path: "/api/v1/issues/series",
		scope: access.EventRead, tag: "issues", summary: "How often issues came over time",
		about: "Of as many issues as a page of the list has, with one question.",
	}, a.issueSeries)
	add(a, api, operation{
		id: "issueEvents", path: "/api/v1/issues/{id}/events",
		scope: access.EventRead, tag: "issues", summary: "Events of an issue",
		about: "The latest first, without payloads.",
	}, a.issueEvents)
	add(a, api, operation{
		id: "issueTags", path: "/api/v1/issues/{id}/tags",
		scope: access.EventRead, tag: "issues", summary: "Tags of an issue",
		about: "How the values of each tag are spread over the issue's events.",
	}, a.issueTags)
	add(a, api, operation{
		id: "event", path: "/api/v1/events/{eventId}",
		scope: access.EventRead, tag: "issues", summary: "One event, whole",
		about: "What Picket read from the event, and the payload as it was stored.",
	}, a.event)
}

func (a *rest) telemetryRoutes(api huma.API) {
	add(a, api, operation{
		id: "trace", path: "/api/v1/traces/{traceId}",
		scope: access.EventRead, tag: "telemetry", summary: "One trace",
		about: "Every span and event stored under one trace id, of all projects of the organization.",
	}, a.trace)
	add(a, api, operation{
		id: "span", path: "/api/v1/traces/{traceId}/spans/{spanId}",
		scope: access.EventRead, tag: "telemetry", summary: "One span, whole",
		about: "With everything that was sent with it, and its messages in one form for all clients.",
	}, a.span)
	add(a, api, operation{
		id: "executions", path: "/api/v1/executions",
		scope: access.EventRead, tag: "telemetry", summary: "Runs of agents",
		about: "The latest, the most expensive or the longest first.",
	}, a.executions)
	add(a, api, operation{
		id: "execution", path: "/api/v1/executions/{id}",
		scope: access.EventRead, tag: "telemetry", summary: "One run of an agent, with its transcript",
		about: "What was said, called, judged and went wrong in it, in order and by pages. When several projects used the same id, the latest run.",
	}, a.execution)
	add(a, api, operation{
		id: "conversations", path: "/api/v1/conversations",
		scope: access.EventRead, tag: "telemetry", summary: "Conversations",
		about: "What the runs of agents in each conversation come to, the one with the latest run first.",
	}, a.conversations)
	add(a, api, operation{
		id: "conversation", path: "/api/v1/conversations/{id}",
		scope: access.EventRead, tag: "telemetry", summary: "One conversation",
		about: "Its executions in order, with what was asked and answered; the first page has the latest of them. " +
			"When several projects used the same id, the one with the latest run.",
	}, a.conversation)
	add(a, api, operation{
		id: "sampling", path: "/api/v1/sampling",
		scope: access.EventRead, tag: "telemetry", summary: "What sampling kept",
		about: "Of how many errors and transactions the payloads were kept, and why. Sampling itself is set with /sentry/config.",
	}, a.sampling)
	add(a, api, operation{
		id: "logs", path: "/api/v1/logs",
		scope: access.EventRead, tag: "telemetry", summary: "Log records",
		about: "Structured logs, the latest first.",
	}, a.logs)
	add(a, api, operation{
		id: "monitors", path: "/api/v1/monitors",
		scope: access.EventRead, tag: "telemetry", summary: "Scheduled jobs",
		about: "Every job that has checked in.",
	}, a.monitors)
	add(a, api, operation{
		id: "checkIns", path: "/api/v1/monitors/{slug}/checkins",
		scope: access.EventRead, tag: "telemetry", summary: "Check-ins of a scheduled job",
		about: "The latest first.",
	}, a.checkIns)
	add(a, api, operation{
		id: "sessions", path: "/api/v1/sessions",
		scope: access.EventRead, tag: "telemetry", summary: "Health of releases",
		about: "Sessions by release and environment, and how they ended.",
	}, a.sessions)
	add(a, api, operation{
		id: "discards", path: "/api/v1/discards",
		scope: access.EventRead, tag: "telemetry", summary: "What was not stored, and why",
		about: "Everything that the server refused, or that SDKs report to have dropped, by category and reason.",
	}, a.discards)
}

func (a *rest) projectRoutes(api huma.API) {
	add(a, api, operation{
		id: "projects", path: "/api/v1/projects",
		scope: access.ProjectRead, tag: "projects", summary: "Projects",
		about: "The projects of the organization.",
	}, a.projects)
	add(a, api, operation{
		id: "environments", path: "/api/v1/environments",
		scope: access.EventRead, tag: "projects", summary: "Environments",
		about: "Where events, transactions and executions came from in the last 90 days.",
	}, a.environments)
	add(a, api, operation{
		id: "createProject", method: http.MethodPost, path: "/api/v1/projects",
		scope: access.ProjectWrite, tag: "projects", summary: "Make a project",
		about: "The project comes with one key; a slug that is taken is a 409.",
	}, a.createProject)
	add(a, api, operation{
		id: "projectKeys", path: "/api/v1/projects/{id}/keys",
		scope: access.ProjectRead, tag: "projects", summary: "Keys of a project",
		about: "With the DSN to give to a Sentry SDK.",
	}, a.keys)
}
