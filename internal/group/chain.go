package group

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

// grouper holds what is known of one event, and the memory that serves them all.
type grouper struct {
	links  []link // of the event's exceptions, in their order
	picked []int  // the exceptions that count, in the order they are hashed
	main   int    // the exception that the issue is named after; -1 without exceptions

	parts             []byte // texts of the variants of all exceptions
	frames, appFrames []byte // hashes of the frames of the stack just read
	text              []byte // what is hashed
}

// link is what one exception adds to a fingerprint.
type link struct {
	app, system variant
	digest      uint64 // of both, to find copies
}

// variant is a part of grouper.parts, and whether a stack is in it.
type variant struct {
	from, to int
	stack    bool
}

// maxTree is the most exceptions that are looked at as a tree; more are a plain chain.
const maxTree = 128

// read computes the components of e's exceptions and picks those that count.
func (g *grouper) read(e *model.Event) {
	g.links, g.picked, g.parts = g.links[:0], g.picked[:0], g.parts[:0]
	lang := languageOf(e.Platform)
	for i := range e.Exceptions {
		g.links = append(g.links, g.link(&e.Exceptions[i], lang))
	}
	g.main = len(e.Exceptions) - 1
	if len(e.Exceptions) > 1 && g.pickTree(e) {
		g.override(e.Exceptions)
		return
	}
	for i := range e.Exceptions {
		g.picked = append(g.picked, i)
	}
	g.override(e.Exceptions)
}

// link writes down type, value and stack of x. The value counts only where no stack does.
func (g *grouper) link(x *model.Exception, lang language) link {
	g.readFrames(x.Frames, lang)
	from := len(g.parts)
	system := g.variant(x, g.frames)
	app := system
	if len(g.appFrames) < len(g.frames) {
		app = g.variant(x, g.appFrames)
	}
	return link{app: app, system: system, digest: xxhash.Sum64(g.parts[from:])}
}

func (g *grouper) variant(x *model.Exception, frames []byte) variant {
	v := variant{from: len(g.parts), stack: len(frames) > 0}
	switch {
	case x.Fault != "": // one incident, whatever each client's wrapper and request id
		g.parts = field(g.parts, faultTag, x.Fault)
	case x.Type != "" && !x.Synthetic:
		g.parts = field(g.parts, typeTag, x.Type)
	}
	if len(frames) > 0 {
		g.parts = append(append(g.parts, stackTag), frames...)
	} else if x.Value != "" && x.Fault == "" {
		g.parts = append(normalise(append(g.parts, valueTag), x.Value), 0)
	}
	v.to = len(g.parts)
	return v
}

// pickTree picks exceptions by the tree that their ids make: of a group, its parts
// rather than the group, and of like parts only one. It reports false when the ids
// make no tree, and then all of them count.
func (g *grouper) pickTree(e *model.Event) bool {
	xs := e.Exceptions
	root := treeRoot(xs)
	// Version 3 of the Python SDK began to send trees; Sentry keeps its events as they were.
	if root < 0 || e.Platform == "python" && strings.HasPrefix(e.SDKVersion, "3") {
		return false
	}
	tops := topLevel(nil, xs, root)
	if len(tops) == 0 {
		return false
	}
	// Sentry sorts by type only. With the digest, the order in which parallel tasks
	// failed does not matter either.
	slices.SortStableFunc(tops, func(a, b int) int {
		return cmp.Or(cmp.Compare(xs[b].Type, xs[a].Type), cmp.Compare(g.links[a].digest, g.links[b].digest))
	})
	tops = slices.CompactFunc(tops, func(a, b int) bool { return g.links[a].digest == g.links[b].digest })
	if len(tops) > 1 {
		g.picked = append(append(g.picked, tops...), root)
		return true
	}
	g.main = tops[0]
	for at := tops[0]; at >= 0; at = firstChild(xs, at) {
		g.picked = append(g.picked, at)
	}
	slices.Sort(g.picked) // as they came, so that a chain is the same with and without ids
	return true
}

// treeRoot returns the index of the exception with id 0, or -1 when the ids are missing,
// used twice, or do not lead there.
func treeRoot(xs []model.Exception) int {
	if len(xs) > maxTree {
		return -1
	}
	root := -1
	for i := range xs {
		x := &xs[i]
		if x.ID < 0 || x.ID == x.ParentID || x.ID == 0 && x.ParentID >= 0 {
			return -1
		}
		if x.ID == 0 {
			root = i
		}
		parents := 0
		for j := range xs {
			if j != i && xs[j].ID == x.ID {
				return -1
			}
			if xs[j].ID == x.ParentID {
				parents++
			}
		}
		if x.ID != 0 && parents == 0 {
			return -1
		}
	}
	return root
}

// topLevel appends the first exceptions on each branch below at that are no groups.
func topLevel(found []int, xs []model.Exception, at int) []int {
	if !xs[at].Group {
		return append(found, at)
	}
	for i := len(xs) - 1; i >= 0; i-- {
		if xs[i].ParentID == xs[at].ID && i != at {
			found = topLevel(found, xs, i)
		}
	}
	return found
}

// firstChild returns the first cause of the exception at that index, or -1. Causes
// stand before what they caused, the first one nearest.
func firstChild(xs []model.Exception, at int) int {
	for i := len(xs) - 1; i >= 0; i-- {
		if xs[i].ParentID == xs[at].ID && i != at {
			return i
		}
	}
	return -1
}

// override names the issue after the cause where the outermost exception is known to
// be a mere wrapper: of React 19 and of RxJava.
func (g *grouper) override(xs []model.Exception) {
	if len(g.picked) < 2 {
		return
	}
	last := g.picked[len(g.picked)-1]
	if xs[last].Type == "Error" && isReactWrapper(xs[last].Value) {
		g.main = g.picked[0]
		return
	}
	for _, i := range g.picked {
		x := &xs[i]
		if x.Module != "io.reactivex.rxjava3.exceptions" || x.Mechanism != "UncaughtExceptionHandler" || !isRxWrapper(x.Type) || x.ID < 0 {
			continue
		}
		for _, j := range g.picked {
			if j != i && xs[j].ParentID == x.ID {
				g.main = j
			}
		}
		return
	}
}

func isReactWrapper(value string) bool {
	return strings.HasPrefix(value, "There was an error during concurrent rendering but React was able to recover") ||
		strings.HasPrefix(value, "There was an error while hydrating but React was able to recover")
}

func isRxWrapper(typ string) bool {
	switch typ {
	case "OnErrorNotImplementedException", "CompositeException", "UndeliverableException":
		return true
	}
	return false
}
