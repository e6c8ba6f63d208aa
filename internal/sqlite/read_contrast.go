package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// facetKind says how a facet's column is read.
type facetKind int

const (
	oneText facetKind = iota
	severalTexts
	aNumber
)

// facetColumn is where a facet stands.
type facetColumn struct {
	facet store.Facet
	sql   string
	kind  facetKind
}

var executionFacets = []facetColumn{
	{store.FacetRelease, "release", oneText},
	{store.FacetEnvironment, "environment", oneText},
	{store.FacetAgent, "agent", oneText},
	{store.FacetOrganization, "organization", oneText},
	{store.FacetFault, "fault", oneText},
	{store.FacetVersion, "version", oneText},
	{store.FacetFramework, "framework", oneText},
	{store.FacetModel, "models", severalTexts},
	{store.FacetTool, "tools", severalTexts},
	{store.FacetFailingTool, "failing", severalTexts},
	{store.FacetPolicy, "policies", severalTexts},
	{store.FacetRule, "rule", oneText},
	{store.FacetOutcome, "CAST(outcome AS TEXT)", oneText},
	{store.FacetLoop, "CAST(ifnull(loop_kind, '') AS TEXT)", oneText},
	{store.FacetParent, "iif(parent <> '', '1', '')", oneText},
	{store.FacetDuration, "iif(ended, duration, NULL)", aNumber},
	{store.FacetCost, fmt.Sprintf("iif(cost = 0 AND pricing = %d, NULL, cost)", model.Unpriced), aNumber},
	{store.FacetTokens, "(input + output)", aNumber},
}

var eventFacets = []facetColumn{
	{store.FacetRelease, "release", oneText},
	{store.FacetEnvironment, "environment", oneText},
	{store.FacetAgent, "agent", oneText},
	{store.FacetOrganization, "organization", oneText},
	{store.FacetFault, "ifnull(fault, '')", oneText},
	{store.FacetType, "type", oneText},
	{store.FacetLevel, "CAST(level AS TEXT)", oneText},
	{store.FacetIssue, "CAST(ifnull((SELECT m.parent FROM parts m WHERE m.id = issue), issue) AS TEXT)", oneText},
	{store.FacetTransaction, "txn", oneText},
	{store.FacetPlatform, "platform", oneText},
}

// usualRows is how many rows a contrast reads at most when the query does not say.
const usualRows = 100_000

// contrast is the reading of one store.ContrastQuery.
type contrast struct {
	q        store.ContrastQuery
	columns  []facetColumn
	time     string // column
	sides    *where // the expression that says which side a row is on
	rows     *where // which rows are looked at
	projects []model.ProjectID
	share    int64 // of 65,536 rows, those that are read
	tally    *facetTally
}

// Contrast implements store.Reader.
func (db *DB) Contrast(ctx context.Context, q store.ContrastQuery) (store.Contrast, error) {
	if q.Most <= 0 {
		q.Most = usualRows
	}
	r := &contrast{q: q, columns: executionFacets, time: "start"}
	if q.Events {
		r.columns, r.time = eventFacets, "time"
	}
	r.tally = newFacetTally(r.columns)
	if err := r.plan(); err != nil {
		return store.Contrast{}, err
	}
	err := db.read(ctx, func(c *conn) (err error) {
		if r.projects, err = c.projects(q.In); err != nil {
			return err
		}
		return r.read(db, c)
	})
	if err != nil {
		return store.Contrast{}, fmt.Errorf("contrast: %w", err)
	}
	return r.tally.contrast(float64(r.share) / everyRow), nil
}

