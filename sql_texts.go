package picket

import "sync"

const (
	// sqlTextsKept is how many queries are young, and how many old.
	sqlTextsKept = 256
	// sqlTextKept is the longest query that is remembered, in bytes.
	sqlTextKept = 4096
)

// sqlTexts reads queries and remembers them, since programs repeat themselves. What has
// not been asked for while young filled up twice is forgotten.
type sqlTexts struct {
	dialect sqlDialect

	mu         sync.RWMutex
	young, old map[string]*sqlText
}

// of returns what may be told of a query.
func (t *sqlTexts) of(query string) *sqlText {
	t.mu.RLock()
	text, found := t.young[query]
	if !found {
		text = t.old[query]
	}
	t.mu.RUnlock()
	if found {
		return text
	}
	if text == nil {
		read := t.dialect.read(query)
		text = &read
	}
	t.keep(query, text)
	return text
}

func (t *sqlTexts) keep(query string, text *sqlText) {
	if len(query) > sqlTextKept {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.young == nil || len(t.young) >= sqlTextsKept {
		t.young, t.old = make(map[string]*sqlText), t.young
	}
	t.young[query] = text
}
