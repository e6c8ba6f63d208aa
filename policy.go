package picket

import (
	"context"
	"log/slog"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// Verdict is what a policy said of an agent's act.
type Verdict string

// The verdicts. A deny or a flag is a violation.
const (
	Allow Verdict = "allow"
	Deny  Verdict = "deny"
	Flag  Verdict = "flag"
)

// Policy is one evaluation of a policy.
type Policy struct {
	Name    string
	Verdict Verdict
	// Reason says why, in words for people.
	Reason string
	// Duration is how long the evaluation took, zero when not known.
	Duration time.Duration
	// Attrs are further attributes of the span.
	Attrs []Attr
}

// RecordPolicy records that a policy was evaluated in ctx: a span of the execution, and
// a breadcrumb.
func RecordPolicy(ctx context.Context, p Policy) {
	n := nodeOr(ctx)
	if n == nil {
		return
	}
	p.Duration = max(p.Duration, 0)
	attrs := appendTexts(make([]Attr, 0, 3+len(p.Attrs)),
		wire.AttrPolicyName, p.Name, wire.AttrPolicyVerdict, string(p.Verdict), wire.AttrPolicyReason, p.Reason)
	_, s := startStep(ctx, wire.OpPolicy, stepName("policy", p.Name), append(attrs, p.Attrs...)...)
	if s != nil {
		s.start = s.start.Add(-p.Duration)
	}
	AddBreadcrumb(ctx, p.breadcrumb())
	s.End()
}

func (p *Policy) breadcrumb() Breadcrumb {
	level := sentry.LevelInfo
	if p.Verdict != Allow {
		level = sentry.LevelWarning
	}
	data := []Attr{slog.String("policy", p.Name), slog.String("verdict", string(p.Verdict))}
	if p.Reason != "" {
		data = append(data, slog.String("reason", p.Reason))
	}
	return Breadcrumb{Category: CrumbPolicy, Message: p.Name + ": " + string(p.Verdict), Level: level, Data: data}
}
