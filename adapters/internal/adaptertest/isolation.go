package adaptertest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"relay.one/picket/wire"
)

// The many requests of a test, and how many of them are on their way at once.
const (
	requests = 200
	workers  = 16
)

// each calls f for the numbers up to requests, several at once.
func each(f func(i int)) {
	numbers := make(chan int)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range numbers {
				f(i)
			}
		})
	}
	for i := range requests {
		numbers <- i
	}
	close(numbers)
	all.Wait()
}

// visit sends the request of number i, whose user, organization and agent bear its
// number.
func (b *bench) visit(t *testing.T, what string, i int) {
	t.Helper()
	path := fmt.Sprintf("/agents/a%d/%s?from=u%d", i, what, i)
	r := b.get(t, path, HeaderUser, fmt.Sprint("u", i), HeaderOrganization, fmt.Sprint("o", i))
	if r.status != http.StatusOK || r.body != fmt.Sprint("a", i) {
		t.Errorf("%s is answered with %d %q", path, r.status, r.body)
	}
}

// wantOwn checks that everything in an item is of the request with that number.
func (b *bench) wantOwn(t *testing.T, item object, number, what string) {
	t.Helper()
	want(t, item, "u"+number, "user", "id")
	want(t, item, "o"+number, "tags", wire.TagOrganizationID)
	want(t, item, "a"+number, "tags", wire.TagAgentID)
	want(t, item, "GET /agents/:agentId/"+what, "transaction")
	want(t, item, b.url+"/agents/a"+number+"/"+what, "request", "url")
	want(t, item, "from=u"+number, "request", "query_string")
	want(t, item, "o"+number, "request", "headers", HeaderOrganization)
}

// messages returns the events by the number at the end of their message.
func (b *bench) messages(t *testing.T, begin string) map[string]object {
	t.Helper()
	found := map[string]object{}
	for _, event := range b.all(t, wire.ItemEvent) {
		text, _ := at(event, "message").(string)
		if text == "" {
			text, _ = at(event, "logentry", "formatted").(string)
		}
		number, ok := strings.CutPrefix(text, begin)
		if !ok {
			t.Errorf("message %q came, want %s…", text, begin)
		}
		found[number] = event
	}
	return found
}

func testIsolation(t *testing.T, start Start) {
	b := newBench(t, start, Service{})
	each(func(i int) { b.visit(t, "runs", i) })
	found := b.messages(t, "ran a")
	if len(found) != requests {
		t.Errorf("%d requests are reported, want %d", len(found), requests)
	}
	for number, event := range found {
		b.wantOwn(t, event, number, "runs")
	}
	transactions := b.all(t, wire.ItemTransaction)
	if len(transactions) != requests {
		t.Errorf("%d transactions came, want %d", len(transactions), requests)
	}
	for _, tx := range transactions {
		user, _ := at(tx, "user", "id").(string)
		b.wantOwn(t, tx, strings.TrimPrefix(user, "u"), "runs")
	}
}

// What is reported after a request's end, when the framework has long used its memory
// again, is still its own.
func testLate(t *testing.T, start Start) {
	const lates = 20
	work := &lateWork{begin: make(chan struct{}), done: make(chan struct{}, lates)}
	b := newBench(t, start, Service{late: work})
	for i := range lates {
		b.visit(t, "late", i)
	}
	each(func(i int) {
		b.get(t, "/elsewhere/with/a/long/path", HeaderUser, strings.Repeat("x", 40+i%9), HeaderOrganization, "another")
	})
	close(work.begin)
	for range lates {
		<-work.done
	}
	found := b.messages(t, "late a")
	if len(found) != lates {
		t.Errorf("%d requests are reported, want %d", len(found), lates)
	}
	for number, event := range found {
		b.wantOwn(t, event, number, "late")
	}
}
