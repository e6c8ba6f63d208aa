package agent

import (
	"slices"

	"relay.one/picket/internal/model"
)

// maxNames is how many models, tools, policies or traces an execution lists: of more, the
// first in order.
const maxNames = 100

// addName adds a name to a sorted list, once.
func addName(list *[]string, name string) {
	if name == "" {
		return
	}
	if at, found := slices.BinarySearch(*list, name); !found && at < maxNames {
		*list = slices.Insert(*list, at, name)
		*list = (*list)[:min(len(*list), maxNames)]
	}
}

// addModel adds provider/model to a sorted list, once. It makes the name only when it
// is a new one.
func addModel(list *[]string, provider, name string) {
	if name == "" {
		return
	}
	if provider == "" {
		addName(list, name)
		return
	}
	p := len(provider)
	for _, s := range *list {
		if len(s) == p+1+len(name) && s[:p] == provider && s[p] == '/' && s[p+1:] == name {
			return
		}
	}
	addName(list, provider+"/"+name)
}

// addTrace adds a trace to a sorted list, once.
func addTrace(list *[]model.TraceID, id model.TraceID) {
	if n := len(*list); n > 0 && (*list)[n-1] == id {
		return
	}
	at, found := slices.BinarySearchFunc(*list, id, func(a, b model.TraceID) int { return slices.Compare(a[:], b[:]) })
	if !found && at < maxNames {
		*list = slices.Insert(*list, at, id)
		*list = (*list)[:min(len(*list), maxNames)]
	}
}
