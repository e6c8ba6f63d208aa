package sqlite

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"time"

	"relay.one/picket/internal/model"
)

// What a span or an event says of itself and has no column is packed into one blob:
// a mask of what follows, then that, in the order of the mask's bits. Texts go with
// their length, numbers as varints. A mask of zero is a blob, too: it says that the
// span is about agents.
const (
	signOutcome = iota
	signReason
	signFinish
	signEmpty
	signRefused
	signFailed
	signGaveUp
	signFault
	signCall
	signResult
	signFramework
	signVersion
)

const (
	factName = iota
	factFramework
	factVersion
	factConversation
	factOwner // agent, execution and organization, where the columns say something else
	factReport
	factRate // of transactions that the client sampled
)

var errFacts = errors.New("facts are cut short")

// packing writes a mask and what it announces.
type packing struct {
	mask uint64
	body []byte
}

func (p *packing) has(bit int, v bool) bool {
	if v {
		p.mask |= 1 << bit
	}
	return v
}

func (p *packing) text(bit int, v string) {
	if p.has(bit, v != "") {
		p.string(v)
	}
}

func (p *packing) number(bit int, v uint64) {
	if p.has(bit, v != 0) {
		p.body = binary.AppendUvarint(p.body, v)
	}
}

func (p *packing) string(v string) {
	p.body = binary.AppendUvarint(p.body, uint64(len(v)))
	p.body = append(p.body, v...)
}

func (p *packing) ints(v ...int64) {
	for _, n := range v {
		p.body = binary.AppendVarint(p.body, n)
	}
}

func (p *packing) bytes() []byte { return append(binary.AppendUvarint(nil, p.mask), p.body...) }

// unpacking reads them; after an error it reads zeros.
type unpacking struct {
	mask uint64
	src  []byte
	err  error
}

func unpack(src []byte) *unpacking {
	u := &unpacking{src: src}
	u.mask = u.uvarint()
	return u
}

func (u *unpacking) has(bit int) bool { return u.mask&(1<<bit) != 0 && u.err == nil }

func (u *unpacking) text(bit int) string {
	if u.has(bit) {
		return u.string()
	}
	return ""
}

func (u *unpacking) number(bit int) uint64 {
	if u.has(bit) {
		return u.uvarint()
	}
	return 0
}

func (u *unpacking) string() string {
	n := u.uvarint()
	if n > uint64(len(u.src)) {
		u.fail()
		return ""
	}
	s := string(u.src[:n])
	u.src = u.src[n:]
	return s
}

func (u *unpacking) uvarint() uint64 {
	v, n := binary.Uvarint(u.src)
	if n <= 0 {
		u.fail()
		return 0
	}
	u.src = u.src[n:]
	return v
}

func (u *unpacking) int() int64 {
	v, n := binary.Varint(u.src)
	if n <= 0 {
		u.fail()
		return 0
	}
	u.src = u.src[n:]
	return v
}

func (u *unpacking) ints(into ...*int64) {
	for _, p := range into {
		*p = u.int()
	}
}

// count reads how many of something follow, each at least a byte long.
func (u *unpacking) count() int {
	n := u.uvarint()
	if n > uint64(len(u.src)) {
		u.fail()
		return 0
	}
	return int(n)
}

func (u *unpacking) fail() {
	u.src = nil
	if u.err == nil {
		u.err = errFacts
	}
}

// packSigns returns nil when there is nothing to pack.
func packSigns(g *model.Signs, a *model.Agent) []byte {
	if *g == (model.Signs{}) && a.Framework == "" && a.Version == "" {
		return nil
	}
	var p packing
	p.number(signOutcome, uint64(g.Outcome))
	p.text(signReason, g.Reason)
	p.number(signFinish, uint64(g.Finish))
	p.has(signEmpty, g.Empty)
	p.has(signRefused, g.Refused)
	p.has(signFailed, g.Failed)
	p.has(signGaveUp, g.GaveUp)
	p.text(signFault, g.Fault)
	p.number(signCall, g.Call)
	p.number(signResult, g.Result)
	p.text(signFramework, a.Framework)
	p.text(signVersion, a.Version)
	return p.bytes()
}

