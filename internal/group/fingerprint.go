package group

import (
	"strings"

	"relay.one/picket/internal/model"
)

// kind is what a fingerprint asks for.
type kind uint8

const (
	standardKind kind = iota // group as if there were none
	custom                   // by its entries alone
	hybrid                   // by its entries and the standard hashes
)

func kindOf(entries []string) kind {
	if len(entries) == 0 {
		return standardKind
	}
	defaults := 0
	for _, entry := range entries {
		if name, ok := variable(entry); ok && name == "default" {
			defaults++
		}
	}
	switch {
	case defaults == 0:
		return custom
	case defaults == 1 && len(entries) == 1:
		return standardKind
	}
	return hybrid
}

// variable returns the name in an entry of the form {{ name }}.
func variable(entry string) (name string, ok bool) {
	if len(entry) < 5 || !strings.HasPrefix(entry, "{{") || !strings.HasSuffix(entry, "}}") {
		return "", false
	}
	name = strings.Trim(entry[2:len(entry)-2], " \t\n\v\f\r")
	if name == "" || skipNot(name, 0, space) < len(name) {
		return "", false
	}
	return name, true
}

// customHash hashes a fingerprint without {{ default }}.
func (g *grouper) customHash(e *model.Event, entries []string) model.Hash {
	g.text = append(g.text[:0], customTag)
	for _, entry := range entries {
		g.text = append(appendEntry(g.text, e, entry), 0)
	}
	return sum(g.text)
}

// salt mixes a fingerprint with {{ default }} into each of the standard hashes.
func (g *grouper) salt(e *model.Event, entries []string, hashes []model.Hash) []model.Hash {
	for i := range hashes {
		g.text = append(g.text[:0], hybridTag)
		for _, entry := range entries {
			if name, ok := variable(entry); ok && name == "default" {
				g.text = append(g.text, hashes[i][:]...)
			} else {
				g.text = appendEntry(g.text, e, entry)
			}
			g.text = append(g.text, 0)
		}
		hashes[i] = sum(g.text)
	}
	return hashes
}

// appendEntry appends an entry of a fingerprint with its variable expanded. A message
// of the event, whether named or copied, is parameterised.
func appendEntry(b []byte, e *model.Event, entry string) []byte {
	name, ok := variable(entry)
	if !ok {
		if isMessage(e, entry) {
			return parameterise(b, entry, true)
		}
		return append(b, entry...)
	}
	value := expand(e, name)
	if name == "message" && value != "<no-message>" {
		return parameterise(b, value, true)
	}
	return append(b, value...)
}

func isMessage(e *model.Event, text string) bool {
	if text == "" {
		return false
	}
	if text == e.Message || text == e.Template {
		return true
	}
	for i := range e.Exceptions {
		if text == e.Exceptions[i].Value {
			return true
		}
	}
	return false
}

// expand returns the value of a variable of a fingerprint, or a text that says that
// the event has none.
func expand(e *model.Event, name string) string {
	switch name {
	case "transaction":
		return orElse(e.Transaction, "<no-transaction>")
	case "message", "raw_message":
		return orElse(orElse(orElse(e.Message, e.Template), outermost(e).Value), "<no-message>")
	case "type", "error.type":
		return orElse(outermost(e).Type, "<no-type>")
	case "value", "raw_value", "error.value", "error.raw_value":
		return orElse(outermost(e).Value, "<no-value>")
	case "level":
		return orElse(e.Level.String(), "<no-level>")
	case "logger":
		return orElse(e.Logger, "<no-logger>")
	}
	if tag, ok := strings.CutPrefix(name, "tags."); ok {
		return expandTag(e, tag)
	}
	return expandFrame(crashFrame(stackOf(e)), name)
}

func expandTag(e *model.Event, key string) string {
	for i := range e.Tags {
		if e.Tags[i].Key == key {
			return e.Tags[i].Value
		}
	}
	// Fields that decoding takes out of the tags.
	value := ""
	switch key {
	case "environment":
		value = e.Environment
	case "release":
		value = e.Release
	case "server_name":
		value = e.ServerName
	case "level":
		value = e.Level.String()
	case "transaction":
		value = e.Transaction
	}
	return orElse(value, "<no-value-for-tag-"+key+">")
}

func expandFrame(f *model.Frame, name string) string {
	if f == nil {
		f = &model.Frame{}
	}
	switch name {
	case "function", "stack.function":
		return orElse(f.Function, "<no-function>")
	case "path", "stack.abs_path":
		return orElse(orElse(f.AbsPath, f.Filename), "<no-abs-path>")
	case "stack.filename":
		return orElse(orElse(f.Filename, f.AbsPath), "<no-filename>")
	case "module", "stack.module":
		return orElse(f.Module, "<no-module>")
	case "package", "stack.package":
		return orElse(f.Package[strings.LastIndexAny(f.Package, `/\`)+1:], "<no-package>")
	}
	return "<unrecognized-variable-" + name + ">"
}

// outermost returns the last exception, or an empty one.
func outermost(e *model.Event) *model.Exception {
	if len(e.Exceptions) == 0 {
		return &model.Exception{}
	}
	return &e.Exceptions[len(e.Exceptions)-1]
}

// stackOf returns the frames that the event is about: those of the last exception that
// has some, else of the thread that reports it.
func stackOf(e *model.Event) []model.Frame {
	for i := len(e.Exceptions) - 1; i >= 0; i-- {
		if len(e.Exceptions[i].Frames) > 0 {
			return e.Exceptions[i].Frames
		}
	}
	if t := reporting(e.Threads); t != nil {
		return t.Frames
	}
	return nil
}

// crashFrame returns the newest frame of the application, else the newest, or nil.
func crashFrame(frames []model.Frame) *model.Frame {
	for i := len(frames) - 1; i >= 0; i-- {
		if frames[i].InApp == model.Yes {
			return &frames[i]
		}
	}
	if len(frames) == 0 {
		return nil
	}
	return &frames[len(frames)-1]
}
