package api

import (
	"context"
	"slices"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/store"
)

type trendsQuery struct {
	AgentID  string `query:"agentId" doc:"Only this agent; all of them when left out"`
	Interval string `query:"interval" enum:"1m,5m,15m,1h,6h,1d" doc:"Distance of the points; when left out 1m below an hour, 5m up to 6 hours, 1h up to 7 days, else 1d, or longer where no such rows are kept any more"`
	GroupBy  string `query:"groupBy" default:"none" enum:"none,agent,organization,environment,release,model,tool,policy,errorType,fault,rule,issue" doc:"One series for each of these"`
	Filter
}

// trends is how things went over a window.
type trends struct {
	Interval    string   `json:"interval"`
	Window      window   `json:"window" doc:"The first point's beginning and the last one's end"`
	GroupBy     string   `json:"groupBy"`
	ErrorRateOf *string  `json:"errorRateOf" enum:"executions,calls,evaluations" doc:"What errorRate is a share of; null where nothing can be: errors by type have no whole"`
	Series      []series `json:"series" doc:"The 20 with most going on, by falling weight"`
	More        int      `json:"more" doc:"Series that were left out"`
}

type series struct {
	Key    string  `json:"key" doc:"The agent, environment and so on; empty for what belongs to none"`
	Points []point `json:"points" doc:"One for every interval of the window, zeros where nothing happened"`
	active bool
}

// point is what happened in one interval. What the grouping cannot tell is null:
// a tool has no tokens, a model no executions.
type point struct {
	T                time.Time  `json:"t" doc:"Beginning of the interval"`
	Errors           int64      `json:"errors" doc:"Captured events of level error or fatal; failed calls for model and tool, violations for policy"`
	Executions       *int64     `json:"executions" doc:"For policy those with a violation"`
	FailedExecutions *int64     `json:"failedExecutions" doc:"Executions that errored or failed; where series are by tool, policy, type of error, fault, rule or issue, those in which it had a part"`
	Calls            *int64     `json:"calls" doc:"Evaluations for policy"`
	ErrorRate        *float64   `json:"errorRate" doc:"See errorRateOf; null when there was nothing to divide by"`
	CostUSD          *usd       `json:"costUsd"`
	CostNanos        *int64     `json:"costNanos"`
	FailedCostUSD    *usd       `json:"failedCostUsd" doc:"What failedExecutions cost"`
	FailedCostNanos  *int64     `json:"failedCostNanos"`
	Unpriced         *int64     `json:"unpricedCalls"`
	Tokens           *int64     `json:"tokens"`
	Estimated        *estimated `json:"estimated,omitempty" doc:"What there was, where SDKs sampled; left out when everything came, and where series are by anything but agent, organization, environment or release"`
	P95MS            *float64   `json:"p95Ms" doc:"Of executions, or of calls for model and tool, in milliseconds"`
}

const (
	maxPoints = 1500
	maxSeries = 20
)

func (a *rest) trends(ctx context.Context, c access.Caller, in *trendsQuery) (*trends, error) {
	q, err := a.ask(ctx, c, in.Filter)
	if err != nil {
		return nil, err
	}
	g := groupings[in.GroupBy]
	if q, err = g.narrow(q, in.AgentID); err != nil {
		return nil, err
	}
	axis, err := a.axis(&q, in.Interval)
	if err != nil {
		return nil, err
	}
	out := &trends{Interval: axis.name, Window: window{q.From, q.To}, GroupBy: in.GroupBy, ErrorRateOf: text(g.of)}
	out.Series, out.More, err = a.series(ctx, q, g, axis)
	if err == nil && in.AgentID != "" && quiet(out.Series) {
		_, err = a.seen(ctx, q.In, in.AgentID)
	}
	return out, err
}

// intervals is every distance that points can have.
var intervals = map[string]time.Duration{
	"1m": time.Minute, "5m": 5 * time.Minute, "15m": 15 * time.Minute,
	"1h": time.Hour, "6h": 6 * time.Hour, "1d": 24 * time.Hour,
}

// quiet reports whether nothing at all happened.
func quiet(list []series) bool {
	return !slices.ContainsFunc(list, func(s series) bool { return s.active })
}

// axis is the points' distance and number.
type axis struct {
	name  string
	step  time.Duration
	from  time.Time
	count int
}

// axis chooses the interval, or checks the one that was asked for, and stretches
// the query to whole intervals.
func (a *rest) axis(q *store.RollupQuery, interval string) (axis, error) {
	length := q.To.Sub(q.From)
	if interval == "" {
		interval = a.usualInterval(q.From, length-time.Minute) // To may stand a minute past now
	}
	step := intervals[interval] // one of the enum, or our own
	from := q.From.Truncate(step)
	if finest := a.finest(from); step < finest.step {
		return axis{}, invalid("interval", "%s is too fine for a window that long ago; take %s or longer", interval, finest.name)
	}
	to := q.To.Truncate(step)
	if to.Before(q.To) {
		to = to.Add(step)
	}
	count := int(to.Sub(from) / step)
	if count > maxPoints {
		return axis{}, invalid("interval", "%s makes %d points of that window and at most %d are given; take %s", interval, count, maxPoints, a.coarser(length))
	}
	q.From, q.To, q.Step = from, to, step
	return axis{interval, step, from, count}, nil
}

// usualIntervals keep a chart of the length, or a shorter one, between some 40 and 170 points.
var usualIntervals = []struct {
	upTo time.Duration
	name string
}{{time.Hour - 2*time.Minute, "1m"}, {6 * time.Hour, "5m"}, {7 * 24 * time.Hour, "1h"}, {longestWindow, "1d"}}

// usualInterval returns the interval for a stretch of that length, or the next one for
// which rows are still kept from then.
func (a *rest) usualInterval(from time.Time, length time.Duration) string {
	for _, u := range usualIntervals {
		step := intervals[u.name]
		if length <= u.upTo && a.finest(from.Truncate(step)).step <= step {
			return u.name
		}
	}
	return "1d"
}

// finest returns the shortest interval for which rows are still kept from then.
func (a *rest) finest(from time.Time) axis {
	switch age := a.now().Sub(from); {
	case age <= store.MinuteHistory:
		return axis{name: "1m", step: time.Minute}
	case age <= store.HourHistory:
		return axis{name: "1h", step: time.Hour}
	}
	return axis{name: "1d", step: 24 * time.Hour}
}

// coarser names the shortest interval that gives few enough points.
func (a *rest) coarser(length time.Duration) string {
	for _, name := range []string{"5m", "15m", "1h", "6h"} {
		if length/intervals[name] < maxPoints-1 {
			return name
		}
	}
	return "1d"
}
