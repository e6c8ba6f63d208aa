package server

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"

	"relay.one/picket/internal/access"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// page serves what a newcomer needs: where to send, and where to read. It asks
// nothing of the network and runs no script.
func (s *Server) page() http.Handler {
	sum := sha256.Sum256([]byte(pageStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	page := template.Must(template.New("page").Parse(pageText))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := access.Origin(r.Context())
		var b bytes.Buffer
		err := page.Execute(&b, map[string]any{
			"Style": template.CSS(pageStyle), "URL": at, "DSN": access.DSN(r.Context(), s.key.Public, s.key.Project),
			"Key": s.key.Public, "Project": s.key.Project.String(), "Dev": s.config.Dev,
		})
		if err != nil {
			panic("server: our own page: " + err.Error())
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		// A reader who went away misses nothing.
		_, _ = w.Write(b.Bytes())
	})
}
