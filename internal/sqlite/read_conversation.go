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
	count(*), sum(outcome = 2), sum(outcome = 3), min(start), max(start + duration),
	sum(input), sum(output), sum(cache_read), sum(cache_write), sum(reasoning), CAST(total(cost) AS INTEGER), sum(unpriced), max(start)
	FROM executions INDEXED BY executions_by_conversation WHERE `

// conversationRow is a conversation, and when its last execution began.
type conversationRow struct {
	store.Conversation
	began int64
}

// Conversations implements store.Reader.
func (db *DB) Conversations(ctx context.Context, q store.ConversationQuery) (store.ConversationPage, error) {
	var page store.ConversationPage
	var at, skip int64 // the cursor: when the last execution of one began, and how many such are done
	if err := parseCursor(q.Page.Cursor, &at, &skip); err != nil {
		return page, err
	}
	if skip < 0 || skip > maxSkip {
		return page, fmt.Errorf("%w: cursor %.40q: use one that an earlier answer gave", model.ErrInvalid, q.Page.Cursor)
	}
	want := limit(q.Page)
	var found []conversationRow
	err := db.read(ctx, func(c *conn) (err error) {
		found, err = c.conversations(q, at, int(skip)+want+1)
		return err
	})
	found = found[min(int(skip), len(found)):]
	for _, row := range found[:min(want, len(found))] {
		page.Conversations = append(page.Conversations, row.Conversation)
		if row.began != at {
			at, skip = row.began, 0
		}
		skip++
	}
	if len(found) > want {
		page.Next = cursor(at, skip)
	}
	return page, err
}

// conversations returns the latest, those whose last execution began at a time or before
// it; zero: all.
func (c *conn) conversations(q store.ConversationQuery, until int64, most int) ([]conversationRow, error) {
	projects, err := c.projects(q.In)
	if err != nil {
		return nil, err
	}
	var found []conversationRow
	for _, p := range projects {
		names := []string{q.ID}
		if q.ID == "" {
			l := talkList{c: c, q: q, project: p, until: until, most: most, walk: walkedFirst}
			if names, err = l.names(); err != nil {
				return nil, err
			}
		}
		w := runsOf(q, p)
		w.add("conversation <> '' AND conversation IN (SELECT value FROM json_each(?))", jsonList(names))
		err := c.query(sumConversations+w.String()+" GROUP BY conversation HAVING ? = 0 OR max(start) <= ?", append(w.args, until, until), func(s *sqlite3.Stmt) error {
			one, err := scanConversation(s, p)
			found = append(found, one)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b conversationRow) int {
		return cmp.Or(cmp.Compare(b.began, a.began), cmp.Compare(a.Project, b.Project), strings.Compare(a.ID, b.ID))
	})
	return found[:min(most, len(found))], nil
}

// runsOf says which executions of a project a query sums up.
func runsOf(q store.ConversationQuery, p model.ProjectID) *where {
	w := executionConditions(store.ExecutionQuery{Agent: q.Agent, UserKey: q.UserKey, Organization: q.Organization, From: q.From, To: q.To})
	w.add("project = ?", int64(p))
	return w
}

func scanConversation(s *sqlite3.Stmt, p model.ProjectID) (conversationRow, error) {
	var agents []string
	err := json.Unmarshal(s.ColumnRawText(1), &agents)
	agents = slices.DeleteFunc(agents, func(a string) bool { return a == "" })
	slices.Sort(agents)
	return conversationRow{store.Conversation{
		Project: p, ID: s.ColumnText(0), Agents: agents, UserKey: s.ColumnText(2), Organization: s.ColumnText(3),
		Executions: s.ColumnInt64(4), Errored: s.ColumnInt64(5), Failed: s.ColumnInt64(6),
		Start: instant(s.ColumnInt64(7)), End: instant(s.ColumnInt64(8)),
		Usage: model.Usage{Input: s.ColumnInt64(9), Output: s.ColumnInt64(10), CacheRead: s.ColumnInt64(11),
			CacheWrite: s.ColumnInt64(12), Reasoning: s.ColumnInt64(13)},
		CostNanos: s.ColumnInt64(14), UnpricedCalls: s.ColumnInt64(15),
	}, s.ColumnInt64(16)}, err
}
