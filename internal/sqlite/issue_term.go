package sqlite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/query"
	"relay.one/picket/internal/store"
)

// issueKeys are the search keys that are columns of an issue; any other key is a tag.
var issueKeys = map[string]func(t store.Term, now time.Time) (string, []any, error){
	"":                said("i.title", "i.culprit", "i.value"),
	"is":              isCondition,
	"title":           said("i.title"),
	"culprit":         said("i.culprit"),
	"message":         said("i.title", "i.value"),
	"error.type":      said("i.type"),
	"error.value":     said("i.value"),
	"fault":           said("i.fault"),
	"platform":        textIn("i.platform"),
	"platform.name":   textIn("i.platform"),
	"assigned":        assignedCondition,
	"firstRelease":    textIn("i.first_release"),
	"first_release":   textIn("i.first_release"),
	"level":           levelCondition,
	"project":         textIn("p.slug"),
	"issue":           shortIDCondition,
	"issue.id":        idCondition,
	"timesSeen":       number("i.count"),
	"userCount":       number("i.users"),
	"firstSeen":       moment("i.first_seen"),
	"lastSeen":        moment("i.last_seen"),
	"age":             moment("i.first_seen"),
	"error.handled":   handledCondition(model.Yes),
	"error.unhandled": handledCondition(model.No),
	"issue.category":  categoryCondition,
}

// notKept are keys, or beginnings of keys, that Sentry searches by and for which
// nothing is kept: to find nothing by them would look like an answer.
var notKept = []string{"user.", "stack.", "http.", "geo.", "device.", "os.", "sdk.", "release.", "flags", "bookmarks", "subscribed",
	"assigned_or_suggested", "issue.type", "issue.priority", "event.timestamp", "trace", "id", "location", "error.mechanism", "error.main_thread"}

func isKept(key string) bool {
	for _, k := range notKept {
		if key == k || strings.HasSuffix(k, ".") && strings.HasPrefix(key, k) {
			return false
		}
	}
	return true
}

// comparisons writes each comparison in SQL.
var comparisons = map[store.Op]string{store.Equal: "=", store.Less: "<", store.LessEqual: "<=", store.Greater: ">", store.GreaterEqual: ">="}

// always are the keys that every issue has.
var always = []string{"is", "level", "issue", "issue.id", "issue.category", "timesSeen", "userCount", "firstSeen", "lastSeen", "age"}

// What SQLite takes of one term: no more than 1,000 values, nor longer ones than 50,000 bytes.
const (
	maxValues = 500
	maxValue  = 4096
)

func issueTerm(t store.Term, now time.Time) (string, []any, error) {
	if len(t.Values) > maxValues {
		return "", nil, fmt.Errorf("%w: %s has %d values: use at most %d", model.ErrInvalid, t.Key, len(t.Values), maxValues)
	}
	for _, v := range t.Values {
		if len(v) > maxValue {
			return "", nil, fmt.Errorf("%w: %s: %.20s… is longer than %d bytes", model.ErrInvalid, t.Key, v, maxValue)
		}
	}
	if build, ok := issueKeys[t.Key]; ok && !t.Tag {
		if t.Op == store.Has && slices.Contains(always, t.Key) {
			return "1", nil, nil
		}
		return build(t, now)
	}
	if !t.Tag && !isKept(t.Key) {
		return "", nil, fmt.Errorf("%w: %s: issues cannot be searched by it yet; a tag of that name is tags[%s]:value", model.ErrInvalid, t.Key, t.Key)
	}
	if t.Op != store.Equal && t.Op != store.Has {
		return "", nil, fmt.Errorf("%w: %s: only numbers and times can be compared; use %s:value", model.ErrInvalid, t.Key, t.Key)
	}
	cond, args := tagCondition(t.Key, t)
	return cond, args, nil
}

// or joins conditions of which one is enough; none of none.
func or(conds []string) string {
	if len(conds) == 0 {
		return "0"
	}
	return "(" + strings.Join(conds, " OR ") + ")"
}

