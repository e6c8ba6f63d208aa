package sentryapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/query"
	"relay.one/picket/internal/store"
)

// change is the body of an update: a map, so that what we do not know is seen and
// refused instead of being passed over.
type change map[string]json.RawMessage

const maxBody = 1 << 20

func readChange(c *call) (change, error) {
	raw, err := io.ReadAll(io.LimitReader(c.Body, maxBody+1))
	if err != nil {
		return nil, invalid("body", "it ended early")
	}
	var b change
	if len(raw) > maxBody || json.Unmarshal(raw, &b) != nil || b == nil {
		return nil, invalid("body", "it must be a JSON object, at most 1 MB long")
	}
	return b, nil
}

// ignored are fields that clients send along and that change nothing here.
var ignored = []string{"hasSeen"}

// update reads what to change. What Picket cannot do yet is refused by name: a
// client that is told 200 believes that it happened.
func (b change) update() (store.IssueUpdate, error) {
	var u store.IssueUpdate
	for _, name := range slices.Sorted(maps.Keys(b)) {
		v := b[name]
		var err error
		switch {
		case empty(v) && name != "assignedTo", slices.Contains(ignored, name):
		case name == "status":
			u.Status, err = readStatus(v)
		case name == "substatus":
			err = checkSubstatus(v)
		case name == "assignedTo":
			u.AssignedTo, err = readAssignee(v)
		default:
			err = invalid(name, "Picket cannot do that yet; status and assignedTo can be changed")
		}
		if err != nil {
			return u, err
		}
	}
	if u == (store.IssueUpdate{}) {
		return u, invalid("body", "nothing to change: give status or assignedTo")
	}
	return u, nil
}

// empty reports whether a value asks for nothing.
func empty(v json.RawMessage) bool {
	v = bytes.TrimSpace(v)
	return bytes.Equal(v, []byte("null")) || bytes.Equal(v, []byte("{}"))
}

var statuses = map[string]store.Status{
	"unresolved": store.Unresolved, "resolved": store.Resolved,
	"ignored": store.Archived, "archived": store.Archived, "muted": store.Archived,
}

func readStatus(v json.RawMessage) (*store.Status, error) {
	var name string
	if json.Unmarshal(v, &name) != nil {
		return nil, invalid("status", "it must be a text")
	}
	if s, known := statuses[name]; known {
		return &s, nil
	}
	if strings.HasPrefix(name, "resolvedIn") {
		return nil, invalid("status", "Picket cannot tie a resolution to a release yet; use resolved")
	}
	return nil, invalid("status", "%.40q is none; use unresolved, resolved or ignored", name)
}

// checkSubstatus accepts the refinements that are what happens anyway.
func checkSubstatus(v json.RawMessage) error {
	var name string
	if json.Unmarshal(v, &name) != nil {
		return invalid("substatus", "it must be a text")
	}
	switch name {
	case "archived_forever", "ongoing", "new":
		return nil
	}
	return invalid("substatus", "Picket cannot do %.40q yet; it archives for good (archived_forever)", name)
}

// readAssignee takes an e-mail address or a name; empty and null are nobody.
func readAssignee(v json.RawMessage) (*string, error) {
	var who *string
	if json.Unmarshal(v, &who) != nil {
		return nil, invalid("assignedTo", "it must be a text")
	}
	if who == nil {
		who = new(string)
	}
	if strings.HasPrefix(*who, "user:") || strings.HasPrefix(*who, "team:") {
		return nil, invalid("assignedTo", "there are no users and teams by id; use an e-mail address or a name")
	}
	if len(*who) > 200 {
		return nil, invalid("assignedTo", "it is longer than 200 bytes")
	}
	return who, nil
}

// changeIssue updates one issue and answers with it.
func (a *rest) changeIssue(c *call) (any, error) {
	i, err := a.find(c)
	if err != nil {
		return nil, err
	}
	b, err := readChange(c)
	if err != nil {
		return nil, err
	}
	u, err := b.update()
	if err != nil {
		return nil, err
	}
	changed, err := a.store.UpdateIssues(c.ctx(), c.in(), []model.IssueID{i.ID}, u)
	if err != nil {
		return nil, fmt.Errorf("change issue %d: %w", i.ID, err)
	}
	if len(changed) == 0 {
		return nil, fmt.Errorf("%w: issue %d", model.ErrNotFound, i.ID)
	}
	return a.whole(c, &changed[0])
}

// changed is what a change of many answers: what was set, and not the issues.
type changed struct {
	Status        string    `json:"status,omitempty"`
	StatusDetails *struct{} `json:"statusDetails,omitempty"`
	AssignedTo    *assignee `json:"assignedTo,omitempty"`
}

// changeIssues updates the issues that the parameters name: by id, or all that a
// status and a query select.
func (a *rest) changeIssues(c *call) (any, error) {
	b, err := readChange(c)
	if err != nil {
		return nil, err
	}
	if b.merges() {
		return a.mergeIssues(c, b)
	}
	u, err := b.update()
	if err != nil {
		return nil, err
	}
	in, err := a.scope(c)
	if err != nil {
		return nil, err
	}
	ids, err := a.selected(c, in)
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(ids, largestPage) {
		if _, err := a.store.UpdateIssues(c.ctx(), in, some, u); err != nil {
			return nil, fmt.Errorf("change %d issues: %w", len(some), err)
		}
	}
	var out changed
	if u.Status != nil {
		out.Status, out.StatusDetails = statusNames[*u.Status], &struct{}{}
	}
	if u.AssignedTo != nil {
		out.AssignedTo = assigneeOf(*u.AssignedTo)
	}
	return out, nil
}

// selected returns the issues that the parameters name. An id that is not the
// caller's is passed over, as Sentry does: it does not exist for them.
func (a *rest) selected(c *call, in store.Scope) ([]model.IssueID, error) {
	if ids := c.URL.Query()["id"]; len(ids) > 0 {
		return a.existing(c, in, ids)
	}
	params := c.URL.Query()
	text := params.Get("query")
	for _, s := range params["status"] {
		text += " is:" + s
	}
	q := store.IssueQuery{In: in, Page: store.Page{Limit: largestPage}}
	var err error
	if q.Terms, err = query.Parse(text); err != nil {
		return nil, err
	}
	var out []model.IssueID
	for {
		p, err := a.store.Issues(c.ctx(), q)
		if err != nil {
			return nil, fmt.Errorf("list issues: %w", err)
		}
		for i := range p.Issues {
			out = append(out, p.Issues[i].ID)
		}
		if p.Next == "" {
			return out, nil
		}
		q.Page.Cursor = p.Next
	}
}

func (a *rest) existing(c *call, in store.Scope, ids []string) ([]model.IssueID, error) {
	var out []model.IssueID
	for _, text := range ids {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, invalid("id", "%.40q is no number", text)
		}
		i, err := a.store.Issue(c.ctx(), in, model.IssueID(n))
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read issue %d: %w", n, err)
		}
		out = append(out, i.ID)
	}
	return out, nil
}
