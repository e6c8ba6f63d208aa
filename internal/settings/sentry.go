package settings

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

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

// Listens reports whether webhooks are taken.
func (s *Sentry) Listens() bool { return s.WebhookSecret != "" }

// Speaks reports whether the API of the upstream can be asked and told.
func (s *Sentry) Speaks() bool { return s.APIURL != "" && s.APIToken != "" && s.Organization != "" }

// Allows reports whether a webhook may come from an address. Where networks are named,
// an address that is not known is in none.
func (s *Sentry) Allows(from netip.Addr) bool {
	if len(s.AllowFrom) == 0 {
		return true
	}
	for _, text := range s.AllowFrom {
		if n, err := parseNetwork(text); err == nil && n.Contains(from.Unmap()) {
			return true
		}
	}
	return false
}

// parseNetwork reads a network; a bare address is a network of one.
func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	n, err := netip.ParsePrefix(text)
	return n.Masked(), err
}

const (
	minSecret   = 16 // Sentry's have 64 characters
	maxSecret   = 512
	maxNetworks = 100
)

// organizationForm is what slugs of organizations look like at Sentry.
var organizationForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func (s *Sentry) check() (errs []error) {
	if n := len(s.WebhookSecret); n > 0 && (n < minSecret || n > maxSecret) {
		errs = append(errs, wrong("webhookSecret", "has %d characters: want the client secret of the integration at Sentry, which has 64", n))
	}
	errs = append(errs, checkPlain("webhookSecret", s.WebhookSecret)...)
	if len(s.AllowFrom) > maxNetworks {
		errs = append(errs, wrong("allowFrom", "has %d networks, at most %d are taken", len(s.AllowFrom), maxNetworks))
	}
	for i, text := range s.AllowFrom {
		if _, err := parseNetwork(text); err != nil {
			errs = append(errs, wrong(fmt.Sprintf("allowFrom[%d]", i), "%.60q: want a network such as 35.186.247.0/24, or one address", text))
		}
	}
	return append(errs, s.checkAPI()...)
}

// checkAPI wants all of the API's settings or none.
func (s *Sentry) checkAPI() (errs []error) {
	if s.APIURL != "" && !isAPI(s.APIURL) {
		errs = append(errs, wrong("apiUrl", "%.80q: want an address such as https://sentry.io, without a query", s.APIURL))
	}
	if s.Organization != "" && !organizationForm.MatchString(s.Organization) {
		errs = append(errs, wrong("organization", "%.60q: want the slug as it stands in addresses at Sentry", s.Organization))
	}
	errs = append(errs, checkPlain("apiToken", s.APIToken)...)
	if len(s.APIToken) > maxSecret {
		errs = append(errs, wrong("apiToken", "has %d characters, at most %d are taken", len(s.APIToken), maxSecret))
	}
	if s.APIToken == "" {
		return errs
	}
	if s.APIURL == "" {
		errs = append(errs, wrong("apiUrl", "is empty: with a token, say where Sentry is, such as https://sentry.io"))
	}
	if s.Organization == "" {
		errs = append(errs, wrong("organization", "is empty: with a token, name the organization's slug at Sentry"))
	}
	return errs
}

// checkPlain wants a secret without what would not survive a header, and no mask.
func checkPlain(field, secret string) []error {
	odd := strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' })
	if odd || Masked(secret) {
		return []error{wrong(field, "holds a space, a mask or a character that secrets do not have: copy it once more")}
	}
	return nil
}

func isAPI(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		!strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/api/0")
}
