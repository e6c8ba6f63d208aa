package pipeline

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

var update = flag.Bool("update", false, "write the scenarios' results again")

// noon is when every scenario takes place.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// TestScenarios plays the files in testdata: requests in, what is stored out. A file
// has parts that begin with "== envelope", "== store" or "== stored"; the last is
// what the store says afterwards, and -update writes it.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			head, want, _ := strings.Cut(string(text), "== stored\n")
			p, db := open(t)
			var got bytes.Buffer
			play(t, p, head, &got)
			describe(t, db, &got)
			if *update {
				if err := os.WriteFile(name, []byte(head+"== stored\n"+got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got.String() != want {
				t.Errorf("%s stores\n%swant\n%s", name, got.String(), want)
			}
		})
	}
}

// open returns a pipeline onto a database of its own.
func open(t testing.TB) (*Pipeline, *sqlite.DB) {
	t.Helper()
	now := func() time.Time { return noon }
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "picket.db"), sqlite.Options{Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Bootstrap(t.Context()); err != nil {
		t.Fatal(err)
	}
	return New(Options{Writer: db, Prices: price.Default()}), db
}

// meta is that of every request.
func meta() sentry.Meta {
	return sentry.Meta{Org: 1, Project: 1, Received: noon, ClientIP: "203.0.113.9", SDK: "test/1.0"}
}

// play sends the requests of a scenario and writes down what each was answered.
func play(t *testing.T, p *Pipeline, text string, out *bytes.Buffer) {
	t.Helper()
	for i, part := range strings.Split(text, "== ")[1:] {
		kind, body, _ := strings.Cut(part, "\n")
		var id model.EventID
		var err error
		switch kind {
		case "envelope":
			e, bad := wire.ReadEnvelope([]byte(body))
			if bad != nil {
				t.Fatalf("request %d: %v", i+1, bad)
			}
			id, err = p.Process(t.Context(), e, meta())
		case "store":
			id, err = p.ProcessStore(t.Context(), []byte(body), meta())
		default:
			t.Fatalf("request %d is %q", i+1, kind)
		}
		if err != nil {
			fmt.Fprintf(out, "answer %d: %v\n", i+1, err)
		} else if !id.IsZero() && !strings.Contains(text, id.String()) {
			fmt.Fprintf(out, "answer %d: a new id\n", i+1)
		} else {
			fmt.Fprintf(out, "answer %d: %s\n", i+1, id)
		}
	}
}

var everything = store.Scope{Org: 1}

// describe writes down what is stored, as a reader sees it.
func describe(t *testing.T, db *sqlite.DB, out *bytes.Buffer) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	issues, err := db.Issues(t.Context(), store.IssueQuery{In: everything})
	must(err)
	slices.SortFunc(issues.Issues, func(a, b store.Issue) int { return cmp.Compare(a.ID, b.ID) })
	for _, i := range issues.Issues {
		fmt.Fprintf(out, "issue %d: %s %s ×%d users %d: %s | %s\n", i.ID, i.Level, i.Substatus, i.Count, i.Users, i.Title, i.Culprit)
	}
	events, err := db.Events(t.Context(), store.EventQuery{In: everything})
	must(err)
	describeEvents(t, db, out, events.Events)
	executions, err := db.Executions(t.Context(), store.ExecutionQuery{In: everything})
	must(err)
	for _, x := range executions.Executions {
		fmt.Fprintf(out, "execution %s of %s: %s %s, %d ms, tokens %d+%d, %d nanos, calls model %d tool %d (%d failed), policies %d (%d violated)\n",
			x.ID, x.Agent.ID, x.Outcome, x.Reason, x.Duration.Milliseconds(), x.Usage.Input, x.Usage.Output, x.Cost.Nanos,
			x.ModelCalls, x.ToolCalls, x.ToolErrors, x.Evaluations, x.Violations)
	}
	logs, err := db.Logs(t.Context(), store.LogQuery{In: everything})
	must(err)
	for _, l := range logs.Logs {
		fmt.Fprintf(out, "log %s: %s\n", l.Level, l.Body)
	}
	monitors, err := db.Monitors(t.Context(), everything)
	must(err)
	for _, m := range monitors {
		fmt.Fprintf(out, "monitor %s: %s %s\n", m.Slug, m.Status, m.Config)
	}
	sessions, err := db.SessionCounts(t.Context(), store.SessionQuery{In: everything, From: noon.AddDate(0, 0, -1), To: noon.AddDate(0, 0, 1)})
	must(err)
	for _, s := range sessions {
		fmt.Fprintf(out, "sessions of %s in %s: %d, exited %d errored %d crashed %d\n", s.Release, s.Environment, s.Total, s.Exited, s.Errored, s.Crashed)
	}
	describeDiscards(t, db, out)
}