func unpackSigns(src []byte, g *model.Signs, a *model.Agent) error {
	if len(src) == 0 {
		return nil
	}
	u := unpack(src)
	g.Outcome, g.Reason = model.Outcome(u.number(signOutcome)), u.text(signReason)
	g.Finish = model.Finish(u.number(signFinish))
	g.Empty, g.Refused, g.Failed, g.GaveUp = u.has(signEmpty), u.has(signRefused), u.has(signFailed), u.has(signGaveUp)
	g.Fault, g.Call, g.Result = u.text(signFault), u.number(signCall), u.number(signResult)
	a.Framework, a.Version = u.text(signFramework), u.text(signVersion)
	if bits.Len64(u.mask) > signVersion+1 {
		return errors.New("facts were written by a newer version")
	}
	return u.err
}

// packFacts returns what the event says of itself and its columns, which hold whose
// it is, do not; nil when that is nothing.
func packFacts(e *model.Event, own *model.Own) []byte {
	var p packing
	p.text(factName, own.Agent.Name)
	p.text(factFramework, own.Agent.Framework)
	p.text(factVersion, own.Agent.Version)
	p.text(factConversation, own.Conversation)
	if p.has(factOwner, own.Agent.ID != e.Agent.ID || own.Execution != e.Execution || own.Organization != e.Organization) {
		p.string(own.Agent.ID)
		p.string(own.Execution)
		p.string(own.Organization)
	}
	if p.has(factReport, e.Report != nil) {
		p.report(e.Report)
	}
	p.number(factRate, uint64(e.SampleRate))
	if p.mask == 0 {
		return nil
	}
	return p.bytes()
}

// unpackFacts makes the event say what it said itself: src is what packFacts wrote,
// and nil for nothing.
func unpackFacts(src []byte, e *model.Event) error {
	if len(src) == 0 {
		return nil
	}
	u := unpack(src)
	e.Agent.Name, e.Agent.Framework, e.Agent.Version = u.text(factName), u.text(factFramework), u.text(factVersion)
	e.Conversation = u.text(factConversation)
	if u.has(factOwner) {
		e.Agent.ID, e.Execution, e.Organization = u.string(), u.string(), u.string()
	}
	if u.has(factReport) {
		e.Report = u.report()
	}
	e.SampleRate = model.SampleRate(u.number(factRate))
	if bits.Len64(u.mask) > factRate+1 {
		return errors.New("facts were written by a newer version")
	}
	return u.err
}

func (p *packing) report(r *model.Report) {
	p.ints(int64(r.Outcome), int64(r.Duration), flag(r.Timed), r.Usage.Input, r.Usage.Output, r.Usage.CacheRead, r.Usage.CacheWrite,
		r.Usage.Reasoning, r.Cost.Nanos, int64(r.Cost.Pricing))
	p.string(r.Reason)
	p.body = binary.AppendUvarint(p.body, uint64(len(r.Tools)))
	for _, t := range r.Tools {
		p.string(t.Name)
		p.ints(int64(t.Duration), flag(t.Failed), int64(t.Call))
	}
	p.body = binary.AppendUvarint(p.body, uint64(len(r.Policies)))
	for _, policy := range r.Policies {
		p.string(policy.Name)
		p.string(policy.Reason)
		p.ints(int64(policy.Verdict))
	}
}

func (u *unpacking) report() *model.Report {
	r := &model.Report{}
	var timed, pricing int64
	r.Outcome, r.Duration, timed = model.Outcome(u.int()), time.Duration(u.int()), u.int()
	u.ints(&r.Usage.Input, &r.Usage.Output, &r.Usage.CacheRead, &r.Usage.CacheWrite, &r.Usage.Reasoning, &r.Cost.Nanos, &pricing)
	r.Timed, r.Cost.Pricing, r.Reason = timed == 1, model.Pricing(pricing), u.string()
	for range u.count() {
		r.Tools = append(r.Tools, model.ReportedCall{Name: u.string(), Duration: time.Duration(u.int()), Failed: u.int() == 1, Call: uint64(u.int())})
	}
	for range u.count() {
		r.Policies = append(r.Policies, model.Policy{Name: u.string(), Reason: u.string(), Verdict: model.Verdict(u.int())})
	}
	return r
}