// tagCondition holds for issues that have had one of the term's values of a tag.
func tagCondition(key string, t store.Term) (string, []any) {
	cond, args := "g.key = ?", []any{key}
	if t.Op != store.Has {
		any, more := matchText("g.value", t.Values)
		cond, args = cond+" AND "+any, append(args, more...)
	}
	return "(EXISTS (SELECT 1 FROM issue_tags g WHERE g.issue = i.id AND " + cond + ")" +
		" OR i.id IN (SELECT m.parent FROM parts m JOIN issue_tags g ON g.issue = m.id WHERE " + cond + "))", slices.Concat(args, args)
}

// orMerged has a condition on columns of an issue, written i.column, also hold where it
// holds for one that is merged into it.
func orMerged(cond string, args []any) (string, []any) {
	return "(" + cond + " OR i.id IN (SELECT m.parent FROM parts m WHERE " + strings.ReplaceAll(cond, "i.", "m.") + "))", slices.Concat(args, args)
}

// textIn matches any of the columns; free text as a part of one, others as a whole.
func textIn(columns ...string) func(store.Term, time.Time) (string, []any, error) {
	return func(t store.Term, _ time.Time) (string, []any, error) {
		if t.Op == store.Has {
			return "(" + strings.Join(columns, " || ") + ") <> ''", nil, nil
		}
		if t.Op != store.Equal {
			return "", nil, fmt.Errorf("%w: %s is a text: use %s:value, with * for any part", model.ErrInvalid, t.Key, t.Key)
		}
		values := t.Values
		if t.Key == "" || t.Key == "message" || t.Key == "title" {
			values = nil
			for _, v := range t.Values {
				values = append(values, "*"+v+"*")
			}
		}
		var conds []string
		var args []any
		for _, col := range columns {
			cond, more := matchText(col, values)
			conds, args = append(conds, cond), append(args, more...)
		}
		return or(conds), args, nil
	}
}

// said is textIn for what an issue says: it is found by what any that is merged into it
// says, too.
func said(columns ...string) func(store.Term, time.Time) (string, []any, error) {
	own := textIn(columns...)
	return func(t store.Term, now time.Time) (string, []any, error) {
		cond, args, err := own(t, now)
		if err != nil {
			return "", nil, err
		}
		cond, args = orMerged(cond, args)
		return cond, args, nil
	}
}

// matchText compares without regard to case, * standing for any run of characters.
func matchText(column string, values []string) (string, []any) {
	conds, args := make([]string, len(values)), make([]any, len(values))
	for i, v := range values {
		conds[i], args[i] = column+` LIKE ? ESCAPE '\'`, likePattern(v)
	}
	return or(conds), args
}

