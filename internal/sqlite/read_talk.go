package sqlite

import (
	"errors"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// talkList finds the conversations of a project whose last execution began last. To sum
// up all of them to know which would read every execution.
type talkList struct {
	c       *conn
	q       store.ConversationQuery
	project model.ProjectID
	until   int64 // the last execution began then or before; 0: any time
	most    int
	walk    int
}

// walkedFirst is how many of the latest executions are looked at before all
// conversations are.
const walkedFirst = 2000

// names returns the latest, those at the same moment as the last of them too. Mostly the
// latest executions name enough; where they belong to few conversations, or to none, the
// index of conversations is gone through, from each to the next.
func (l *talkList) names() ([]string, error) {
	names, enough, err := l.walked()
	if err != nil || enough {
		return names, err
	}
	return l.leapt()
}

func (l *talkList) walked() (names []string, enough bool, err error) {
	inner := executionConditions(store.ExecutionQuery{Agent: l.q.Agent, From: l.q.From, To: l.q.To})
	inner.add("project = ?", int64(l.project))
	if l.until != 0 {
		inner.add("start <= ?", l.until)
	}
	outer := executionConditions(store.ExecutionQuery{UserKey: l.q.UserKey, Organization: l.q.Organization})
	sql := `SELECT conversation, start, user, organization FROM executions WHERE ` + inner.String() + " ORDER BY start DESC LIMIT ?"
	sql = "SELECT conversation, start, " + outer.String() + " FROM (" + sql + ")"
	args := append(append(outer.args, inner.args...), int64(l.walk))
	seen := map[string]bool{}
	rows, last := 0, int64(0)
	err = l.c.query(sql, args, func(s *sqlite3.Stmt) error {
		rows++
		name, start := s.ColumnText(0), s.ColumnInt64(1)
		if len(names) >= l.most && start < last {
			enough = true
			return errStop
		}
		if name == "" || !s.ColumnBool(2) || seen[name] {
			return nil
		}
		seen[name] = true
		later, err := l.goesOn(name)
		if err == nil && !later {
			names, last = append(names, name), start
		}
		return err
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return names, enough || rows < l.walk, err
}

// goesOn reports whether an execution of a conversation began later than is asked for.
func (l *talkList) goesOn(name string) (later bool, err error) {
	if l.until == 0 {
		return false, nil
	}
	w := runsOf(l.q, l.project)
	w.add("conversation = ? AND conversation <> '' AND start > ?", name, l.until)
	err = l.c.query("SELECT 1 FROM executions INDEXED BY executions_by_conversation WHERE "+w.String()+" LIMIT 1", w.args, func(*sqlite3.Stmt) error {
		later = true
		return nil
	})
	return later, err
}

// nextTalk walks the names of conversations from one to the next.
const nextTalk = `WITH RECURSIVE names (value) AS (
	SELECT min(conversation) FROM executions INDEXED BY executions_by_conversation WHERE project = ? AND conversation <> ''
	UNION ALL SELECT (SELECT min(conversation) FROM executions INDEXED BY executions_by_conversation
		WHERE project = ? AND conversation <> '' AND conversation > names.value) FROM names WHERE names.value IS NOT NULL)
	SELECT value, (SELECT max(start) FROM executions INDEXED BY executions_by_conversation WHERE conversation = names.value AND conversation <> '' AND `

func (l *talkList) leapt() (names []string, err error) {
	w := runsOf(l.q, l.project)
	args := append([]any{int64(l.project), int64(l.project)}, w.args...)
	sql := nextTalk + w.String() + ") AS began FROM names WHERE began IS NOT NULL AND (? = 0 OR began <= ?) ORDER BY began DESC, value LIMIT ?"
	err = l.c.query(sql, append(args, l.until, l.until, int64(l.most)), func(s *sqlite3.Stmt) error {
		names = append(names, s.ColumnText(0))
		return nil
	})
	return names, err
}
