package api

import "relay.one/picket/internal/stat"

// share is a rate with what it stands on.
type share struct {
	Numerator   int64    `json:"numerator"`
	Denominator int64    `json:"denominator" doc:"What the rate is a share of; the rate is null when this is 0"`
	Low         *float64 `json:"low" doc:"Lower end of the 95 % interval (Wilson): what the true rate may well be, given so few"`
	High        *float64 `json:"high" doc:"Upper end of the 95 % interval"`
}

// rate returns part ÷ whole, nil when the whole is nothing, and what it stands on.
func rate(part, whole int64) (*float64, share) {
	s := share{Numerator: part, Denominator: whole}
	if whole <= 0 {
		return nil, s
	}
	r := stat.Wilson(part, whole)
	s.Low, s.High = &r.Low, &r.High
	return &r.Estimate, s
}