// plan writes the conditions.
func (r *contrast) plan() error {
	r.narrow()
	r.rows = &where{}
	r.rows.between(r.time, r.q.From, r.q.To)
	if err := r.conditions(r.rows, r.q.Filter); err != nil {
		return err
	}
	selection, err := r.side(r.q.Selection)
	if err != nil {
		return err
	}
	baseline := &where{}
	if r.q.Baseline != nil {
		if baseline, err = r.side(*r.q.Baseline); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("CASE WHEN %s THEN 1 WHEN %s THEN 2 ELSE 0 END", selection, baseline)
	r.sides = &where{conds: []string{text}, args: append(selection.args, baseline.args...)}
	return nil
}

// narrow leaves out the time that neither side is of.
func (r *contrast) narrow() {
	sel, base := r.q.Selection, r.q.Baseline
	if base == nil {
		return
	}
	if from := earlier(sel.From, base.From); !sel.From.IsZero() && !base.From.IsZero() && from.After(r.q.From) {
		r.q.From = from
	}
	if to := later(sel.To, base.To); !sel.To.IsZero() && !base.To.IsZero() && to.Before(r.q.To) {
		r.q.To = to
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (r *contrast) side(s store.Side) (*where, error) {
	w := &where{}
	w.between(r.time, s.From, s.To)
	return w, r.conditions(w, s.Conditions)
}

func (r *contrast) conditions(w *where, all []store.Condition) error {
	for _, c := range all {
		if err := r.condition(w, c); err != nil {
			return err
		}
	}
	return nil
}

func (r *contrast) condition(w *where, c store.Condition) error {
	var col *facetColumn
	for i := range r.columns {
		if r.columns[i].facet == c.Facet {
			col = &r.columns[i]
		}
	}
	if col == nil {
		return fmt.Errorf("%w: facet %q: these rows have none", model.ErrInvalid, c.Facet)
	}
	if len(c.Values) > 0 {
		text, args := col.anyOf(c.Values)
		if c.Not {
			text = "NOT " + text
		}
		w.add(text, args...)
	}
	if c.Min != nil {
		w.add(col.sql+" >= ?", *c.Min)
	}
	if c.Max != nil {
		w.add(col.sql+" < ?", *c.Max)
	}
	return nil
}

// anyOf returns the condition that a row has one of the values.
func (f *facetColumn) anyOf(values []string) (string, []any) {
	parts, args := make([]string, len(values)), make([]any, len(values))
	for i, v := range values {
		args[i] = v
		parts[i] = f.sql + " = ?"
		if f.kind == severalTexts && v != "" {
			args[i] = separator + v + separator
			parts[i] = "instr(" + f.sql + ", ?) > 0"
		}
	}
	return "(" + strings.Join(parts, " OR ") + ")", args
}

// everyRow is the share that reads all rows.
const everyRow = 1 << 16

// sampled holds for an even share of all rows. Each row is a step of the golden section
// away from the one before it, so that those taken are spread as evenly as can be, and no
// rhythm in what comes can fall in with that. It asks for nothing that the index has not.
const sampled = "(seq * 40503) & 65535 < ?"

// read counts the rows, chooses the share, and reads that.
func (r *contrast) read(db *DB, c *conn) error {
	count := int64(0)
	err := r.tables(db, func(table string, w *where) error {
		return c.query("SELECT count(*) FROM "+table+" WHERE "+w.String(), w.args, func(s *sqlite3.Stmt) error {
			count += s.ColumnInt64(0)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if r.share = everyRow; count > int64(r.q.Most) {
		r.share = max(1, everyRow*int64(r.q.Most)/count)
		r.rows.add(sampled, r.share)
	}
	return r.tables(db, func(table string, w *where) error {
		w.add(r.rows.String(), r.rows.args...)
		return c.query(r.selects()+" FROM "+table+" WHERE "+w.String(), append(slices.Clone(r.sides.args), w.args...), r.tally.row)
	})
}

func (r *contrast) selects() string {
	sql := "SELECT " + r.sides.String()
	for _, col := range r.columns {
		sql += ", " + col.sql
	}
	return sql
}

// tables calls f for every table and project, with conditions that an index alone can
// answer: as many rows as they hold for are read at most.
func (r *contrast) tables(db *DB, f func(table string, w *where) error) error {
	for _, p := range r.projects {
		if !r.q.Events {
			w := &where{}
			w.add("project = ?", int64(p))
			w.between("start", r.q.From, r.q.To)
			for _, c := range r.q.Filter {
				if c.Facet == store.FacetAgent && len(c.Values) == 1 && !c.Not {
					w.add("agent = ?", c.Values[0])
				}
			}
			if err := f("executions", w); err != nil {
				return err
			}
			continue
		}
		err := db.eachDay(r.q.From, r.q.To, func(day int64) error {
			w := &where{}
			w.add("project = ? AND issue > 0", int64(p))
			return f(in(day, "events_@"), w)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
