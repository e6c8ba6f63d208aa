package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

// TestLatestConversations has both ways of finding them agree with adding up everything.
func TestLatestConversations(t *testing.T) {
	t.Parallel()
	db, in := fresh(t, Options{})
	r := rand.New(rand.NewPCG(1, 2))
	b := &model.Batch{Org: 1, Project: 1, Received: storetest.Clock, Spans: []model.Span{
		{Trace: model.TraceID{1}, ID: model.SpanID{1}, Start: storetest.Clock, Kind: model.SpanAgent, Blob: -1}}}
	for i := range 300 {
		x := model.Execution{ID: fmt.Sprint("x", i), Agent: model.Agent{ID: fmt.Sprint("a", r.IntN(3))}, UserKey: fmt.Sprint("id:", r.IntN(4)),
			Start: storetest.Clock.Add(-time.Duration(r.IntN(100)) * time.Minute), Duration: time.Hour, Ended: true}
		if n := r.IntN(40); n > 10 {
			x.Conversation = fmt.Sprint("c", n)
		}
		b.Executions = append(b.Executions, x)
	}
	if _, err := db.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	f := func(q store.ConversationQuery, until time.Duration, most, walk int) {
		t.Helper()
		q.In = in
		l := talkList{q: q, project: 1, until: micros(storetest.Clock.Add(until)), most: most, walk: walk}
		want := latest(b.Executions, q, storetest.Clock.Add(until))
		err := db.read(context.Background(), func(c *conn) (err error) {
			l.c = c
			got, err := l.names()
			slices.Sort(got)
			all := slices.Clone(want[:min(most, len(want))])
			for len(got) > len(all) && len(all) < len(want) && began(b.Executions, q, want[len(all)]) == began(b.Executions, q, want[most-1]) {
				all = append(all, want[len(all)])
			}
			slices.Sort(all)
			if !slices.Equal(got, all) {
				t.Errorf("%+v, the last %d until %s, %d walked: %q, want %q", q, most, until, walk, got, all)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	for _, walk := range [...]int{0, 7, 60, 1000} {
		for _, most := range [...]int{1, 4, 29, 100} {
			f(store.ConversationQuery{}, 0, most, walk)
			f(store.ConversationQuery{}, -20*time.Minute, most, walk)
			f(store.ConversationQuery{Agent: "a1"}, -3*time.Minute, most, walk)
			f(store.ConversationQuery{UserKey: "id:2", From: storetest.Clock.Add(-time.Hour)}, -9*time.Minute, most, walk)
		}
	}
}

func selects(q store.ConversationQuery, x *model.Execution) bool {
	return x.Conversation != "" && (q.Agent == "" || q.Agent == x.Agent.ID) && (q.UserKey == "" || q.UserKey == x.UserKey) && !x.Start.Before(q.From)
}

// began returns when the last execution of a conversation began.
func began(list []model.Execution, q store.ConversationQuery, name string) (last time.Time) {
	for i := range list {
		if x := &list[i]; selects(q, x) && x.Conversation == name && x.Start.After(last) {
			last = x.Start
		}
	}
	return last
}

func latest(list []model.Execution, q store.ConversationQuery, until time.Time) (names []string) {
	for i := range list {
		x := &list[i]
		if selects(q, x) && !slices.Contains(names, x.Conversation) && !began(list, q, x.Conversation).After(until) {
			names = append(names, x.Conversation)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(began(list, q, b).Compare(began(list, q, a)), cmp.Compare(a, b))
	})
	return names
}
