package sentry

import (
	"net/netip"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// autoAddress is what a client writes where it means the address it sends from.
const autoAddress = "{{auto}}"

// user reads whoever was affected.
func user(v *fastjson.Value) (u model.User) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			u.ID = text(v, enumLimit)
		case "email":
			u.Email = text(v, emailLimit)
		case "username":
			u.Username = text(v, enumLimit)
		case "ip_address":
			u.IP = address(v)
		}
	})
	return u
}

// address returns an IP address in its shortest form, or nothing. Scrubbed ones
// are none.
func address(v *fastjson.Value) string {
	b := v.GetStringBytes()
	if len(b) == 0 || len(b) > 64 {
		return ""
	}
	a, err := netip.ParseAddr(string(b))
	if err != nil {
		return ""
	}
	return a.Unmap().String()
}

// resolveAddress writes the user's address into the tree where the client left it
// to the server. That is done before scrubbing, which may have to take it out again.
func resolveAddress(doc *Document, m *Meta) {
	u := aliased(doc.Root, "user", "sentry.interfaces.User")
	if u != nil && u.Type() != fastjson.TypeObject && u.Type() != fastjson.TypeNull {
		return
	}
	told := u.Get("ip_address")
	auto := string(told.GetStringBytes()) == autoAddress
	if typeOf(told) != fastjson.TypeNull && !auto {
		return
	}
	ip := ""
	if !auto {
		ip = address(aliased(doc.Root, "request", "sentry.interfaces.Http").Get("env", "REMOTE_ADDR"))
	}
	if ip == "" && mayInfer(doc.Root, auto) {
		ip = m.ClientIP
	}
	switch {
	case ip == "" && auto:
		u.Del("ip_address")
	case ip == "":
	default:
		if typeOf(u) == fastjson.TypeNull {
			u = doc.Arena.NewObject()
			doc.Root.Set("user", u)
		}
		u.Set("ip_address", doc.Arena.NewString(ip))
	}
}

// mayInfer reports whether the sender's address is the user's: when the SDK says
// so, or when it runs on the user's own machine and does not object.
func mayInfer(root *fastjson.Value, auto bool) bool {
	switch string(root.GetStringBytes("sdk", "settings", "infer_ip")) {
	case "never":
		return false
	case "auto":
		return true
	}
	if auto {
		return true
	}
	switch string(root.GetStringBytes("platform")) {
	case "javascript", "cocoa", "objc":
		return true
	}
	return false
}

// aliased returns the member of that name, or under the name of old clients.
func aliased(v *fastjson.Value, name, old string) *fastjson.Value {
	if m := v.Get(name); typeOf(m) != fastjson.TypeNull {
		return m
	}
	return v.Get(old)
}
