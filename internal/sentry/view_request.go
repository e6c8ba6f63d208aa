package sentry

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// Pair is a name and its value.
type Pair [2]string

// RequestView is the HTTP request that an event belongs to. Pairs are in the
// order of the client.
type RequestView struct {
	URL                 string          `json:"url,omitzero"` // without query and fragment
	Method              string          `json:"method,omitzero"`
	Query               []Pair          `json:"query,omitzero"`
	Fragment            string          `json:"fragment,omitzero"`
	Headers             []Pair          `json:"headers,omitzero"`
	Cookies             []Pair          `json:"cookies,omitzero"`
	Data                json.RawMessage `json:"data,omitzero"`
	Env                 json.RawMessage `json:"env,omitzero"`
	InferredContentType string          `json:"inferred_content_type,omitzero"`
}

// UserView is whoever was affected.
type UserView struct {
	ID        string          `json:"id,omitzero"`
	Email     string          `json:"email,omitzero"`
	Username  string          `json:"username,omitzero"`
	Name      string          `json:"name,omitzero"`
	IPAddress string          `json:"ip_address,omitzero"`
	Geo       json.RawMessage `json:"geo,omitzero"`
	// Data holds whatever else the client said of the user.
	Data Members `json:"data,omitzero"`
}

// BreadcrumbView is one thing that happened before the event.
type BreadcrumbView struct {
	Timestamp time.Time       `json:"timestamp,omitzero"`
	Type      string          `json:"type"`
	Category  string          `json:"category,omitzero"`
	Level     string          `json:"level"`
	Message   string          `json:"message,omitzero"`
	Data      json.RawMessage `json:"data,omitzero"`
	EventID   string          `json:"event_id,omitzero"`
}

func breadcrumbView(v *fastjson.Value) BreadcrumbView {
	return BreadcrumbView{
		Timestamp: viewTime(v.Get("timestamp")),
		Type:      or(text(aliased(v, "type", "ty"), unlimited), "default"),
		Category:  text(v.Get("category"), unlimited),
		Level:     levelOr(v.Get("level"), model.LevelInfo).String(),
		Message:   anyText(v.Get("message"), unlimited),
		Data:      viewJSON(v.Get("data")),
		EventID:   viewID(v.Get("event_id")),
	}
}

func requestView(v *fastjson.Value) *RequestView {
	if typeOf(v) != fastjson.TypeObject || v.GetObject().Len() == 0 {
		return nil
	}
	r := &RequestView{
		Method:              method(v.Get("method")),
		Data:                viewJSON(v.Get("data")),
		Env:                 viewJSON(v.Get("env")),
		InferredContentType: text(v.Get("inferred_content_type"), unlimited),
	}
	address := text(v.Get("url"), unlimited)
	address, fragment, _ := strings.Cut(address, "#")
	address, query, _ := strings.Cut(address, "?")
	r.URL = address
	r.Fragment = or(text(v.Get("fragment"), unlimited), fragment)
	r.Query = viewPairs(v.Get("query_string"), "&")
	if r.Query == nil {
		r.Query = splitPairs(query, "&")
	}
	r.Headers, r.Cookies = viewHeaders(v.Get("headers"))
	if c := viewPairs(v.Get("cookies"), ";"); c != nil {
		r.Cookies = c
	}
	return r
}

// viewPairs reads a text of pairs, a map or a list of pairs.
func viewPairs(v *fastjson.Value, separator string) []Pair {
	if typeOf(v) == fastjson.TypeString {
		return splitPairs(strings.TrimPrefix(str(v, unlimited), "?"), separator)
	}
	var out []Pair
	pairs(v, func(key []byte, v *fastjson.Value) {
		out = append(out, Pair{string(key), anyText(v, unlimited)})
	})
	return out
}

// splitPairs splits a query, or a Cookie header, into its pairs.
func splitPairs(s, separator string) []Pair {
	var out []Pair
	for part := range strings.SplitSeq(s, separator) {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name == "" {
			continue
		}
		if separator == "&" {
			name, value = unescape(name), unescape(value)
		}
		out = append(out, Pair{name, value})
	}
	return out
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return strings.ToValidUTF8(plain, "\uFFFD")
	}
	return s
}

// viewHeaders reads headers; a Cookie header becomes cookies.
func viewHeaders(v *fastjson.Value) (headers, cookies []Pair) {
	pairs(v, func(key []byte, v *fastjson.Value) {
		h := Pair{http.CanonicalHeaderKey(string(key)), headerText(v)}
		if h[0] == "Cookie" {
			cookies = append(cookies, splitPairs(h[1], ";")...)
			return
		}
		headers = append(headers, h)
	})
	return headers, cookies
}

func headerText(v *fastjson.Value) string {
	if typeOf(v) != fastjson.TypeArray {
		return anyText(v, unlimited)
	}
	parts := make([]string, 0, len(v.GetArray()))
	for _, e := range v.GetArray() {
		parts = append(parts, anyText(e, unlimited))
	}
	return strings.Join(parts, ",")
}

func userView(v *fastjson.Value) *UserView {
	if typeOf(v) != fastjson.TypeObject || v.GetObject().Len() == 0 {
		return nil
	}
	u := &UserView{}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			u.ID = text(v, unlimited)
		case "email":
			u.Email = text(v, unlimited)
		case "username":
			u.Username = text(v, unlimited)
		case "name":
			u.Name = text(v, unlimited)
		case "ip_address":
			u.IPAddress = text(v, unlimited)
		case "geo":
			u.Geo = viewJSON(v)
		case "data":
			u.Data = append(viewMembers(v), u.Data...)
		default:
			u.Data = append(u.Data, Member{string(key), AppendJSON(nil, v)})
		}
	})
	return u
}
