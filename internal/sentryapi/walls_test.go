package sentryapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"relay.one/picket/internal/sentryapi"
)

// request is one that world.fill makes answerable, by its line in the table.
type request struct{ route, path, body string }

func requests() []request {
	const resolve = `{"status":"resolved"}`
	return []request{
		{"GET ", "", ""},
		{"GET auth/", "auth/", ""},
		{"GET organizations/", "organizations/", ""},
		{"GET organizations/{org}/", "organizations/picket/", ""},
		{"GET organizations/{org}/projects/", "organizations/picket/projects/", ""},
		{"GET projects/{org}/{project}/", "projects/picket/default/", ""},
		{"GET projects/{org}/{project}/keys/", "projects/picket/default/keys/", ""},
		{"GET organizations/{org}/issues/", "organizations/picket/issues/", ""},
		{"PUT organizations/{org}/issues/", "organizations/picket/issues/?id=1", resolve},
		{"GET projects/{org}/{project}/issues/", "projects/picket/default/issues/?query=", ""},
		{"PUT projects/{org}/{project}/issues/", "projects/picket/default/issues/?status=resolved", `{"status":"unresolved"}`},
		{"GET organizations/{org}/issues/{issue}/", "organizations/picket/issues/DEFAULT-1/", ""},
		{"PUT organizations/{org}/issues/{issue}/", "organizations/picket/issues/1/", resolve},
		{"GET organizations/{org}/issues/{issue}/events/", "organizations/picket/issues/1/events/?full=true", ""},
		{"GET organizations/{org}/issues/{issue}/events/{event}/", "organizations/picket/issues/DEFAULT-1/events/latest/", ""},
		{"GET organizations/{org}/issues/{issue}/tags/", "organizations/picket/issues/1/tags/", ""},
		{"GET organizations/{org}/issues/{issue}/tags/{key}/", "organizations/picket/issues/1/tags/card/", ""},
		{"GET issues/{issue}/", "issues/1/", ""},
		{"PUT issues/{issue}/", "issues/1/", `{"assignedTo":"ann@example.com"}`},
		{"GET issues/{issue}/events/", "issues/1/events/", ""},
		{"GET issues/{issue}/events/{event}/", "issues/1/events/" + errorID + "/", ""},
		{"GET issues/{issue}/tags/", "issues/1/tags/", ""},
		{"GET issues/{issue}/tags/{key}/", "issues/1/tags/card/", ""},
		{"GET projects/{org}/{project}/events/", "projects/picket/default/events/", ""},
		{"GET projects/{org}/{project}/events/{event}/", "projects/picket/default/events/" + errorID + "/", ""},
		{"GET projects/{org}/{project}/events/{event}/attachments/", "projects/picket/default/events/" + errorID + "/attachments/", ""},
		{"GET projects/{org}/{project}/events/{event}/attachments/{attachment}/", "projects/picket/default/events/" + errorID + "/attachments/ID/?download=1", ""},
		{"GET organizations/{org}/eventids/{event}/", "organizations/picket/eventids/" + errorID + "/", ""},
		{"GET organizations/{org}/trace/{trace}/", "organizations/picket/trace/" + traceID + "/", ""},
		{"GET organizations/{org}/trace-meta/{trace}/", "organizations/picket/trace-meta/" + traceID + "/", ""},
	}
}

// requestsOf returns the requests with the attachment's id filled in.
func (w *world) requestsOf() []request {
	w.t.Helper()
	_, list := w.get("projects/picket/default/events/" + errorID + "/attachments/")
	id := at(list, "0/id").(string)
	all := requests()
	for i := range all {
		all[i].path = strings.ReplaceAll(all[i].path, "/ID/", "/"+id+"/")
	}
	return all
}

func method(route string) string { return route[:strings.IndexByte(route, ' ')] }

func TestEveryRouteAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	left := sentryapi.Routes()
	for _, r := range w.requestsOf() {
		left = slices.DeleteFunc(left, func(route string) bool { return route == r.route })
		code, head, body := w.ask(w.ours, method(r.route), r.path, r.body)
		if code != http.StatusOK {
			t.Errorf("%s: %d %s", r.route, code, body)
		}
		if kind := head.Get("Content-Type"); kind != "application/json" && !strings.Contains(r.path, "download") {
			t.Errorf("%s: type %s", r.route, kind)
		}
	}
	if len(left) > 0 {
		t.Errorf("no test asks for %q", left)
	}
}

func TestTenantsAreWalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	secrets := []string{"Declined", "DEFAULT", "bill@1", "visa", "charging", `"default"`, `"picket"`, w.key.Public, "<b>hi"}
	own := []string{"GET ", "GET auth/", "GET organizations/"} // names nothing of ours
	for _, r := range w.requestsOf() {
		// Under our names, and with the stranger's own organization and project in the path.
		for _, path := range []string{r.path, strings.NewReplacer("picket/", "rivals/", "default/", "spies/").Replace(r.path)} {
			code, _, body := w.ask(w.theirs, method(r.route), path, r.body)
			if path == r.path && !slices.Contains(own, r.route) && code != http.StatusNotFound {
				t.Errorf("%s for strangers: %d %s", path, code, body)
			}
			if code >= 500 {
				t.Errorf("%s: %d %s", path, code, body)
			}
			for _, s := range secrets {
				if strings.Contains(string(body), s) {
					t.Errorf("%s tells strangers of %s: %s", path, s, body)
				}
			}
		}
		if code, head, body := w.ask("", method(r.route), r.path, r.body); code != http.StatusUnauthorized || head.Get("WWW-Authenticate") == "" || !hasDetail(body) {
			t.Errorf("%s without a token: %d %s", r.route, code, body)
		}
		if code, _, _ := w.ask("sntryu_guessed", method(r.route), r.path, r.body); code != http.StatusUnauthorized {
			t.Errorf("%s with a made-up token: %d", r.route, code)
		}
		anyone := r.route == "GET " || r.route == "GET auth/"
		if code, _, body := w.ask(w.blind, method(r.route), r.path, r.body); !anyone && (code != http.StatusForbidden || !hasDetail(body)) {
			t.Errorf("%s without its scope: %d %s", r.route, code, body)
		}
	}
	_, i := w.get("issues/1/")
	if at(i, "status") != "unresolved" || at(i, "assignedTo") != nil {
		t.Errorf("strangers changed our issue to %v of %v", at(i, "status"), at(i, "assignedTo"))
	}
}

func hasDetail(body []byte) bool { return strings.HasPrefix(string(body), `{"detail":"`) }

func TestStrangersProjectIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"1", "default"} {
		if code, _, body := w.ask(w.theirs, "GET", "organizations/rivals/issues/?project="+name, ""); code != http.StatusNotFound {
			t.Errorf("project %s: %d %s", name, code, body)
		}
	}
}
