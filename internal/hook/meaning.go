package hook

import (
	"context"
	"fmt"

	"relay.one/picket/internal/store"
)

// meaning says what is done about an action of a resource.
type meaning struct {
	resource, action string
	do               func(j *job, ctx context.Context) (verdict, error)
}

// meanings lists what Sentry sends. To add an action, add a line.
var meanings = []meaning{
	{"installation", "created", (*job).installed},
	{"installation", "deleted", (*job).uninstalled},
	{"issue", "created", (*job).told},
	{"issue", "resolved", (*job).statusChanged},
	{"issue", "unresolved", (*job).statusChanged},
	{"issue", "archived", (*job).statusChanged},
	{"issue", "ignored", (*job).statusChanged}, // what archived was called
	{"issue", "assigned", (*job).assigned},
	{"error", "created", (*job).told},
	{"event_alert", "triggered", (*job).alerted},
	{"metric_alert", "critical", (*job).alerted},
	{"metric_alert", "warning", (*job).alerted},
	{"metric_alert", "resolved", (*job).alerted},
	{"activity_alert", "triggered", (*job).alerted},
	{"comment", "created", (*job).kept},
	{"comment", "updated", (*job).kept},
	{"comment", "deleted", (*job).kept},
	{"seer", "root_cause_started", (*job).kept},
	{"seer", "root_cause_completed", (*job).kept},
	{"seer", "solution_started", (*job).kept},
	{"seer", "solution_completed", (*job).kept},
	{"seer", "coding_started", (*job).kept},
	{"seer", "coding_completed", (*job).kept},
	{"seer", "pr_created", (*job).kept},
	{"preprod_artifact", "size_analysis_completed", (*job).kept},
	{"preprod_artifact", "", (*job).kept}, // it has more, and none is for us
}

// meaningOf finds what is done about a delivery; an unknown action is understood where
// its resource has a line without one.
func meaningOf(resource, action string) (found meaning, known bool) {
	for _, m := range meanings {
		if m.resource == resource && (m.action == action || m.action == "") {
			return m, true
		}
		known = known || m.resource == resource
	}
	text := fmt.Sprintf("Picket does not know the resource %q: kept as it is", resource)
	if known {
		text = fmt.Sprintf("Picket does not know the action %q of %s: kept as it is", action, resource)
	}
	return meaning{resource, action, func(*job, context.Context) (verdict, error) { return ignored("%s", text), nil }}, false
}

// verdict is what became of a delivery.
type verdict struct {
	state store.DeliveryState
	text  string
}

func done(format string, args ...any) verdict {
	return verdict{store.DeliveryDone, fmt.Sprintf(format, args...)}
}

func ignored(format string, args ...any) verdict {
	return verdict{store.DeliveryIgnored, fmt.Sprintf(format, args...)}
}

func (j *job) installed(context.Context) (verdict, error) {
	return done("The integration was installed for %s at Sentry", j.quoted("installation", "organization", "slug")), nil
}

func (j *job) uninstalled(context.Context) (verdict, error) {
	return done("The integration was removed from %s at Sentry: no more webhooks come from it", j.quoted("installation", "organization", "slug")), nil
}

// quoted returns a name of the delivery's data for a sentence.
func (j *job) quoted(path ...string) string {
	if s := cut(text(j.data(path...))); s != "" {
		return s
	}
	return "an organization"
}

// kept is for what is understood and changes nothing here.
func (j *job) kept(context.Context) (verdict, error) {
	return ignored("Picket keeps what it says and does nothing about it"), nil
}
