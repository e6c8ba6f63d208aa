package picketgin_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	"relay.one/picket"
	picketgin "relay.one/picket/adapters/gin"
)

func ExampleMiddleware() {
	// Mostly picket.Init(picket.Options{}) instead, and no Client below.
	client, err := picket.New(picket.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer client.Close(context.Background())

	r := gin.New()
	r.Use(picketgin.Middleware(picketgin.Options{
		Client:     client,
		AgentParam: "agentId",
		User:       func(c *gin.Context) picket.User { return picket.User{ID: c.GetString("user")} },
	}))
	r.GET("/agents/:agentId/runs", func(c *gin.Context) {
		_ = c.Error(errors.New("no such run"))
		picket.WriteProblem(c.Writer, c.Request, http.StatusNotFound, "Nobody knows this run.")
	})
	r.POST("/agents/:agentId/runs", func(*gin.Context) { panic("out of tools") })

	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(method, "/agents/a1/runs", nil))
		fmt.Println(w.Code, w.Header().Get("Content-Type"), len(w.Header().Get(picket.HeaderEventID)))
	}
	// Output:
	// 404 application/problem+json 0
	// 500 application/problem+json 32
}
