package main

import (
	"bytes"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"

	"relay.one/picket/wire"
)

// mix says what share of the requests are transactions.
type mix int

const (
	onlyErrors mix = iota
	half
	onlyRuns
)

// maker renders whole HTTP requests, each with an envelope that exists once. It
// is not safe for concurrent use: every goroutine has its own.
type maker struct {
	doc     *doc
	faults  []fault
	mix     mix
	when    func() time.Time // the time of the next event
	dsn     wire.DSN
	payload doc // the item under construction
	zip     *gzip.Writer
	zipped  bytes.Buffer
	turn    int

	// plainBytes is the sum of the envelopes before compression.
	plainBytes int64
}

func newMaker(seed uint64, list []fault, m mix, dsn wire.DSN, when func() time.Time) *maker {
	d := newDoc(seed)
	k := &maker{doc: d, faults: list, mix: m, when: when, dsn: dsn, payload: doc{r: d.r}}
	k.zip, _ = gzip.NewWriterLevel(&k.zipped, gzip.BestSpeed) // the level is in range
	return k
}

// appendRequest appends the next request to dst.
func (k *maker) appendRequest(dst []byte) []byte {
	k.envelope()
	k.plainBytes += int64(len(k.doc.b))
	k.zipped.Reset()
	k.zip.Reset(&k.zipped)
	k.zip.Write(k.doc.b) // a bytes.Buffer takes everything
	k.zip.Close()
	dst = append(dst, "POST /api/"...)
	dst = append(dst, k.dsn.ProjectID...)
	dst = append(dst, "/envelope/ HTTP/1.1\r\nHost: "...)
	dst = append(dst, k.dsn.Host...)
	dst = append(dst, "\r\nUser-Agent: picket-bench/1\r\nContent-Type: application/x-sentry-envelope\r\nContent-Encoding: gzip\r\n"+
		"X-Sentry-Auth: Sentry sentry_version=7, sentry_client=picket-bench/1, sentry_key="...)
	dst = append(dst, k.dsn.PublicKey...)
	dst = append(dst, "\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(k.zipped.Len()), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, k.zipped.Bytes()...)
}

// envelope renders the next envelope into doc.
func (k *maker) envelope() {
	k.turn++
	if k.mix == onlyRuns || k.mix == half && k.turn%2 == 0 {
		k.runEnvelope()
		return
	}
	k.errorEnvelope()
}

func (k *maker) errorEnvelope() {
	d, id := k.doc, k.newID()
	r := d.draw(k.when())
	f := &k.faults[d.fault(r)]
	k.payload.b = k.payload.b[:0]
	k.payload.errorEvent(f, r, id[:])
	k.header(id, f.platform, r)
	k.item(`"type":"event"`)
}

func (k *maker) runEnvelope() {
	d, id := k.doc, k.newID()
	x := d.newRun(d.draw(k.when()))
	k.payload.b = k.payload.b[:0]
	k.payload.transaction(&x, id[:])
	k.header(id, x.platform, x.role)
	k.item(`"type":"transaction"`)
	if !x.streamed() {
		return
	}
	k.payload.b = k.payload.b[:0]
	k.payload.container(&x)
	k.item(`"type":"span","item_count":9,"content_type":"application/vnd.sentry.items.span.v2+json"`)
}

func (k *maker) newID() (id [16]byte) {
	k.doc.fill(id[:])
	return id
}

// header starts the envelope.
func (k *maker) header(id [16]byte, p platform, r role) {
	d := k.doc
	d.b = d.b[:0]
	d.raw(`{"event_id":"`)
	d.id(id[:])
	d.raw(`","sent_at":`)
	d.quoted(time.Now())
	d.raw(`,"sdk":{"name":"sentry.`, platformNames[p], `","version":"2.68.0"},"trace":{"trace_id":"`)
	d.hex(32)
	d.raw(`","public_key":"`, k.dsn.PublicKey, `","release":"`, releaseName(r.release), `","environment":"`, r.env, `"}}`, "\n")
}

// item appends what stands in payload as an item.
func (k *maker) item(header string) {
	d := k.doc
	d.raw(`{`, header, `,"length":`)
	d.int(int64(len(k.payload.b)))
	d.raw("}\n")
	d.b = append(d.b, k.payload.b...)
	d.raw("\n")
}
