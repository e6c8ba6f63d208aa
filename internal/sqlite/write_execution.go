package sqlite

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/model"
)

const executionValues = ` INTO executions (` + executionColumns + `)
	VALUES (?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?, ?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?)`

// writeExecution stores an execution in place of what was stored of it.
func (t *txn) writeExecution(p model.ProjectID, x *model.Execution) error {
	return t.putExecution("INSERT OR REPLACE"+executionValues, p, x)
}

// addExecution stores an execution, unless it is there: then it reports false.
func (t *txn) addExecution(p model.ProjectID, x *model.Execution) (bool, error) {
	err := t.putExecution("INSERT OR IGNORE"+executionValues, p, x)
	return t.c.Changes() > 0, err
}

func (t *txn) putExecution(sql string, p model.ProjectID, x *model.Execution) error {
	b := t.c.bind(sql).int(int64(p)).text(x.ID).trace(x.Trace).span(x.Span)
	b.text(x.Agent.ID).text(x.Agent.Name).text(x.Agent.Framework).text(x.Agent.Version)
	b.text(x.Conversation).text(x.Organization).text(x.UserKey).text(x.Release).text(x.Environment)
	b.int(micros(x.Start)).int(x.Duration.Microseconds()).int(flag(x.Ended)).int(int64(x.Outcome)).text(x.Reason)
	b.int(x.Usage.Input).int(x.Usage.Output).int(x.Usage.CacheRead).int(x.Usage.CacheWrite).int(x.Usage.Reasoning)
	b.int(x.Cost.Nanos).int(int64(x.Cost.Pricing)).int(int64(x.UnpricedCalls))
	b.int(int64(x.ModelCalls)).int(int64(x.ToolCalls)).int(int64(x.ToolErrors))
	b.int(int64(x.Evaluations)).int(int64(x.Violations))
	b.text(x.Rule).text(x.Fault).text(joinList(x.Models)).text(joinList(x.Tools)).text(joinList(x.Failing)).text(joinList(x.Policies))
	b.text(joinIssues(x.Issues)).blobOrNull(joinTraces(x))
	if x.Loop.Kind == model.NoLoop {
		b.null().null()
	} else {
		b.int(int64(x.Loop.Kind)).blob(packLoop(&x.Loop))
	}
	if err := b.text(x.Parent).run(); err != nil {
		return fmt.Errorf("write execution %s: %w", x.ID, err)
	}
	return nil
}

// separator stands before, between and after the items of a list, so that one can be
// found by searching for it between two of them.
const separator = "\x1f"

func joinList(items []string) string {
	if len(items) == 0 {
		return ""
	}
	return separator + strings.Join(items, separator) + separator
}

func splitList(text string) []string {
	if len(text) < 2 {
		return nil
	}
	return strings.Split(text[1:len(text)-1], separator)
}

func joinIssues(ids []model.IssueID) string {
	if len(ids) == 0 {
		return ""
	}
	b := []byte(separator)
	for _, id := range ids {
		b = append(strconv.AppendInt(b, int64(id), 10), separator...)
	}
	return string(b)
}

func splitIssues(text string) (ids []model.IssueID, err error) {
	for _, item := range splitList(text) {
		id, err := strconv.ParseInt(item, 10, 64)
		if err != nil {
			return nil, err
		}
		ids = append(ids, model.IssueID(id))
	}
	return ids, nil
}

// joinTraces returns the ids of the execution's traces one after the other; nil when
// there is none but x.Trace.
func joinTraces(x *model.Execution) (b []byte) {
	if len(x.Traces) == 0 || len(x.Traces) == 1 && x.Traces[0] == x.Trace {
		return nil
	}
	for _, id := range x.Traces {
		b = append(b, id[:]...)
	}
	return b
}

// splitTraces is the other way round; first is x.Trace.
func splitTraces(b []byte, first model.TraceID) (ids []model.TraceID) {
	if len(b) == 0 && !first.IsZero() {
		return []model.TraceID{first}
	}
	for ; len(b) >= len(first); b = b[len(first):] {
		ids = append(ids, model.TraceID(b[:len(first)]))
	}
	return ids
}

// packLoop encodes a loop, but for its kind.
func packLoop(l *model.Loop) []byte {
	b := append([]byte(nil), l.Span[:]...)
	for _, n := range [...]int64{micros(l.Start), int64(l.Count), l.Usage.Input, l.Usage.Output, l.Usage.CacheRead, l.Usage.CacheWrite,
		l.Usage.Reasoning, l.Cost.Nanos, int64(l.Cost.Pricing)} {
		b = binary.AppendVarint(b, n)
	}
	return b
}

func unpackLoop(kind model.LoopKind, b []byte) (l model.Loop, err error) {
	if len(b) < len(l.Span) {
		return l, errFacts
	}
	l.Kind, l.Span = kind, model.SpanID(b[:len(l.Span)])
	u := unpacking{src: b[len(l.Span):]}
	var start, count, pricing int64
	u.ints(&start, &count, &l.Usage.Input, &l.Usage.Output, &l.Usage.CacheRead, &l.Usage.CacheWrite, &l.Usage.Reasoning, &l.Cost.Nanos, &pricing)
	l.Start, l.Count, l.Cost.Pricing = instant(start), int(count), model.Pricing(pricing)
	return l, u.err
}

// end returns when an execution ended, as far as is known.
func end(x *model.Execution) time.Time { return x.Start.Add(x.Duration) }
