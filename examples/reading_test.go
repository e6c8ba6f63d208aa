package examples

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// event is what the tests want to know of one.
type event struct {
	EventID, Title, Type, Level, Kind, Culprit    string
	User, Release, Environment, Transaction       string
	AgentID, ExecutionID, OrganizationID, TraceID string
	Payload                                       payload
}

type payload struct {
	Tags        json.RawMessage
	Contexts    map[string]map[string]any
	Request     struct{ Method string }
	Breadcrumbs struct{ Values []breadcrumb }
}

type breadcrumb struct {
	Category, Message, Level string
	Data                     map[string]any
}

func (s *picketServer) event(t *testing.T, id string) (e event) {
	t.Helper()
	s.get(t, "/api/v1/events/"+id, &e)
	return e
}

// issues returns "title ×events by users" of all issues, sorted.
func (s *picketServer) issues(t *testing.T) (list []string) {
	t.Helper()
	var answer struct {
		Issues []struct {
			Title        string
			Count, Users int
		}
	}
	s.get(t, "/api/v1/issues", &answer)
	for _, i := range answer.Issues {
		list = append(list, fmt.Sprintf("%s ×%d by %d", i.Title, i.Count, i.Users))
	}
	slices.Sort(list)
	return list
}

type execution struct {
	ID, Outcome                                                string
	Agent                                                      struct{ ID, Name, Framework, Version string }
	Reason, OrganizationID, User, ConversationID, TraceID      string
	DurationMS                                                 float64
	Usage                                                      struct{ Input, Output, CacheRead, Reasoning int }
	CostUSD                                                    float64
	ModelCalls, ToolCalls, ToolErrors, Evaluations, Violations int
}

// executions returns all runs, the latest first.
func (s *picketServer) executions(t *testing.T) []execution {
	t.Helper()
	var answer struct{ Executions []execution }
	s.get(t, "/api/v1/executions", &answer)
	return answer.Executions
}

type stats struct {
	Executions, Errored, Failed, Errors, Users, Transactions, UnpricedCalls int
	Tokens                                                                  struct{ Total int }
	CostUSD, FailedCostUSD                                                  float64
	Tools                                                                   []struct {
		Name          string
		Calls, Errors int
	}
	Policies struct{ Evaluations, Violations int }
}

func (s *picketServer) stats(t *testing.T, agent string) (out stats) {
	t.Helper()
	s.get(t, "/sentry/stats/"+agent, &out)
	return out
}

type span struct {
	SpanID, ParentSpanID, Op, Name, Status string
	Attributes                             map[string]json.RawMessage
}

type trace struct {
	Spans  []span
	Events []event
}

func (s *picketServer) trace(t *testing.T, id string) (out trace) {
	t.Helper()
	s.get(t, "/api/v1/traces/"+id, &out)
	return out
}

