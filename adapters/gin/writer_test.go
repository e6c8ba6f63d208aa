package picketgin_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"relay.one/picket"
	picketgin "relay.one/picket/adapters/gin"
	"relay.one/picket/adapters/internal/adaptertest"
)

// serve starts a service with one route, /agents/:id, behind the middleware.
func serve(t *testing.T, handler gin.HandlerFunc) (url string) {
	t.Helper()
	engine := gin.New()
	engine.Use(picketgin.Middleware(picketgin.Options{Client: adaptertest.Local(t, 1)}))
	engine.GET("/agents/:id", handler)
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	return server.URL + "/agents/1"
}

// gin sends a status without a body late, and picket's writer must neither hasten it
// nor hide it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	f := func(handler gin.HandlerFunc, status int, named bool, body string) {
		t.Helper()
		resp, err := http.Get(serve(t, handler))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		if id := resp.Header.Get(picket.HeaderEventID); resp.StatusCode != status || (id != "") != named || string(b) != body {
			t.Errorf("answered %d, event %q, %q; want %d, an event: %v, %q", resp.StatusCode, id, b, status, named, body)
		}
	}
	capture := func(c *gin.Context) { picket.CaptureMessage(c.Request.Context(), picket.LevelInfo, "here") }
	f(func(c *gin.Context) { c.Status(http.StatusTeapot) }, http.StatusTeapot, false, "")
	f(func(c *gin.Context) { capture(c); c.Status(http.StatusTeapot) }, http.StatusTeapot, true, "")
	f(func(c *gin.Context) { capture(c); c.AbortWithStatus(http.StatusGone) }, http.StatusGone, true, "")
	f(func(c *gin.Context) { capture(c); c.String(http.StatusCreated, "made") }, http.StatusCreated, true, "made")
	f(func(c *gin.Context) { _, _ = c.Writer.WriteString("text") }, http.StatusOK, false, "text")
	f(func(c *gin.Context) { c.Writer.Flush(); capture(c); c.String(http.StatusOK, "late") }, http.StatusOK, false, "late")
	f(func(c *gin.Context) { _ = c.AbortWithError(http.StatusBadGateway, errors.New("upstream")) }, http.StatusBadGateway, false, "")
	f(func(c *gin.Context) { http.NewResponseController(c.Writer).Flush(); c.String(http.StatusOK, "on") }, http.StatusOK, false, "on")
}

// After a panic gin must not go on with the next handler.
func TestPanicEndsTheChain(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	next := false
	engine.Use(picketgin.Middleware(picketgin.Options{Client: adaptertest.Local(t, 1)}))
	engine.GET("/", func(*gin.Context) { panic("no") }, func(*gin.Context) { next = true })
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError || next {
		t.Errorf("answered %d, the next handler ran = %v", w.Code, next)
	}
}

// What an outer middleware has is in its place again.
func TestPutsBack(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	engine.Use(func(c *gin.Context) {
		below := c.Writer
		c.Next()
		if c.Writer != below || c.Writer.Status() != http.StatusGone {
			t.Errorf("the writer is %T with status %d", c.Writer, c.Writer.Status())
		}
	})
	engine.Use(picketgin.Middleware(picketgin.Options{Client: adaptertest.Local(t, 1)}))
	engine.GET("/", func(c *gin.Context) { c.Status(http.StatusGone) })
	engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}

func TestHijack(t *testing.T) {
	t.Parallel()
	url := serve(t, func(c *gin.Context) {
		conn, buffered, err := c.Writer.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\nhello\n")
		_ = buffered.Flush()
	})
	address, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /"+path+" HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil || !strings.HasSuffix(string(all), "hello\n") {
		t.Errorf("read %q, %v", all, err)
	}
}
