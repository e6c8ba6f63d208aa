package picket

import (
	"reflect"
	"strconv"

	"github.com/getsentry/sentry-go"
)

const (
	maxErrors     = 128 // of one tree; Picket reads no larger ones as trees
	maxErrorDepth = 100
)

// exceptionsOf turns an error into exceptions, root cause first, tied by their mechanisms
// as sentry-go ties them. A stack that an error carries is its own; the outermost without
// one gets the stack of the capture. extra are the import paths of Options.InAppPackages.
//
// Errors that only carry a text or wrap another are not shown as levels of their own.
// They lend their text to the nearest error beneath that has a name; where there is none,
// the exception is named after the function it comes from (see origin). So the title of
// an error and its group survive a change of its words.
//
// It returns nil for nil, else at least one exception. Trees beyond maxErrors and
// maxErrorDepth are cut short; methods of errors that panic cost what they would have told.
func exceptionsOf(err error, at stackPCs, extra []string) []sentry.Exception {
	if err == nil {
		return nil
	}
	t := errorTree{extra: extra}
	t.add(err, -1, "")
	t.fold()
	if root := &t.causes[0].Exception; root.Stacktrace == nil {
		root.Stacktrace = stacktrace(&at, extra)
	}
	list := t.list()
	markExceptions(list, true)
	return list
}

// panicException turns what recover returned into exceptions that were not handled; at is
// a stack noted by the deferred function. Errors keep their chain, other values are of
// type "panic". It returns nil for nil.
func panicException(recovered any, at stackPCs, extra []string) []sentry.Exception {
	if recovered == nil {
		return nil
	}
	err, ok := recovered.(error)
	list := exceptionsOf(err, at, extra)
	if !ok {
		list = []sentry.Exception{{
			Type:       "panic",
			Value:      panicText(recovered),
			Stacktrace: stacktrace(&at, extra),
			Mechanism:  &sentry.Mechanism{},
		}}
	}
	list[len(list)-1].Mechanism.Type = "panic"
	for i := range list {
		list[i].Mechanism.SetUnhandled()
	}
	return list
}

// markExceptions says whether the program survived, where nobody has said so.
func markExceptions(list []sentry.Exception, handled bool) {
	for i := range list {
		m := list[i].Mechanism
		if m == nil && i == len(list)-1 {
			m = &sentry.Mechanism{Type: sentry.MechanismTypeGeneric}
			list[i].Mechanism = m
		}
		if m != nil && m.Handled == nil {
			m.Handled = sentry.Pointer(handled)
		}
	}
}

// cause is one error of a tree. Its Type is empty as long as it has no name.
type cause struct {
	sentry.Exception
	parent   int // the index of the error that wraps it, or -1
	into     int // the index of the error it was folded into, or -1
	first    int // the index of its first child, or -1
	children int
}

// errorTree holds the errors beneath one, parents before children.
type errorTree struct {
	extra  []string
	causes []cause
	path   []error // from the root to the error just read
}

func newCause(x sentry.Exception, parent int) cause {
	return cause{Exception: x, parent: parent, into: -1, first: -1}
}

// add reads err and what it wraps.
func (t *errorTree) add(err error, parent int, source string) {
	if len(t.causes) == maxErrors || len(t.path) == maxErrorDepth || t.onPath(err) {
		return
	}
	at := len(t.causes)
	kind := kindOf(err)
	x := sentry.Exception{Value: errorText(err), Mechanism: &sentry.Mechanism{Source: source}}
	x.Type, x.Module = errorName(err, kind)
	if kind.stack {
		x.Stacktrace = mendedStack(ownStack(err), t.extra)
	}
	t.adopt(newCause(x, parent))
	t.path = append(t.path, err)
	t.descend(err, at)
	t.path = t.path[:len(t.path)-1]
}

// adopt appends c and tells its parent.
func (t *errorTree) adopt(c cause) {
	if c.parent >= 0 {
		p := &t.causes[c.parent]
		if p.children++; p.first < 0 {
			p.first = len(t.causes)
		}
	}
	t.causes = append(t.causes, c)
}

// onPath reports whether err wraps itself.
func (t *errorTree) onPath(err error) bool {
	for _, above := range t.path {
		if sameError(above, err) {
			return true
		}
	}
	return false
}

func (t *errorTree) descend(err error, at int) {
	one, many, source := unwrapped(err)
	if one != nil {
		t.add(one, at, source)
	}
	for i, e := range many {
		if len(t.causes) == maxErrors {
			break
		}
		if e != nil {
			t.add(e, at, "errors["+strconv.Itoa(i)+"]")
		}
	}
	t.causes[at].Mechanism.IsExceptionGroup = many != nil && t.causes[at].children > 0
}

// unwrapped returns what err wraps: one error and how it was found, or many.
//
//lint:ignore ST1008 the errors are what is returned, and not what went wrong
func unwrapped(err error) (one error, many []error, source string) {
	defer func() {
		if recover() != nil {
			one, many = nil, nil
		}
	}()
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		return nil, e.Unwrap(), ""
	case interface{ Unwrap() error }:
		return e.Unwrap(), nil, sentry.MechanismTypeUnwrap
	case interface{ Cause() error }:
		return e.Cause(), nil, sentry.MechanismSourceCause
	}
	return nil, nil, ""
}

