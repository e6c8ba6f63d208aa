package sentryapi

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// issue is Sentry's group.
type issue struct {
	ID             string         `json:"id"`
	ShareID        *string        `json:"shareId"`
	ShortID        string         `json:"shortId"`
	Title          string         `json:"title"`
	Culprit        string         `json:"culprit"`
	Permalink      string         `json:"permalink"`
	Logger         *string        `json:"logger"`
	Level          string         `json:"level"`
	Status         string         `json:"status"`
	StatusDetails  struct{}       `json:"statusDetails"`
	Substatus      *string        `json:"substatus"`
	Public         bool           `json:"isPublic"`
	Platform       string         `json:"platform"`
	Project        issueProject   `json:"project"`
	Type           string         `json:"type"`
	Metadata       metadata       `json:"metadata"`
	NumComments    int            `json:"numComments"`
	AssignedTo     *assignee      `json:"assignedTo"`
	Bookmarked     bool           `json:"isBookmarked"`
	Subscribed     bool           `json:"isSubscribed"`
	Subscription   *struct{}      `json:"subscriptionDetails"`
	HasSeen        bool           `json:"hasSeen"`
	Annotations    []string       `json:"annotations"`
	IssueType      string         `json:"issueType"`
	IssueCategory  string         `json:"issueCategory"`
	Priority       *string        `json:"priority"`
	PriorityLocked *string        `json:"priorityLockedAt"`
	Unhandled      bool           `json:"isUnhandled"`
	Count          string         `json:"count"`
	UserCount      int64          `json:"userCount"`
	FirstSeen      *string        `json:"firstSeen"`
	LastSeen       *string        `json:"lastSeen"`
	Stats          map[string]any `json:"stats,omitempty"`
	*issueDetail
}

// issueDetail is what only the answer about a single issue has.
type issueDetail struct {
	FirstRelease    *release   `json:"firstRelease"`
	LastRelease     *release   `json:"lastRelease"`
	Tags            []tagKey   `json:"tags"`
	Activity        []struct{} `json:"activity"`
	SeenBy          []struct{} `json:"seenBy"`
	Participants    []struct{} `json:"participants"`
	PluginActions   []struct{} `json:"pluginActions"`
	PluginIssues    []struct{} `json:"pluginIssues"`
	PluginContexts  []struct{} `json:"pluginContexts"`
	UserReportCount int        `json:"userReportCount"`
}

type issueProject struct {
	ID       string `json:"id"`
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	Platform string `json:"platform"`
}

type metadata struct {
	Title string `json:"title"`
	Type  string `json:"type,omitempty"`
	Value string `json:"value,omitempty"`
}

type assignee struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

type release struct {
	Version      string `json:"version"`
	ShortVersion string `json:"shortVersion"`
}

func releaseOf(version string) *release {
	if version == "" {
		return nil
	}
	return &release{version, shortVersion(version)}
}

// shortVersion is what people read of a release: of package@version the version,
// of a commit's hash the first twelve digits.
func shortVersion(version string) string {
	if i := strings.LastIndexByte(version, '@'); i >= 0 {
		version = version[i+1:]
	}
	if len(version) == 40 && strings.Trim(version, "0123456789abcdef") == "" {
		return version[:12]
	}
	return version
}

// statusNames are Sentry's: what we call archived it calls ignored.
var statusNames = map[store.Status]string{
	store.Unresolved: "unresolved", store.Resolved: "resolved", store.Archived: "ignored",
}