// likePattern turns a term's value, where * is any run and \* a star, into a LIKE pattern.
func likePattern(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\\' && i+1 < len(v) && v[i+1] == '*':
			b.WriteByte('*')
			i++
		case c == '*':
			b.WriteByte('%')
		case c == '%' || c == '_' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// states gives the condition of each value of "is".
var states = map[string]string{
	"unresolved": "i.status = 0", "resolved": "i.status = 1", "archived": "i.status = 2", "ignored": "i.status = 2", "muted": "i.status = 2",
	"new": "i.status = 0 AND i.substatus = 1", "ongoing": "i.status = 0 AND i.substatus = 2",
	"escalating": "i.status = 0 AND i.substatus = 3", "regressed": "i.status = 0 AND i.substatus = 4",
	"for_review": "i.status = 0 AND i.substatus IN (1, 3, 4)",
	"assigned":   "i.assigned_to <> ''", "unassigned": "i.assigned_to = ''", "linked": "0", "unlinked": "1",
}

func isCondition(t store.Term, _ time.Time) (string, []any, error) {
	var conds []string
	for _, v := range t.Values {
		cond, ok := states[v]
		if !ok {
			return "", nil, fmt.Errorf("%w: is:%s: use unresolved, resolved, archived, new, ongoing, escalating, regressed, for_review, assigned or unassigned", model.ErrInvalid, v)
		}
		conds = append(conds, "("+cond+")")
	}
	return or(conds), nil, nil
}

func assignedCondition(t store.Term, now time.Time) (string, []any, error) {
	if t.Op == store.Has || len(t.Values) == 1 && t.Values[0] == "none" {
		cond := "i.assigned_to <> ''"
		if t.Op != store.Has {
			cond = "i.assigned_to = ''"
		}
		return cond, nil, nil
	}
	return textIn("i.assigned_to")(t, now)
}

func levelCondition(t store.Term, _ time.Time) (string, []any, error) {
	var levels []int64
	for _, v := range t.Values {
		found := false
		for l := model.LevelTrace; l <= model.LevelFatal; l++ {
			if l.String() == v {
				levels, found = append(levels, int64(l)), true
			}
		}
		if !found {
			return "", nil, fmt.Errorf("%w: level:%s: use debug, info, warning, error or fatal", model.ErrInvalid, v)
		}
	}
	return oneOf("i.level", levels), nil, nil
}

func shortIDCondition(t store.Term, _ time.Time) (string, []any, error) {
	var conds []string
	var args []any
	for _, v := range t.Values {
		slug, n, ok := parseShortID(v)
		if !ok {
			return "", nil, fmt.Errorf("%w: issue:%s: use a short id like DEFAULT-1A", model.ErrInvalid, v)
		}
		conds, args = append(conds, rootOfShortID), append(args, slug, n)
	}
	return or(conds), args, nil
}

// idCondition compares ids; that of an issue that is merged into another is equal to
// the other's.
func idCondition(t store.Term, now time.Time) (string, []any, error) {
	cond, args, err := number("i.id")(t, now)
	if err != nil || t.Op != store.Equal {
		return cond, args, err
	}
	cond, args = orMerged(cond, args)
	return cond, args, nil
}

func handledCondition(yes model.Tristate) func(store.Term, time.Time) (string, []any, error) {
	return func(t store.Term, _ time.Time) (string, []any, error) {
		if t.Op == store.Has {
			return "i.handled <> 0", nil, nil
		}
		if len(t.Values) != 1 {
			return "", nil, fmt.Errorf("%w: %s: use true or false", model.ErrInvalid, t.Key)
		}
		want := yes
		switch t.Values[0] {
		case "1", "true", "yes":
		case "0", "false", "no":
			want = -yes
		default:
			return "", nil, fmt.Errorf("%w: %s:%s: use true or false", model.ErrInvalid, t.Key, t.Values[0])
		}
		return "i.handled = ?", []any{int64(want)}, nil
	}
}

func categoryCondition(t store.Term, _ time.Time) (string, []any, error) {
	var kinds []int64
	for _, v := range t.Values {
		switch v {
		case "error":
			kinds = append(kinds, int64(model.KindError), int64(model.KindMessage))
		case "feedback":
			kinds = append(kinds, int64(model.KindFeedback))
		}
	}
	return oneOf("i.kind", kinds), nil, nil
}

func number(column string) func(store.Term, time.Time) (string, []any, error) {
	return func(t store.Term, _ time.Time) (string, []any, error) {
		return anyOf(t, column, func(v string) (int64, error) {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%w: %s:%s is not a whole number", model.ErrInvalid, t.Key, v)
			}
			return n, nil
		})
	}
}

// moment compares times; query.Bounds says what they mean.
func moment(column string) func(store.Term, time.Time) (string, []any, error) {
	return func(t store.Term, now time.Time) (string, []any, error) {
		from, to, err := query.Bounds(t, now)
		if err != nil {
			return "", nil, err
		}
		w := &where{}
		if !from.IsZero() {
			w.add(column+" >= ?", micros(from))
		}
		if !to.IsZero() {
			w.add(column+" < ?", micros(to))
		}
		return "(" + w.String() + ")", w.args, nil
	}
}

func anyOf(t store.Term, column string, parse func(string) (int64, error)) (string, []any, error) {
	op := comparisons[t.Op]
	var conds []string
	var args []any
	for _, v := range t.Values {
		n, err := parse(v)
		if err != nil {
			return "", nil, err
		}
		conds, args = append(conds, column+" "+op+" ?"), append(args, n)
	}
	return or(conds), args, nil
}
