package settings

// Sentry says how to talk with the upstream beside forwarding: its webhooks, and its API.
type Sentry struct {
	// WebhookSecret is the client secret of the integration at Sentry, with which it
	// signs; empty takes no webhooks.
	WebhookSecret string `json:"webhookSecret,omitempty"`
	// AllowFrom are the networks that webhooks may come from; empty means any.
	AllowFrom []string `json:"allowFrom,omitempty"`
	// APIURL is Sentry's, such as https://sentry.example.com; APIToken a token there
	// with event:write, and Organization the slug. Empty: states are taken from
	// webhooks, but not sent.
	APIURL       string `json:"apiUrl,omitempty"`
	APIToken     string `json:"apiToken,omitempty"`
	Organization string `json:"organization,omitempty"`
}

func (s *Sentry) check() []error { return nil }
