package api

import (
	"context"
	"strings"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/wire"
)

// samplingQuery has no environment and no release: sampling is counted by project.
type samplingQuery struct {
	Stretch
	Project []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
}

// samplingReport says what sampling kept and dropped.
type samplingReport struct {
	Window       window          `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Errors       samplingShare   `json:"errors" doc:"Errors and messages"`
	Transactions samplingShare   `json:"transactions" doc:"Transactions, and segments that came without one"`
	Reasons      []samplingCount `json:"reasons" doc:"Largest first"`
}

// samplingShare is what was kept of one sort of events. Everything is counted, whether
// it was kept or not.
type samplingShare struct {
	Kept    int64    `json:"kept" doc:"With their payloads"`
	Dropped int64    `json:"dropped" doc:"Without: these are counted, and not forwarded"`
	Rate    *float64 `json:"rate" doc:"Kept, as a share of both; null when nothing was judged, since nothing came or nothing is sampled"`
}

type samplingCount struct {
	Category string `json:"category" enum:"error,transaction"`
	Verdict  string `json:"verdict" enum:"kept,dropped"`
	Reason   string `json:"reason" doc:"Of what was kept: error, failed, violation, loop, fault, errorEvent, cost, duration, newIssue, undecided (a piece of a trace under way), rate or rule; of what was dropped: rate, rule or budget"`
	Quantity int64  `json:"quantity"`
}

func (a *rest) sampling(ctx context.Context, c access.Caller, in *samplingQuery) (*samplingReport, error) {
	q, err := a.ask(ctx, c, Filter{Stretch: in.Stretch, Project: in.Project})
	if err != nil {
		return nil, err
	}
	q.Kind = rollup.Sampling
	found, err := a.sums(ctx, q, func(k *rollup.Key) string { return k.Name + "\x00" + k.Sub })
	if err != nil {
		return nil, err
	}
	out := &samplingReport{Window: a.covered(q), Reasons: each(ranked(found, quantity), samplingCountOf)}
	for _, n := range out.Reasons {
		s := &out.Transactions
		if n.Category == wire.CategoryError {
			s = &out.Errors
		}
		if n.Verdict == rollup.KeptRows {
			s.Kept += n.Quantity
		} else {
			s.Dropped += n.Quantity
		}
	}
	out.Errors.Rate, _ = rate(out.Errors.Kept, out.Errors.Kept+out.Errors.Dropped)
	out.Transactions.Rate, _ = rate(out.Transactions.Kept, out.Transactions.Kept+out.Transactions.Dropped)
	return out, nil
}

func quantity(s *sum) int64 { return s.Get(rollup.Quantity) }

func samplingCountOf(s *sum) samplingCount {
	verdict, rest, _ := strings.Cut(s.name, "\x00")
	category, reason, _ := strings.Cut(rest, "\x00")
	return samplingCount{category, verdict, reason, s.Get(rollup.Quantity)}
}
