package sentry

import (
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// release returns a valid release name, or nothing.
func release(v *fastjson.Value) string {
	s := strings.TrimSpace(text(v, limit{201, 0}))
	if len(s) > 200 || s == "." || s == ".." || strings.ContainsAny(s, "/\\") || hasControl(s) {
		return ""
	}
	return s
}

// environment returns a valid environment, or nothing.
func environment(v *fastjson.Value) string {
	s := strings.TrimSpace(text(v, loggerLimit))
	if s == "none" || strings.IndexByte(s, '/') >= 0 || hasControl(s) {
		return ""
	}
	return s
}

// dist returns a valid distribution of a release, or nothing.
func dist(v *fastjson.Value) string {
	s := strings.TrimSpace(text(v, limit{65, 0}))
	if len(s) > 64 {
		return ""
	}
	for i := 0; i < len(s); i++ {
		if !isWord(s[i]) && s[i] != '.' && s[i] != '-' {
			return ""
		}
	}
	return s
}

func logger(v *fastjson.Value) string {
	s := text(v, loggerLimit)
	if strings.ContainsAny(s, "\r\n") {
		return ""
	}
	return s
}

// isWord reports whether c is a letter, a digit or an underscore.
func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
}

func hasControl(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// platforms are those that Sentry knows, some of them only its newer versions.
var platforms = map[string]string{
	"as3": "as3", "c": "c", "cfml": "cfml", "cocoa": "cocoa", "csharp": "csharp", "dart": "dart", "elixir": "elixir", "go": "go",
	"groovy": "groovy", "haskell": "haskell", "java": "java", "javascript": "javascript", "kotlin": "kotlin", "native": "native", "node": "node", "objc": "objc",
	"other": "other", "perl": "perl", "php": "php", "python": "python", "ruby": "ruby", "rust": "rust", "swift": "swift",
}

func platform(v *fastjson.Value) string {
	if p, ok := platforms[string(v.GetStringBytes())]; ok {
		return p
	}
	return "other"
}

// level returns the level of a name or of Python's number; LevelUnset when it is neither.
func level(v *fastjson.Value) model.Level {
	switch typeOf(v) {
	case fastjson.TypeNumber:
		return numberedLevel(v.GetInt())
	case fastjson.TypeString:
		return namedLevel(v.GetStringBytes())
	}
	return model.LevelUnset
}

func numberedLevel(n int) model.Level {
	if n%10 != 0 || n < 10 || n > 50 {
		return model.LevelUnset
	}
	return model.LevelTrace + model.Level(n/10)
}

func namedLevel(name []byte) model.Level {
	var buf [8]byte
	if len(name) > len(buf) {
		return model.LevelUnset
	}
	lower := buf[:copy(buf[:], name)]
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c | 0x20
		}
	}
	switch string(lower) {
	case "10", "20", "30", "40", "50":
		return numberedLevel(two(lower))
	case "trace":
		return model.LevelTrace
	case "debug":
		return model.LevelDebug
	case "info", "log":
		return model.LevelInfo
	case "warning", "warn":
		return model.LevelWarning
	case "error":
		return model.LevelError
	case "fatal", "critical":
		return model.LevelFatal
	}
	return model.LevelUnset
}

// levelOr returns the level, or the default of its kind.
func levelOr(v *fastjson.Value, def model.Level) model.Level {
	if l := level(v); l != model.LevelUnset {
		return l
	}
	return def
}
