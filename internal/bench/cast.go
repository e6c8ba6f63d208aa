package main

import (
	"fmt"
	"time"
)

// How varied the telemetry is: budgets are promised for this much variety.
const (
	agents   = 50
	releases = 10
	users    = 5_000
	faults   = 200
)

// platform is the kind of SDK that an event seems to come from.
type platform int

const (
	python platform = iota
	golang
	node
	platforms
)

var platformNames = [platforms]string{"python", "go", "node"}

var sdks = [platforms]string{
	`{"name":"sentry.python","version":"2.68.0","integrations":["argv","excepthook","fastapi","httpx","logging","openai","stdlib","threading"],"packages":[{"name":"pypi:sentry-sdk","version":"2.68.0"}]}`,
	`{"name":"sentry.go","version":"0.50.0","integrations":["Environment","GlobalTags","IgnoreErrors","Modules"],"packages":[{"name":"sentry-go","version":"0.50.0"}]}`,
	`{"name":"sentry.javascript.node","version":"10.62.0","integrations":["Console","ContextLines","Http","NodeFetch","OpenAI","OnUncaughtException"],"packages":[{"name":"npm:@sentry/node","version":"10.62.0"}]}`,
}

var runtimes = [platforms]string{
	`"runtime":{"name":"CPython","version":"3.12.8","build":"3.12.8 (main, Dec  4 2025) [GCC 14.2.0]"}`,
	`"runtime":{"name":"go","version":"go1.26.2","go_maxprocs":8,"go_numroutines":214}`,
	`"runtime":{"name":"node","version":"v22.14.0"}`,
}

var frameworks = []string{"langgraph", "openai-agents", "crewai", "vercel-ai", "pydantic-ai"}

var tiers = []string{"free", "team", "enterprise"}

// role is who an event or a run is about: one draw from the cast.
type role struct {
	platform platform
	agent    int
	release  int
	env      string
	user     int
	org      int
	at       time.Time
}

// draw picks who the next event is about. The platform belongs to the agent.
func (d *doc) draw(at time.Time) role {
	agent := d.r.IntN(agents)
	r := role{platform: platform(agent % int(platforms)), agent: agent, release: d.release(), user: d.r.IntN(users), at: at}
	r.org = r.user % 120
	switch n := d.r.IntN(10); {
	case n < 7:
		r.env = "production"
	case n < 9:
		r.env = "staging"
	default:
		r.env = "development"
	}
	return r
}

// release picks what is deployed: mostly the newest release, often the one before
// it, which is being replaced, and seldom one that was forgotten somewhere.
func (d *doc) release() int {
	switch n := d.r.IntN(100); {
	case n < 70:
		return releases - 1
	case n < 95:
		return releases - 2
	}
	return d.r.IntN(releases)
}

// fault picks what goes wrong: nine times in ten one of the agent's own faults,
// else one that any agent may meet. Some faults are commoner than others.
func (d *doc) fault(r role) int {
	if d.r.IntN(10) == 0 {
		return min(d.r.IntN(faults), d.r.IntN(faults))
	}
	own := faults / agents
	return r.agent + agents*min(d.r.IntN(own), d.r.IntN(own))
}

// agentID is the id under which the API addresses an agent.
func agentID(n int) string { return fmt.Sprintf("agent-%02d", n) }

func releaseName(n int) string { return fmt.Sprintf("fleet@2.%d.0", n) }

// contexts appends the contexts of the role but the trace's.
func (d *doc) contexts(r role, execution []byte) {
	d.raw(`"agent":{"id":"`, agentID(r.agent), `","name":"Agent `, agentID(r.agent), `","framework":"`, frameworks[r.agent%len(frameworks)],
		`","version":"1.`)
	d.int(int64(r.release))
	d.raw(`.0","capabilities":["search","refund","summarise"]},"execution":{"id":"`)
	d.id(execution)
	d.raw(`","attempt":1},"organization":{"id":"org-`)
	d.int(int64(1000 + r.org))
	d.raw(`","name":"Customer `)
	d.int(int64(1000 + r.org))
	d.raw(`","tier":"`, tiers[r.org%len(tiers)], `"},`, runtimes[r.platform],
		`,"os":{"name":"Linux","version":"6.18.44"},"device":{"arch":"x86_64","num_cpu":8}`)
}

// tags appends the object of tags.
func (d *doc) tags(r role) {
	d.raw(`"tags":{"agent.id":"`, agentID(r.agent), `","region":"eu-central-1","queue":"agents-`)
	d.int(int64(r.agent % 8))
	d.raw(`","tier":"`, tiers[r.org%len(tiers)], `","retry":"`)
	d.int(int64(d.r.IntN(3)))
	d.raw(`"}`)
}

// user appends the object of the user.
func (d *doc) user(r role) {
	d.raw(`"user":{"id":"`)
	d.int(int64(100_000 + r.user))
	d.raw(`","username":"user`)
	d.int(int64(r.user))
	d.raw(`"}`)
}

// request appends the object of the HTTP request.
func (d *doc) request(r role) {
	d.raw(`"request":{"method":"POST","url":"https://agents.example.com/v1/agents/`, agentID(r.agent), `/runs","query_string":"stream=1&attempt=`)
	d.int(int64(1 + d.r.IntN(3)))
	d.raw(`","headers":{"Accept":"application/json","Content-Type":"application/json","Host":"agents.example.com","User-Agent":"relay-client/4.2","X-Request-Id":"`)
	d.hex(32)
	d.raw(`"},"data":{"task":"refund","order":`)
	d.digits(6)
	d.raw(`,"locale":"en-GB"}}`)
}
