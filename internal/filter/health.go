package filter

import "strings"

// healthPaths are the last parts of paths that load balancers, orchestrators and monitors
// ask whether a service lives.
var healthPaths = [...]string{
	"health", "healthy", "_health", // the plain ones: Spring's actuator, ASP.NET, Elastic
	"healthz", "livez", "readyz", "startupz", "statusz", // Kubernetes and what follows it
	"live", "liveness", "ready", "readiness", // MicroProfile Health, below /health
	"ping", "heartbeat", "__heartbeat__", "__lbheartbeat__", // ping pages, and Mozilla's Dockerflow
}

// healthWords are told by themselves, wherever in a path they stand.
var healthWords = [...]string{"healthcheck", "health-check", "health_check"}

// isHealthCheck reports whether a transaction is named as health checks usually are: a
// path, with or without a method before it, or the standard service of gRPC.
func isHealthCheck(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	if i := strings.LastIndexByte(name, ' '); i >= 0 {
		name = name[i+1:]
	}
	if i := strings.IndexAny(name, "?#"); i >= 0 {
		name = name[:i]
	}
	name = strings.TrimRight(name, "/")
	for _, w := range healthWords {
		if strings.Contains(name, w) {
			return true
		}
	}
	if strings.Contains(name, "grpc.health.v1.health/") {
		return true
	}
	slash := strings.LastIndexByte(name, '/')
	// Rails and Laravel answer at /up; deeper down it is a word like any other.
	return slash >= 0 && (name == "/up" || isOneOf(name[slash+1:], healthPaths[:]))
}
