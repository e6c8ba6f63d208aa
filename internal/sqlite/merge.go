package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// ownColumns are what issues and parts both have: that of a part is the issue's own.
const ownColumns = "title, culprit, type, value, level, handled, count, users, first_seen, last_seen, first_release, last_release, last_event, fault"

// What a transaction adds to an issue, and to what it has of its own where it is merged.
const (
	growIssue = "UPDATE issues SET " + grown
	growPart  = "UPDATE parts SET " + grown
	grown     = `count = count + ?1, users = users + ?2, first_seen = min(first_seen, ?3),
		title = iif(?4 >= last_seen, ?5, title), culprit = iif(?4 >= last_seen, ?6, culprit),
		type = iif(?4 >= last_seen, ?7, type), value = iif(?4 >= last_seen, ?8, value),
		level = iif(?4 >= last_seen, ?9, level), handled = iif(?4 >= last_seen, ?10, handled),
		last_event = iif(?4 >= last_seen, ?11, last_event), fault = iif(?4 >= last_seen, ?14, fault),
		last_release = iif(?12 <> '' AND ?4 >= last_seen, ?12, last_release),
		first_release = iif(first_release = '', ?12, first_release),
		last_seen = max(last_seen, ?4) WHERE id = ?13`
)

func (t *txn) grow(sql string, id model.IssueID, d *issueDelta, users int64) error {
	e := d.newest
	return t.c.bind(sql).int(d.count).int(users).int(micros(d.first)).int(micros(d.last)).text(e.Title).text(e.Culprit).text(e.Type).text(e.Value).
		int(int64(e.Level)).int(int64(e.Handled)).blob(e.ID[:]).text(d.release).int(int64(id)).text(e.Fault).run()
}

// metByOthers reports whether an issue of the same parent has met a user before.
func (t *txn) metByOthers(u userHit, parent model.IssueID) (bool, error) {
	return t.c.bind("SELECT 1 FROM parts p JOIN issue_users u ON u.issue = p.id AND u.user = ?1 WHERE p.parent = ?2 AND p.id <> ?3").
		int(int64(u.user)).int(int64(parent)).int(int64(u.issue)).one(func(*sqlite3.Stmt) {})
}

// settle writes what this transaction counted so far: what changes issues goes by it
// and must not be overwritten.
func (t *txn) settle() error {
	err := t.updateIssues()
	t.touched = nil
	return err
}

// MergeIssues implements store.Desk.
func (db *DB) MergeIssues(_ context.Context, in store.Scope, ids []model.IssueID, into model.IssueID) (store.Merge, error) {
	var out store.Merge
	err := db.do(1, func(t *txn) (err error) {
		out, err = t.merge(in, ids, into)
		return err
	})
	return out, err
}

func (t *txn) merge(in store.Scope, ids []model.IssueID, into model.IssueID) (store.Merge, error) {
	var out store.Merge
	if err := t.settle(); err != nil {
		return out, err
	}
	projects, err := t.c.projects(in)
	if err != nil {
		return out, err
	}
	parent, children, err := t.mergeable(projects, ids, into)
	if err != nil {
		return out, err
	}
	for _, child := range children {
		if err := t.mergeInto(parent, child); err != nil {
			return out, fmt.Errorf("merge issue %d into %d: %w", child, parent, err)
		}
	}
	if err := t.sumUp(parent); err != nil {
		return out, err
	}
	t.issues.clear() // what it knows of parents is no longer true
	out.Children = children
	slices.Sort(out.Children)
	out.Parent, err = t.tellOf(in.Org, projects, parent, children)
	return out, err
}

// mergeable finds the issue that stays and those that are merged into it.
func (t *txn) mergeable(projects []model.ProjectID, ids []model.IssueID, into model.IssueID) (parent model.IssueID, children []model.IssueID, err error) {
	if into != 0 {
		ids = append(slices.Clone(ids), into)
	}
	found, err := t.findIssues(projects, ids)
	if err != nil {
		return 0, nil, err
	}
	if len(found) < 2 {
		return 0, nil, fmt.Errorf("%w: ids: name at least two issues that are not one already", model.ErrInvalid)
	}
	for i := range found {
		switch {
		case found[i].Project != found[0].Project:
			return 0, nil, fmt.Errorf("%w: ids: %s and %s are of different projects and cannot be merged", model.ErrInvalid, found[0].ShortID, found[i].ShortID)
		case found[i].Kind == model.KindFeedback:
			return 0, nil, fmt.Errorf("%w: ids: %s is feedback, which cannot be merged", model.ErrInvalid, found[i].ShortID)
		}
	}
	if parent, err = t.c.root(into); err != nil {
		return 0, nil, err
	}
	if into == 0 {
		parent = slices.MaxFunc(found, func(a, b store.Issue) int { return cmp.Or(cmp.Compare(a.Count, b.Count), cmp.Compare(a.ID, b.ID)) }).ID
	}
	members := 0
	for i := range found {
		n, err := t.c.members(found[i].ID)
		if err != nil {
			return 0, nil, err
		}
		if members += len(n); found[i].ID != parent {
			children = append(children, found[i].ID)
		}
	}
	if members > store.MaxMerged {
		return 0, nil, fmt.Errorf("%w: ids: together they are %d issues; at most %d can be one", model.ErrInvalid, members, store.MaxMerged)
	}
	return parent, children, nil
}

