package group

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

// The first byte of each part of a text that is hashed. An exception that is nothing
// but its stack has the same text as a thread with that stack, as at Sentry.
const (
	typeTag     = 't'
	faultTag    = 'A'
	valueTag    = 'v'
	moduleTag   = 'M'
	filenameTag = 'F'
	functionTag = 'f'
	contextTag  = 'c'
	stackTag    = 's' // before the hashes of frames
	chainTag    = 'e' // ends an exception of a chain
	messageTag  = 'm'
	customTag   = 'C'
	hybridTag   = 'H'
	checksumTag = 'k'
	feedbackTag = 'u'
	fallbackTag = '0'
)

// sum hashes text to 128 bits. The hash need not withstand an attacker: whoever may
// send events may name a fingerprint outright.
func sum(text []byte) (h model.Hash) {
	binary.BigEndian.PutUint64(h[:8], xxhash.Sum64(text))
	var d xxhash.Digest
	d.ResetWithSeed(0x7069636b6574)
	d.Write(text)
	binary.BigEndian.PutUint64(h[8:], d.Sum64())
	return h
}

// field appends a tagged value; the zero byte keeps neighbours apart.
func field(b []byte, tag byte, value string) []byte {
	b = append(b, tag)
	b = append(b, value...)
	return append(b, 0)
}

// checksum returns the hash that an old client computed by itself, if it did.
func checksum(e *model.Event) (h model.Hash, ok bool) {
	if e.Checksum == "" {
		return h, false
	}
	if len(e.Checksum) == 2*len(h) {
		if _, err := hex.Decode(h[:], []byte(e.Checksum)); err == nil {
			return h, true
		}
	}
	return sum(field(nil, checksumTag, e.Checksum)), true
}

// hashes fingerprints the event by what it is: the first of its exceptions, its
// thread and its message that says anything.
func (g *grouper) hashes(e *model.Event) []model.Hash {
	if len(e.Exceptions) > 0 {
		if hashes := g.exceptionHashes(); hashes != nil {
			return hashes
		}
	}
	if t := reporting(e.Threads); t != nil {
		if hashes := g.threadHashes(e, t); hashes != nil {
			return hashes
		}
	}
	text := e.Template
	if text == "" {
		text = e.Message
	}
	tag := byte(messageTag)
	if text == "" {
		tag = fallbackTag
	}
	if e.Fault != "" && len(e.Exceptions) == 0 {
		g.text = field(g.text[:0], faultTag, e.Fault+"/"+e.FaultProvider)
	} else {
		g.text = normalise(append(g.text[:0], tag), text)
	}
	return []model.Hash{sum(g.text)}
}

// exceptionHashes returns the hashes of the exceptions that were picked: by the frames
// of the application, if there are any, and by all frames.
func (g *grouper) exceptionHashes() []model.Hash {
	app, system := false, false
	for _, i := range g.picked {
		app = app || g.links[i].app.stack
		system = system || g.links[i].system.stack
	}
	hashes := make([]model.Hash, 0, 2)
	if app {
		hashes = append(hashes, sum(g.chain(func(l *link) variant { return l.app })))
	}
	text := g.chain(func(l *link) variant { return l.system })
	if len(text) == 0 {
		return nil
	}
	return appendNew(hashes, sum(text))
}

// chain joins one variant of the exceptions that were picked.
func (g *grouper) chain(of func(*link) variant) []byte {
	g.text = g.text[:0]
	for _, i := range g.picked {
		v := of(&g.links[i])
		if v.from == v.to {
			continue
		}
		g.text = append(g.text, g.parts[v.from:v.to]...)
		if len(g.picked) > 1 {
			g.text = append(g.text, chainTag)
		}
	}
	return g.text
}

// threadHashes returns the hashes of a stack without an exception.
func (g *grouper) threadHashes(e *model.Event, t *model.Thread) []model.Hash {
	g.readFrames(t.Frames, languageOf(e.Platform))
	if len(g.frames) == 0 {
		return nil
	}
	hashes := make([]model.Hash, 0, 2)
	for _, frames := range [...][]byte{g.appFrames, g.frames} {
		if len(frames) > 0 {
			g.text = append(append(g.text[:0], stackTag), frames...)
			hashes = appendNew(hashes, sum(g.text))
		}
	}
	return hashes
}

func appendNew(hashes []model.Hash, h model.Hash) []model.Hash {
	if len(hashes) > 0 && hashes[0] == h {
		return hashes
	}
	return append(hashes, h)
}

// reporting returns the thread that an event without exceptions is about: the one that
// crashed, else the current one, else the only one.
func reporting(threads []model.Thread) *model.Thread {
	var crashed, current *model.Thread
	crashes, currents := 0, 0
	for i := range threads {
		t := &threads[i]
		if t.Crashed {
			crashed = t
			crashes++
		}
		if t.Current {
			current = t
			currents++
		}
	}
	switch {
	case crashes == 1:
		return crashed
	case currents == 1:
		return current
	case len(threads) == 1:
		return &threads[0]
	}
	return nil
}
