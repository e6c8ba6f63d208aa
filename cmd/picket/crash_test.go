package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

const (
	crashes = 10
	senders = 8
)

// TestKillLosesNothing kills the server under full load, again and again. Every
// event that was acknowledged must be there exactly once, and the counters must
// equal the rows. Senders send again what was not acknowledged, so that some
// events arrive twice.
func TestKillLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := &load{acknowledged: map[model.EventID]bool{}, pending: make([]string, senders), begun: time.Now().UTC()}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range crashes {
		c := startChild(t, dir, "--log-level", "error")
		l.run(c, 100+random.IntN(400))
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	if len(l.acknowledged) < crashes*100 {
		t.Fatalf("only %d events were acknowledged", len(l.acknowledged))
	}
	c := startChild(t, dir, "--log-level", "error") // recovers once more, and stops well
	c.stop()
	db, err := sqlite.Open(filepath.Join(dir, "picket.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l.check(t, db)
}

// load is what the senders do and know.
type load struct {
	begun time.Time

	mu           sync.Mutex
	acknowledged map[model.EventID]bool // true: a transaction
	made         int
	pending      []string // by sender: an envelope without an answer
}

// run loads the server until it has acknowledged that much more, kills it in the
// middle of things, and waits for the senders.
func (l *load) run(c *child, until int) {
	enough := make(chan struct{})
	var once sync.Once
	var got sync.Mutex
	n := 0
	acknowledge := func() {
		got.Lock()
		defer got.Unlock()
		if n++; n == until {
			once.Do(func() { close(enough) })
		}
	}
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() { l.send(c, i, acknowledge) })
	}
	go func() {
		wg.Wait()
		once.Do(func() { close(enough) }) // senders end early only when something is wrong
	}()
	<-enough
	c.kill()
	wg.Wait()
}

// send sends until there is no answer any more. What then is without one is sent
// first after the next start.
func (l *load) send(c *child, sender int, acknowledge func()) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		id, transaction, body := l.next(sender)
		status, answer := c.post(client, []byte(body), "")
		switch status {
		case 0:
			return
		case http.StatusOK:
			l.done(sender, id, transaction)
			acknowledge()
		default:
			c.t.Errorf("answer %d %s", status, answer)
			return
		}
	}
}

// next returns the envelope to send: the one without an answer, or a new one.
func (l *load) next(sender int) (id model.EventID, transaction bool, body string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body = l.pending[sender]
	if body == "" {
		l.made++
		body = l.envelope(l.made)
		l.pending[sender] = body
	}
	var n int
	var hexID string
	fmt.Sscanf(body, `{"event_id":"%32s"`, &hexID)
	fmt.Sscanf(hexID[:8], "%08x", &n)
	id, _ = model.ParseEventID(hexID)
	return id, n%4 == 0, body
}

// envelope makes the nth envelope: every fourth is a transaction, the others are
// errors of seven issues.
func (l *load) envelope(n int) string {
	id := fmt.Sprintf("%08x%024x", n, n)
	at := l.begun.Add(time.Duration(n) * time.Microsecond).Format(time.RFC3339Nano)
	head := fmt.Sprintf("{\"event_id\":%q}\n", id)
	if n%4 == 0 {
		return head + fmt.Sprintf(`{"type":"transaction"}`+"\n"+`{"type":"transaction","transaction":"run","start_timestamp":%q,"timestamp":%q,`+
			`"contexts":{"trace":{"trace_id":%q,"span_id":"%016x","op":"gen_ai.invoke_agent"}},"spans":[{"trace_id":%q,"span_id":"%016x",`+
			`"parent_span_id":"%016x","op":"gen_ai.execute_tool","start_timestamp":%q,"timestamp":%q,"data":{"gen_ai.tool.name":"search"}}]}`+"\n",
			at, at, id, n, id, n+1<<32, n, at, at)
	}
	return head + fmt.Sprintf(`{"type":"event"}`+"\n"+`{"timestamp":%q,"level":"error","tags":{"agent.id":"a%d"},`+
		`"exception":[{"type":"Fault%c","value":"it broke"}]}`+"\n", at, n%3, 'A'+n%7)
}

func (l *load) done(sender int, id model.EventID, transaction bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acknowledged[id] = transaction
	l.pending[sender] = ""
}

// check compares what was acknowledged with what is stored, and the counters with the rows.
func (l *load) check(t *testing.T, db *sqlite.DB) {
	t.Helper()
	rows := map[model.EventID]store.EventSummary{}
	q := store.EventQuery{In: store.Scope{Org: 1}, Page: store.Page{Limit: 1000}}
	for {
		page, err := db.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			if _, twice := rows[e.ID]; twice {
				t.Errorf("event %s is there twice", e.ID)
			}
			rows[e.ID] = e
		}
		if q.Page.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	for id := range l.acknowledged {
		if _, there := rows[id]; !there {
			t.Errorf("event %s was acknowledged and is lost", id)
		}
	}
	if extra := len(rows) - len(l.acknowledged); extra < 0 || extra > senders {
		t.Errorf("%d events are stored, %d were acknowledged, at most %d had no answer", len(rows), len(l.acknowledged), senders)
	}
	checkCounters(t, db, rows)
	t.Logf("%d crashes, %d acknowledged, %d stored", crashes, len(l.acknowledged), len(rows))
}

func checkCounters(t *testing.T, db *sqlite.DB, rows map[model.EventID]store.EventSummary) {
	t.Helper()
	var events, transactions int64
	issues := map[model.IssueID]int64{}
	for _, e := range rows {
		if e.Kind == model.KindTransaction {
			transactions++
			continue
		}
		events++
		issues[e.Issue]++
	}
	if got := sum(t, db, rollup.Events); got != events {
		t.Errorf("the counters say %d events, there are %d", got, events)
	}
	if got := sum(t, db, rollup.Transactions); got != transactions {
		t.Errorf("the counters say %d transactions, there are %d", got, transactions)
	}
	page, err := db.Issues(t.Context(), store.IssueQuery{In: store.Scope{Org: 1}})
	if err != nil {
		t.Fatal(err)
	}
	counted := map[model.IssueID]int64{}
	for _, i := range page.Issues {
		counted[i.ID] = i.Count
	}
	if !maps.Equal(counted, issues) {
		t.Errorf("%d issues count %v, the events make %d of %v", len(counted), first(counted), len(issues), first(issues))
	}
	spans, err := db.Stats(t.Context())
	if err != nil || spans.Events != int64(len(rows)) {
		t.Errorf("the engine counts %d events, there are %d (%v)", spans.Events, len(rows), err)
	}
}

// first returns some of the counts, for a message that can be read.
func first(counts map[model.IssueID]int64) []int64 {
	some := slices.Collect(maps.Values(counts))
	return some[:min(len(some), 10)]
}

// sum adds one counter of the project up.
func sum(t *testing.T, db *sqlite.DB, c rollup.Counter) (n int64) {
	t.Helper()
	now := time.Now()
	q := store.RollupQuery{In: store.Scope{Org: 1}, Kind: rollup.Project, From: now.Add(-2 * time.Hour), To: now.Add(time.Hour)}
	err := db.Rollup(t.Context(), q, func(r store.RollupRow) error {
		n += r.Counters.Get(c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
