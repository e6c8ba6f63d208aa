package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

const eventColumns = `id, project, kind, issue, time, received, duration, level, title, culprit, type, platform,
	release, environment, txn, user, trace, span, agent, execution, organization, seq, block, offset, length, fault, facts`

// eventRow is an event's columns, and where its payload stands.
type eventRow struct {
	store.EventSummary
	seq   int64
	at    pointer
	facts []byte // the statement's: good until it goes on
}

func scanEvent(s *sqlite3.Stmt, day int64) eventRow {
	row := eventRow{
		EventSummary: store.EventSummary{
			ID: eventID(s, 0), Project: model.ProjectID(s.ColumnInt64(1)), Kind: model.Kind(s.ColumnInt(2)),
			Issue: model.IssueID(s.ColumnInt64(3)), Timestamp: instant(s.ColumnInt64(4)), Received: instant(s.ColumnInt64(5)),
			Duration: time.Duration(s.ColumnInt64(6)) * time.Microsecond, Level: model.Level(s.ColumnInt(7)),
			Title: s.ColumnText(8), Culprit: s.ColumnText(9), Type: s.ColumnText(10), Platform: s.ColumnText(11),
			Release: s.ColumnText(12), Environment: s.ColumnText(13), Transaction: s.ColumnText(14), UserKey: s.ColumnText(15),
			Trace: traceID(s, 16), Span: spanID(s, 17), Agent: s.ColumnText(18), Execution: s.ColumnText(19), Organization: s.ColumnText(20),
			Fault: s.ColumnText(25),
		},
		seq:   s.ColumnInt64(21),
		at:    pointer{day, s.ColumnInt64(22), s.ColumnInt64(23), s.ColumnInt64(24)},
		facts: s.ColumnRawBlob(26),
	}
	if row.Omitted = whyOmitted(row.at); row.Omitted != model.NotOmitted {
		row.at = omitted(day, row.seq, row.Omitted)
	}
	return row
}

// fact returns the event as it speaks of itself, without what package agent never
// looks at.
func (r *eventRow) fact() (model.Event, error) {
	e := model.Event{
		ID: r.ID, Kind: r.Kind, Timestamp: r.Timestamp, Level: r.Level, Release: r.Release, Environment: r.Environment,
		Transaction: r.Transaction, Title: r.Title, Type: r.Type, User: userOf(r.UserKey), Trace: r.Trace, Span: r.Span,
		Agent: model.Agent{ID: r.Agent}, Execution: r.Execution, Organization: r.Organization, Issue: r.Issue, Fault: r.Fault,
	}
	if r.Duration != 0 {
		e.Started = r.Timestamp.Add(-r.Duration)
	}
	if err := unpackFacts(r.facts, &e); err != nil {
		return e, fmt.Errorf("event %s: %w", r.ID, err)
	}
	return e, nil
}

// Event implements store.Reader.
func (db *DB) Event(ctx context.Context, in store.Scope, id model.EventID) (*store.EventRecord, error) {
	var out *store.EventRecord
	err := db.read(ctx, func(c *conn) error {
		row, err := db.findEvent(c, in, id)
		if err != nil {
			return err
		}
		out = &store.EventRecord{EventSummary: row.EventSummary}
		if out.Payload, err = c.payload(db, row.at); err != nil {
			return err
		}
		if out.Issue == 0 {
			return nil
		}
		if out.Next, err = db.neighbour(c, row, "(time, seq) > (?, ?) ORDER BY time, seq", false); err != nil {
			return err
		}
		if out.Previous, err = db.neighbour(c, row, "(time, seq) < (?, ?) ORDER BY time DESC, seq DESC", true); err != nil {
			return err
		}
		out.Issue, err = c.root(out.Issue)
		return err
	})
	return out, err
}

func (db *DB) findEvent(c *conn, scope store.Scope, id model.EventID) (*eventRow, error) {
	projects, err := c.projects(scope)
	if err != nil {
		return nil, err
	}
	var found *eventRow
	err = db.eachDay(time.Time{}, time.Time{}, func(day int64) error {
		sql := in(day, "SELECT "+eventColumns+" FROM events_@ WHERE id = ? AND "+oneOf("project", projects))
		ok, err := c.bind(sql).blob(id[:]).one(func(s *sqlite3.Stmt) {
			row := scanEvent(s, day)
			found = &row
		})
		if ok && err == nil {
			return errStop
		}
		return err
	})
	if err == nil && found == nil {
		err = fmt.Errorf("event %s: %w", id, model.ErrNotFound)
	}
	return found, err
}

// neighbour returns the next event of an issue in one direction; zero at the end.
func (db *DB) neighbour(c *conn, row *eventRow, order string, older bool) (model.EventID, error) {
	issues, err := c.members(row.Issue)
	if err != nil {
		return model.EventID{}, err
	}
	days := db.days.newestFirst(time.Time{}, time.Time{})
	for i := range days {
		day := days[i]
		if !older {
			day = days[len(days)-1-i]
		}
		if older && day > row.at.day || !older && day < row.at.day {
			continue
		}
		id, err := c.nearest(in(day, "SELECT id, time, seq FROM events_@ WHERE issue = ? AND issue > 0 AND "+order+" LIMIT 1"), issues, row, older)
		if !id.IsZero() || err != nil && !noSuchTable(err) {
			return id, err
		}
	}
	return model.EventID{}, nil
}

