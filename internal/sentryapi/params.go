package sentryapi

import (
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/query"
	"relay.one/picket/internal/store"
)

// scope returns the wall around the caller, narrowed to the projects that the
// parameters name (numeric id or slug; -1 is all of them).
func (a *rest) scope(c *call) (store.Scope, error) {
	in := c.in()
	if c.project.ID != 0 {
		return in, nil
	}
	names := append(c.URL.Query()["project"], c.URL.Query()["projectSlug"]...)
	for _, name := range names {
		if name == "-1" || name == "" {
			return c.caller.In(), nil
		}
		p, err := a.findProject(c, name)
		if err != nil {
			return in, err
		}
		in.Projects = append(in.Projects, p.ID)
	}
	return in, nil
}

// period returns the stretch of time that the parameters ask for; zero times are open.
func (a *rest) period(c *call) (from, to time.Time, err error) {
	q := c.URL.Query()
	if length := q.Get("statsPeriod"); length != "" {
		d, err := query.Period(length)
		if err != nil {
			return from, to, invalid("statsPeriod", "%.40q is none; write 24h or 14d", length)
		}
		return a.now().Add(-d), to, nil
	}
	if from, err = moment("start", q.Get("start")); err != nil {
		return from, to, err
	}
	to, err = moment("end", q.Get("end"))
	return from, to, err
}

var layouts = [...]string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", time.DateOnly}

// moment reads a time, UTC unless it says otherwise; nothing is the zero time.
func moment(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, strings.TrimSpace(text)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalid(name, "%.40q is no time; write 2026-08-01T12:00:00Z", text)
}

func orgID(id model.OrgID) string { return strconv.FormatInt(int64(id), 10) }

// stamp writes a time as clients insist on it: UTC, ending in Z; nil when unknown.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format("2006-01-02T15:04:05.999999Z")
	return &s
}

// text returns nil for an empty string.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// each returns what make makes of every element; never nil.
func each[T, U any](list []T, make func(T) U) []U {
	out := []U{}
	for _, x := range list {
		out = append(out, make(x))
	}
	return out
}
