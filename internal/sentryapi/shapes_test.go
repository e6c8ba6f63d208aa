package sentryapi_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// TestRequiredFields holds what the strict decoders of sentry-cli and of the MCP
// server fail without. A field is a path and its JSON type; "null" after it means
// that null will do too.
func TestRequiredFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := func(path, fields string) {
		t.Helper()
		_, got := w.get(path)
		for _, field := range strings.Split(strings.TrimSpace(fields), ",") {
			name, kinds, _ := strings.Cut(strings.TrimSpace(field), " ")
			if kind := kindOf(got, name); !strings.Contains(kinds, kind) {
				t.Errorf("%s: %s is %s, want %s", path, name, kind, kinds)
			}
		}
	}
	f("", "version text, auth/scopes list, user null")
	f("auth/", "id text, name text, email text")
	f("organizations/", `0/id text, 0/slug text, 0/name text, 0/dateCreated text, 0/isEarlyAdopter bool, 0/require2FA bool,
		0/requireEmailVerification bool, 0/features list, 0/status/id text, 0/links/organizationUrl text, 0/links/regionUrl text`)
	f("organizations/picket/projects/", "0/id text, 0/slug text, 0/name text, 0/team null, 0/platform text null, 0/firstTransactionEvent bool")
	f("projects/picket/default/keys/", `0/id text, 0/name text, 0/dsn/public text, 0/isActive bool, 0/dateCreated text, 0/projectId number,
		0/dynamicSdkLoaderOptions/hasReplay bool, 0/dynamicSdkLoaderOptions/hasPerformance bool, 0/dynamicSdkLoaderOptions/hasDebug bool`)
	issue := `id text, shortId text, title text, firstSeen text, lastSeen text, count text, userCount number, permalink text,
		project/id text, project/slug text, project/name text, status text, level text, culprit text null, metadata map,
		isUnhandled bool, type text, statusDetails map, assignedTo null`
	f("organizations/picket/issues/1/", issue+", tags list, activity list, firstRelease/version text, stats/24h/23/1 number")
	f("projects/picket/default/issues/", "0/"+strings.ReplaceAll(strings.Join(strings.Fields(issue), " "), ", ", ", 0/"))
	f("organizations/picket/issues/1/tags/", "0/key text, 0/name text, 0/totalValues number")
	f("organizations/picket/issues/1/tags/card/", `key text, name text, totalValues number, topValues/0/key text, topValues/0/name text,
		topValues/0/value text, topValues/0/count number, topValues/0/firstSeen text, topValues/0/lastSeen text`)
	f("projects/picket/default/events/", "0/eventID text, 0/dateCreated text, 0/title text, 0/user map null, 0/tags/0/key text, 0/tags/0/value text")
	f("organizations/picket/issues/1/events/latest/", `id text, title text, message text null, entries list, type text, dateCreated text,
		culprit text, groupID text, eventID text, projectID text, tags list, contexts map, _meta map null, errors list`)
	f("organizations/picket/trace-meta/"+traceID+"/", `logs number, errors number, performance_issues number, span_count number,
		transaction_child_count_map list, span_count_map map`)
	f("organizations/picket/trace/"+traceID+"/", `0/children list, 0/errors list, 0/occurrences list, 0/event_id text, 0/transaction_id text,
		0/project_id number, 0/project_slug text, 0/parent_span_id text null, 0/start_timestamp number, 0/end_timestamp number, 0/duration number`)
}

// kindOf names the JSON type of what stands under a path; missing is none.
func kindOf(v any, path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		v, path = at(v, path[:i]), path[i+1:]
	}
	if m, ok := v.(map[string]any); ok {
		if _, there := m[path]; !there {
			return "missing"
		}
	}
	switch at(v, path).(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "text"
	case []any:
		return "list"
	}
	return "map"
}

func TestEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	_, got := w.get("projects/picket/default/events/" + errorID + "/")
	f := func(path string, want any) {
		t.Helper()
		if v := at(got, path); !reflect.DeepEqual(v, want) {
			t.Errorf("%s = %v, want %v", path, v, want)
		}
	}
	f("type", "error")
	f("title", "*bill.DeclinedError: card declined")
	f("culprit", "charge")
	f("message", "charge c1 failed")
	f("groupID", "1")
	f("metadata/value", "card declined")
	f("release/version", "bill@1.0.0")
	f("previousEventID", firstID)
	f("nextEventID", nil)
	f("dateReceived", "2026-11-23T12:00:30Z")
	f("tags/key=level/value", "error")
	f("tags/key=environment/value", "production")
	f("tags/key=release/value", "bill@1.0.0")
	f("tags/key=card/value", "visa")
	f("tags/key=handled/value", "no")
	f("user/id", "42")
	f("user/data/plan", "pro")
	f("contexts/agent/id", "billing")
	f("context/attempt", 3.0)
	f("sdk/features/0", "x")
	f("_meta/extra/password//rem/0/0", "@password")
	f("errors/0/data/value", 7.0)
	f("entries/type=message/data/formatted", "charge c1 failed")
	f("entries/type=message/data/params/0", "c1")
	f("entries/type=exception/data/values/0/type", "*net.OpError")
	const outer = "entries/type=exception/data/values/1/"
	f(outer+"threadId", "7")
	f(outer+"mechanism/handled", false)
	f(outer+"stacktrace/hasSystemFrames", true)
	f(outer+"stacktrace/frames/0/inApp", false)
	f(outer+"stacktrace/frames/1/inApp", true)
	f(outer+"stacktrace/frames/1/lineNo", 41.0)
	f(outer+"stacktrace/frames/1/colNo", 7.0)
	f(outer+"stacktrace/frames/1/absPath", "/srv/bill/charge.go")
	f(outer+"stacktrace/frames/0/filename", "/usr/local/go/src/runtime/proc.go")
	f(outer+"stacktrace/frames/1/vars/amount", 12.0)
	f(outer+"stacktrace/frames/1/context", []any{
		[]any{40.0, "func charge() error {"}, []any{41.0, "\treturn declined"}, []any{42.0, "}"},
	})
	f("entries/type=breadcrumbs/data/values/0/timestamp", "2026-11-23T11:50:00Z")
	f("entries/type=breadcrumbs/data/values/0/data/status_code", 402.0)
	f("entries/type=request/data/url", "https://shop.example/pay")
	f("entries/type=request/data/method", "POST")
	f("entries/type=request/data/query", []any{[]any{"step", "2"}})
	f("entries/type=request/data/fragment", "top")
	f("entries/type=request/data/headers", []any{[]any{"User-Agent", "curl"}})
}

func TestTransactionEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	_, got := w.get("projects/picket/default/events/" + txnID + "/")
	f := func(path string, want any) {
		t.Helper()
		if v := at(got, path); !reflect.DeepEqual(v, want) {
			t.Errorf("%s = %v, want %v", path, v, want)
		}
	}
	f("type", "transaction")
	f("title", "invoke_agent Billing")
	f("groupID", nil)
	f("contexts/trace/op", "gen_ai.invoke_agent")
	f("entries/type=spans/data/0/span_id", "0200000000000000")
	f("entries/type=spans/data/2", nil)
	f("endTimestamp", float64(noon.Unix()-600))
	f("startTimestamp", float64(noon.Unix()-602))
}

func TestTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	_, got := w.get("organizations/picket/trace/" + traceID + "/")
	f := func(path string, want any) {
		t.Helper()
		if v := at(got, path); !reflect.DeepEqual(v, want) {
			t.Errorf("%s = %v, want %v", path, v, want)
		}
	}
	f("1", nil)
	f("0/transaction_id", txnID)
	f("0/additional_attributes/queue", "high")
	f("0/children/0/additional_attributes/gen_ai.request.model", "gpt-5")
	f("0/children/0/transaction_id", txnID)
	f("0/children/1/errors/0/event_id", firstID)
	f("0/children/1/errors/1/event_id", errorID)
	_, got = w.get("organizations/picket/trace-meta/" + traceID + "/")
	f("errors", 2.0)
	f("span_count", 3.0)
	f("logs", 1.0)
	f("transaction_child_count_map/0/count()", 2.0)
	f("span_count_map/gen_ai.chat", 1.0)
}

func TestAttachmentIsOnlyEverSaved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	const list = "projects/picket/default/events/" + errorID + "/attachments/"
	_, found := w.get(list)
	for path, want := range map[string]any{"0/name": "state,1.json", "0/size": 5.0, "0/mimetype": "text/html", "1": nil} {
		if v := at(found, path); v != want {
			t.Errorf("%s = %v, want %v", path, v, want)
		}
	}
	id := fmt.Sprint(at(found, "0/id"))
	code, head, body := w.ask(w.ours, "GET", list+id+"/?download=1", "")
	if code != http.StatusOK || string(body) != "<b>hi" {
		t.Errorf("%d %q", code, body)
	}
	want := map[string]string{
		"Content-Disposition": `attachment; filename="state,1.json"`, "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Type": "text/html",
	}
	for name, value := range want {
		if got := head.Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
	if _, none := w.get("projects/picket/default/events/" + firstID + "/attachments/"); len(none.([]any)) != 0 {
		t.Errorf("attachments of another event: %v", none)
	}
}
