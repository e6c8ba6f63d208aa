package group

import (
	"strings"

	"relay.one/picket/internal/model"
)

// hydrationMessages are what React says when page and server disagree.
var hydrationMessages = [...]string{
	"hydration failed because the initial ui does not match what was rendered on the server.",
	"the server could not finish this suspense boundary, likely due to an error during server rendering. switched to client rendering.",
	"there was an error while hydrating this suspense boundary. switched to client rendering.",
	"there was an error while hydrating. because the error happened outside of a suspense boundary, the entire root will switch to client rendering.",
	"text content does not match server-rendered html.",
}

// builtin returns the fingerprint that a built-in rule gives the event, whatever its
// client asked for, or nil. There are rules for scripts only: files that a new deploy
// took away are one fault, and so are pages that do not match what the server made of them.
func builtin(e *model.Event) []string {
	if !languageOf(e.Platform).script() {
		return nil
	}
	for i := range e.Exceptions {
		x := &e.Exceptions[i]
		if x.Type == "ChunkLoadError" || strings.HasPrefix(x.Value, "ChunkLoadError") {
			return []string{"chunkloaderror"}
		}
		if isHydration(x.Value) && e.Transaction != "" {
			return []string{"hydrationerror", e.Transaction}
		}
	}
	if isHydration(e.Message) && e.Transaction != "" {
		return []string{"hydrationerror", e.Transaction}
	}
	return nil
}

func isHydration(text string) bool {
	for _, m := range hydrationMessages {
		if len(m) == len(text) && strings.EqualFold(m, text) {
			return true
		}
	}
	return false
}
