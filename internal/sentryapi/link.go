package sentryapi

import (
	"net/url"
	"strconv"
	"strings"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/store"
)

const (
	defaultPage = 100
	largestPage = 1000
)

// page reads which page the caller wants: cursor, and limit or per_page.
func (c *call) page() (store.Page, error) {
	p := store.Page{Limit: defaultPage}
	q := c.URL.Query()
	for _, name := range []string{"limit", "per_page"} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return p, invalid(name, "%.20q is no number above 0", text)
		}
		p.Limit = min(n, largestPage)
	}
	var err error
	p.Cursor, err = openCursor(q.Get("cursor"))
	return p, err
}

// Cursors look like Sentry's, value:offset:is_prev, with the engine's cursor for the
// offset. "0" is where a list begins.
func closeCursor(engine string) string { return "0:" + engine + ":0" }

func openCursor(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	parts := strings.Split(text, ":")
	if len(parts) != 3 || parts[1] == "" {
		return "", invalid("cursor", "%.60q is none of ours", text)
	}
	if parts[1] == "0" {
		return "", nil
	}
	return parts[1], nil
}

// link says where the pages before and after this one are. There is always both:
// results says whether anything is there. Lists are only walked forward.
func (c *call) link(next string) {
	more := next != ""
	if !more {
		next = "0"
	}
	c.head.Set("Link", c.toPage("previous", "0:0:1", false)+", "+c.toPage("next", closeCursor(next), more))
}

// toPage writes one entry of the Link header. Clients cut the header at every
// comma, so the URL must have none.
func (c *call) toPage(rel, cursor string, results bool) string {
	q := c.URL.Query()
	q.Del("cursor")
	query := q.Encode() // percent-encodes commas
	at := access.Origin(c.ctx()) + strings.ReplaceAll(c.URL.EscapedPath(), ",", "%2C")
	return "<" + at + "?" + query + "&cursor=" + url.QueryEscape(cursor) + `>; rel="` + rel +
		`"; results="` + strconv.FormatBool(results) + `"; cursor="` + cursor + `"`
}
