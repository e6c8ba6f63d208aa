package sentryapi

import "relay.one/picket/internal/access"

// route is one thing that a client can ask for.
type route struct {
	method, path string // the path without Prefix
	scope        access.Scope
	handle       func(*call) (any, error)
}

// anyone marks what every valid token may ask.
const anyone access.Scope = ""

// routes is the table of the API. {org} and {project} take a slug or an id and
// are checked before the handler runs; {issue} takes an id or a short id.
func (a *rest) routes() []route {
	return []route{
		{"GET", "", anyone, a.info},
		{"GET", "auth/", anyone, a.auth},
		{"GET", "organizations/", access.OrgRead, a.organizations},
		{"GET", "organizations/{org}/", access.OrgRead, a.organization},
		{"GET", "organizations/{org}/projects/", access.ProjectRead, a.projects},
		{"GET", "projects/{org}/{project}/", access.ProjectRead, a.project},
		{"GET", "projects/{org}/{project}/keys/", access.ProjectRead, a.keys},

		{"GET", "organizations/{org}/issues/", access.EventRead, a.issues},
		{"PUT", "organizations/{org}/issues/", access.EventWrite, a.changeIssues},
		{"GET", "projects/{org}/{project}/issues/", access.EventRead, a.issues},
		{"PUT", "projects/{org}/{project}/issues/", access.EventWrite, a.changeIssues},
		{"GET", "organizations/{org}/issues/{issue}/", access.EventRead, a.issue},
		{"PUT", "organizations/{org}/issues/{issue}/", access.EventWrite, a.changeIssue},
		{"GET", "organizations/{org}/issues/{issue}/events/", access.EventRead, a.issueEvents},
		{"GET", "organizations/{org}/issues/{issue}/events/{event}/", access.EventRead, a.issueEvent},
		{"GET", "organizations/{org}/issues/{issue}/tags/", access.EventRead, a.tags},
		{"GET", "organizations/{org}/issues/{issue}/tags/{key}/", access.EventRead, a.tag},
		{"GET", "issues/{issue}/", access.EventRead, a.issue},
		{"PUT", "issues/{issue}/", access.EventWrite, a.changeIssue},
		{"GET", "issues/{issue}/events/", access.EventRead, a.issueEvents},
		{"GET", "issues/{issue}/events/{event}/", access.EventRead, a.issueEvent},
		{"GET", "issues/{issue}/tags/", access.EventRead, a.tags},
		{"GET", "issues/{issue}/tags/{key}/", access.EventRead, a.tag},

		{"GET", "projects/{org}/{project}/events/", access.EventRead, a.projectEvents},
		{"GET", "projects/{org}/{project}/events/{event}/", access.EventRead, a.projectEvent},
		{"GET", "projects/{org}/{project}/events/{event}/attachments/", access.EventRead, a.attachments},
		{"GET", "projects/{org}/{project}/events/{event}/attachments/{attachment}/", access.EventRead, a.attachment},
		{"GET", "organizations/{org}/eventids/{event}/", access.EventRead, a.eventID},

		{"GET", "organizations/{org}/trace/{trace}/", access.EventRead, a.trace},
		{"GET", "organizations/{org}/trace-meta/{trace}/", access.EventRead, a.traceMeta},
	}
}
