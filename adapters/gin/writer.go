package picketgin

import (
	"bufio"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
)

// writer tells picket's writer of the header before gin sends it: gin notes a status
// first and sends it when the body begins, so that picket would see none of an answer
// without a body.
type writer struct {
	gin.ResponseWriter
	watched http.ResponseWriter
}

// tell lets picket note the status and add the event's id, unless the header is out.
func (w *writer) tell() {
	if !w.Written() {
		w.watched.WriteHeader(w.Status()) // sends nothing: gin's writer below notes it
	}
}

func (w *writer) WriteHeaderNow() {
	w.tell()
	w.ResponseWriter.WriteHeaderNow()
}

func (w *writer) Write(b []byte) (int, error) {
	w.tell()
	return w.ResponseWriter.Write(b)
}

func (w *writer) WriteString(s string) (int, error) {
	w.tell()
	return w.ResponseWriter.WriteString(s)
}

func (w *writer) Flush() {
	w.tell()
	w.ResponseWriter.Flush()
}

// Hijack hands over the connection; what is answered on it is not seen.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.watched.(http.Hijacker).Hijack() // it offers what gin's writer below does
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
