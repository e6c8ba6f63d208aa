package api

import (
	"context"
	"strings"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/rollup"
)

// discardsQuery has no environment and no release: what was dropped was not read.
type discardsQuery struct {
	Stretch
	Project []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
}

type discardList struct {
	Window   window    `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Discards []discard `json:"discards" doc:"Largest first"`
}

// discard counts what was not stored, and why.
type discard struct {
	Source   string `json:"source" doc:"server, or client: what SDKs say they dropped"`
	Category string `json:"category" doc:"Sentry's data category, such as error, transaction or span"`
	Reason   string `json:"reason"`
	Quantity int64  `json:"quantity"`
}

func (a *rest) discards(ctx context.Context, c access.Caller, in *discardsQuery) (*discardList, error) {
	q, err := a.ask(ctx, c, Filter{Stretch: in.Stretch, Project: in.Project})
	if err != nil {
		return nil, err
	}
	q.Kind = rollup.Discarded
	found, err := a.sums(ctx, q, func(k *rollup.Key) string { return k.Name + "\x00" + k.Sub })
	if err != nil {
		return nil, err
	}
	list := ranked(found, func(s *sum) int64 { return s.Get(rollup.Quantity) })
	return &discardList{a.covered(q), each(list, discardOf)}, nil
}

func discardOf(s *sum) discard {
	source, rest, _ := strings.Cut(s.name, "\x00")
	category, reason, _ := strings.Cut(rest, "\x00")
	return discard{source, category, reason, s.Get(rollup.Quantity)}
}
