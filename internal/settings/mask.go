package settings

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"relay.one/picket/wire"
)

// hidden stands for what is not shown. No DSN that holds it can be read as one, so that
// a mask is never stored.
const hidden = "****"

// shown is how many characters of a key the mask leaves, so that people tell keys apart.
const shown = 4

// MaskDSN returns a DSN without what opens the door: of a key of eight characters or more
// the last four, of a shorter one nothing. The empty DSN stays empty.
func MaskDSN(dsn string) string {
	if dsn == "" {
		return ""
	}
	d, err := wire.ParseDSN(dsn)
	if err != nil {
		return hidden
	}
	key := hidden
	if len(d.PublicKey) >= 2*shown {
		key += d.PublicKey[len(d.PublicKey)-shown:]
	}
	return d.Scheme + "://" + key + "@" + d.Host + d.Path + "/" + d.ProjectID
}

// Masked reports whether a text holds a mask.
func Masked(text string) bool { return strings.Contains(text, hidden) }

// Unmask returns what a DSN that a client sent stands for: itself, or, when it is the mask
// of one of those that it was shown, that one. A mask of nothing is a FieldError.
func Unmask(field, sent string, known ...string) (string, error) {
	if !Masked(sent) {
		return strings.TrimSpace(sent), nil
	}
	for _, dsn := range known {
		if sent == MaskDSN(dsn) {
			return dsn, nil
		}
	}
	return "", wrong(field, "is masked, and not the mask of what is set: send the whole DSN")
}

// FieldChange is what one version of settings changed in a field.
type FieldChange struct {
	Field  string // section and field, such as sampling.rules
	Before any    // as in JSON, secrets masked; nil when it was not set
	After  any
}

// changes tells what differs between two versions.
func changes(before, after Settings) []FieldChange {
	was, is := flat(before), flat(after)
	all := maps.Clone(was)
	maps.Copy(all, is)
	out := []FieldChange{}
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if !reflect.DeepEqual(was[field], is[field]) {
			out = append(out, FieldChange{field, masked(field, was[field]), masked(field, is[field])})
		}
	}
	return out
}

// flat returns the fields of every section under their path. What is inherited is not set.
func flat(s Settings) map[string]any {
	raw, err := json.Marshal(s)
	var sections map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &sections)
	}
	if err != nil {
		panic("settings: what was checked cannot be written: " + err.Error())
	}
	delete(sections, "inherit")
	out := map[string]any{}
	for section, of := range sections {
		for name, value := range of.(map[string]any) {
			out[section+"."+name] = value
		}
	}
	for _, f := range fields {
		if slices.Contains(s.Inherit, f.name) {
			delete(out, f.path)
		}
	}
	return out
}

// masked returns a value of a field as others may see it. What a name does not show to be
// harmless is judged by it: later sections are safe without anybody's thinking of it.
func masked(name string, value any) any {
	switch v := value.(type) {
	case string:
		return maskText(name, v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = masked(name, v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = masked(k, x)
		}
		return out
	}
	return value
}

func maskText(name, text string) string {
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	switch {
	case name == "dsn":
		return MaskDSN(text)
	case strings.Contains(name, "secret"), strings.Contains(name, "token"), strings.Contains(name, "password"):
		return hidden
	}
	return text
}
