package agent

import "relay.one/picket/internal/model"

// policyDenied looks at the last denial, wherever in the execution: after it, no tool
// call or sub-agent began that succeeded, no policy of that name allowed the next try, and
// the model had at most one word, to say so.
func policyDenied(k *conduct) (*model.Span, string) {
	last := none
	for _, i := range k.own {
		if k.Spans[i].Policy.Verdict == model.VerdictDeny {
			last = i
		}
	}
	if last == none {
		return nil, ""
	}
	s := &k.Spans[last]
	if k.worked(s.Start, last) || k.allowedAfter(last) || k.calledModelAfter(s.Start) > 1 {
		return nil, ""
	}
	if s.Policy.Reason != "" {
		return s, s.Policy.Name + ": " + s.Policy.Reason
	}
	return s, s.Policy.Name
}

// allowedAfter reports whether the policy allowed something later.
func (k *conduct) allowedAfter(denied int) bool {
	d := &k.Spans[denied]
	for _, i := range k.own {
		s := &k.Spans[i]
		if s.Policy.Name == d.Policy.Name && s.Policy.Verdict == model.VerdictAllow && s.Start.After(d.Start) {
			return true
		}
	}
	return false
}
