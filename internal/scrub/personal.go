package scrub

import (
	"net/netip"
	"strings"

	"github.com/valyala/fastjson"
)

// The functions below take out who a user is: what Sentry's SDKs leave out themselves
// unless they are told to send it (sendDefaultPii). Members go as a whole, as if nobody
// had sent them, and nothing is written into _meta. The user's id stays, unless it is an
// address itself. Each reports whether there was anything.

// PersonalEvent takes personal data out of an event, a transaction or a feedback. It keeps
// the upstream, too, from taking our address for that of the user; new values come from a.
func PersonalEvent(v *fastjson.Value, a *fastjson.Arena) bool {
	found := strip(v, (*stripper).event)
	return neverInfer(v, a) || found
}

// PersonalAnything takes personal data out of a document of which nobody here knows what it
// is, wherever it stands as in an event.
func PersonalAnything(v *fastjson.Value) bool { return strip(v, (*stripper).event) }

// neverInfer says in an event of a user's own machine that the sender is not the user,
// unless that is said there already.
func neverInfer(v *fastjson.Value, a *fastjson.Arena) bool {
	switch view(v.GetStringBytes("platform")) {
	case "javascript", "cocoa", "objc":
	default:
		return false
	}
	if view(v.GetStringBytes("sdk", "settings", "infer_ip")) == never {
		return false
	}
	settings := member(member(v, "sdk", a), "settings", a)
	settings.Set("infer_ip", a.NewString(never))
	return true
}

// never is how the setting infer_ip says that addresses are not to be told from requests.
const never = "never"

var neverValue = *fastjson.MustParse(`"` + never + `"`)

// member returns the object under a key, made if need be.
func member(v *fastjson.Value, key string, a *fastjson.Arena) *fastjson.Value {
	if m := v.Get(key); m.GetObject() != nil {
		return m
	}
	m := a.NewObject()
	v.Set(key, m)
	return m
}

// PersonalSpans takes personal data out of a span, or of all in a container.
func PersonalSpans(v *fastjson.Value) bool { return strip(v, (*stripper).span) }

// PersonalLogs takes personal data out of a log record or a metric, or of all in a container.
func PersonalLogs(v *fastjson.Value) bool { return strip(v, (*stripper).span) }

// PersonalSession takes personal data out of an update of a session or a list of counted ones.
func PersonalSession(v *fastjson.Value) bool { return strip(v, (*stripper).session) }

// PersonalReport takes the name and the address out of a user report.
func PersonalReport(v *fastjson.Value) bool { return strip(v, (*stripper).feedback) }

// PersonalHeader takes personal data out of an envelope's header.
func PersonalHeader(v *fastjson.Value) bool { return strip(v, (*stripper).header) }

func strip(v *fastjson.Value, f func(*stripper, *fastjson.Value)) bool {
	var s stripper
	f(&s, v)
	return s.found
}

// stripper goes through one document.
type stripper struct{ found bool }

// remove deletes every member that goes names. It looks first: most objects have none.
func (s *stripper) remove(o *fastjson.Object, goes func(key string, v *fastjson.Value) bool) {
	var few [8]string
	doomed := few[:0]
	o.Visit(func(key []byte, v *fastjson.Value) {
		if goes(view(key), v) {
			doomed = append(doomed, string(key))
		}
	})
	for _, key := range doomed { // each as often as it is there
		o.Del(key)
		s.found = true
	}
}

// each goes through the members of an object, or of all objects of a list.
func each(v *fastjson.Value, f func(key string, v *fastjson.Value)) {
	if list := v.GetArray(); list != nil {
		for _, e := range list {
			each(e, f)
		}
		return
	}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) { f(view(key), v) })
}

func (s *stripper) event(v *fastjson.Value) {
	each(v, func(key string, v *fastjson.Value) {
		switch key {
		case "user", "sentry.interfaces.User":
			s.user(v)
		case "request", "sentry.interfaces.Http":
			s.request(v)
		case "contexts", "sentry.interfaces.Contexts":
			s.contexts(v)
		case "spans":
			s.span(v)
		case "breadcrumbs", "sentry.interfaces.Breadcrumbs":
			s.breadcrumbs(v)
		case "tags":
			s.attributes(v)
		case "sdk":
			s.sdk(v)
		}
	})
}

// user takes out everything about a user but the id.
func (s *stripper) user(v *fastjson.Value) {
	s.remove(v.GetObject(), func(key string, v *fastjson.Value) bool {
		switch key {
		case "ip_address", "email", "username", "name", "geo":
			return true
		case "id":
			return isAddress(v)
		}
		return false
	})
}

// isAddress reports whether what should name somebody is their e-mail or IP address.
func isAddress(v *fastjson.Value) bool {
	text := view(v.GetStringBytes())
	if at := strings.IndexByte(text, '@'); at > 0 && strings.IndexByte(text[at:], '.') > 0 {
		return true
	}
	_, err := netip.ParseAddr(text)
	return err == nil
}

func (s *stripper) request(v *fastjson.Value) {
	s.remove(v.GetObject(), func(key string, _ *fastjson.Value) bool { return key == "cookies" })
	each(v, func(key string, v *fastjson.Value) {
		switch key {
		case "headers":
			s.pairs(v, func(name string, _ *fastjson.Value) bool { return headerTells(name) })
		case "env":
			s.pairs(v, func(name string, _ *fastjson.Value) bool {
				name, _ = strings.CutPrefix(name, "HTTP_")
				return name == "REMOTE_HOST" || headerTells(name)
			})
		}
	})
}

