package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// sumConversations sums up executions. The sum of costs that clients report may be more
// than a number holds, which SQLite's own sum takes for an error.
const sumConversations = `SELECT conversation, json_group_array(DISTINCT agent), max(user), max(organization),
	count(*), sum(outcome = 2), sum(outcome = 3), min(start), max(start + duration) AS latest,
	sum(input), sum(output), sum(cache_read), sum(cache_write), sum(reasoning), CAST(total(cost) AS INTEGER), sum(unpriced)
	FROM executions WHERE `

// Conversations implements store.Reader.
func (db *DB) Conversations(ctx context.Context, q store.ConversationQuery) (store.ConversationPage, error) {
	var page store.ConversationPage
	var at, skip int64 // the cursor: an end, and how many of it are done
	if err := parseCursor(q.Page.Cursor, &at, &skip); err != nil {
		return page, err
	}
	if skip < 0 || skip > maxSkip {
		return page, fmt.Errorf("%w: cursor %.40q: use one that an earlier answer gave", model.ErrInvalid, q.Page.Cursor)
	}
	want := limit(q.Page)
	var found []store.Conversation
	err := db.read(ctx, func(c *conn) (err error) {
		found, err = c.conversations(q, at, int(skip)+want+1)
		return err
	})
	found = found[min(int(skip), len(found)):]
	more := len(found) > want
	page.Conversations = found[:min(want, len(found))]
	for i := range page.Conversations {
		if end := micros(page.Conversations[i].End); end != at {
			at, skip = end, 0
		}
		skip++
	}
	if more {
		page.Next = cursor(at, skip)
	}
	return page, err
}

// conversations returns the latest, those that end at a time or before it; zero: all.
func (c *conn) conversations(q store.ConversationQuery, until int64, most int) ([]store.Conversation, error) {
	projects, err := c.projects(q.In)
	if err != nil {
		return nil, err
	}
	w := executionConditions(store.ExecutionQuery{Conversation: q.ID, Agent: q.Agent, UserKey: q.UserKey,
		Organization: q.Organization, From: q.From, To: q.To})
	w.add("conversation <> '' AND project = ?")
	sql := sumConversations + w.String() + " GROUP BY conversation HAVING ? = 0 OR latest <= ? ORDER BY latest DESC, conversation LIMIT ?"
	var found []store.Conversation
	for _, p := range projects {
		args := append(slices.Clone(w.args), int64(p), until, until, int64(most))
		err := c.query(sql, args, func(s *sqlite3.Stmt) error {
			one, err := scanConversation(s, p)
			found = append(found, one)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b store.Conversation) int {
		return cmp.Or(b.End.Compare(a.End), cmp.Compare(a.Project, b.Project), strings.Compare(a.ID, b.ID))
	})
	return found[:min(most, len(found))], nil
}

func scanConversation(s *sqlite3.Stmt, p model.ProjectID) (store.Conversation, error) {
	var agents []string
	err := json.Unmarshal(s.ColumnRawText(1), &agents)
	agents = slices.DeleteFunc(agents, func(a string) bool { return a == "" })
	slices.Sort(agents)
	return store.Conversation{
		Project: p, ID: s.ColumnText(0), Agents: agents, UserKey: s.ColumnText(2), Organization: s.ColumnText(3),
		Executions: s.ColumnInt64(4), Errored: s.ColumnInt64(5), Failed: s.ColumnInt64(6),
		Start: instant(s.ColumnInt64(7)), End: instant(s.ColumnInt64(8)),
		Usage: model.Usage{Input: s.ColumnInt64(9), Output: s.ColumnInt64(10), CacheRead: s.ColumnInt64(11),
			CacheWrite: s.ColumnInt64(12), Reasoning: s.ColumnInt64(13)},
		CostNanos: s.ColumnInt64(14), UnpricedCalls: s.ColumnInt64(15),
	}, err
}
