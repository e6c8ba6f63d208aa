package rollup

import (
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

// AddEvent counts what of a stored event does not depend on whose it is: for the
// project, and for the issue with its tags. The event is an error, message or feedback
// of an issue, or a transaction (issue zero). The limit bounds how many values of a
// tag are counted apart. What depends on it is AddStory's part.
func (t *Tally) AddEvent(p model.ProjectID, e *model.Event, issue model.IssueID, limit *TagLimit) {
	at := where{t, p, e.Environment, e.Release, e.Timestamp, 1}
	project := at.key(Project, "", "")
	if e.Kind == model.KindTransaction {
		project.addTransaction(e.SampleRate, 1)
		return
	}
	user, name := e.User.Key(), issue.String()
	for _, c := range [...]*Counters{project, at.key(Issue, name, "")} {
		c.addEvent(e, 1)
		if user != "" {
			c.AddUser(xxhash.Sum64String(user))
		}
	}
	t.addTags(p, e, issue, name, limit)
}

func (c *Counters) addEvent(e *model.Event, sign int64) {
	c.Add(Events, sign)
	if e.Level >= model.LevelError {
		c.Add(Errors, sign)
	}
}

// errorType is what errors are counted by: the exception's type, else the title.
func errorType(e *model.Event) string {
	if e.Type != "" {
		return e.Type
	}
	return e.Title
}

// addTags counts the tags of an issue, of that name, by day, with what Sentry
// derives as tags, but for the agent: see AddStory. Users are left to the issue's own
// count: every one is a value of their own.
func (t *Tally) addTags(p model.ProjectID, e *model.Event, issue model.IssueID, name string, limit *TagLimit) {
	w := tagged{t, p, issue, name, startOfDay(e.Timestamp), limit}
	add := func(key, value string) {
		if value != "" {
			w.at(model.Tag{Key: key, Value: value}).Add(Events, 1)
		}
	}
	for _, tag := range e.Tags {
		add(tag.Key, tag.Value)
	}
	add("level", e.Level.String())
	add("environment", e.Environment)
	add("release", e.Release)
	add("dist", e.Dist)
	add("server_name", e.ServerName)
	add("transaction", e.Transaction)
	add("logger", e.Logger)
	add("url", e.Request.URL)
	add("handled", handled(e.Handled))
}

func handled(h model.Tristate) string {
	switch h {
	case model.Yes:
		return "yes"
	case model.No:
		return "no"
	}
	return ""
}

// AddDiscard counts what was not stored.
func (t *Tally) AddDiscard(p model.ProjectID, x model.Discard, at time.Time) {
	k := Key{Kind: Discarded, Project: p, Name: x.Source, Sub: x.Category + "\x00" + x.Reason}
	t.At(k, at).Add(Quantity, x.Quantity)
}

// Names of Sampling rows.
const (
	KeptRows    = "kept"
	DroppedRows = "dropped"
)

// AddSampling counts n events of a category of which sampling said what the batch has.
func (t *Tally) AddSampling(b *model.Batch, category string, n int64) {
	k := Key{Kind: Sampling, Project: b.Project, Name: KeptRows, Sub: category + "\x00" + b.Kept}
	if b.Omitted != model.NotOmitted {
		k.Name, k.Sub = DroppedRows, category+"\x00"+b.Omitted.String()
	}
	t.At(k, b.Received).Add(Quantity, n)
}

// where is the part of a key that the rows of one event share.
type where struct {
	tally                *Tally
	project              model.ProjectID
	environment, release string
	at                   time.Time
	sign                 int64 // 1 counts, -1 takes back
}

func (w where) key(k Kind, name, sub string) *Counters {
	return w.tally.At(Key{k, w.project, name, sub, w.environment, w.release}, w.at)
}

// both returns what counts something of one agent, and of all of them.
func (w where) both(k Kind, agent, sub string) []*Counters {
	return []*Counters{w.key(k, agent, sub), w.key(k.OfAll(), "", sub)}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// startOfDay cuts a time to its UTC day.
func startOfDay(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// ParseIssue reads the issue id that Issue, AgentIssue and IssueTag rows carry.
func ParseIssue(text string) (model.IssueID, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	return model.IssueID(n), err
}

// maxIssueSet is the most issues of one execution that IssueSet rows name.
const maxIssueSet = 32

// JoinIssues names a set of issues, ascending: of very many the first.
func JoinIssues(ids []model.IssueID) string {
	b := make([]byte, 0, 64)
	for i, id := range ids[:min(len(ids), maxIssueSet)] {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(id), 10)
	}
	return string(b)
}

// SplitIssues is the other way round: the issues as texts.
func SplitIssues(set string) []string { return strings.Split(set, ",") }
