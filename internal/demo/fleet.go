package demo

import "time"

// platform is the language that an agent seems to be written in.
type platform string

const (
	python platform = "python"
	node   platform = "node"
	golang platform = "go"
)

// entry is how work reaches an agent.
type entry int

const (
	byRequest entry = iota
	byQueue
	bySchedule
)

// agent is one member of the fleet.
type agent struct {
	id, name, framework, version string
	platform                     platform
	can                          []string // capabilities
	model                        llm
	entry                        entry
	share                        int // its part of the fleet's work
	rounds                       int // model calls of a usual run
	tools                        []tool
	policies                     []policy
	tasks                        []string
	faults                       []odds
	next                         string // the agent that it hands over to, now and then
}

// llm is a language model as its provider names it.
type llm struct {
	provider, name string
	perSecond      int // output tokens
}

// tool is something an agent can call. What it asks in turn is a span of op
// inner; args and result are JSON with the placeholders of fill.
type tool struct {
	name, inner, asks string
	took              time.Duration
	args, result      string
}

// policy judges an agent's act; the chances are in thousandths.
type policy struct {
	name       string
	deny, flag int
	reason     string
}

// odds is a fault and its chance in thousandths of a run.
type odds struct {
	fault  *fault
	chance int
}

var (
	haiku    = llm{"anthropic", "claude-haiku-4-5", 140}
	sonnet   = llm{"anthropic", "claude-sonnet-4-5", 75}
	opus     = llm{"anthropic", "claude-opus-4-5", 60}
	gpt4o    = llm{"openai", "gpt-4o", 95}
	gpt5mini = llm{"openai", "gpt-5-mini", 120}
	gemini   = llm{"gcp.gemini", "gemini-2.5-pro", 85}
	mistral  = llm{"mistral_ai", "mistral-large-2512", 70}
	deepseek = llm{"deepseek", "deepseek-chat", 55}
	guard    = llm{"inhouse", "relay-guard-7b", 220} // nobody publishes its price
)

var (
	lookupOrder  = tool{"lookup_order", "http.client", "GET https://shop.example.com/api/orders/{order}", 240 * time.Millisecond, `{"order":"{order}"}`, `{"order":"{order}","state":"delivered","total":{amount},"currency":"EUR"}`}
	findCustomer = tool{"lookup_customer", "db.sql.query", "SELECT id, tier, since FROM customers WHERE id = $1", 18 * time.Millisecond, `{"customer":"{user}"}`, `{"customer":"{user}","tier":"{tier}","since":"2024-03-11"}`}
	sendMail     = tool{"send_email", "http.client", "POST https://mail.example.com/v3/send", 310 * time.Millisecond, `{"to":"{user}","template":"answer"}`, `{"accepted":true}`}
	searchDocs   = tool{"search_documents", "db.vector.query", "similarity search in handbook, 8 nearest", 95 * time.Millisecond, `{"query":"{topic}","limit":8}`, `{"hits":8,"best":0.87}`}
)