func issueOf(c *call, i *store.Issue) issue {
	out := issue{
		ID: i.ID.String(), ShortID: i.ShortID, Title: i.Title, Culprit: i.Culprit,
		Permalink: access.Origin(c.ctx()) + "/organizations/" + c.org.Slug + "/issues/" + i.ID.String() + "/",
		Level:     i.Level.String(), Status: statusNames[i.Status], Substatus: text(i.Substatus.String()),
		Platform: i.Platform,
		Project:  issueProject{i.Project.String(), i.ProjectSlug, i.ProjectSlug, i.Platform},
		Type:     eventTypes[i.Kind], Metadata: metadataOf(i.Kind, i.Title, i.Type, i.Value),
		AssignedTo: assigneeOf(i.AssignedTo), Annotations: []string{},
		IssueType: "error", IssueCategory: "error", Unhandled: i.Handled == model.No,
		Count: strconv.FormatInt(i.Count, 10), UserCount: i.Users,
		FirstSeen: stamp(i.FirstSeen), LastSeen: stamp(i.LastSeen),
	}
	if i.Kind == model.KindFeedback {
		out.IssueType, out.IssueCategory = "feedback", "feedback"
	}
	if i.Status == store.Archived {
		out.Substatus = text("archived_forever")
	}
	return out
}

// eventTypes are Sentry's names of what an event is.
var eventTypes = map[model.Kind]string{
	model.KindError: "error", model.KindMessage: "default",
	model.KindTransaction: "transaction", model.KindFeedback: "generic",
}

func metadataOf(kind model.Kind, title, typ, value string) metadata {
	if kind == model.KindError {
		return metadata{title, typ, value}
	}
	return metadata{Title: title}
}

func assigneeOf(who string) *assignee {
	if who == "" {
		return nil
	}
	out := &assignee{Type: "user", ID: who, Name: who}
	if strings.Contains(who, "@") {
		out.Email = who
	}
	return out
}

// find reads the issue that the path names, by its id or its short id.
func (a *rest) find(c *call) (*store.Issue, error) {
	name := c.PathValue("issue")
	if n, err := strconv.ParseInt(name, 10, 64); err == nil {
		return a.store.Issue(c.ctx(), c.in(), model.IssueID(n))
	}
	return a.store.IssueByShortID(c.ctx(), c.in(), strings.ToUpper(name))
}

func (a *rest) issue(c *call) (any, error) {
	i, err := a.find(c)
	if err != nil {
		return nil, err
	}
	return a.whole(c, i)
}

// whole is an issue with what only the answer about a single one has.
func (a *rest) whole(c *call, i *store.Issue) (any, error) {
	counts, err := a.store.IssueTags(c.ctx(), c.in(), i.ID)
	if err != nil {
		return nil, fmt.Errorf("read tags of issue %d: %w", i.ID, err)
	}
	out := issueOf(c, i)
	none := []struct{}{}
	out.issueDetail = &issueDetail{
		FirstRelease: releaseOf(i.FirstRelease), LastRelease: releaseOf(i.LastRelease), Tags: tagKeys(counts),
		Activity: none, SeenBy: none, Participants: none, PluginActions: none, PluginIssues: none, PluginContexts: none,
	}
	out.Stats = map[string]any{}
	for name, s := range statsPeriods {
		if out.Stats[name], err = a.counts(c.ctx(), c.in(), i.ID, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// statsPeriod is a row of bars.
type statsPeriod struct {
	bar  time.Duration
	bars int
}

var statsPeriods = map[string]statsPeriod{
	"24h": {time.Hour, 24},
	"14d": {24 * time.Hour, 14},
	"30d": {24 * time.Hour, 30},
}

// counts returns the events of an issue in each bar, with its beginning in Unix seconds.
func (a *rest) counts(ctx context.Context, in store.Scope, id model.IssueID, p statsPeriod) ([][2]int64, error) {
	to := a.now().UTC().Truncate(p.bar).Add(p.bar)
	from := to.Add(-time.Duration(p.bars) * p.bar)
	out := make([][2]int64, p.bars)
	for i := range out {
		out[i][0] = from.Add(time.Duration(i) * p.bar).Unix()
	}
	q := store.RollupQuery{In: in, Kind: rollup.Issue, Name: store.IssueName(id), From: from, To: to, Step: p.bar, Omit: rollup.OmitUsers | rollup.OmitDurations}
	err := a.store.Rollup(ctx, q, func(r store.RollupRow) error {
		if i := int(r.Time.Sub(from) / p.bar); i >= 0 && i < p.bars {
			out[i][1] += r.Counters.Get(rollup.Events)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count events of issue %d: %w", id, err)
	}
	return out, nil
}
