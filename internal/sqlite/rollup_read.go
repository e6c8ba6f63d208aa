package sqlite

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// rollupRead is a query on its way through the rows. Where it names issues it has the
// names of all that are merged with them.
type rollupRead struct {
	store.RollupQuery
	projects []model.ProjectID
	pieces   []store.Piece
	names    []string // any of them; nil: all
	subs     []string // likewise
	renamed  map[string]string

	// sets are the rows that say what counts for several issues, where some of those that
	// are looked for are one now; else nil.
	sets *rollupRead
}

// byName and bySub say where rows of a kind name an issue.
func byName(k rollup.Kind) bool { return k == rollup.Issue || k == rollup.IssueTag }
func bySub(k rollup.Kind) bool  { return k == rollup.AgentIssue }

// cover settles which names and subs are looked for, and which rows go by another name.
func (q *rollupRead) cover(c *conn) error {
	q.names = slices.Sorted(slices.Values(q.Names))
	if len(q.names) == 0 && q.Name != nil {
		q.names = []string{*q.Name}
	}
	if q.Sub != nil {
		q.subs = []string{*q.Sub}
	}
	if !byName(q.Kind) && !bySub(q.Kind) {
		return nil
	}
	roots, err := c.roots()
	if err != nil || len(roots) == 0 {
		return err
	}
	q.renamed = make(map[string]string, len(roots))
	for child, root := range roots {
		q.renamed[child.String()] = root.String()
	}
	issues := &q.subs
	if byName(q.Kind) {
		issues = &q.names
	}
	if *issues, err = c.withMembers(*issues); err != nil {
		return err
	}
	if q.Kind == rollup.IssueTag || len(*issues) > 0 && !slices.ContainsFunc(*issues, func(id string) bool { return q.renamed[id] != "" }) {
		return nil
	}
	q.sets = &rollupRead{RollupQuery: q.RollupQuery, projects: q.projects, pieces: q.pieces}
	q.sets.Kind = rollup.IssueSet
	if bySub(q.Kind) {
		q.sets.names = q.names
	}
	return nil
}