func describeEvents(t *testing.T, db *sqlite.DB, out *bytes.Buffer, events []store.EventSummary) {
	t.Helper()
	slices.SortFunc(events, func(a, b store.EventSummary) int {
		return cmp.Or(a.Timestamp.Compare(b.Timestamp), cmp.Compare(a.Title+a.Transaction, b.Title+b.Transaction))
	})
	traces := map[model.TraceID]bool{}
	for _, e := range events {
		fmt.Fprintf(out, "event %s issue %d: %s%s", e.Timestamp.Format("15:04:05.000"), e.Issue, e.Title, e.Transaction)
		for _, part := range [...]struct{ name, value string }{
			{"agent", e.Agent}, {"execution", e.Execution}, {"organization", e.Organization},
			{"release", e.Release}, {"environment", e.Environment}, {"user", e.UserKey},
		} {
			if part.value != "" {
				fmt.Fprintf(out, " %s=%s", part.name, part.value)
			}
		}
		fmt.Fprintln(out)
		files, err := db.Attachments(t.Context(), everything, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range files {
			fmt.Fprintf(out, "  attachment %s %s, %d bytes\n", a.Name, a.ContentType, a.Size)
		}
		if !e.Trace.IsZero() && !traces[e.Trace] {
			traces[e.Trace] = true
			describeTrace(t, db, out, e.Trace)
		}
	}
}

func describeTrace(t *testing.T, db *sqlite.DB, out *bytes.Buffer, id model.TraceID) {
	t.Helper()
	trace, err := db.Trace(t.Context(), everything, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range trace.Spans {
		fmt.Fprintf(out, "  span %s<%s %s %q %s kind %d agent=%s", s.ID, s.Parent, s.Op, s.Name, s.Status, s.Kind, s.Agent.ID)
		if s.Kind == model.SpanModel {
			fmt.Fprintf(out, " %s/%s tokens %d+%d, %d nanos (%d)", s.Provider, s.Model, s.Usage.Input, s.Usage.Output, s.Cost.Nanos, s.Cost.Pricing)
		}
		if s.Kind == model.SpanTool {
			fmt.Fprintf(out, " tool=%s", s.Tool)
		}
		fmt.Fprintln(out)
	}
}

func describeDiscards(t *testing.T, db *sqlite.DB, out *bytes.Buffer) {
	t.Helper()
	counts := map[string]int64{}
	q := store.RollupQuery{In: everything, Kind: rollup.Discarded, From: noon.Add(-time.Hour), To: noon.Add(time.Hour)}
	err := db.Rollup(t.Context(), q, func(r store.RollupRow) error {
		counts[r.Name+" "+strings.ReplaceAll(r.Sub, "\x00", " ")] += r.Counters.Get(rollup.Quantity)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for what, n := range counts {
		lines = append(lines, fmt.Sprintf("discarded by %s ×%d\n", what, n))
	}
	slices.Sort(lines)
	out.WriteString(strings.Join(lines, ""))
}