// fold merges errors without a name into what they wrap, from the leaves up. A group of
// such gets the name of what it holds if that is one and the same.
func (t *errorTree) fold() {
	for i := len(t.causes) - 1; i >= 0; i-- {
		c := &t.causes[i]
		switch {
		case c.Type != "":
		case c.children == 1:
			t.absorb(i, c.first)
		case c.children > 1:
			c.Type, c.Module = t.commonName(i)
		}
	}
}

// absorb gives the wrapper at i what its only child is. The text stays, for it has the
// child's in it; of two stacks the child's is nearer to what happened.
func (t *errorTree) absorb(i, child int) {
	c, below := &t.causes[i], &t.causes[child]
	c.Type, c.Module = below.Type, below.Module
	if below.Stacktrace != nil {
		c.Stacktrace = below.Stacktrace
	}
	if c.Value == "" {
		c.Value = below.Value
	}
	c.Mechanism.IsExceptionGroup = below.Mechanism.IsExceptionGroup
	c.first, c.children = below.first, below.children
	below.into = i
}

// commonName returns the name that all named branches beneath i share.
func (t *errorTree) commonName(i int) (name, module string) {
	for j := i + 1; j < len(t.causes); j++ {
		c := &t.causes[j]
		switch {
		case c.into >= 0, c.Type == "", t.parentOf(j) != i:
		case name == "":
			name, module = c.Type, c.Module
		case name != c.Type || module != c.Module:
			return "", ""
		}
	}
	return name, module
}

// parentOf returns the index of the error that wraps the one at i after folding, or -1.
func (t *errorTree) parentOf(i int) int {
	p := t.causes[i].parent
	for p >= 0 && t.causes[p].into >= 0 {
		p = t.causes[p].into
	}
	return p
}

// list returns what is left, numbered from the root and named, the root last.
func (t *errorTree) list() []sentry.Exception {
	ids := make([]int, len(t.causes))
	n := 0
	for i := range t.causes {
		if t.causes[i].into < 0 {
			ids[i] = n
			n++
		}
	}
	list := make([]sentry.Exception, n)
	for i := range t.causes {
		c := &t.causes[i]
		if c.into >= 0 {
			continue
		}
		t.name(c)
		c.Mechanism.ExceptionID, c.Mechanism.ParentID = ids[i], nil
		usual := sentry.MechanismTypeGeneric
		if p := t.parentOf(i); p >= 0 {
			c.Mechanism.ParentID = &ids[p]
			usual = sentry.MechanismTypeChained
		}
		if c.Mechanism.Type == "" {
			c.Mechanism.Type = usual
		}
		list[n-1-ids[i]] = c.Exception
	}
	return list
}

// name names an error that has none after where it comes from.
func (t *errorTree) name(c *cause) {
	if c.Type != "" {
		return
	}
	stack := c.Stacktrace
	if stack == nil {
		stack = t.causes[0].Stacktrace
	}
	if c.Type, c.Module = origin(stack); c.Type != "" {
		return
	}
	if c.Type = "error"; c.Mechanism.IsExceptionGroup {
		c.Type = "joined errors"
	}
}

// mendedChain folds and names exceptions that sentry-go made, of which it keeps the
// maxErrors outermost. It leaves alone what is not tied as sentry-go ties it.
func mendedChain(list []sentry.Exception) []sentry.Exception {
	if len(list) > maxErrors {
		list = list[len(list)-maxErrors:] // parents come later, so no child loses its own
	}
	t := errorTree{causes: make([]cause, 0, len(list))}
	vague := false
	for i := range list {
		x := list[len(list)-1-i]
		if len(list) == 1 && x.Mechanism == nil {
			x.Mechanism = &sentry.Mechanism{}
		}
		parent, ok := tiedTo(x.Mechanism, i)
		if !ok {
			return list
		}
		if known := sentinelByText(x.Type, x.Value); known != nil {
			x.Type, x.Module = known.name, known.module
		}
		if isAnonymous(x.Type) {
			x.Type, vague = "", true
		}
		t.adopt(newCause(x, parent))
	}
	if !vague {
		return list
	}
	t.fold()
	return t.list()
}

// tiedTo returns the parent that the mechanism of the i-th exception names.
func tiedTo(m *sentry.Mechanism, i int) (parent int, ok bool) {
	if m == nil || m.ExceptionID != i || (m.ParentID == nil) != (i == 0) {
		return 0, false
	}
	if i == 0 {
		return -1, true
	}
	return *m.ParentID, *m.ParentID >= 0 && *m.ParentID < i
}

// ownStack returns the stack that err carries. sentry-go reads it by reflection.
func ownStack(err error) (s *sentry.Stacktrace) {
	defer func() {
		if recover() != nil {
			s = nil
		}
	}()
	return sentry.ExtractStacktrace(err)
}

// sameError reports whether a and b are the same error and not merely equal: pointers,
// slices, maps and functions are the same when they point to the same. It never panics.
func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	t := reflect.TypeOf(a)
	if t != reflect.TypeOf(b) {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Chan:
		return a == b
	case reflect.Slice:
		x, y := reflect.ValueOf(a), reflect.ValueOf(b)
		return x.Pointer() == y.Pointer() && x.Len() == y.Len()
	case reflect.Map, reflect.Func:
		return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
	}
	return t.Comparable() && reflect.ValueOf(a).Comparable() && a == b
}
