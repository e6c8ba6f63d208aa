// Package server puts the rooms together: it opens the data directory and the
// store, wires the journey from the door to the disk, listens, and stops without
// losing what it accepted.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/pipeline"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/signin"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/tail"
	"relay.one/picket/internal/upstream"
	"relay.one/picket/internal/web"
	"relay.one/picket/wire"
)

// Server is a Picket. Open makes one that listens: Run serves, and Run's end closes it.
// Embed makes one whose Handler somebody else serves.
type Server struct {
	config   Config
	log      *slog.Logger
	lock     *dataLock
	listener net.Listener
	handler  http.Handler
	store    store.Store
	pipeline *pipeline.Pipeline
	forward  *upstream.Forwarder
	metrics  *metrics.Set
	tail     tail.Hub
	signin   *signin.Desk
	settings *settings.Desk
	hooks    *hooks
	outbound *http.Client // for addresses that strangers chose
	pages    http.Handler // nil when they are not built
	key      store.Key    // of the first project
	url      string
	visits   visits // of an embedded server

	// stops close what was opened; the last comes first.
	stops []func(context.Context) error
}

// Open prepares everything up to the listening socket. Errors about a setting name
// it. What was opened before an error is closed again.
func Open(ctx context.Context, c Config) (_ *Server, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := newServer(c)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if err := s.openData(ctx); err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	if err := s.openSettings(ctx); err != nil {
		return nil, err
	}
	if err := s.listen(ctx); err != nil {
		return nil, err
	}
	return s, s.wire()
}

func newServer(c Config) *Server {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Server{config: c, log: c.Log, metrics: metrics.NewSet()}
}

// openData locks the directory, opens the store, and makes the first project.
func (s *Server) openData(ctx context.Context) error {
	var err error
	if s.lock, err = lockData(s.config.Data); err != nil {
		return err
	}
	s.onStop(func(context.Context) error { return s.lock.release() })
	committed := s.metrics.NewPrometheusHistogramExt("picket_commit_seconds", commitBuckets)
	db, err := sqlite.Open(databasePath(s.config.Data), sqlite.Options{
		Retention: s.config.Retention,
		Rules:     s.config.Outcomes,
		Log:       s.log,
		Committed: func(took time.Duration, _ int) { committed.Update(took.Seconds()) },
	})
	if err != nil {
		return err
	}
	s.store, s.signin = db, signin.New(db, nil)
	s.onStop(func(context.Context) error { return db.Close() })
	s.key, err = db.Bootstrap(ctx)
	return err
}

// databasePath returns the database's file in a data directory.
func databasePath(dir string) string { return filepath.Join(dir, "picket.db") }

func (s *Server) listen(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.config.Addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	s.listener = l
	s.onStop(func(context.Context) error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	s.url = s.config.publicURL(l.Addr().String())
	return s.lock.announce(s.url)
}

// The times that a connection may take. A body of the largest size needs a while
// on a slow line; a header does not.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 2 * time.Minute
	writeTimeout  = 2 * time.Minute
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// wire builds the journey and the routes.
func (s *Server) wire() error {
	if err := s.openPages(); err != nil {
		return err
	}
	s.forward = s.newForwarder()
	s.pipeline = s.newPipeline()
	s.onStop(s.pipeline.Flush)
	s.hooks = s.newHooks()
	s.handler = s.routes()
	return nil
}

// openPages finds the pages; that they are not built is no error.
func (s *Server) openPages() error {
	dist := s.config.Pages
	if dist == nil {
		dist = web.Built()
	}
	p, err := web.New(dist, web.Base(s.config.PublicURL))
	if errors.Is(err, web.ErrNotBuilt) {
		return nil
	}
	s.pages = p
	return err
}

// newHTTP makes what serves the routes on our own socket. Streams end when it shuts down.
func (s *Server) newHTTP() *http.Server {
	h := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	h.RegisterOnShutdown(s.tail.Close)
	return h
}

// SetUpLink returns where the first user sets a password, once; empty when there is one,
// or nobody is asked for a password. It replaces the link before it.
func (s *Server) SetUpLink(ctx context.Context) (string, error) {
	needs, err := s.signin.NeedsSetUp(ctx)
	if err != nil || !needs || s.config.Dev {
		return "", err
	}
	return setUpLink(ctx, s.store, s.key, "", s.url)
}

// URL returns how clients reach the server.
func (s *Server) URL() string { return s.url }

// DSN returns what an SDK needs to send to the first project.
func (s *Server) DSN() string { return DSN(s.url, s.key) }

// DSN returns the DSN of a key on the server at that URL.
func DSN(at string, k store.Key) string {
	u, err := url.Parse(at)
	if err != nil {
		panic("server: the address was not checked: " + err.Error())
	}
	d := wire.DSN{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/"), PublicKey: k.Public, ProjectID: k.Project.String()}
	return d.String()
}

// Run serves until ctx ends, then finishes the requests it has, stores what is
// pending and closes everything, under the deadline of Config.Grace.
func (s *Server) Run(ctx context.Context) error {
	s.work(ctx)
	h := s.newHTTP()
	served := make(chan error, 1)
	go func() { served <- h.Serve(s.listener) }()

	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
	}
	grace := s.config.Grace
	if grace == 0 {
		grace = 25 * time.Second
	}
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer done()
	s.log.Info("stopping", "grace", grace)
	return errors.Join(ignoreClosed(err), shutdown(stopping, h), s.close(stopping))
}

// work stores the counts of what was held back and takes in what was set elsewhere, every
// few seconds until the server stops.
func (s *Server) work(ctx context.Context) {
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	workers.Go(func() { s.pipeline.Run(background) })
	workers.Go(func() { s.settings.Run(background, s.log) })
	workers.Go(func() { s.forward.Run(background) })
	s.hooks.work(background, &workers)
	workers.Go(func() { s.pipeline.RunSampling(background, s.store) })
	s.onStop(func(context.Context) error {
		cancel()
		workers.Wait()
		return nil
	})
}

// shutdown lets requests finish, and cuts off those that do not in time.
func shutdown(ctx context.Context, h *http.Server) error {
	if err := h.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("finish requests: %w", err), h.Close())
	}
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// onStop adds to what close undoes.
func (s *Server) onStop(stop func(context.Context) error) { s.stops = append(s.stops, stop) }

// close undoes what Open did, in reverse order.
func (s *Server) close(ctx context.Context) error {
	var errs []error
	for _, stop := range slices.Backward(s.stops) {
		errs = append(errs, stop(ctx))
	}
	s.stops = nil
	return errors.Join(errs...)
}

// guard decides who may come in.
func (s *Server) guard() *access.Guard {
	g := &access.Guard{Tokens: s.store, Sessions: s.signin, PublicURL: s.config.PublicURL}
	if s.config.Dev {
		everyone := access.Everything(s.key.Org)
		g.Everyone = &everyone
	}
	return g
}
