package sentryapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"relay.one/picket/internal/model"
)

// merges reports whether a change asks for issues to be made one.
func (b change) merges() bool {
	switch string(bytes.TrimSpace(b["merge"])) {
	case "", "null", "0", "false":
		return false
	}
	return true
}

// mergeResult is Sentry's answer to a merge.
type mergeResult struct {
	Merge struct {
		Parent   string   `json:"parent"`
		Children []string `json:"children"`
	} `json:"merge"`
}

// mergeIssues makes the issues that the parameters name one: the one seen most often
// stays, as with Sentry.
func (a *rest) mergeIssues(c *call, b change) (any, error) {
	var yes json.Number
	if flag := b["merge"]; !bytes.Equal(bytes.TrimSpace(flag), []byte("true")) && (json.Unmarshal(flag, &yes) != nil || yes != "1") {
		return nil, invalid("merge", "it must be 1")
	}
	for name := range b {
		if name != "merge" && !slices.Contains(ignored, name) {
			return nil, invalid(name, "Picket merges issues and changes them in two requests; send merge alone")
		}
	}
	in, err := a.scope(c)
	if err != nil {
		return nil, err
	}
	ids, err := a.selected(c, in)
	if err != nil {
		return nil, err
	}
	m, err := a.store.MergeIssues(c.ctx(), in, ids, 0)
	if err != nil {
		return nil, fmt.Errorf("merge %d issues: %w", len(ids), err)
	}
	var out mergeResult
	out.Merge.Parent, out.Merge.Children = m.Parent.ID.String(), each(m.Children, model.IssueID.String)
	return out, nil
}
