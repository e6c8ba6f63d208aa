package picketecho_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v5"

	"relay.one/picket"
	picketecho "relay.one/picket/adapters/echo"
)

func ExampleMiddleware() {
	// Mostly picket.Init(picket.Options{}) instead, and no Client below.
	client, err := picket.New(picket.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer client.Close(context.Background())

	e := echo.New()
	e.Use(picketecho.Middleware(picketecho.Options{
		Client:     client,
		AgentParam: "agentId",
		User: func(c *echo.Context) picket.User {
			return picket.User{ID: c.Request().Header.Get("Authenticated-User")}
		},
	}))
	e.GET("/agents/:agentId/runs", func(*echo.Context) error { return echo.ErrNotFound })
	e.POST("/agents/:agentId/runs", func(*echo.Context) error { return errors.New("out of tools") })
	e.DELETE("/agents/:agentId/runs", func(*echo.Context) error { panic("out of tools") })

	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(method, "/agents/a1/runs", nil))
		fmt.Println(w.Code, w.Header().Get("Content-Type"), len(w.Header().Get(picket.HeaderEventID)))
	}
	// Output:
	// 404 application/json 0
	// 500 application/json 32
	// 500 application/problem+json 32
}
