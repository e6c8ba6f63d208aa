package settings

import (
	"maps"
	"sync"
	"sync/atomic"

	"relay.one/picket/internal/model"
)

// scope is whose settings they are; project 0 is the organization's own.
type scope struct {
	org     model.OrgID
	project model.ProjectID
}

// pages is what a Book knows at one moment. It is never changed.
type pages struct {
	set       map[scope]Settings
	effective sync.Map // scope → *Effective, worked out when first asked for
	over      chan struct{}
}

// Book has the settings of everyone at hand. Reading takes no lock: the ingest path
// asks for every envelope.
type Book struct {
	base Effective
	mu   sync.Mutex // of those who write
	now  atomic.Pointer[pages]
}

// NewBook returns a book in which nobody has set anything: base holds for all.
func NewBook(base Effective) *Book {
	b := &Book{base: base}
	b.now.Store(&pages{set: map[scope]Settings{}, over: make(chan struct{})})
	return b
}

// Changed returns a channel that is closed when somebody sets something the next time.
func (b *Book) Changed() <-chan struct{} { return b.now.Load().over }

// Above returns what holds for a scope that sets nothing itself.
func (b *Book) Above(org model.OrgID, project model.ProjectID) *Effective {
	if project == 0 {
		return &b.base
	}
	return b.Of(org, 0)
}

// Of returns what holds for a project; for an organization with project 0.
func (b *Book) Of(org model.OrgID, project model.ProjectID) *Effective {
	p, at := b.now.Load(), scope{org, project}
	if e, ok := p.effective.Load(at); ok {
		return e.(*Effective)
	}
	e := p.set[scope{org, 0}].Over(b.base)
	if project != 0 {
		own := p.set[at]
		own.Sentry = nil
		e = own.Over(e)
	}
	got, _ := p.effective.LoadOrStore(at, &e)
	return got.(*Effective)
}

// Own returns the sections that a scope has set itself; project 0 is the organization.
func (b *Book) Own(org model.OrgID, project model.ProjectID) Settings {
	return b.now.Load().set[scope{org, project}]
}

// Put replaces what a scope has set, for all who read from now on. The caller has
// checked it, and must not change it any more.
func (b *Book) Put(org model.OrgID, project model.ProjectID, s Settings) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.now.Load()
	set := maps.Clone(before.set)
	set[scope{org, project}] = s
	b.now.Store(&pages{set: set, over: make(chan struct{})})
	close(before.over)
}

// Projects returns the projects, of all organizations, that somebody set something for,
// 0 standing for an organization itself.
func (b *Book) Projects(each func(org model.OrgID, project model.ProjectID)) {
	for at := range b.now.Load().set {
		each(at.org, at.project)
	}
}
