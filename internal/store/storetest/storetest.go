// Package storetest is the suite that every storage engine passes: what callers
// of package store may count on, shown with real batches.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Clock is the time at which the suite's engines stand.
var Clock = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// Run runs the suite. Open makes an empty engine whose clock stands at Clock; the
// suite closes it.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range [...]struct {
		name string
		test func(t *testing.T, f *fixture)
	}{
		{"event comes back whole", eventComesBack},
		{"duplicates count once", duplicatesCountOnce},
		{"shifted duplicates count once across days", shiftedDuplicates},
		{"duplicates decide nothing", duplicatesDecideNothing},
		{"shifted traces count once across days", shiftedTraces},
		{"issues gather events by any fingerprint", issuesGather},
		{"resolved issues regress", resolvedIssuesRegress},
		{"issue search", issueSearch},
		{"issues page by cursor", issuesPage},
		{"events of an issue page across days", eventsPage},
		{"issues merge", issuesMerge},
		{"merged issues grow", mergedIssuesGrow},
		{"merged issues come back", mergedIssuesComeBack},
		{"merged issues come back with their events", comesBackWithItsEvents},
		{"merges are refused", mergesRefused},
		{"executions count once for merged issues", executionsCountOnce},
		{"users are counted exactly", usersCounted},
		{"projects begin with whatever comes first", projectsBegin},
		{"rollups add up at every tier", rollupsAddUp},
		{"rollups of all agents add up", agentsAddUp},
		{"tags are counted", tagsCounted},
		{"traces join carriers", tracesJoin},
		{"a replayed trace changes nothing", replayChangesNothing},
		{"executions merge", executionsMerge},
		{"executions page across projects", executionsPage},
		{"executions are selected", executionsSelected},
		{"conversations are listed", conversationsListed},
		{"executions are contrasted", executionsContrasted},
		{"sides of contrasts are selected", executionSidesSelected},
		{"events are contrasted", eventsContrasted},
		{"contrasts are sampled evenly", contrastsAreSampled},
		{"logs come back", logsComeBack},
		{"attachments come back", attachmentsComeBack},
		{"check-ins settle out of order", checkInsSettle},
		{"sessions move between counts", sessionsMove},
		{"discards are counted", discardsCounted},
		{"changes come in order", changesInOrder},
		{"tenants are walls", tenantsAreWalls},
		{"tokens", tokens},
		{"tokens are revoked", tokensAreRevoked},
		{"links make the first user", linksMakeTheFirstUser},
		{"links set passwords", linksSetPasswords},
		{"sessions end", sessionsEnd},
		{"people are walled in", peopleAreWalledIn},
		{"settings have versions", settingsHaveVersions},
		{"settings' history pages", settingsHistoryPages},
		{"settings are walled in", settingsAreWalledIn},
		{"many set at once", settingsOfManyAtOnce},
		{"deliveries are taken once", deliveriesAreTakenOnce},
		{"concurrent deliveries are taken once", concurrentDeliveries},
		{"deliveries are worked on", deliveriesAreWorkedOn},
		{"deliveries are listed", deliveriesAreListed},
		{"upstream issues are tied", upstreamIssuesAreTied},
		{"changes are pushed", changesArePushed},
		{"triggers are kept", triggersAreKept},
		{"the outbox keeps order", outboxKeepsOrder},
		{"the outbox sets aside", outboxSetsAside},
		{"the outbox holds traces", outboxHoldsTraces},
		{"the outbox is bounded", outboxIsBounded},
		{"the outbox takes no copies", outboxTakesNoCopies},
		{"what is sampled out is counted", omittedIsCounted},
		{"sampling is counted", samplingIsCounted},
		{"concurrent writers lose nothing", concurrentWriters},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, newFixture(t, open(t)))
		})
	}
	t.Run("stories do not depend on the order", func(t *testing.T) {
		t.Parallel()
		storiesAreSets(t, open)
	})
	t.Run("stories do not depend on sampling", func(t *testing.T) {
		t.Parallel()
		omittedStories(t, open)
	})
	t.Run("merges do not depend on the order", func(t *testing.T) {
		t.Parallel()
		mergesAreSets(t, open)
	})
}

// fixture is an engine with one organization and one project.
type fixture struct {
	store.Store
	org     store.Organization
	project store.Project
	serial  int
}

func newFixture(t *testing.T, s store.Store) *fixture {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	f := &fixture{Store: s}
	f.org, f.project = f.tenant(t, "acme")
	return f
}

// tenant makes an organization with a project of the same name.
func (f *fixture) tenant(t *testing.T, slug string) (store.Organization, store.Project) {
	t.Helper()
	ctx := context.Background()
	o, err := f.CreateOrganization(ctx, slug, slug)
	must(t, err)
	p, err := f.CreateProject(ctx, store.Scope{Org: o.ID}, slug+"-app", slug, "go")
	must(t, err)
	return o, p
}

func (f *fixture) scope() store.Scope { return store.Scope{Org: f.org.ID} }

// batch returns a batch for the fixture's project.
func (f *fixture) batch(events ...model.Event) *model.Batch {
	return &model.Batch{Org: f.org.ID, Project: f.project.ID, Received: Clock, Events: events}
}

// event returns an error of the fault at a time; every call makes a new id.
func (f *fixture) event(fault string, at time.Time) model.Event {
	f.serial++
	e := model.Event{
		ID: model.NewEventID(), Kind: model.KindError, Timestamp: at, Level: model.LevelError, Platform: "go",
		Release: "app@1.0.0", Environment: "production", Transaction: "POST /refund", Message: "",
		Title: fault + ": it broke", Culprit: "main.run", Type: fault, Value: "it broke", Handled: model.Yes,
		User: model.User{ID: "u1"}, Tags: []model.Tag{{Key: "region", Value: "eu"}},
		Agent: model.Agent{ID: "refunds", Name: "Refunds"}, Execution: "x1", Organization: "customer-1",
		Payload: fmt.Appendf(nil, `{"message":%q,"n":%d}`, fault, f.serial),
	}
	e.Hashes = []model.Hash{hash(fault)}
	return e
}

func (f *fixture) write(t *testing.T, b *model.Batch) store.Receipt {
	t.Helper()
	r, err := f.Write(context.Background(), b)
	must(t, err)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// hash makes a fingerprint from a short text.
func hash(text string) (h model.Hash) {
	copy(h[:], text)
	return h
}
