package settings

import (
	"fmt"
	"strings"

	"relay.one/picket/wire"
)

// Upstream says where to forward, and what is made of events on the way.
type Upstream struct {
	// DSN is the Sentry project to forward to; empty keeps everything here.
	DSN string `json:"dsn,omitempty"`
	// Customers have a project of their own at the upstream, by the organization that
	// events name; what is not here goes to DSN.
	Customers []Customer `json:"customers,omitempty"`
	// Environment and Release are for events that name none.
	Environment string `json:"environment,omitempty"`
	Release     string `json:"release,omitempty"`
	// MaxBreadcrumbs is how many breadcrumbs an event keeps, the latest ones.
	MaxBreadcrumbs int `json:"maxBreadcrumbs"`
	// SendDefaultPII lets addresses, e-mail addresses, names and cookies of users
	// leave for the upstream. What is stored here does not depend on it.
	SendDefaultPII bool `json:"sendDefaultPii"`
	// Debug logs every envelope that leaves.
	Debug bool `json:"debug"`
}

// Customer is an organization of the customer's that has its own upstream project.
type Customer struct {
	Organization string `json:"organization"`
	DSN          string `json:"dsn"`
}

// mostBreadcrumbs is what Sentry's SDKs keep by default, and the most that is allowed.
const mostBreadcrumbs = 100

// DefaultUpstream forwards nothing and keeps events as they are.
func DefaultUpstream() Upstream { return Upstream{MaxBreadcrumbs: mostBreadcrumbs} }

// Forwards reports whether anything leaves for an upstream.
func (u *Upstream) Forwards() bool { return u.DSN != "" || len(u.Customers) > 0 }

// DSNOf returns where an event of the customer's organization goes, and whether it
// goes anywhere.
func (u *Upstream) DSNOf(organization string) (string, bool) {
	for i := range u.Customers {
		if u.Customers[i].Organization == organization {
			return u.Customers[i].DSN, true
		}
	}
	return u.DSN, u.DSN != ""
}

func (u *Upstream) check() (errs []error) {
	if u.DSN != "" {
		errs = append(errs, checkDSN("dsn", u.DSN)...)
	}
	seen := map[string]bool{}
	for i, c := range u.Customers {
		at := fmt.Sprintf("customers[%d]", i)
		if c.Organization == "" {
			errs = append(errs, wrong(at+".organization", "is empty: name the customer's organization as events do"))
		}
		if seen[c.Organization] {
			errs = append(errs, wrong(at+".organization", "%.80q stands here twice: one DSN for each", c.Organization))
		}
		seen[c.Organization] = true
		errs = append(errs, checkDSN(at+".dsn", c.DSN)...)
	}
	if u.MaxBreadcrumbs < 0 || u.MaxBreadcrumbs > mostBreadcrumbs {
		errs = append(errs, wrong("maxBreadcrumbs", "%d: want a number from 0 to %d", u.MaxBreadcrumbs, mostBreadcrumbs))
	}
	errs = append(errs, checkName("environment", u.Environment, 64)...)
	return append(errs, checkName("release", u.Release, 250)...)
}

func checkDSN(field, dsn string) []error {
	if _, err := wire.ParseDSN(dsn); err != nil {
		return []error{wrong(field, "%v; it looks like https://KEY@HOST/PROJECT", err)}
	}
	return nil
}

// checkName holds a name against Sentry's rules for environments and releases.
func checkName(field, name string, longest int) []error {
	switch {
	case len(name) > longest:
		return []error{wrong(field, "has %d characters, at most %d are taken", len(name), longest)}
	case strings.ContainsAny(name, "\n\r\t\f\x00/\\") || name == "." || name == "..":
		return []error{wrong(field, "%.80q: want no slashes, tabs or line breaks", name)}
	}
	return nil
}
