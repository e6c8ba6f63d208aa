package store

import (
	"context"
	"time"

	"relay.one/picket/internal/model"
)

// SettingsRecord is one version of what a scope set at run time.
type SettingsRecord struct {
	Org     model.OrgID
	Project model.ProjectID // zero: the organization's own
	Version int64           // from 1, without gaps
	Time    time.Time
	By      string // who: an e-mail address, a token's name
	Value   []byte // sealed; the store does not look into it
}

// Settings keeps what was set at run time, every version of it.
type Settings interface {
	// AllSettings returns the newest version of every scope of every tenant: for the
	// server itself, when it starts.
	AllSettings(ctx context.Context) ([]SettingsRecord, error)
	// SettingsHistory returns the versions of one scope, the newest first.
	SettingsHistory(ctx context.Context, in Scope, project model.ProjectID, p Page) (SettingsPage, error)
	// SaveSettings stores the version after r.Version and returns it; ErrConflict when
	// somebody else stored that one meanwhile. Time is the store's.
	SaveSettings(ctx context.Context, in Scope, r SettingsRecord) (SettingsRecord, error)
}

// SettingsPage is one page of versions.
type SettingsPage struct {
	Versions []SettingsRecord
	Next     string // empty at the end
}
