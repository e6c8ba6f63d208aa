package sqlite

import (
	"context"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

// TestPlans holds queries to the index that they need: any other walks through what a
// whole project stored, which a test with little data does not notice.
func TestPlans(t *testing.T) {
	t.Parallel()
	db, _ := fresh(t, Options{})
	b := &model.Batch{Org: 1, Project: 1, Received: storetest.Clock,
		Events: []model.Event{{ID: model.NewEventID(), Kind: model.KindError, Timestamp: storetest.Clock}}}
	if _, err := db.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	day := dayOf(storetest.Clock)
	projects := []model.ProjectID{1}
	f := func(sql, index string) {
		t.Helper()
		plan := ""
		err := db.read(context.Background(), func(c *conn) error {
			return c.query("EXPLAIN QUERY PLAN "+sql, nil, func(s *sqlite3.Stmt) error {
				plan += s.ColumnText(3) + "\n"
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, index+" (") {
			t.Errorf("%s does not go by %s:\n%s", sql, index, plan)
		}
	}
	r := newTraceReader(db, nil, &store.Trace{}, projects)
	f(in(day, r.eventsSQL(errorsOfExecution)), in(day, "events_@_execution"))
	f(in(day, r.eventsSQL("trace = ?")), in(day, "events_@_trace"))
	f(in(day, r.spansSQL()), "PRIMARY KEY")
}