// findIssues reads issues, each once, those that they are merged into in their place.
func (t *txn) findIssues(projects []model.ProjectID, ids []model.IssueID) ([]store.Issue, error) {
	var found []store.Issue
	for _, id := range ids {
		i, err := t.c.issue(projects, id)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(found, func(x store.Issue) bool { return x.ID == i.ID }) {
			found = append(found, i)
		}
	}
	return found, nil
}

// mergeInto makes an issue and what is merged into it parts of another.
func (t *txn) mergeInto(parent, child model.IssueID) error {
	for _, id := range [...]model.IssueID{parent, child} {
		err := t.c.bind("INSERT OR IGNORE INTO parts (id, parent, under, merged, " + ownColumns + ") SELECT id, id, 0, 0, " + ownColumns + " FROM issues WHERE id = ?").
			int(int64(id)).run()
		if err != nil {
			return err
		}
	}
	err := t.c.bind("UPDATE parts SET under = ?, merged = ? WHERE id = ?").int(int64(parent)).int(micros(t.now)).int(int64(child)).run()
	if err != nil {
		return err
	}
	return t.c.bind("UPDATE parts SET parent = ? WHERE parent = ?").int(int64(parent)).int(int64(child)).run()
}

// sumOfParts is what the parts of an issue come to together: counts are added up, users
// counted once, and what it says is what the latest of them says.
const sumOfParts = `UPDATE issues SET
	(count, first_seen, last_seen) = (SELECT sum(count), min(first_seen), max(last_seen) FROM parts WHERE parent = ?1),
	(title, culprit, type, value, level, handled, last_event, fault) =
		(SELECT title, culprit, type, value, level, handled, last_event, fault FROM parts WHERE parent = ?1 ORDER BY last_seen DESC, id DESC LIMIT 1),
	users = (SELECT count(DISTINCT u.user) FROM parts p JOIN issue_users u ON u.issue = p.id WHERE p.parent = ?1),
	first_release = ifnull((SELECT first_release FROM parts WHERE parent = ?1 AND first_release <> '' ORDER BY first_seen, id LIMIT 1), ''),
	last_release = ifnull((SELECT last_release FROM parts WHERE parent = ?1 AND last_release <> '' ORDER BY last_seen DESC, id DESC LIMIT 1), '')
	WHERE id = ?1`

// sumUp brings an issue's row up to date after its parts have become others. One that
// is alone again is no part of anything any more.
func (t *txn) sumUp(id model.IssueID) error {
	list, err := t.c.members(id)
	if err != nil {
		return err
	}
	if len(list) > 1 {
		return t.c.bind(sumOfParts).int(int64(id)).run()
	}
	err = t.c.bind("UPDATE issues SET (" + ownColumns + ") = (SELECT " + ownColumns + " FROM parts WHERE id = ?1) WHERE id = ?1").int(int64(id)).run()
	if err != nil {
		return err
	}
	return t.c.bind("DELETE FROM parts WHERE id = ?").int(int64(id)).run()
}

// tellOf records that issues changed, and returns the first as it is now.
func (t *txn) tellOf(org model.OrgID, projects []model.ProjectID, first model.IssueID, others []model.IssueID) (store.Issue, error) {
	i, err := t.c.issue(projects, first)
	if err != nil {
		return i, err
	}
	for _, id := range append([]model.IssueID{first}, others...) {
		if err := t.change(store.IssueUpdated, org, i.Project, id, model.EventID{}); err != nil {
			return i, err
		}
	}
	return i, nil
}

// UnmergeIssues implements store.Desk.
func (db *DB) UnmergeIssues(_ context.Context, in store.Scope, from model.IssueID, ids []model.IssueID) (*store.Issue, error) {
	var out store.Issue
	err := db.do(1, func(t *txn) (err error) {
		out, err = t.unmerge(in, from, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

func (t *txn) unmerge(in store.Scope, from model.IssueID, ids []model.IssueID) (store.Issue, error) {
	if len(ids) == 0 {
		return store.Issue{}, fmt.Errorf("%w: ids: name what to give back", model.ErrInvalid)
	}
	if err := t.settle(); err != nil {
		return store.Issue{}, err
	}
	projects, err := t.c.projects(in)
	if err != nil {
		return store.Issue{}, err
	}
	found, err := t.c.issue(projects, from)
	if err != nil {
		return store.Issue{}, err
	}
	parent := found.ID
	for _, id := range ids {
		if err := t.giveBack(parent, id, ids); err != nil {
			return store.Issue{}, err
		}
	}
	if err := t.sumUp(parent); err != nil {
		return store.Issue{}, err
	}
	t.issues.clear()
	return t.tellOf(in.Org, projects, parent, ids)
}

// giveBack makes an issue one of its own again, with what had been merged into it; ids
// are all that are given back together.
func (t *txn) giveBack(parent, id model.IssueID, ids []model.IssueID) error {
	switch root, err := t.c.root(id); {
	case err != nil:
		return err
	case root != parent && root != id && slices.Contains(ids, root):
		return nil // it went with that
	case root != parent || id == parent:
		return fmt.Errorf("%w: issue %d is not merged into %d", model.ErrNotFound, id, parent)
	}
	err := t.c.bind(`WITH RECURSIVE own (id) AS (SELECT ?1 UNION SELECT p.id FROM own JOIN parts p ON p.under = own.id WHERE p.parent = ?2)
		UPDATE parts SET parent = ?1 WHERE parent = ?2 AND id IN own`).int(int64(id)).int(int64(parent)).run()
	if err != nil {
		return err
	}
	if err := t.c.bind("UPDATE parts SET under = 0, merged = 0 WHERE id = ?").int(int64(id)).run(); err != nil {
		return err
	}
	return t.sumUp(id)
}
