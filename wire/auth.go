package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// ErrAuth says that credentials do not follow the protocol; the text around it says how.
var ErrAuth = errors.New("malformed credentials")

// ProtocolVersion is the newest version of the protocol; clients of a newer one are refused.
const ProtocolVersion = 7

// HopsHeader tells how many Pickets have forwarded a request, so that two that forward to
// each other do not do so for ever. More than MaxHops are refused.
const (
	HopsHeader = "X-Picket-Forwarded"
	MaxHops    = 3
)

// Auth is what a client says of itself when it sends.
type Auth struct {
	Key     string // the public key
	Secret  string // deprecated; of no weight
	Client  string // e.g. sentry.go/0.50.0
	Version int    // protocol version; zero when not told
}

// ParseAuth reads an X-Sentry-Auth or Authorization header: "Sentry k=v, k=v" in
// any case, or "Basic" with the key as the user. Errors wrap ErrAuth; a header of
// another scheme is one.
func ParseAuth(header string) (Auth, error) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	switch {
	case strings.EqualFold(scheme, "Sentry"):
		return parsePairs(rest)
	case strings.EqualFold(scheme, "Basic"):
		return parseBasic(rest)
	}
	return Auth{}, fmt.Errorf("%w: want \"Sentry sentry_key=…\" or \"Basic …\"", ErrAuth)
}

func parsePairs(rest string) (Auth, error) {
	var a Auth
	for pair := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if err := a.set(strings.TrimSpace(name), strings.Trim(value, " \t\"")); err != nil {
			return Auth{}, err
		}
	}
	return a, a.check()
}

func parseBasic(rest string) (Auth, error) {
	text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(rest), "="))
	if err != nil {
		return Auth{}, fmt.Errorf("%w: Basic is not base64", ErrAuth)
	}
	var a Auth
	a.Key, a.Secret, _ = strings.Cut(string(text), ":")
	return a, a.check()
}

// AuthFromQuery reads the sentry_… parameters of a raw query, in any order and
// among others. It returns the zero Auth when there are none; errors wrap ErrAuth.
func AuthFromQuery(raw string) (Auth, error) {
	if !strings.Contains(raw, "sentry_key=") {
		return Auth{}, nil
	}
	var a Auth
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		text, err := url.QueryUnescape(value)
		if err != nil {
			text = value
		}
		if err := a.set(name, text); err != nil {
			return Auth{}, err
		}
	}
	return a, a.check()
}

// set takes one parameter; those that nobody needs, such as sentry_timestamp, pass by.
func (a *Auth) set(name, value string) error {
	switch strings.ToLower(name) {
	case "sentry_key":
		a.Key = value
	case "sentry_secret":
		a.Secret = value
	case "sentry_client":
		a.Client = value
	case "sentry_version":
		major, _, _ := strings.Cut(value, ".")
		n, err := strconv.ParseUint(major, 10, 16)
		if err != nil {
			return fmt.Errorf("%w: sentry_version is %.20q, want a number", ErrAuth, value)
		}
		a.Version = int(n)
	}
	return nil
}

func (a *Auth) check() error {
	if a.Key == "" {
		return fmt.Errorf("%w: no sentry_key", ErrAuth)
	}
	return nil
}

// ValidKey reports whether the public key has the form that Picket issues: 32
// lower-case hexadecimal digits.
func ValidKey(key string) bool {
	if len(key) != 32 {
		return false
	}
	for i := 0; i < len(key); i++ {
		if c := key[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
