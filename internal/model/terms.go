package model

// Terms are what the price of a model call depends on beside its tokens and its
// time. They are not stored: a call is priced once, when it is read.
type Terms struct {
	CacheWriteHour int64  // of Usage.CacheWrite, the tokens that the cache keeps for an hour
	WebSearches    int64  // that the provider ran for the call, and bills one by one
	Tier           string // the service tier in the provider's words, in lower case; empty for the usual one
	Unsure         bool   // the client did not tell what some of the tokens were
}
