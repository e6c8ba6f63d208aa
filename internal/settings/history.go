package settings

import (
	"context"
	"fmt"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Revision is one version of a scope's settings in its history.
type Revision struct {
	Mark
	// Changes are the fields that it changed, secrets masked.
	Changes []FieldChange
	// Unreadable is whether it, or the version before it, was sealed with a key that is
	// gone; then nothing is known of what it changed.
	Unreadable bool
}

// History returns one page of a scope's versions, the newest first, and where to go on;
// empty at the end.
func (d *Desk) History(ctx context.Context, in store.Scope, project model.ProjectID, p store.Page) ([]Revision, string, error) {
	page, err := d.store.SettingsHistory(ctx, in, project, p)
	if err != nil {
		return nil, "", fmt.Errorf("read history of settings: %w", err)
	}
	versions := page.Versions
	if page.Next != "" { // the last one's predecessor is on the next page
		more, err := d.store.SettingsHistory(ctx, in, project, store.Page{Cursor: page.Next, Limit: 1})
		if err != nil {
			return nil, "", fmt.Errorf("read history of settings: %w", err)
		}
		versions = append(versions, more.Versions...)
	}
	out := make([]Revision, len(page.Versions))
	for i := range out {
		var before *store.SettingsRecord
		if i+1 < len(versions) {
			before = &versions[i+1]
		}
		out[i] = d.revision(versions[i], before)
	}
	return out, page.Next, nil
}

func (d *Desk) revision(r store.SettingsRecord, before *store.SettingsRecord) Revision {
	v := Revision{Mark: Mark{r.Version, r.Time, r.By}}
	var was Settings
	is, err := d.open(r)
	if err == nil && before != nil {
		was, err = d.open(*before)
	}
	if err != nil {
		v.Unreadable = true
		return v
	}
	v.Changes = changes(was, is)
	return v
}