// tree returns the spans' ops and names, each behind those of its parents, sorted.
func (tr trace) tree() (list []string) {
	byID := map[string]span{}
	for _, s := range tr.Spans {
		byID[s.SpanID] = s
	}
	for _, s := range tr.Spans {
		text := s.Op + " " + s.Name
		for p, ok := byID[s.ParentSpanID]; ok; p, ok = byID[p.ParentSpanID] {
			text = p.Op + " > " + text
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}

func readBasic(t *testing.T, s *picketServer, said string) {
	e := s.event(t, found(t, said, `error reported: (\w+)`))
	equal(t, "title", e.Title, "*main.outOfStockError: ship order-17: no umbrella left")
	equal(t, "user", e.User, "id:u-81")
	equal(t, "release and environment", e.Release+" "+e.Environment, "shop@1.4.0 development")
	equal(t, "extra", e.Payload.Contexts["extra"], map[string]any{"order": "order-17"})
	if !strings.Contains(string(e.Payload.Tags), `"berlin"`) {
		t.Errorf("tags: %s", e.Payload.Tags)
	}
	e = s.event(t, found(t, said, `message reported: (\w+)`))
	equal(t, "message", e.Kind+" "+e.Level+" "+e.Title, "message warning stock is running low")
	e = s.event(t, found(t, said, `panic reported: (\w+)`))
	equal(t, "panic", e.Level+" "+e.Culprit, "fatal main in printLabel")
	equal(t, "issues", len(s.issues(t)), 3)
}

func readAgentError(t *testing.T, s *picketServer, said string) {
	e := s.event(t, found(t, said, `run-501 .* reported as (\w+)`))
	equal(t, "event", []string{e.AgentID, e.ExecutionID, e.OrganizationID, e.User}, []string{"invoice-clerk", "run-501", "acme", "id:u-81"})
	var trail []string
	for _, b := range e.Payload.Breadcrumbs.Values {
		trail = append(trail, b.Category+" "+b.Level)
	}
	equal(t, "trail", trail, []string{"tool info", "tool error", "policy info"})
	if issues := s.issues(t); len(issues) != 1 || !strings.HasSuffix(issues[0], "×2 by 2") {
		t.Errorf("issues: %v", issues)
	}
	runs := s.executions(t)
	if len(runs) != 2 {
		t.Fatalf("executions: %+v", runs)
	}
	run := runs[slices.IndexFunc(runs, func(x execution) bool { return x.ID == "run-501" })]
	equal(t, "agent", run.Agent, "{invoice-clerk Invoice Clerk relay 1.8.0}")
	equal(t, "run", fmt.Sprint(run.Outcome, run.DurationMS, run.Usage.Input, run.Usage.Output, run.CostUSD, run.OrganizationID), fmt.Sprint("error", 4200.0, 5200, 340, 0.0164, "acme"))
	st := s.stats(t, "invoice-clerk")
	equal(t, "stats", []int{st.Executions, st.Errored, st.Errors, st.Users}, []int{2, 2, 2, 2})
	equal(t, "failed cost", st.FailedCostUSD, 0.0195)
}

func readExecution(t *testing.T, s *picketServer, said string) {
	st := s.stats(t, "refund-desk")
	equal(t, "stats", []int{st.Executions, st.Errored, st.Failed, st.Errors, st.Tokens.Total}, []int{3, 1, 1, 1, 3 * 1280})
	equal(t, "policies", st.Policies, "{3 1}")
	equal(t, "tools", st.Tools, "[{lookup_order 2 1}]")
	if st.CostUSD <= 0 || st.FailedCostUSD <= 0 || st.FailedCostUSD >= st.CostUSD || st.UnpricedCalls != 0 {
		t.Errorf("cost: %+v", st)
	}
	good := s.executionOf(t, found(t, said, `run (ex_\w+) used`))
	equal(t, "good run", []string{good.Outcome, good.ConversationID, good.OrganizationID, good.User}, []string{"ok", "chat-order-17", "acme", "id:u-81"})
	equal(t, "calls", []int{good.ModelCalls, good.ToolCalls, good.ToolErrors, good.Evaluations}, []int{1, 2, 0, 1})
	equal(t, "spans", strings.Join(s.trace(t, good.TraceID).tree(), "\n"), strings.Join([]string{
		"gen_ai.invoke_agent > gen_ai.chat chat gpt-4o",
		"gen_ai.invoke_agent > gen_ai.execute_tool execute_tool lookup_order",
		"gen_ai.invoke_agent > gen_ai.handoff handoff from Refund Desk to Payer",
		"gen_ai.invoke_agent > gen_ai.invoke_agent > gen_ai.execute_tool execute_tool send_money",
		"gen_ai.invoke_agent > gen_ai.invoke_agent invoke_agent Payer",
		"gen_ai.invoke_agent > picket.policy policy refund-limit",
		"gen_ai.invoke_agent invoke_agent Refund Desk",
	}, "\n"))
	outcomes := map[string]string{}
	for _, x := range s.executions(t) {
		outcomes[x.ConversationID] = x.Outcome + " " + x.Reason
	}
	equal(t, "outcomes", outcomes["chat-order-18"]+", "+strings.Fields(outcomes["chat-order-99"])[0], "failed refund-limit, error")
	for _, sp := range s.trace(t, good.TraceID).Spans {
		if strings.Contains(fmt.Sprintf("%s", sp.Attributes), "sk-1234") {
			t.Errorf("a secret was stored: %s", sp.Attributes)
		}
	}
}

func (s *picketServer) executionOf(t *testing.T, id string) (x execution) {
	t.Helper()
	s.get(t, "/api/v1/executions/"+id, &x)
	return x
}

func readHTTPService(t *testing.T, s *picketServer, said string) {
	e := s.event(t, found(t, said, `planner/runs → 503 (\w+)`))
	equal(t, "error", []string{e.AgentID, e.User, e.OrganizationID, e.Transaction, e.Payload.Request.Method},
		[]string{"planner", "id:u-81", "acme", "POST /agents/{agentId}/runs", "POST"})
	p := s.event(t, found(t, said, `billing/report → 500 (\w+)`))
	equal(t, "panic", []string{p.AgentID, p.Level, p.Transaction}, []string{"billing", "fatal", "GET /agents/{agentId}/report"})
	equal(t, "span of the panic", s.trace(t, p.TraceID).Spans[0].Status, "internal_error")
	equal(t, "transactions", []int{s.stats(t, "billing").Transactions, s.stats(t, "planner").Transactions}, []int{2, 1})
}

func readTransactions(t *testing.T, s *picketServer, said string) {
	tr := s.trace(t, found(t, said, `trace (\w+)`))
	equal(t, "spans", strings.Join(tr.tree(), "\n"), strings.Join([]string{
		"queue.process > file.read read the orders",
		"queue.process > function check the orders",
		"queue.process > http.client > http.server > cache.put reserve",
		"queue.process > http.client > http.server POST /reservations/{order}",
		"queue.process > http.client POST " + found(t, strings.Join(tr.tree(), "\n"), `http.client POST (\S+)`),
		"queue.process import orders",
	}, "\n"))
	equal(t, "transactions", len(tr.Events), 2)
}

func readBreadcrumbs(t *testing.T, s *picketServer, said string) {
	for _, document := range []string{"contract", "letter"} {
		e := s.event(t, found(t, said, document+` is in event (\w+)`))
		var trail []string
		for _, b := range e.Payload.Breadcrumbs.Values {
			trail = append(trail, b.Category)
			if strings.Contains(b.Message, "letter") != (document == "letter") && b.Category == "document" {
				t.Errorf("the trail of the %s has %q", document, b.Message)
			}
			if p := b.Data["password"]; strings.HasPrefix(b.Message, "opened") && p != "[Filtered]" {
				t.Errorf("password: %v", p)
			}
		}
		equal(t, "trail", trail, []string{"document", "policy", "tool", "document"})
	}
	equal(t, "violations", s.stats(t, "summarizer").Policies.Violations, 2)
}

func readDatabase(t *testing.T, s *picketServer, said string) {
	e := s.event(t, found(t, said, `the query failed, event (\w+)`))
	equal(t, "transaction", e.Transaction, "settle orders")
	if !strings.Contains(e.Title, "no such table: invoices") {
		t.Errorf("title: %s", e.Title)
	}
	queries := map[string]string{}
	for _, sp := range s.trace(t, e.TraceID).Spans {
		queries[sp.Name] = sp.Status
		for _, secret := range []string{"acme", "10"} {
			if strings.Contains(string(sp.Attributes["db.query.text"]), secret) || strings.Contains(sp.Name, secret) {
				t.Errorf("a value was stored: %s %s", sp.Name, sp.Attributes)
			}
		}
	}
	names := slices.Sorted(maps.Keys(queries))
	for _, want := range []string{"CREATE TABLE orders", "INSERT INTO orders", "SELECT sum(dollars) FROM orders", "UPDATE invoices"} {
		if i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, want) }); i < 0 {
			t.Errorf("no span %s in %v", want, names)
		} else if failed := queries[names[i]] != "ok"; failed != strings.HasPrefix(want, "UPDATE") {
			t.Errorf("status of %s is %s", names[i], queries[names[i]])
		}
	}
	if n := len(e.Payload.Breadcrumbs.Values); n < 4 {
		t.Errorf("%d breadcrumbs", n)
	}
}

