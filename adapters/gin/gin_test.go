package picketgin_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"relay.one/picket"
	picketgin "relay.one/picket/adapters/gin"
	"relay.one/picket/adapters/internal/adaptertest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	m.Run()
}

func TestSuite(t *testing.T) { adaptertest.Run(t, start) }

func start(t *testing.T, s adaptertest.Service) string {
	engine := gin.New()
	if s.Repanic {
		engine.Use(gin.RecoveryWithWriter(io.Discard))
	}
	if s.Outer {
		engine.Use(picketgin.Middleware(picketgin.Options{Client: s.Client}))
	}
	report := picketgin.Middleware(picketgin.Options{
		Client:       s.Client,
		User:         func(c *gin.Context) picket.User { return picket.User{ID: c.GetHeader(adaptertest.HeaderUser)} },
		Organization: organization,
		AgentParam:   adaptertest.AgentParam,
		AgentHeader:  adaptertest.HeaderAgent,
		Ignore:       func(c *gin.Context) bool { return c.GetHeader(adaptertest.HeaderIgnore) != "" },
		BodyBytes:    s.BodyBytes,
		Repanic:      s.Repanic,
	})
	routes := gin.IRoutes(engine)
	prefix := 0
	if s.InGroup {
		group := engine.Group("/agents/:agentId")
		routes, prefix = group.Use(report), len(group.BasePath())
	} else {
		engine.Use(report)
	}
	for _, r := range s.Routes() {
		routes.GET(r.Path[prefix:], handler(r)).POST(r.Path[prefix:], handler(r))
	}
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	return server.URL
}

func organization(c *gin.Context) picket.Organization {
	return picket.Organization{ID: c.GetHeader(adaptertest.HeaderOrganization)}
}

// handler fails as gin's handlers do: the error is attached to the request.
func handler(r adaptertest.Route) gin.HandlerFunc {
	return func(c *gin.Context) {
		// Only what the handler reads of a body is seen.
		if _, err := io.ReadAll(c.Request.Body); err != nil {
			_ = c.AbortWithError(http.StatusBadRequest, err)
			return
		}
		text, err := r.Do(c.Request.Context(), c.Param(adaptertest.AgentParam))
		var refused adaptertest.Refused
		switch {
		case errors.As(err, &refused):
			_ = c.AbortWithError(int(refused), err)
		case err != nil:
			_ = c.Error(err)
			c.Status(http.StatusInternalServerError)
		default:
			c.String(http.StatusOK, text)
		}
	}
}

func BenchmarkMiddleware(b *testing.B) {
	f := func(name string, handlers ...gin.HandlerFunc) {
		engine := gin.New()
		engine.Use(handlers...)
		engine.GET("/agents/:agentId/runs", func(c *gin.Context) { c.Status(http.StatusNoContent) })
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/agents/a1/runs", nil))
			}
		})
	}
	with := func(traces float64) gin.HandlerFunc {
		return picketgin.Middleware(picketgin.Options{Client: adaptertest.Local(b, traces), AgentParam: "agentId"})
	}
	f("without")
	f("unsampled", with(-1))
	f("sampled", with(1))
}
