package ingest

import (
	"strconv"
	"strings"

	"relay.one/picket/internal/model"
)

// endpoint says how a body is framed.
type endpoint uint8

const (
	noEndpoint endpoint = iota
	envelopeEndpoint
	storeEndpoint
)

// route is what the path of a request says.
type route struct {
	endpoint endpoint
	// project is zero on the legacy /api/store/, where the key decides.
	project model.ProjectID
	// bad says that the project of the path is no number above zero.
	bad bool
}

// Owns reports whether a path belongs to this room: [prefix]/api/[project/]envelope
// or store, with any number of slashes between and behind. Paths of Sentry's REST
// API, which begin with /api/0/, never do.
func Owns(path string) bool { return parsePath(path).endpoint != noEndpoint }

// parsePath reads the path from its end, so that whatever a proxy leaves in front
// of /api does no harm.
func parsePath(path string) route {
	rest, last := cutLast(path)
	end := endpointNamed(last)
	if end == noEndpoint {
		return route{}
	}
	rest, project := cutLast(rest)
	if project == "api" && end == storeEndpoint {
		return route{endpoint: end}
	}
	before, api := cutLast(rest)
	if api != "api" || strings.Contains(before, "api/0/") || project == "0" {
		return route{}
	}
	n, err := strconv.ParseInt(project, 10, 64)
	return route{endpoint: end, project: model.ProjectID(n), bad: err != nil || n <= 0}
}

func endpointNamed(segment string) endpoint {
	switch segment {
	case "envelope":
		return envelopeEndpoint
	case "store":
		return storeEndpoint
	}
	return noEndpoint
}

// cutLast splits the last segment off a path; slashes around it count as one.
func cutLast(path string) (before, segment string) {
	path = strings.TrimRight(path, "/")
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}
