package sentryapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

// issues stores n issues, the later ones with more events.
func (w *world) issues(n int) {
	w.t.Helper()
	b := &model.Batch{}
	for i := range n {
		for j := range i + 1 {
			e := w.fault(errorID, noon.Add(-time.Minute*time.Duration(n-i)))
			e.ID, e.Hashes = model.EventID{1, byte(i), byte(j)}, []model.Hash{{1, byte(i)}}
			e.Title = fmt.Sprintf("fault %d", i)
			b.Events = append(b.Events, e)
		}
	}
	w.write(b)
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"; results="(true|false)"; cursor="([^"]*)"`)

func TestLinkHeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.issues(7)
	f := func(path string, want int) {
		t.Helper()
		seen := map[string]bool{}
		for pages := 1; ; pages++ {
			head, list := w.get(path)
			link := head.Get("Link")
			entries := strings.Split(link, ",")
			if len(entries) != 2 || !strings.Contains(entries[0], `rel="previous"; results="false"`) {
				t.Fatalf("%s: link %q", path, link)
			}
			for _, row := range list.([]any) {
				seen[at(row, "id").(string)] = true
			}
			next := nextLink.FindStringSubmatch(entries[1])
			if next == nil {
				t.Fatalf("%s: link %q", path, link)
			}
			if cursor, err := url.Parse(next[1]); err != nil || cursor.Query().Get("cursor") != next[3] {
				t.Errorf("%s: cursor %q in %q", path, next[3], next[1])
			}
			if next[2] == "false" {
				if pages != (want+2)/3 {
					t.Errorf("%s: %d pages", path, pages)
				}
				break
			}
			path = next[1]
		}
		if len(seen) != want {
			t.Errorf("%s: %d rows, want %d", path, len(seen), want)
		}
	}
	f("organizations/picket/issues/?limit=3&cursor=", 7)
	f("organizations/picket/issues/?limit=3&query="+url.QueryEscape("level:[error, fatal]"), 7)
	f("projects/picket/default/issues/?per_page=3&sort=freq&cursor=0:0:0", 7)
	f("issues/7/events/?per_page=3", 7)
	f("projects/picket/default/events/?per_page=3", 28)
	f("organizations/?per_page=3", 1)
}

func TestIssueParameters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.issues(3)
	f := func(params string, want ...string) {
		t.Helper()
		_, list := w.get("organizations/picket/issues/?" + params)
		var got []string
		for _, row := range list.([]any) {
			got = append(got, at(row, "title").(string))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", params, got, want)
		}
	}
	const a, b, c = "fault 0", "fault 1", "fault 2"
	f("", c, b, a)
	f("sort=freq", c, b, a)
	f("sort=recommended&collapse=stats&expand=owners&statsPeriod=14d&project=-1", c, b, a)
	f("project=1", c, b, a)
	f("projectSlug=default", c, b, a)
	f("environment=production&environment=staging", c, b, a)
	f("environment=staging")
	f("query=project:default", c, b, a)
	f("query=%21project:default")
	f("query=level:fatal")
	f("query=%22fault+1%22", b)
	f("query=timesSeen:%3E1", c, b)
	f("query=is:resolved")
	f("query=DEFAULT-2&shortIdLookup=1", b)
	f("query=default-2&shortIdLookup=1", b)
	f("query=DEFAULT-9&shortIdLookup=1")
	f("query=card:visa+%21release:bill@1.0.0")
	f("start=2026-11-23T11:58:30Z&end=2026-11-23T12:00:00Z", c, b)
	f("end=2026-11-22")
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.issues(4)
	statuses := func() string {
		_, list := w.get("organizations/picket/issues/?query=&sort=new")
		var out []string
		for _, row := range list.([]any) {
			out = append(out, at(row, "status").(string))
		}
		return strings.Join(out, " ")
	}
	f := func(path, body, answer, want string) {
		t.Helper()
		code, _, got := w.ask(w.ours, "PUT", path, body)
		if code != http.StatusOK || !strings.Contains(string(got), answer) {
			t.Errorf("%s %s: %d %s", path, body, code, got)
		}
		if now := statuses(); now != want {
			t.Errorf("%s %s: %s, want %s", path, body, now, want)
		}
	}
	const issues = "projects/picket/default/issues/"
	f(issues+"?id=1&id=2&id=99", `{"status":"resolved","snoozeDuration":null}`, `{"status":"resolved","statusDetails":{}}`, "unresolved unresolved resolved resolved")
	f(issues+"?status=unresolved", `{"status":"muted"}`, `"ignored"`, "ignored ignored resolved resolved")
	f(issues+"?status=ignored&query=fault+3", `{"status":"unresolved","substatus":"ongoing"}`, `"unresolved"`, "unresolved ignored resolved resolved")
	f(issues, `{"status":"unresolved","hasSeen":true}`, `"unresolved"`, "unresolved unresolved unresolved unresolved")
	f("organizations/picket/issues/DEFAULT-1/", `{"status":"ignored","statusDetails":{},"substatus":"archived_forever"}`, `"substatus":"archived_forever"`, "unresolved unresolved unresolved ignored")
	f("issues/2/", `{"assignedTo":"ann@example.com"}`, `"assignedTo":{"type":"user","id":"ann@example.com"`, "unresolved unresolved unresolved ignored")
	f("issues/2/", `{"assignedTo":""}`, `"assignedTo":null`, "unresolved unresolved unresolved ignored")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := func(method, path, body string, want int, says string) {
		t.Helper()
		code, head, got := w.ask(w.ours, method, path, body)
		if code != want || !hasDetail(got) || !strings.Contains(string(got), says) || head.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %s: %d %s", method, path, body, code, got)
		}
	}
	const gone = `{"detail":"The requested resource does not exist"}`
	f("GET", "users/me/regions/", "", 404, gone)
	f("GET", "nothing/at/all", "", 404, gone)
	f("POST", "organizations/picket/dashboards/", "{}", 404, gone)
	f("GET", "organizations/other/issues/", "", 404, gone)
	f("GET", "projects/picket/other/events/", "", 404, gone)
	f("GET", "issues/77/", "", 404, gone)
	f("GET", "issues/1/events/nonsense/", "", 404, gone)
	f("GET", "issues/1/events/"+txnID+"/", "", 404, gone)
	f("GET", "issues/1/tags/nope/", "", 404, gone)
	f("GET", "organizations/picket/trace/zz/", "", 404, gone)
	f("GET", "projects/picket/default/events/"+errorID+"/attachments/x/", "", 404, gone)
	f("GET", "projects/picket/default/events/"+strings.Repeat("0a", 16)+"/attachments/", "", 404, gone)
	f("DELETE", "organizations/picket/", "", 405, "not allowed")
	f("GET", "organizations/picket/issues/?query=is:tired", "", 400, "tired")
	f("GET", "organizations/picket/issues/?sort=loud", "", 400, "sort")
	f("GET", "organizations/picket/issues/?limit=no", "", 400, "limit")
	f("GET", "organizations/picket/issues/?cursor=x", "", 400, "cursor")
	f("GET", "organizations/picket/issues/?cursor=0:x-y-z:0", "", 400, "cursor")
	f("GET", "organizations/picket/issues/?statsPeriod=ages", "", 400, "statsPeriod")
	f("GET", "organizations/picket/issues/?start=yesterday", "", 400, "start")
	f("GET", "organizations/picket/issues/?groupStatsPeriod=1y", "", 400, "groupStatsPeriod")
	f("GET", "organizations/picket/issues/?project=77", "", 404, gone)
	f("GET", "issues/1/events/?query=level:error", "", 400, "query")
	f("GET", "issues/1/events/latest/?environment=production", "", 400, "environment")
	f("GET", "issues/1/events/?sort=timestamp", "", 400, "sort")
	for _, body := range []string{
		`{"status":"resolvedInNextRelease"}`, `{"status":"gone"}`, `{"status":7}`, `{"status":"resolved","statusDetails":{"inRelease":"1.0"}}`,
		`{"status":"ignored","substatus":"archived_until_escalating"}`, `{"status":"ignored","ignoreDuration":30}`, `{"merge":1}`,
		`{"priority":"high"}`, `{"assignedTo":"team:3"}`, `{"assignedTo":7}`, `{}`, `[]`, `null`, `{`, ``,
	} {
		f("PUT", "issues/1/", body, 400, "")
		f("PUT", "projects/picket/default/issues/?id=1", body, 400, "")
	}
	f("PUT", "projects/picket/default/issues/?id=one", `{"status":"resolved"}`, 400, "id")
	f("PUT", "issues/1/", `{"status":"`+strings.Repeat("x", 1<<20)+`"}`, 400, "1 MB")
	if _, i := w.get("issues/1"); at(i, "status") != "unresolved" {
		t.Error("a refused change was made")
	}
}
