package wire

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// DSN says where a project's events go and under which key.
type DSN struct {
	Scheme    string // http or https
	PublicKey string
	Secret    string // deprecated; empty in all but old DSNs
	Host      string // with the port, when one is named
	Path      string // prefix of the server, such as /sentry; empty at the root
	ProjectID string // decimal digits
}

// ParseDSN reads SCHEME://KEY[:SECRET]@HOST[:PORT][/PATH]/PROJECT. Errors wrap
// ErrMalformed and never repeat the secret.
func ParseDSN(s string) (DSN, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return DSN{}, fmt.Errorf("%w DSN: not a URL", ErrMalformed)
	}
	d := DSN{Scheme: strings.ToLower(u.Scheme), Host: u.Host}
	if d.Scheme != "http" && d.Scheme != "https" {
		return DSN{}, fmt.Errorf("%w DSN: scheme is %.20q, want http or https", ErrMalformed, u.Scheme)
	}
	if u.Hostname() == "" {
		return DSN{}, fmt.Errorf("%w DSN: no host", ErrMalformed)
	}
	d.PublicKey = u.User.Username()
	d.Secret, _ = u.User.Password()
	if !isKey(d.PublicKey) {
		return DSN{}, fmt.Errorf("%w DSN: want the public key, letters and digits, before the @", ErrMalformed)
	}
	path := strings.TrimRight(u.Path, "/")
	slash := strings.LastIndexByte(path, '/')
	d.Path, d.ProjectID = strings.TrimRight(path[:max(slash, 0)], "/"), path[slash+1:]
	if n, err := strconv.ParseUint(d.ProjectID, 10, 63); err != nil || n == 0 {
		return DSN{}, fmt.Errorf("%w DSN: project is %.40q, want a number above zero at the end of the path", ErrMalformed, d.ProjectID)
	}
	return d, nil
}

func isKey(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}

// String returns the DSN as ParseDSN reads it, the secret included.
func (d DSN) String() string { return d.url("/" + d.ProjectID).String() }

// EnvelopeURL returns where envelopes are posted, without any credentials.
func (d DSN) EnvelopeURL() string {
	u := d.url("/api/" + d.ProjectID + "/envelope/")
	u.User = nil
	return u.String()
}

func (d DSN) url(path string) *url.URL {
	u := &url.URL{Scheme: d.Scheme, Host: d.Host, Path: d.Path + path, User: url.User(d.PublicKey)}
	if d.Secret != "" {
		u.User = url.UserPassword(d.PublicKey, d.Secret)
	}
	return u
}
