package api_test

import (
	"encoding/binary"
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/api"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
)

// listed is a price table by which a token of m1 costs 1,000 nano-dollars.
const listed = `{"as_of":"2026-01-01","providers":[{"id":"house","match":["house"],"models":[
{"id":"m1","match":["m1"],"prices":[{"input":1,"output":1}]}]}]}`

// did is one execution of an agent, as its spans tell of it.
type did struct {
	agent, release, environment, org string
	ago                              time.Duration
	tokens                           int
	model                            string // provider/model; house/m1 when empty
	flagged, allowed                 string // policies
	tool                             string // whose call failed
	errorType                        string // that it ended with
	fault                            string // of an error event with that type, when there is one
	event                            bool
	finish                           string // of the model call
}

// fleet stores executions as if each had come in an envelope of its own.
func (w *world) fleet(all ...did) {
	w.t.Helper()
	orgs, err := w.db.Organizations(w.t.Context())
	w.must(err)
	table, err := price.Load(strings.NewReader(listed))
	w.must(err)
	b := &model.Batch{Org: orgs[0].ID, Project: w.project, Received: noon, SpanBlobs: []model.SpanBlob{{Payload: []byte(`{"items":[]}`)}}}
	for _, d := range all {
		w.executions++
		d.add(b, w.executions)
	}
	agent.Read(b)
	price.Apply(b, table)
	agent.Assemble(b)
	w.write(b)
}

// add adds the spans and the event of the execution with that number.
func (d did) add(b *model.Batch, n uint64) {
	var trace model.TraceID
	binary.BigEndian.PutUint64(trace[8:], n)
	at := noon.Add(-d.ago - time.Minute)
	provider, name, _ := strings.Cut(d.model, "/")
	if d.model == "" {
		provider, name = "house", "m1"
	}
	base := model.Span{Trace: trace, Parent: rootID, Start: at, Duration: time.Second, Release: d.release, Environment: d.environment, Status: model.StatusOK}
	add := func(id byte, op string, attributes ...string) *model.Span {
		s := base
		s.ID, s.Op, s.Name = model.SpanID{id}, op, op
		for i := 0; i < len(attributes); i += 2 {
			s.Attributes = append(s.Attributes, model.Tag{Key: attributes[i], Value: attributes[i+1]})
		}
		b.Spans = append(b.Spans, s)
		return &b.Spans[len(b.Spans)-1]
	}
	root := add(1, "gen_ai.invoke_agent", "gen_ai.agent.id", d.agent, "picket.execution.id", fmt.Sprint("run ", n), "picket.organization.id", d.org)
	root.Parent, root.Segment, root.Duration = model.SpanID{}, true, 30*time.Second
	if d.errorType != "" {
		root.Status = model.StatusInternalError
		root.Attributes = append(root.Attributes, model.Tag{Key: "error.type", Value: d.errorType})
	}
	add(2, "gen_ai.chat", "gen_ai.provider.name", provider, "gen_ai.request.model", name,
		"gen_ai.usage.input_tokens", strconv.Itoa(d.tokens), "gen_ai.response.finish_reasons", d.finish)
	if d.flagged != "" {
		add(3, "picket.policy", "picket.policy.name", d.flagged, "picket.policy.verdict", "flag")
	}
	if d.allowed != "" {
		add(4, "picket.policy", "picket.policy.name", d.allowed, "picket.policy.verdict", "allow")
	}
	if d.tool != "" {
		add(5, "gen_ai.execute_tool", "gen_ai.tool.name", d.tool).Status = model.StatusInternalError
	}
	if d.event {
		b.Events = append(b.Events, model.Event{
			ID: model.EventID(trace), Kind: model.KindError, Timestamp: at, Level: model.LevelError, Handled: model.No, Platform: "go",
			Release: d.release, Environment: d.environment, Trace: trace, Span: rootID, Title: d.errorType, Type: d.errorType, Fault: d.fault,
			Hashes: []model.Hash{{byte(len(d.errorType))}}, Payload: []byte(`{}`),
		})
	}
}

// times repeats an execution.
func times(n int, d did) []did {
	out := make([]did, n)
	for i := range out {
		out[i] = d
	}
	return out
}

// at follows a path of keys, of indices and of values: rows[key=x] is written "rows", "key=x".
func at(t testing.TB, v any, path ...string) any {
	t.Helper()
	for _, step := range path {
		list, ok := v.([]any)
		if !ok {
			m, _ := v.(map[string]any)
			if v, ok = m[step]; !ok {
				t.Fatalf("there is no %s of %v", step, path)
			}
			continue
		}
		key, value, _ := strings.Cut(step, "=")
		v = nil
		for _, row := range list {
			if row.(map[string]any)[key] == value {
				v = row
			}
		}
		if v == nil {
			t.Fatalf("there is no %s of %v among %d", step, path, len(list))
		}
	}
	return v
}

func TestRulesThatAreOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	off, err := agent.RulesWithout("cut_off")
	w.must(err)
	s := httptest.NewServer(api.New(api.Config{Store: w.db, Guard: &access.Guard{Tokens: w.db}, Rules: off, Now: func() time.Time { return noon }}))
	t.Cleanup(s.Close)
	w.url = s.URL
	list := w.get("/api/v1/rules")["rules"].([]any)
	if len(list) != len(agent.AllRules()) {
		t.Errorf("%d rules", len(list))
	}
	for _, r := range list {
		if on := at(t, r, "on"); on != (at(t, r, "rule") != "cut_off") || at(t, r, "says") == "" {
			t.Errorf("%v", r)
		}
	}
}