// fleet lists the agents. The first takes most of the work and hands it on.
var fleet = []agent{
	{
		id: "support-triage", name: "Support Triage", framework: "langgraph", version: "2.4.1", platform: python, model: haiku, share: 30, rounds: 2,
		can: []string{"classify", "search", "route"}, next: "refund-desk",
		tools:    []tool{findCustomer, searchDocs, {"open_ticket", "http.client", "POST https://desk.example.com/tickets", 180 * time.Millisecond, `{"queue":"{topic}"}`, `{"ticket":"T-{number}"}`}},
		policies: []policy{{"pii-outbound", 4, 25, "the answer repeats a card number"}},
		tasks:    []string{"Where is my order {order}?", "I was charged twice for {order}.", "The invoice for {order} has the wrong address."},
		faults:   []odds{{rateLimited, 21}, {invalidJSON, 16}, {toolTimeout, 14}},
	},
	{
		id: "refund-desk", name: "Refund Desk", framework: "openai-agents", version: "1.9.0", platform: python, model: gpt4o, share: 16, rounds: 3,
		can:      []string{"refund", "email"},
		tools:    []tool{lookupOrder, {"issue_refund", "http.client", "POST https://payments.example.com/v1/refunds", 420 * time.Millisecond, `{"order":"{order}","amount":{amount}}`, `{"refund":"re_{number}","state":"pending"}`}, sendMail},
		policies: []policy{{"refund-limit", 60, 40, "{amount} EUR is above the limit of 500 EUR"}, {"duplicate-refund", 12, 6, "order {order} was refunded before"}},
		tasks:    []string{"Refund order {order}, the parcel came broken.", "Customer wants {amount} EUR back for {order}.", "Cancel {order} and return the money."},
		faults:   []odds{{missingWindow, 0}, {paymentDown, 25}, {rateLimited, 18}, {contentFilter, 10}},
	},
	{
		id: "code-review", name: "Code Review", framework: "pydantic-ai", version: "0.8.2", platform: python, model: sonnet, share: 12, rounds: 4,
		can: []string{"read-code", "comment"},
		tools: []tool{{"fetch_diff", "http.client", "GET https://git.example.com/api/pulls/{number}/diff", 350 * time.Millisecond, `{"pull":{number}}`, `{"files":14,"added":412,"removed":96}`},
			{"search_code", "http.client", "POST https://code.example.com/search", 520 * time.Millisecond, `{"symbol":"{topic}"}`, `{"matches":23}`},
			{"post_review", "http.client", "POST https://git.example.com/api/pulls/{number}/reviews", 280 * time.Millisecond, `{"pull":{number},"comments":3}`, `{"posted":true}`}},
		policies: []policy{{"secrets-in-diff", 15, 30, "the diff adds what looks like a token"}},
		tasks:    []string{"Review pull request {number}.", "Is pull request {number} safe to merge on a Friday?"},
		faults:   []odds{{contextTooLong, 50}, {validation, 21}, {overloaded, 18}},
	},
	{
		id: "deep-research", name: "Deep Research", framework: "crewai", version: "3.1.0", platform: python, model: gemini, share: 6, rounds: 7,
		can: []string{"search", "read", "cite"},
		tools: []tool{{"web_search", "http.client", "GET https://search.example.com/q", 640 * time.Millisecond, `{"q":"{topic}"}`, `{"results":10}`},
			{"fetch_page", "http.client", "GET https://news.example.org/{number}", 910 * time.Millisecond, `{"url":"https://news.example.org/{number}"}`, `{"characters":18230}`}, searchDocs},
		policies: []policy{{"source-quality", 8, 70, "two of five sources are blogs"}},
		tasks:    []string{"Compare carriers for {topic} in Europe.", "What changed in the law on {topic} this year?"},
		faults:   []odds{{contextTooLong, 72}, {toolTimeout, 54}, {contentFilter, 21}},
	},
	{
		id: "sales-outreach", name: "Sales Outreach", framework: "vercel-ai", version: "1.2.7", platform: node, model: gpt5mini, share: 10, rounds: 2, entry: byQueue,
		can:      []string{"crm", "email"},
		tools:    []tool{findCustomer, {"draft_offer", "http.client", "POST https://docs.example.com/render", 260 * time.Millisecond, `{"template":"offer","for":"{user}"}`, `{"pages":2}`}, sendMail},
		policies: []policy{{"outreach-consent", 45, 20, "{user} has not agreed to be written to"}, {"pii-outbound", 6, 18, "the draft names a third person"}},
		tasks:    []string{"Write to {user} about {topic}.", "Follow up on offer {number} with {user}."},
		faults:   []odds{{zodError, 32}, {apiCallError, 25}, {aborted, 14}},
	},
	{
		id: "data-analyst", name: "Data Analyst", framework: "vercel-ai", version: "2.0.3", platform: node, model: sonnet, share: 9, rounds: 4,
		can: []string{"sql", "chart"},
		tools: []tool{{"read_schema", "db.sql.query", "SELECT table_name, column_name FROM information_schema.columns", 30 * time.Millisecond, `{"schema":"sales"}`, `{"tables":41}`},
			{"run_sql", "db.sql.query", "SELECT region, sum(total) FROM orders GROUP BY region", 1400 * time.Millisecond, `{"sql":"SELECT region, sum(total) FROM orders GROUP BY region"}`, `{"rows":12}`},
			{"plot_chart", "http.client", "POST https://charts.example.com/render", 380 * time.Millisecond, `{"kind":"bar"}`, `{"chart":"c_{number}"}`}},
		policies: []policy{{"read-only-sql", 22, 8, "the statement would change rows"}},
		tasks:    []string{"Revenue by region, please, and compare {topic}.", "Why did sales of {topic} fall in week 34?"},
		faults:   []odds{{sqlFailed, 46}, {apiCallError, 21}, {typeError, 16}},
	},
	{
		id: "moderator", name: "Content Moderator", framework: "openai-agents", version: "4.0.0", platform: python, model: guard, share: 14, rounds: 1, entry: byQueue,
		can: []string{"moderate"}, tools: []tool{searchDocs},
		policies: []policy{{"content-safety", 90, 130, "the post insults a person"}},
		tasks:    []string{"Judge post {number}.", "Judge the comment of {user} on {topic}."},
		faults:   []odds{{invalidJSON, 10}, {toolTimeout, 7}},
	},
	{
		id: "invoice-reader", name: "Invoice Reader", framework: "picket-go", version: "1.5.0", platform: golang, model: gpt4o, share: 9, rounds: 2, entry: byQueue,
		can: []string{"ocr", "ledger"},
		tools: []tool{{"read_page", "http.client", "POST https://ocr.example.com/pages", 780 * time.Millisecond, `{"page":1}`, `{"words":312}`},
			{"match_vendor", "db.sql.query", "SELECT id FROM vendors WHERE name % $1 ORDER BY similarity(name, $1) DESC LIMIT 3", 45 * time.Millisecond, `{"name":"{topic} GmbH"}`, `{"vendor":{number}}`},
			{"post_ledger", "db.sql.query", "INSERT INTO ledger (vendor, amount) VALUES ($1, $2)", 22 * time.Millisecond, `{"vendor":{number},"amount":{amount}}`, `{"entry":{number}}`}},
		policies: []policy{{"four-eyes", 20, 35, "{amount} EUR needs a second pair of eyes"}},
		tasks:    []string{"Read invoice {number} and post it."},
		faults:   []odds{{goWrapped, 32}, {goIndexPanic, 12}, {goJSON, 16}},
	},
	{
		id: "meeting-planner", name: "Meeting Planner", framework: "picket-go", version: "0.9.4", platform: golang, model: mistral, share: 8, rounds: 2,
		can:      []string{"calendar"},
		tools:    []tool{{"find_slot", "http.client", "GET https://calendar.example.com/free", 150 * time.Millisecond, `{"with":"{user}"}`, `{"slots":4}`}, {"book", "http.client", "POST https://calendar.example.com/events", 190 * time.Millisecond, `{"slot":2}`, `{"event":"ev_{number}"}`}},
		policies: []policy{{"working-hours", 5, 60, "the slot is after 19:00 for {user}"}},
		tasks:    []string{"Find an hour with {user} about {topic} next week.", "Move my Monday meetings."},
		faults:   []odds{{goDeadline, 25}, {goJSON, 19}, {goNilMap, 7}},
	},
	{
		id: "incident-responder", name: "Incident Responder", framework: "picket-go", version: "2.2.0", platform: golang, model: opus, share: 4, rounds: 5, entry: byQueue,
		can: []string{"metrics", "logs", "restart"},
		tools: []tool{{"query_metrics", "http.client", "GET https://metrics.example.com/api/v1/query", 120 * time.Millisecond, `{"query":"rate(errors[5m])"}`, `{"series":6}`},
			{"read_logs", "http.client", "GET https://logs.example.com/tail", 460 * time.Millisecond, `{"service":"{topic}"}`, `{"lines":200}`},
			{"restart_service", "http.client", "POST https://deploy.example.com/restart", 900 * time.Millisecond, `{"service":"{topic}"}`, `{"state":"rolling"}`}},
		policies: []policy{{"production-change", 120, 60, "a restart of {topic} outside the window"}},
		tasks:    []string{"Latency of {topic} doubled, find out why.", "{topic} answers 503 since ten minutes."},
		faults:   []odds{{goDeadline, 36}, {goJoined, 28}, {overloaded, 21}},
	},
	{
		id: "night-ledger", name: "Night Ledger", framework: "picket-go", version: "1.0.8", platform: golang, model: deepseek, share: 3, rounds: 3, entry: bySchedule,
		can:      []string{"reconcile"},
		tools:    []tool{{"load_batch", "db.sql.query", "SELECT * FROM ledger WHERE posted = $1", 260 * time.Millisecond, `{"day":"yesterday"}`, `{"rows":1842}`}, {"reconcile", "db.sql.query", "UPDATE ledger SET reconciled = true WHERE id = ANY($1)", 340 * time.Millisecond, `{"rows":1842}`, `{"open":{few}}`}},
		policies: []policy{{"four-eyes", 10, 20, "{few} entries stay open"}},
		tasks:    []string{"Reconcile yesterday's ledger."},
		faults:   []odds{{goJoined, 81}, {goWrapped, 36}},
	},
}
