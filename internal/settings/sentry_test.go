package settings_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
)

// secret is what a client secret looks like.
var secret = strings.Repeat("0123456789abcdef", 4)

func TestCheckSentry(t *testing.T) {
	t.Parallel()
	f := func(s settings.Sentry, fields ...string) {
		t.Helper()
		err := settings.Settings{Sentry: &s}.Check()
		if (err == nil) != (len(fields) == 0) || err != nil && !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%+v: %v, want faults in %v", s, err, fields)
			return
		}
		if n := strings.Count(err2text(err), "\n") + 1; err != nil && n != len(fields) {
			t.Errorf("%+v: %d faults, want %d: %v", s, n, len(fields), err)
		}
		for _, field := range fields {
			if !strings.Contains(err.Error(), field+": ") {
				t.Errorf("%+v: %v does not name %s", s, err, field)
			}
		}
		if err != nil && s.WebhookSecret != "" && strings.Contains(err.Error(), s.WebhookSecret) {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
	f(settings.Sentry{})
	f(settings.Sentry{WebhookSecret: secret})
	f(settings.Sentry{WebhookSecret: secret, AllowFrom: []string{"35.186.247.156", "10.0.0.0/8", "2600:1900::/28"}})
	f(settings.Sentry{APIURL: "https://sentry.example.com/sub/", APIToken: "sntryu_1", Organization: "acme"})
	f(settings.Sentry{APIURL: "https://sentry.example.com", Organization: "acme"}) // the token comes later
	f(settings.Sentry{WebhookSecret: "tooshort"}, "webhookSecret")
	f(settings.Sentry{WebhookSecret: strings.Repeat("a", 513)}, "webhookSecret")
	f(settings.Sentry{WebhookSecret: secret + " "}, "webhookSecret")
	f(settings.Sentry{WebhookSecret: secret + "\n"}, "webhookSecret")
	f(settings.Sentry{WebhookSecret: "****************************"}, "webhookSecret")
	f(settings.Sentry{AllowFrom: []string{"10.0.0.0/8", "sentry.io", "10.0.0.0/99"}}, "allowFrom[1]", "allowFrom[2]")
	f(settings.Sentry{AllowFrom: slices.Repeat([]string{"10.0.0.1"}, 101)}, "allowFrom")
	f(settings.Sentry{APIToken: "sntryu_1"}, "apiUrl", "organization")
	f(settings.Sentry{APIToken: "a b", APIURL: "https://x", Organization: "o"}, "apiToken")
	f(settings.Sentry{APIURL: "sentry.example.com"}, "apiUrl")
	f(settings.Sentry{APIURL: "ftp://sentry.example.com"}, "apiUrl")
	f(settings.Sentry{APIURL: "https://me:pw@sentry.example.com"}, "apiUrl")
	f(settings.Sentry{APIURL: "https://sentry.example.com/api/0/"}, "apiUrl")
	f(settings.Sentry{Organization: "Acme Inc"}, "organization")
}

func err2text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAllows(t *testing.T) {
	t.Parallel()
	f := func(from string, want bool, networks ...string) {
		t.Helper()
		var a netip.Addr
		if from != "" {
			a = netip.MustParseAddr(from)
		}
		s := settings.Sentry{AllowFrom: networks}
		if got := s.Allows(a); got != want {
			t.Errorf("%v allows %s: %v, want %v", networks, from, got, want)
		}
	}
	f("192.0.2.1", true)
	f("", true)
	f("192.0.2.1", true, "192.0.2.0/24")
	f("::ffff:192.0.2.1", true, "10.0.0.0/8", "192.0.2.1")
	f("192.0.3.1", false, "192.0.2.0/24")
	f("192.0.2.77", true, "192.0.2.5/24") // the network of that address
	f("", false, "192.0.2.0/24")
	f("2001:db8::1", true, "2001:db8::/32")
	f("2001:db8::1", false, "192.0.2.0/24")
}

// TestSentries asks who listens, while that changes.
func TestSentries(t *testing.T) {
	t.Parallel()
	b := settings.NewBook(settings.Defaults())
	f := func(s *settings.Sentries, want ...model.OrgID) {
		t.Helper()
		var got []model.OrgID
		for _, l := range s.Listening() {
			got = append(got, l.Org)
		}
		if !slices.Equal(got, want) {
			t.Errorf("listening: %v, want %v", got, want)
		}
	}
	given, none := settings.NewSentries(b, 1, "the operator's secret"), settings.NewSentries(b, 1, "")
	f(given, 1)
	f(none)
	b.Put(2, 0, settings.Settings{Sentry: &settings.Sentry{WebhookSecret: secret}})
	b.Put(3, 7, settings.Settings{Sentry: &settings.Sentry{WebhookSecret: secret}}) // a project's does not count
	f(given, 1, 2)
	f(none, 2)
	b.Put(1, 0, settings.Settings{Sentry: &settings.Sentry{Organization: "acme"}})
	if got := given.Of(1); got.WebhookSecret != "the operator's secret" || got.Organization != "acme" {
		t.Errorf("of the first = %+v, want the operator's secret beside what it set", got)
	}
	b.Put(1, 0, settings.Settings{Sentry: &settings.Sentry{WebhookSecret: secret}})
	if got := given.Of(1).WebhookSecret; got != secret {
		t.Errorf("of the first = %q, want what it set itself", got)
	}
	if got := given.Of(2).WebhookSecret; got != secret {
		t.Errorf("of the second = %q", got)
	}
	b.Put(2, 0, settings.Settings{})
	f(none, 1)
}
