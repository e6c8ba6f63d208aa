package access

import "net/http"

// Methods returns the methods of the routes that the mux has for the request's
// path, leaving out the pattern that catches everything else. It is what a catch-all
// needs to tell a wrong method (405, with Allow) from a wrong path (404).
func Methods(mux *http.ServeMux, r *http.Request, catchAll string) []string {
	var out []string
	probe := *r
	for _, m := range [...]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe.Method = m
		if _, pattern := mux.Handler(&probe); pattern != catchAll {
			out = append(out, m)
		}
	}
	return out
}