// headerTells reports whether an HTTP header says who the client is. Underscores stand
// for hyphens.
func headerTells(name string) bool {
	if len(name) > 32 {
		return false
	}
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "cookie", "set-cookie", "cookie2",
		"forwarded", "forwarded-for", "x-forwarded", "x-forwarded-for", "x-original-forwarded-for", "x-vercel-forwarded-for",
		"x-real-ip", "x-client-ip", "x-cluster-client-ip", "client-ip", "true-client-ip", "remote-addr",
		"cf-connecting-ip", "cf-connecting-ipv6", "cf-pseudo-ipv4", "fastly-client-ip", "fly-client-ip", "do-connecting-ip",
		"x-appengine-user-ip", "x-azure-clientip", "x-azure-socketip", "x-envoy-external-address":
		return true
	}
	return false
}

// pairs takes names with their values out of a map, a list of [name, value] or a list of
// {"key":…,"value":…}; of lists the value alone.
func (s *stripper) pairs(v *fastjson.Value, goes func(name string, v *fastjson.Value) bool) {
	if o := v.GetObject(); o != nil {
		s.remove(o, goes)
		return
	}
	for _, e := range v.GetArray() {
		name, value := view(e.Get("0").GetStringBytes()), e.Get("1")
		if e.GetObject() != nil {
			name, value = view(e.GetStringBytes("key")), e.Get("value")
		}
		if name != "" && value != nil && goes(name, value) {
			s.null(value)
		}
	}
}

// null makes a value null, in its place.
func (s *stripper) null(v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeNull, fastjson.TypeTrue, fastjson.TypeFalse: // all trees share these
	default:
		*v = fastjson.Value{}
		s.found = true
	}
}

func (s *stripper) contexts(v *fastjson.Value) {
	each(v, func(key string, v *fastjson.Value) {
		switch key {
		case "trace":
			s.span(v)
		case "response":
			s.request(v)
		case "feedback":
			s.feedback(v)
		case "otel":
			each(v, func(_ string, v *fastjson.Value) { s.attributes(v) })
		}
	})
}

// feedback takes out how to reach somebody who wrote.
func (s *stripper) feedback(v *fastjson.Value) {
	s.remove(v.GetObject(), func(key string, _ *fastjson.Value) bool {
		return key == "name" || key == "email" || key == "contact_email"
	})
}

// span clears a span of either format, a log record, a metric, or a container of them.
func (s *stripper) span(v *fastjson.Value) {
	each(v, func(key string, v *fastjson.Value) {
		switch key {
		case "data", "attributes", "tags", "sentry_tags":
			s.attributes(v)
		case "items":
			s.span(v)
		case "ingest_settings":
			s.infer(v)
		}
	})
}

func (s *stripper) breadcrumbs(v *fastjson.Value) {
	each(v, func(key string, v *fastjson.Value) {
		switch key {
		case "values":
			s.breadcrumbs(v)
		case "data":
			s.attributes(v)
		}
	})
}

func (s *stripper) attributes(v *fastjson.Value) {
	s.pairs(v, func(key string, v *fastjson.Value) bool {
		if key == "user.id" {
			return isAddress(v) || isAddress(v.Get("value"))
		}
		return attributeTells(key)
	})
}

// attributeTells reports whether an attribute says who a user or a client is.
func attributeTells(key string) bool {
	dot := strings.IndexByte(key, '.')
	if dot < 0 {
		return key == "client_ip" || key == "ip_address"
	}
	switch key[:dot] {
	case "user":
		switch key[dot+1:] {
		case "email", "name", "full_name", "username", "ip", "ip_address":
			return true
		}
		return strings.HasPrefix(key, "user.geo.")
	case "client":
		return key == "client.address" || key == "client.socket.address" || strings.HasPrefix(key, "client.geo.")
	case "net", "network":
		return key == "net.peer.ip" || key == "net.sock.peer.addr" || key == "network.peer.address"
	case "http":
		return httpTells(key)
	}
	return false
}

func httpTells(key string) bool {
	name, ok := strings.CutPrefix(key, "http.request.header.")
	if !ok {
		name, ok = strings.CutPrefix(key, "http.response.header.")
	}
	if !ok {
		return key == "http.client_ip"
	}
	first, _, _ := strings.Cut(name, ".") // cookies stand one by one, too
	return headerTells(first)
}

func (s *stripper) sdk(v *fastjson.Value) {
	s.remove(v.GetObject(), func(key string, _ *fastjson.Value) bool { return key == "client_ip" })
	s.infer(v.Get("settings"))
}

// infer keeps the upstream from taking the forwarder's address for the user's.
func (s *stripper) infer(v *fastjson.Value) {
	each(v, func(key string, v *fastjson.Value) {
		if key == "infer_ip" && v.Type() == fastjson.TypeString && view(v.GetStringBytes()) != never {
			*v = neverValue
			s.found = true
		}
	})
}

func (s *stripper) session(v *fastjson.Value) {
	s.remove(v.GetObject(), func(key string, v *fastjson.Value) bool { return key == "did" && isAddress(v) })
	each(v, func(key string, v *fastjson.Value) {
		switch key {
		case "attrs", "attributes":
			s.remove(v.GetObject(), func(key string, _ *fastjson.Value) bool { return key == "ip_address" })
		case "aggregates":
			for _, e := range v.GetArray() {
				s.session(e)
			}
		}
	})
}

func (s *stripper) header(v *fastjson.Value) {
	s.remove(v.GetObject(), func(key string, _ *fastjson.Value) bool { return key == "remote_addr" || key == "forwarded_for" })
	s.sdk(v.Get("sdk"))
	s.remove(v.Get("trace").GetObject(), func(key string, v *fastjson.Value) bool { return key == "user_id" && isAddress(v) })
}
