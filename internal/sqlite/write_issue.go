package sqlite

import (
	"fmt"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// issueState is what the writer remembers of an issue.
type issueState struct {
	id     model.IssueID
	status store.Status
	parent *issueState // what it is merged into, itself where others are merged into it; nil mostly
}

// ID returns the issue's id, 0 for no issue.
func (s *issueState) ID() model.IssueID {
	if s == nil {
		return 0
	}
	return s.id
}

// shown returns the issue that people see instead: the one it is merged into, or itself.
func (s *issueState) shown() *issueState {
	if s.parent != nil {
		return s.parent
	}
	return s
}

// fingerprint tells issues apart.
type fingerprint struct {
	project model.ProjectID
	hash    model.Hash
}

// userHit is a user who met an issue.
type userHit struct {
	issue model.IssueID
	user  uint64
}

// issueCache remembers issues by fingerprint and id, and who met them lately. It
// is emptied when it grows too large, which costs a few look-ups.
type issueCache struct {
	byHash map[fingerprint]*issueState
	byID   map[model.IssueID]*issueState
	users  map[userHit]struct{}
}

const (
	maxCachedIssues = 100_000
	maxCachedUsers  = 200_000
)

func newIssueCache() *issueCache {
	c := &issueCache{}
	c.clear()
	return c
}

func (c *issueCache) clear() {
	c.byHash = map[fingerprint]*issueState{}
	c.byID = map[model.IssueID]*issueState{}
	c.users = map[userHit]struct{}{}
}

func (c *issueCache) add(f fingerprint, s *issueState) {
	if len(c.byHash) >= maxCachedIssues {
		c.byHash, c.byID = map[fingerprint]*issueState{}, map[model.IssueID]*issueState{}
	}
	c.byHash[f] = s
	c.byID[s.id] = s
	c.byID[s.shown().id] = s.shown()
}

// state returns what is remembered of an issue, and begins to with that status when
// nothing is.
func (c *issueCache) state(id model.IssueID, status store.Status) *issueState {
	s := c.byID[id]
	if s == nil {
		s = &issueState{id: id, status: status}
		c.byID[id] = s
	}
	return s
}

// issueDelta is what a transaction adds to an issue.
type issueDelta struct {
	count, users int64
	first, last  time.Time
	newest       *model.Event
	release      string // of the newest event that has one

	parent model.IssueID // what it is merged into, see issueState; 0 mostly
	shared int64         // users that nothing merged into the parent has met before
}

// issueOf finds the issue of an event by any of its fingerprints, or makes one,
// and ties the fingerprints that are new to it. A second copy of an event decides
// nothing: when it has new fingerprints, issueOf returns nil.
func (t *txn) issueOf(b *model.Batch, e *model.Event) (*issueState, error) {
	var found *issueState
	var unknown []model.Hash
	for _, h := range e.Hashes {
		s, err := t.issueByHash(fingerprint{b.Project, h})
		if err != nil {
			return nil, err
		}
		if s == nil {
			unknown = append(unknown, h)
		} else if found == nil {
			found = s
		}
	}
	if len(unknown) > 0 || found == nil {
		if known, err := t.knownOn(dayOf(e.Timestamp), b.Project, e.ID); known || err != nil {
			return nil, err
		}
	}
	if found == nil {
		var err error
		if found, err = t.createIssue(b, e); err != nil {
			return nil, fmt.Errorf("create issue: %w", err)
		}
	}
	for _, h := range unknown {
		err := t.c.bind("INSERT INTO issue_hashes (project, hash, issue) VALUES (?, ?, ?)").
			int(int64(b.Project)).blob(h[:]).int(int64(found.id)).run()
		if err != nil {
			return nil, fmt.Errorf("tie fingerprint: %w", err)
		}
		t.issues.add(fingerprint{b.Project, h}, found)
	}
	return found, nil
}

func (t *txn) issueByHash(f fingerprint) (*issueState, error) {
	if s := t.issues.byHash[f]; s != nil {
		return s, nil
	}
	var s *issueState
	_, err := t.c.bind(`SELECT i.id, i.status, m.parent, p.status FROM issue_hashes h JOIN issues i ON i.id = h.issue
		LEFT JOIN parts m ON m.id = i.id LEFT JOIN issues p ON p.id = m.parent WHERE h.project = ? AND h.hash = ?`).
		int(int64(f.project)).blob(f.hash[:]).one(func(r *sqlite3.Stmt) {
		s = t.issues.state(model.IssueID(r.ColumnInt64(0)), store.Status(r.ColumnInt(1)))
		if parent := model.IssueID(r.ColumnInt64(2)); parent != 0 {
			s.parent = t.issues.state(parent, store.Status(r.ColumnInt(3)))
		}
	})
	if err != nil || s == nil {
		return nil, err
	}
	t.issues.add(f, s)
	return s, nil
}

func (t *txn) createIssue(b *model.Batch, e *model.Event) (*issueState, error) {
	var number int64
	_, err := t.c.bind("UPDATE projects SET issues = issues + 1 WHERE id = ? RETURNING issues").
		int(int64(b.Project)).one(func(r *sqlite3.Stmt) { number = r.ColumnInt64(0) })
	if err != nil {
		return nil, err
	}
	err = t.c.bind(`INSERT INTO issues (project, number, kind, title, culprit, type, value, level, platform, status, substatus, handled,
		count, users, first_seen, last_seen, first_release, last_release, last_event, fault) VALUES (?,?,?,?,?,?,?,?,?,?,?,?, 0,0,?,0,?,?,?,?)`).
		int(int64(b.Project)).int(number).int(int64(e.Kind)).text(e.Title).text(e.Culprit).text(e.Type).text(e.Value).
		int(int64(e.Level)).text(e.Platform).int(int64(store.Unresolved)).int(int64(store.New)).int(int64(e.Handled)).
		int(micros(e.Timestamp)).text(e.Release).text(e.Release).blob(e.ID[:]).text(e.Fault).run()
	if err != nil {
		return nil, err
	}
	s := &issueState{id: model.IssueID(t.c.LastInsertRowID()), status: store.Unresolved}
	return s, t.change(store.IssueCreated, b.Org, b.Project, s.id, e.ID)
}

// hit adds an event to what this transaction adds to its issue, and reopens the
// issue when it had been resolved.
func (t *txn) hit(b *model.Batch, e *model.Event, s *issueState) error {
	if t.touched == nil {
		t.touched = map[model.IssueID]*issueDelta{}
	}
	d := t.touched[s.id]
	if d == nil {
		d = &issueDelta{first: e.Timestamp, last: e.Timestamp}
		if s.parent != nil {
			d.parent = s.parent.id
		}
		t.touched[s.id] = d
	}
	d.count++
	if e.Timestamp.Before(d.first) {
		d.first = e.Timestamp
	}
	if d.newest == nil || !e.Timestamp.Before(d.last) {
		d.last, d.newest = e.Timestamp, e
		if e.Release != "" {
			d.release = e.Release
		}
	}
	if err := t.meet(e, s, d); err != nil {
		return err
	}
	return t.reopen(b, e, s)
}

// reopen makes a resolved issue that was hit a regressed one: what people see, and the
// issue itself where it is merged into that, so that it does not come back resolved.
func (t *txn) reopen(b *model.Batch, e *model.Event, s *issueState) error {
	shown := s.shown()
	for _, x := range [...]*issueState{shown, s} {
		if x.status != store.Resolved {
			continue
		}
		x.status = store.Unresolved
		err := t.c.bind("UPDATE issues SET status = ?, substatus = ?, resolved = 0 WHERE id = ?").
			int(int64(store.Unresolved)).int(int64(store.Regressed)).int(int64(x.id)).run()
		if err != nil {
			return fmt.Errorf("reopen issue %d: %w", x.id, err)
		}
		if x != shown {
			continue
		}
		if err := t.change(store.IssueRegressed, b.Org, b.Project, x.id, e.ID); err != nil {
			return err
		}
	}
	return nil
}

// meet counts the event's user when the issue has not met them before.
func (t *txn) meet(e *model.Event, s *issueState, d *issueDelta) error {
	key := e.User.Key()
	if key == "" {
		return nil
	}
	u := userHit{s.id, xxhash.Sum64String(key)}
	if _, known := t.issues.users[u]; known {
		return nil
	}
	if len(t.issues.users) >= maxCachedUsers {
		t.issues.users = map[userHit]struct{}{}
	}
	t.issues.users[u] = struct{}{}
	err := t.c.bind("INSERT OR IGNORE INTO issue_users (issue, user) VALUES (?, ?)").int(int64(u.issue)).int(int64(u.user)).run()
	if err != nil || t.c.Changes() == 0 {
		return err
	}
	d.users++
	if s.parent == nil {
		return nil
	}
	met, err := t.metByOthers(u, s.parent.id)
	if !met {
		d.shared++
	}
	return err
}

// updateIssues writes what the transaction adds to issues, once per issue. Title
// and level follow the newest event.
func (t *txn) updateIssues() error {
	for id, d := range t.touched {
		var err error
		if d.parent == 0 {
			err = t.grow(growIssue, id, d, d.users)
		} else {
			err = firstError(t.grow(growPart, id, d, d.users), t.grow(growIssue, d.parent, d, d.shared))
		}
		if err != nil {
			return fmt.Errorf("update issue %d: %w", id, err)
		}
	}
	return nil
}

// addTags remembers the values that issues' tags had for the first time.
func (t *txn) addTags() error {
	for _, f := range t.tags.Fresh() {
		err := t.c.bind("INSERT OR IGNORE INTO issue_tags (issue, key, value) VALUES (?, ?, ?)").
			int(int64(f.Issue)).text(f.Key).text(f.Value).run()
		if err != nil {
			return fmt.Errorf("tag issue %d: %w", f.Issue, err)
		}
	}
	return nil
}

// digits are those of short ids: no I, L, O or U, which are misread.
const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// shortID returns the id that people use: the project's slug and a number.
func shortID(slug string, number int64) string {
	var b [13]byte
	i := len(b)
	for n := number; n > 0 || i == len(b); n /= 32 {
		i--
		b[i] = digits[n%32]
	}
	return strings.ToUpper(slug) + "-" + string(b[i:])
}

// parseShortID is the other way round; letters that are misread are forgiven.
func parseShortID(text string) (slug string, number int64, ok bool) {
	cut := strings.LastIndexByte(text, '-')
	if cut <= 0 || cut == len(text)-1 || len(text)-cut > 13 {
		return "", 0, false
	}
	for _, r := range strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(strings.ToUpper(text[cut+1:])) {
		d := strings.IndexRune(digits, r)
		if d < 0 {
			return "", 0, false
		}
		number = number*32 + int64(d)
	}
	return strings.ToLower(text[:cut]), number, true
}
