package picketfiber_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/gofiber/fiber/v3"

	"relay.one/picket"
	picketfiber "relay.one/picket/adapters/fiber"
)

func ExampleMiddleware() {
	// Mostly picket.Init(picket.Options{}) instead, and no Client below.
	client, err := picket.New(picket.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer client.Close(context.Background())

	app := fiber.New()
	app.Use(picketfiber.Middleware(picketfiber.Options{
		Client:     client,
		AgentParam: "agentId",
		User:       func(c fiber.Ctx) picket.User { return picket.User{ID: c.Get("Authenticated-User")} },
	}))
	app.Get("/agents/:agentId/runs", func(fiber.Ctx) error { return fiber.ErrNotFound })
	app.Post("/agents/:agentId/runs", func(fiber.Ctx) error { return errors.New("out of tools") })
	app.Delete("/agents/:agentId/runs", func(fiber.Ctx) error { panic("out of tools") })

	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		resp, err := app.Test(httptest.NewRequest(method, "/agents/a1/runs", nil))
		if err != nil {
			panic(err)
		}
		fmt.Println(resp.StatusCode, resp.Header.Get("Content-Type"), len(resp.Header.Get(picket.HeaderEventID)))
	}
	// Output:
	// 404 text/plain; charset=utf-8 0
	// 500 text/plain; charset=utf-8 32
	// 500 application/problem+json 32
}
