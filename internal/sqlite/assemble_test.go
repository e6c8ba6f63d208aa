package sqlite

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

// calls returns a batch of model calls of one execution in one trace.
func calls(trace byte, from, n int, execution string) *model.Batch {
	b := &model.Batch{Org: 1, Project: 1, Received: storetest.Clock, SpanBlobs: []model.SpanBlob{{Payload: []byte("{}")}}}
	for i := from; i < from+n; i++ {
		b.Spans = append(b.Spans, model.Span{Trace: model.TraceID{trace}, ID: model.SpanID{1, byte(i >> 16), byte(i >> 8), byte(i)}, Start: storetest.Clock,
			Kind: model.SpanModel, Provider: "openai", Model: "gpt-5", Execution: execution, Usage: model.Usage{Input: 2}, Cost: model.Cost{Nanos: 3, Pricing: model.Priced}})
	}
	agent.Assemble(b)
	return b
}

func mustWrite(t *testing.T, db *DB, b *model.Batch) {
	t.Helper()
	if _, err := db.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

// counted sums a counter of a kind over all names.
func counted(t *testing.T, db *DB, k rollup.Kind, c rollup.Counter) (n int64) {
	t.Helper()
	q := store.RollupQuery{In: store.Scope{Org: 1}, Kind: k, From: storetest.Clock.Add(-time.Hour), To: storetest.Clock.Add(time.Hour)}
	err := db.Rollup(context.Background(), q, func(r store.RollupRow) error {
		n += r.Counters.Get(c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func oneExecution(t *testing.T, db *DB, id string) store.ExecutionRecord {
	t.Helper()
	page, err := db.Executions(context.Background(), store.ExecutionQuery{In: store.Scope{Org: 1}, ID: id})
	if err != nil || len(page.Executions) != 1 {
		t.Fatalf("%d executions %q, %v; want one", len(page.Executions), id, err)
	}
	return page.Executions[0]
}

// TestExecutionOfManyTraces has more traces name an execution than are put together.
func TestExecutionOfManyTraces(t *testing.T) {
	t.Parallel()
	db, _ := fresh(t, Options{})
	const traces = maxWebTraces + 5
	for i := range traces {
		mustWrite(t, db, calls(byte(i+1), 0, 2, "x"))
		mustWrite(t, db, calls(byte(i+1), 0, 2, "x")) // a replay
	}
	if got := counted(t, db, rollup.Model, rollup.ModelCalls); got != 2*traces {
		t.Errorf("%d model calls are counted, want %d", got, 2*traces)
	}
	if x := oneExecution(t, db, "x"); len(x.Traces) != maxWebTraces || x.ModelCalls != 2*maxWebTraces {
		t.Errorf("the execution has %d traces and %d calls, want %d and %d", len(x.Traces), x.ModelCalls, maxWebTraces, 2*maxWebTraces)
	}
}

// TestTraceOfManySpans goes on with a trace after it is too much to be put together.
func TestTraceOfManySpans(t *testing.T) {
	t.Parallel()
	db, _ := fresh(t, Options{})
	const most = maxWebSpans - 10
	mustWrite(t, db, calls(1, 0, most, "x"))
	for i := range 4 {
		mustWrite(t, db, calls(1, most+5*i, 5, "x"))
	}
	mustWrite(t, db, calls(1, most+20, 5, "y"))
	if got := counted(t, db, rollup.Model, rollup.CostNanos); got != 3*(most+25) {
		t.Errorf("calls cost %d, want %d", got, 3*(most+25))
	}
	if x := oneExecution(t, db, "x"); x.ModelCalls != maxWebSpans {
		t.Errorf("the execution has %d calls, want the first %d", x.ModelCalls, maxWebSpans)
	}
	if y := oneExecution(t, db, "y"); y.ModelCalls != 5 {
		t.Errorf("the other has %d calls, want 5", y.ModelCalls)
	}
}

// TestStoriesSurviveFailedCommits has a commit of several jobs fail after it told
// stories.
func TestStoriesSurviveFailedCommits(t *testing.T) {
	t.Parallel()
	db, _ := fresh(t, Options{})
	mustWrite(t, db, calls(1, 0, 2, "x"))
	late := calls(1, 2, 2, "x")
	err := db.do(1, func(tx *txn) error {
		if err := tx.write(late, &store.Receipt{}); err != nil {
			return err
		}
		return os.ErrInvalid
	})
	if err == nil {
		t.Fatal("the job did not fail")
	}
	if got := counted(t, db, rollup.Model, rollup.ModelCalls); got != 2 {
		t.Errorf("%d calls after a failed commit, want 2", got)
	}
	mustWrite(t, db, late)
	if got, x := counted(t, db, rollup.Model, rollup.ModelCalls), oneExecution(t, db, "x"); got != 4 || x.ModelCalls != 4 {
		t.Errorf("%d calls and %d of the execution, want 4", got, x.ModelCalls)
	}
}

// TestStoriesSurviveRestarts stops the engine between the parts of a trace.
func TestStoriesSurviveRestarts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	for i := range 4 {
		db, err := Open(path, Options{Now: func() time.Time { return storetest.Clock }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Bootstrap(context.Background()); err != nil {
			t.Fatal(err)
		}
		mustWrite(t, db, calls(1, 0, 2*i+1, "x"))
		if got, x := counted(t, db, rollup.Model, rollup.ModelCalls), oneExecution(t, db, "x"); int(got) != 2*i+1 || x.ModelCalls != 2*i+1 {
			t.Errorf("start %d: %d calls and %d of the execution, want %d", i, got, x.ModelCalls, 2*i+1)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMigrationsAreNumbered: a step is known by its place, so a gap filled later would make
// databases skip one and repeat another.
func TestMigrationsAreNumbered(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(schema, "schema/0*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for i, name := range files {
		if want := fmt.Sprintf("schema/%04d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("file %d is %s, want %s…", i+1, name, want)
		}
	}
}

// TestMigrateFromFirst opens a database of the first schema, with a day in it.
func TestMigrateFromFirst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	c, err := connect(path, "", writerCacheKiB)
	if err != nil {
		t.Fatal(err)
	}
	first, err := schema.ReadFile("schema/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	day, err := os.ReadFile("testdata/day_0001.sql")
	if err != nil {
		t.Fatal(err)
	}
	number := dayOf(storetest.Clock)
	trace := model.TraceID{1}
	err = c.Exec(string(first) + in(number, stripComments(string(day))) + in(number, fmt.Sprintf(`PRAGMA user_version = 1;
		INSERT INTO spans_@ (trace, id, project, start, duration, op, name, status, kind, segment, release, environment, user, agent, agent_name,
		execution, conversation, organization, block, offset, length) VALUES (x'%s', x'0900000000000000', 1, %d, 0, '', 'old', 0, 0, 0, '', '', '', '', '', '', '', '', 0, 0, 0)`,
		trace, micros(storetest.Clock))))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	db, in := start(t, path, Options{})
	mustWrite(t, db, calls(1, 0, 2, "x"))
	if got, err := db.Trace(context.Background(), in, trace); err != nil || len(got.Spans) != 3 {
		t.Errorf("trace %+v, %v; want the old span and two new ones", got, err)
	}
	if x := oneExecution(t, db, "x"); x.ModelCalls != 2 {
		t.Errorf("%d calls, want 2", x.ModelCalls)
	}
}