// nearest asks issue by issue for the event next to a row, and returns the nearest of
// them: together no index has them in order.
func (c *conn) nearest(sql string, issues []model.IssueID, row *eventRow, older bool) (id model.EventID, err error) {
	var at, seq int64
	for _, issue := range issues {
		_, err := c.bind(sql).int(int64(issue)).int(micros(row.Timestamp)).int(row.seq).one(func(s *sqlite3.Stmt) {
			t, n := s.ColumnInt64(1), s.ColumnInt64(2)
			if id.IsZero() || (cmp.Or(cmp.Compare(t, at), cmp.Compare(n, seq)) > 0) == older {
				id, at, seq = eventID(s, 0), t, n
			}
		})
		if err != nil {
			return id, err
		}
	}
	return id, nil
}

// Events implements store.Reader. Events of an issue go by their own time, others by arrival.
func (db *DB) Events(ctx context.Context, q store.EventQuery) (store.EventPage, error) {
	list := eventList{q: q, want: limit(q.Page), day: 1 << 40, at: 1 << 62, seq: 1 << 62}
	if err := parseCursor(q.Page.Cursor, &list.day, &list.at, &list.seq); err != nil {
		return store.EventPage{}, err
	}
	err := db.read(ctx, func(c *conn) (err error) {
		if list.projects, err = c.projects(q.In); err != nil {
			return err
		}
		if list.issues, err = c.members(q.Issue); err != nil {
			return err
		}
		roots, err := c.roots()
		if err == nil {
			err = db.eachDay(q.From, q.To, func(day int64) error { return list.read(c, day) })
		}
		roots.inEvents(list.page.Events)
		return err
	})
	return list.page, err
}

// eventList reads a page of events, day by day.
type eventList struct {
	q            store.EventQuery
	projects     []model.ProjectID
	issues       []model.IssueID // q.Issue and what is merged with it
	want         int
	day, at, seq int64 // the cursor: go on below it
	page         store.EventPage
}

func (l *eventList) read(c *conn, day int64) error {
	if day > l.day {
		return nil
	}
	var rows []eventRow
	for _, issue := range l.issues { // together no index has their events in order
		some, err := l.rows(c, day, issue)
		if err != nil {
			return err
		}
		rows = append(rows, some...)
	}
	if len(l.issues) > 1 {
		slices.SortFunc(rows, func(a, b eventRow) int {
			return cmp.Or(b.Timestamp.Compare(a.Timestamp), cmp.Compare(b.seq, a.seq))
		})
	}
	for i := range rows {
		if len(l.page.Events) == l.want {
			l.page.Next = cursor(l.day, l.at, l.seq)
			return errStop
		}
		l.page.Events = append(l.page.Events, rows[i].EventSummary)
		l.day, l.at, l.seq = day, micros(rows[i].Timestamp), rows[i].seq
	}
	return nil
}

// rows reads what is wanted of one day and issue, and one more.
func (l *eventList) rows(c *conn, day int64, issue model.IssueID) (rows []eventRow, err error) {
	w := l.conditions(issue)
	order := "seq DESC"
	if issue != 0 {
		order = "time DESC, seq DESC"
	}
	switch {
	case day == l.day && issue != 0:
		w.add("(time, seq) < (?, ?)", l.at, l.seq)
	case day == l.day:
		w.add("seq < ?", l.seq)
	}
	sql := in(day, "SELECT "+eventColumns+" FROM events_@ WHERE "+w.String()+" ORDER BY "+order+" LIMIT ?")
	err = c.query(sql, append(w.args, int64(l.want+1-len(l.page.Events))), func(s *sqlite3.Stmt) error {
		rows = append(rows, scanEvent(s, day))
		return nil
	})
	return rows, err
}

func (l *eventList) conditions(issue model.IssueID) *where {
	w := &where{}
	if issue != 0 {
		w.add("issue = ? AND issue > 0", int64(issue))
	}
	project := "project"
	if len(l.projects) > 1 {
		project = "+project" // no index: those of several would all have to be sorted
	}
	w.add(oneOf(project, l.projects))
	if len(l.q.Kinds) > 0 && !slices.Contains(l.q.Kinds, model.KindTransaction) {
		w.add("issue > 0") // as all others have: the index of a project's says so, too
	}
	if len(l.q.Kinds) > 0 {
		kinds := make([]int64, len(l.q.Kinds))
		for i, k := range l.q.Kinds {
			kinds[i] = int64(k)
		}
		w.add(oneOf("kind", kinds))
	}
	for _, c := range [...]struct{ column, value string }{
		{"agent", l.q.Agent}, {"release", l.q.Release}, {"environment", l.q.Environment}, {"user", l.q.UserKey},
	} {
		if c.value != "" {
			w.add(c.column+" = ?", c.value)
		}
	}
	w.between("time", l.q.From, l.q.To)
	return w
}
