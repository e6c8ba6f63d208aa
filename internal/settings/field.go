package settings

// inheritable is a setting that can come from above although others of its section do not.
type inheritable struct {
	name    string               // as the API has it
	path    string               // section and name there
	section func(*Settings) bool // whether that is set
	take    func(to, from *Effective)
}

func inUpstream(s *Settings) bool { return s.Upstream != nil }
func inSampling(s *Settings) bool { return s.Sampling != nil }

// fields lists what is inherited one by one. To add one, add a line.
var fields = []inheritable{
	{"dsn", "upstream.dsn", inUpstream, func(to, from *Effective) { to.Upstream.DSN = from.Upstream.DSN }},
	{"customers", "upstream.customers", inUpstream, func(to, from *Effective) { to.Upstream.Customers = from.Upstream.Customers }},
	{"environment", "upstream.environment", inUpstream, func(to, from *Effective) { to.Upstream.Environment = from.Upstream.Environment }},
	{"release", "upstream.release", inUpstream, func(to, from *Effective) { to.Upstream.Release = from.Upstream.Release }},
	{"debug", "upstream.debug", inUpstream, func(to, from *Effective) { to.Upstream.Debug = from.Upstream.Debug }},
	{"maxBreadcrumbs", "upstream.maxBreadcrumbs", inUpstream, func(to, from *Effective) { to.Upstream.MaxBreadcrumbs = from.Upstream.MaxBreadcrumbs }},
	{"sendDefaultPii", "upstream.sendDefaultPii", inUpstream, func(to, from *Effective) { to.Upstream.SendDefaultPII = from.Upstream.SendDefaultPII }},
	{"sampleRate", "sampling.sampleRate", inSampling, func(to, from *Effective) { to.Sampling.Errors = from.Sampling.Errors }},
	{"tracesSampleRate", "sampling.tracesSampleRate", inSampling, func(to, from *Effective) { to.Sampling.Transactions = from.Sampling.Transactions }},
	{"samplingRules", "sampling.rules", inSampling, func(to, from *Effective) { to.Sampling.Rules = from.Sampling.Rules }},
	{"samplingPerMinute", "sampling.perMinute", inSampling, func(to, from *Effective) { to.Sampling.PerMinute = from.Sampling.PerMinute }},
	{"samplingCostUsd", "sampling.costUsd", inSampling, func(to, from *Effective) { to.Sampling.CostUSD = from.Sampling.CostUSD }},
	{"samplingDurationMs", "sampling.durationMs", inSampling, func(to, from *Effective) { to.Sampling.Milliseconds = from.Sampling.Milliseconds }},
}

// Fields returns the names of what a scope can inherit one by one, as the API has them.
func Fields() []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}
