package api

import (
	"context"
	"reflect"
	"strings"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
)

// sentrySettings are how an organization talks with Sentry beside forwarding.
type sentrySettings struct {
	WebhookURL       string     `json:"webhookUrl" doc:"What to write into the integration at Sentry"`
	WebhookSecretSet bool       `json:"webhookSecretSet" doc:"Whether webhooks are taken: whether there is a client secret by which to know them"`
	WebhookSecretOwn bool       `json:"webhookSecretOwn" doc:"Whether the organization set it, and not who runs the server"`
	AllowFrom        []string   `json:"allowFrom" doc:"Networks that webhooks may come from; empty means any"`
	APIURL           *string    `json:"apiUrl" doc:"Where Sentry's API is; null: not set"`
	APITokenSet      bool       `json:"apiTokenSet"`
	Organization     *string    `json:"organization" doc:"The organization's slug at Sentry; null: not set"`
	Tells            bool       `json:"tells" doc:"Whether Sentry is told what people change here"`
	Version          int64      `json:"version" doc:"Of everything that the organization has set; 0 before the first"`
	UpdatedAt        *time.Time `json:"updatedAt" doc:"Null before the first change"`
	UpdatedBy        *string    `json:"updatedBy" doc:"An e-mail address, or the name of a token"`
}

func (a *rest) sentrySettings(ctx context.Context, c access.Caller, _ *struct{}) (*sentrySettings, error) {
	return a.sentrySettingsOf(ctx, c.Org), nil
}

func (a *rest) sentrySettingsOf(ctx context.Context, org model.OrgID) *sentrySettings {
	own, mark := a.settings.Own(org, 0)
	s := a.sentries.Of(org)
	return &sentrySettings{
		WebhookURL: access.Origin(ctx) + "/sentry/webhook", WebhookSecretSet: s.Listens(), WebhookSecretOwn: own.Sentry != nil && own.Sentry.Listens(),
		AllowFrom: each(s.AllowFrom, same), APIURL: text(s.APIURL), APITokenSet: s.APIToken != "", Organization: text(s.Organization), Tells: s.Speaks(),
		Version: mark.Version, UpdatedAt: when(mark.Time), UpdatedBy: text(mark.By),
	}
}

type newSentrySettings struct {
	Body sentrySettingsBody
}

// sentrySettingsBody is what can be set. What only answers hold may be sent back.
type sentrySettingsBody struct {
	_             struct{}  `additionalProperties:"false"`
	WebhookSecret *string   `json:"webhookSecret,omitempty" doc:"The client secret of the integration at Sentry; empty takes no webhooks"`
	AllowFrom     *[]string `json:"allowFrom,omitempty" example:"[\"35.186.247.0/24\"]"`
	APIURL        *string   `json:"apiUrl,omitempty" nullable:"true" example:"https://sentry.io"`
	APIToken      *string   `json:"apiToken,omitempty" doc:"With event:read and event:write; empty tells Sentry nothing any more"`
	Organization  *string   `json:"organization,omitempty" nullable:"true" example:"acme"`
	Version       *int64    `json:"version,omitempty" doc:"As answered: 409 when there is a newer one"`

	WebhookURL       *string    `json:"webhookUrl,omitempty" doc:"Not looked at"`
	WebhookSecretSet *bool      `json:"webhookSecretSet,omitempty" doc:"Not looked at"`
	WebhookSecretOwn *bool      `json:"webhookSecretOwn,omitempty" doc:"Not looked at"`
	APITokenSet      *bool      `json:"apiTokenSet,omitempty" doc:"Not looked at"`
	Tells            *bool      `json:"tells,omitempty" doc:"Not looked at"`
	UpdatedAt        *time.Time `json:"updatedAt,omitempty" nullable:"true" doc:"Not looked at"`
	UpdatedBy        *string    `json:"updatedBy,omitempty" nullable:"true" doc:"Not looked at"`
}

// over returns what a body makes of a section. Who names another address writes the token
// again: else it would be sent to wherever somebody likes who may not read it.
func (b *sentrySettingsBody) over(s settings.Sentry) (settings.Sentry, error) {
	before := s.APIURL
	for _, f := range [...]struct {
		to   *string
		from *string
	}{{&s.WebhookSecret, b.WebhookSecret}, {&s.APIURL, b.APIURL}, {&s.APIToken, b.APIToken}, {&s.Organization, b.Organization}} {
		if f.from != nil {
			*f.to = strings.TrimSpace(*f.from)
		}
	}
	if b.AllowFrom != nil {
		s.AllowFrom = nil
		for _, n := range *b.AllowFrom {
			s.AllowFrom = append(s.AllowFrom, strings.TrimSpace(n))
		}
	}
	if s.APIURL != before && s.APIToken != "" && b.APIToken == nil {
		return s, &settings.FieldError{Field: "apiToken", Fix: "write it once more: it was given for another apiUrl"}
	}
	return s, nil
}

func (a *rest) changeSentrySettings(ctx context.Context, c access.Caller, in *newSentrySettings) (*sentrySettings, error) {
	_, err := a.settings.Change(ctx, settings.Edit{Org: c.Org, By: who(c), For: in.Body.Version, Make: func(own settings.Settings) (settings.Settings, error) {
		var before settings.Sentry
		if own.Sentry != nil {
			before = *own.Sentry
		}
		next, err := in.Body.over(before)
		if err != nil {
			return own, err
		}
		own.Sentry = &next
		if reflect.DeepEqual(next, settings.Sentry{}) {
			own.Sentry = nil
		}
		return own, nil
	}})
	if err != nil {
		return nil, err
	}
	return a.sentrySettingsOf(ctx, c.Org), nil
}