func readBilling(t *testing.T, s *picketServer, _ string) {
	customers := map[string]int{}
	for _, x := range s.executions(t) {
		customers[x.OrganizationID+" "+x.Agent.ID] += x.Usage.Input + x.Usage.Output
	}
	equal(t, "tokens", customers, map[string]int{"acme writer": 17900, "acme reviewer": 17900, "globex writer": 17900, "globex reviewer": 17900})
	writer, reviewer := s.stats(t, "writer"), s.stats(t, "reviewer")
	equal(t, "tokens of the stats", writer.Tokens.Total+reviewer.Tokens.Total, 4*17900)
	// The server priced the model that has a list price, and believed the other's cost.
	if writer.CostUSD <= 2*0.0125 || writer.UnpricedCalls != 0 {
		t.Errorf("cost of the writer: %+v", writer)
	}
	equal(t, "failed cost of the writer", writer.FailedCostUSD, 0)
	equal(t, "failed cost of the reviewer", reviewer.FailedCostUSD, reviewer.CostUSD/2)
}

func readSampling(t *testing.T, s *picketServer, said string) {
	var kept int
	if _, err := fmt.Sscan(found(t, said, `catalogue +kept (\d+)`), &kept); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Discards []struct {
			Source, Category, Reason string
			Quantity                 int
		}
	}
	s.get(t, "/api/v1/discards?window=1h", &answer)
	dropped := -1
	for _, d := range answer.Discards {
		if d.Source == "client" && d.Category == "transaction" && d.Reason == "sample_rate" {
			dropped = d.Quantity
		}
	}
	equal(t, "dropped and said so", dropped, 100+100-kept)
	booker := s.stats(t, "booker")
	equal(t, "executions and errors", []int{booker.Executions, booker.Errored, booker.Errors}, []int{5, 2, 2})
}

// Embedded reports to itself: it prints what it read there, and this server has nothing.
func readEmbedded(t *testing.T, s *picketServer, said string) {
	var st stats
	if err := json.Unmarshal([]byte(found(t, said, `(\{"agentId":"secretary".*)`)), &st); err != nil {
		t.Fatal(err)
	}
	equal(t, "stats", []int{st.Executions, st.Errored, st.Errors, st.Users, st.Tokens.Total}, []int{2, 1, 1, 1, 2200})
	var answer struct{ Agents []any }
	s.get(t, "/api/v1/agents", &answer)
	equal(t, "agents at SENTRY_DSN", len(answer.Agents), 0)
}
