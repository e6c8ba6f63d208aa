// Package api is Picket's own REST: the routes of the relay.one platform and
// /api/v1, described by an OpenAPI document that is generated from the Go types.
// Every operation stands in the table of routes.go; every query takes its
// organization from the caller that access.Guard found.
package api

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/filter"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/signin"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/tail"
)

// Store is what the API needs of an engine.
type Store interface {
	store.Reader
	store.Desk
	store.Hooks
}

// Config sets up the API. Store, Guard and SignIn must be there.
type Config struct {
	Store Store
	Guard *access.Guard
	// SignIn is where people sign in; the guard lets in who did.
	SignIn *signin.Desk
	// Settings is where settings are changed, and Prober tries upstreams out.
	Settings *settings.Desk
	Prober   Prober
	// Forwarding tells how forwarding stands; nil has nothing to tell.
	Forwarding Forwarding
	// Sentries says how each organization talks with Sentry; nil goes by Settings alone.
	Sentries *settings.Sentries
	// Filters are those in force, which know what they failed on; nil goes by Settings alone.
	Filters *filter.Sets
	// Replayed is called when somebody asked for a webhook again; nil calls nobody.
	Replayed func()
	// Tail tells what was just stored; nil tells nothing.
	Tail *tail.Hub
	// Beat is how often a quiet stream says that it lives; zero means every 15 seconds.
	Beat time.Duration
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// PublicURL is where clients reach the server, for DSNs in answers; empty takes
	// what each request says.
	PublicURL string
	// Rules says which rules of outcome are on, as the pipeline has it.
	Rules agent.Rules
	// Prices is the table that calls are priced by; nil is price.Default's.
	Prices *price.Table
	// Log takes what strangers must not read; nil is slog's default.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// rest answers the operations.
type rest struct {
	store    Store
	guard    *access.Guard
	signin   *signin.Desk
	settings *settings.Desk
	prober   Prober
	forward  Forwarding
	sentries *settings.Sentries
	sets     *filter.Sets
	replayed func()
	tail     *tail.Hub
	beat     time.Duration
	rules    agent.Rules
	prices   *price.Table
	log      *slog.Logger
	now      func() time.Time
}

// New returns the handler of everything under Prefixes. The OpenAPI document and
// its page are for everybody, and so is signing in; everything else asks the guard.
func New(c Config) http.Handler {
	a := &rest{store: c.Store, guard: c.Guard, signin: c.SignIn, settings: c.Settings, prober: c.Prober, forward: c.Forwarding, sentries: c.Sentries, sets: filterSets(&c), replayed: c.Replayed, tail: c.Tail, beat: c.Beat, rules: c.Rules, prices: c.Prices, log: c.Log, now: c.Now}
	if a.sentries == nil {
		book := settings.NewBook(settings.Defaults())
		if c.Settings != nil {
			book = c.Settings.Book()
		}
		a.sentries = settings.NewSentries(book, 0, "")
	}
	if a.replayed == nil {
		a.replayed = func() {}
	}
	if a.tail == nil {
		a.tail = &tail.Hub{}
	}
	if a.beat == 0 {
		a.beat = heartbeat
	}
	if a.prices == nil {
		a.prices = price.Default()
	}
	if a.log == nil {
		a.log = slog.Default()
	}
	if a.now == nil {
		a.now = time.Now
	}
	routed := http.NewServeMux()
	doc := describe(a.routes(routed))
	routed.HandleFunc("/", a.lost(routed))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", serveDocument(doc))
	mux.HandleFunc("GET /docs", serveDocs(doc))
	inside := access.WithClient(c.TrustedProxies, access.WithOrigin(c.PublicURL, routed))
	for _, path := range openPaths() {
		mux.Handle(path, c.Guard.WrapOpen(inside, a.refuse))
	}
	mux.Handle("/", c.Guard.Wrap(inside, a.refuse))
	return mux
}

// Prefixes returns the path patterns that New's handler answers, to be mounted on
// a http.ServeMux.
func Prefixes() []string {
	return []string{"/openapi.json", "/docs", "/api/v1/", "/sentry/"}
}

// Document returns the OpenAPI 3.1 document, indented and with a newline at its
// end. It is the same, byte for byte, for the same code.
func Document() []byte {
	return describe((&rest{}).routes(http.NewServeMux())).json
}

// document is the generated description, as a value and as text.
type document struct {
	api  *huma.OpenAPI
	json []byte
}

func describe(d *huma.OpenAPI) document {
	raw, err := json.Marshal(d)
	if err != nil {
		panic("api: our own OpenAPI document cannot be written: " + err.Error())
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		panic("api: our own OpenAPI document is no JSON: " + err.Error())
	}
	b.WriteByte('\n')
	return document{d, b.Bytes()}
}

func serveDocument(d document) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(d.json)
	}
}

// projectID is how projects are named in answers: as text, like every id.
func projectID(id model.ProjectID) string { return id.String() }
