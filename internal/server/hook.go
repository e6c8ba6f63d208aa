package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"relay.one/picket/internal/hook"
	"relay.one/picket/internal/outbound"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/upstream"
)

// hooks are what takes Sentry's webhooks and tells Sentry of changes.
type hooks struct {
	sentries *settings.Sentries
	door     *hook.Door
	worker   *hook.Worker
	mirror   *hook.Mirror
}

// checkHooks returns an error that names the flag that is wrong.
func (c Config) checkHooks() error {
	err := settings.Settings{Sentry: &settings.Sentry{WebhookSecret: c.WebhookSecret}}.Check()
	var wrong *settings.FieldError
	if errors.As(err, &wrong) {
		return fmt.Errorf("--sentry-webhook-secret %s", wrong.Fix)
	}
	return err
}

const (
	// apiTimeout bounds a call of Sentry's API, and maxEvent its answer: an event with
	// everything that was sent.
	apiTimeout = 10 * time.Second
	maxEvent   = 8 << 20
)

// newHooks makes them; work has them work.
func (s *Server) newHooks() *hooks {
	h := &hooks{sentries: settings.NewSentries(s.settings.Book(), s.key.Org, s.config.WebhookSecret)}
	client := outbound.New(outbound.Options{Allow: s.config.Settings.AllowOutbound, Timeout: apiTimeout, Body: maxEvent})
	api := func(of settings.Sentry) hook.API {
		return &upstream.API{URL: of.APIURL, Token: of.APIToken, Organization: of.Organization, Client: client}
	}
	o := hook.Options{Store: s.store, Sentries: h.sentries, Book: s.settings.Book(), API: api, Log: s.log}
	h.worker, h.mirror = hook.NewWorker(o), hook.NewMirror(o)
	h.door = hook.NewDoor(hook.DoorOptions{Store: s.store, Sentries: h.sentries, Taken: h.worker.Wake,
		TrustedProxies: s.config.TrustedProxies, Metrics: s.metrics, Log: s.log})
	return h
}

// mount puts the door on its paths.
func (h *hooks) mount(mux *http.ServeMux) {
	for _, path := range hook.Paths() {
		mux.Handle(path, h.door)
	}
}

// work has worker and mirror work until ctx ends.
func (h *hooks) work(ctx context.Context, workers *sync.WaitGroup) {
	workers.Go(func() { h.worker.Run(ctx) })
	workers.Go(func() { h.mirror.Run(ctx) })
}
