package api

import "strings"

// each returns what make makes of every element; never nil, since an empty list
// is written as one.
func each[T, U any](list []T, make func(T) U) []U {
	out := []U{}
	for _, x := range list {
		out = append(out, make(x))
	}
	return out
}

// splitModel takes apart the name under which rollups keep a model.
func splitModel(name string) (provider, model string) {
	provider, model, _ = strings.Cut(name, "/")
	return provider, model
}