// withMembers returns the names of issues and of all that are merged with them.
func (c *conn) withMembers(names []string) (all []string, err error) {
	for _, name := range names {
		id, err := rollup.ParseIssue(name)
		if err != nil {
			return nil, fmt.Errorf("%w: issue %.40q", model.ErrInvalid, name)
		}
		members, err := c.members(id)
		if err != nil {
			return nil, err
		}
		for _, id := range members {
			all = append(all, id.String())
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// renaming returns each for rows that may name issues which are merged into others.
func (q *rollupRead) renaming(each func(store.RollupRow) error) func(store.RollupRow) error {
	return func(r store.RollupRow) error {
		if len(q.renamed) == 0 {
			return each(r)
		}
		if r.Kind == rollup.IssueSet {
			return q.takeBack(r, each)
		}
		place := &r.Sub
		if byName(q.Kind) {
			place = &r.Name
		}
		*place = q.root(*place)
		return each(r)
	}
}

func (q *rollupRead) root(issue string) string {
	if root, merged := q.renamed[issue]; merged {
		return root
	}
	return issue
}

// takeBack tells how much of what a set of issues has counts more than once for those
// of them that are one.
func (q *rollupRead) takeBack(r store.RollupRow, each func(store.RollupRow) error) error {
	times := map[string]int64{}
	for _, id := range rollup.SplitIssues(r.Sub) {
		times[q.root(id)]++
	}
	for issue, n := range times {
		back := store.RollupRow{Key: r.Key, Time: r.Time, Counters: &rollup.Counters{}}
		back.Kind, back.Sub = q.Kind, issue
		asked := q.subs
		if byName(q.Kind) {
			back.Name, back.Sub, asked = issue, "", q.names
		}
		if n == 1 || !isOneOf(asked, issue) {
			continue
		}
		back.Counters.AddTimes(r.Counters, 1-n)
		if err := each(back); err != nil {
			return err
		}
	}
	return nil
}

func (q *rollupRead) matches(s rollup.Slot) bool {
	return isOneOf(q.names, s.Name) && isOneOf(q.subs, s.Sub) && strings.HasPrefix(s.Sub, q.SubPrefix) &&
		(q.Environment == "" || q.Environment == s.Environment) && (q.Release == "" || q.Release == s.Release) &&
		slices.Contains(q.projects, s.Project)
}

// isOneOf reports whether a sorted list, empty for everything, has a text.
func isOneOf(list []string, text string) bool {
	if len(list) == 0 {
		return true
	}
	_, found := slices.BinarySearch(list, text)
	return found
}

// eachName walks the names of a kind from one to the next. Rows are ordered by
// name before time: a window of all names is read name by name, since otherwise
// the whole history of each would be walked through.
const eachName = `names (value) AS (
	SELECT min(name) FROM @ WHERE kind = ?1 AND project = ?2
	UNION ALL SELECT (SELECT min(name) FROM @ WHERE kind = ?1 AND project = ?2 AND name > names.value) FROM names WHERE names.value IS NOT NULL)`

// eachTime walks the buckets of a window. Rows are ordered by time before sub: some
// subs of few buckets are read bucket by bucket, since otherwise all would be.
const eachTime = "times (value) AS (SELECT ?3 UNION ALL SELECT value + %d FROM times WHERE value + %[1]d < ?4)"

// fewBuckets is up to how many of them that is quicker.
const fewBuckets = 500

// sql writes the query of one project's rows of a piece.
func (q *rollupRead) sql(project model.ProjectID, p store.Piece) (string, []any) {
	var with, from []string
	w := &where{}
	w.add("r.kind = ?1 AND r.project = ?2", int64(q.Kind), int64(project))
	width := int64(p.Tier.Width() / time.Second)
	if few := p.To.Unix()-p.From.Unix() <= fewBuckets*width; q.SubPrefix != "" && few {
		with, from = append(with, fmt.Sprintf(eachTime, width)), append(from, "times")
		w.add("r.time = times.value", p.From.Unix(), p.To.Unix())
	} else {
		w.add("r.time >= ?3 AND r.time < ?4", p.From.Unix(), p.To.Unix())
	}
	switch len(q.names) {
	case 0:
		with, from = append(with, eachName), append(from, "names")
		w.add("r.name = names.value")
	case 1:
		w.add("r.name = ?5", q.names[0])
	default:
		from = append(from, "json_each(?5) names")
		w.add("r.name = names.value", jsonList(q.names))
	}
	q.narrow(w)
	sql := "SELECT r.name, r.time, r.sub, r.environment, r.release, r.value FROM " + strings.Join(append(from, "@ r"), " CROSS JOIN ") + " WHERE " + w.String()
	if len(with) > 0 {
		sql = "WITH RECURSIVE " + strings.Join(with, ", ") + " " + sql
	}
	return strings.ReplaceAll(sql, "@", tierTables[p.Tier]), w.args
}

// narrow adds what the query says of sub, environment and release.
func (q *rollupRead) narrow(w *where) {
	switch len(q.subs) {
	case 0:
	case 1:
		w.add("r.sub = ?", q.subs[0])
	default:
		w.add("r.sub IN (SELECT value FROM json_each(?))", jsonList(q.subs))
	}
	if q.SubPrefix != "" {
		w.add("r.sub >= ? AND r.sub < ?", q.SubPrefix, after(q.SubPrefix))
	}
	if q.Environment != "" {
		w.add("r.environment = ?", q.Environment)
	}
	if q.Release != "" {
		w.add("r.release = ?", q.Release)
	}
}

// after returns the first text behind all that begin with a prefix.
func after(prefix string) string {
	last := len(prefix) - 1
	return prefix[:last] + string([]byte{prefix[last] + 1})
}

func jsonList(list []string) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic("sqlite: a list of texts has no JSON: " + err.Error())
	}
	return string(b)
}
