package server

import (
	"cmp"
	"net/http"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/api"
	"relay.one/picket/internal/ingest"
	"relay.one/picket/internal/pipeline"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/sentryapi"
	"relay.one/picket/internal/web"
)

func (s *Server) newPipeline() *pipeline.Pipeline {
	return pipeline.New(pipeline.Options{Writer: s.forward.Behind(s.tail.Behind(s.store)), Prices: cmp.Or(s.config.Prices, price.Default()), Outcomes: s.config.Outcomes, Settings: s.settings.Book(), Metrics: s.metrics})
}

// routes says who answers what. Everything but the door and the health checks asks
// the guard.
func (s *Server) routes() http.Handler {
	guard := s.guard()
	door := ingest.New(ingest.Options{
		Gate: s.store, Sink: s.pipeline, Limits: s.config.Limits,
		TrustedProxies: s.config.TrustedProxies, Metrics: s.metrics, Log: s.log,
	})
	rest := api.New(api.Config{Store: s.store, Guard: guard, SignIn: s.signin, Settings: s.settings, Prober: s.newProber(), Forwarding: s.forward, Sentries: s.hooks.sentries, Filters: s.pipeline.Filters(), Replayed: s.hooks.worker.Wake, Tail: &s.tail, TrustedProxies: s.config.TrustedProxies,
		Prices: s.config.Prices, Rules: s.config.Outcomes, PublicURL: s.config.PublicURL, Log: s.log})

	mux := http.NewServeMux()
	for _, prefix := range api.Prefixes() {
		mux.Handle(prefix, rest)
	}
	mux.Handle(sentryapi.Prefix, sentryapi.New(sentryapi.Config{
		Store: s.store, Guard: guard, PublicURL: s.config.PublicURL, Version: s.config.Version, Log: s.log,
	}))
	s.hooks.mount(mux)
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", guard.Wrap(http.HandlerFunc(s.writeMetrics), refusePlainly))
	if s.pages != nil {
		mux.Handle("/", s.pages)
	} else {
		mux.Handle("GET /{$}", guard.Wrap(access.WithOrigin(s.config.PublicURL, s.page()), refusePlainly))
	}

	return web.Under(web.Base(s.config.PublicURL), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if ingest.Owns(r.URL.Path) {
			door.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// refusePlainly answers those whom the guard does not let in, in text.
func refusePlainly(w http.ResponseWriter, _ *http.Request, err error) {
	status, text := access.Status(err)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	http.Error(w, text, status)
}
