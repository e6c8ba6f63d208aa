package api

import "math"

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
	p := float64(part) / float64(whole)
	low, high := wilson(p, float64(whole))
	s.Low, s.High = &low, &high
	return &p, s
}

// wilson returns the 95 % score interval of a proportion (Wilson, 1927), which
// unlike the simple one stays inside 0 to 1 and holds for small samples.
func wilson(p, n float64) (low, high float64) {
	const z = 1.959963984540054
	centre := p + z*z/(2*n)
	spread := z * math.Sqrt(max(0, p*(1-p))/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	return max(0, (centre-spread)/scale), min(1, (centre+spread)/scale)
}
