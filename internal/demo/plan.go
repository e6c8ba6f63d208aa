package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"
)

// run is one execution, planned to the last detail before anything of it is
// sent: the same seed gives the same runs.
type run struct {
	id           string
	agent        *agent
	release, env string
	customer     customer
	task         string
	at           time.Time
	took         time.Duration
	steps        []step
	outcome      string // ok, error or failed
	reason       string
	feedback     string // what the user wrote about it; usually nothing
	logged       bool   // the run writes logs
	next         *run   // the run it hands over to, in the same trace

	trace  sentry.TraceID
	parent sentry.SpanID // of a run that was handed the work
	fill   *strings.Replacer
	ids    *rand.Rand
}

// stepKind says what a step is.
type stepKind int

const (
	thinking stepKind = iota // a model call
	acting                   // a tool call
	judging                  // a policy evaluation
)

// step is one thing that an agent does. Steps follow one another.
type step struct {
	kind    stepKind
	took    time.Duration
	tool    *tool
	policy  *policy
	verdict string
	usage   usage
	text    string // what the model answers
	finish  string // why it stopped
	fault   *fault
}

// usage counts tokens; input includes cached, output includes reasoning.
type usage struct{ input, cached, output, reasoning int }

// customer is whom a run is for.
type customer struct{ user, org, orgName, tier string }

var orgs = []struct{ id, name, tier string }{
	{"org-acme", "Acme Retail", "enterprise"}, {"org-borealis", "Borealis Travel", "enterprise"}, {"org-cinder", "Cinder Foods", "team"},
	{"org-delft", "Delft Instruments", "team"}, {"org-elbe", "Elbe Logistics", "enterprise"}, {"org-fjord", "Fjord Bank", "enterprise"},
	{"org-grove", "Grove Books", "team"}, {"org-halcyon", "Halcyon Health", "team"}, {"org-indigo", "Indigo Media", "free"}, {"org-juniper", "Juniper Home", "free"},
}

var topics = []string{"parcel-insurance", "returns", "search", "checkout", "billing", "storage", "onboarding", "shipping"}

// planner makes the runs of a story.
type planner struct {
	story story
	seed  uint64
	turn  uint64
	total int // agents' shares together
}

func newPlanner(s story, seed uint64) *planner {
	p := &planner{story: s, seed: seed}
	for i := range fleet {
		p.total += fleet[i].share
	}
	return p
}

// next plans the run that begins at that moment; what it hands over hangs on it.
func (p *planner) next(at time.Time) *run {
	p.turn++
	r := rand.New(rand.NewPCG(p.seed, p.turn))
	env := environment(r)
	x := &run{agent: p.choose(r), at: at, env: env, release: p.story.release(at, env), customer: newCustomer(r)}
	p.plan(r, x)
	if x.agent.next != "" && x.outcome == "ok" && r.IntN(4) == 0 {
		x.next = &run{agent: agentByID(x.agent.next), at: at.Add(x.took + 40*time.Millisecond), env: env, release: x.release, customer: x.customer}
		p.plan(r, x.next)
	}
	return x
}

func (p *planner) choose(r *rand.Rand) *agent {
	n := r.IntN(p.total)
	for i := range fleet {
		if n -= fleet[i].share; n < 0 {
			return &fleet[i]
		}
	}
	return &fleet[0]
}

func agentByID(id string) *agent {
	for i := range fleet {
		if fleet[i].id == id {
			return &fleet[i]
		}
	}
	panic("demo: no agent is called " + id)
}

// plan decides what happens in a run of which agent, time, place and customer are known.
func (p *planner) plan(r *rand.Rand, x *run) {
	x.outcome = "ok"
	x.ids = rand.New(rand.NewPCG(p.seed^uint64(p.story.to.UnixNano()), r.Uint64()))
	x.id = fmt.Sprintf("exec_%016x", x.ids.Uint64())
	x.fill = filler(r, x)
	x.task = x.fill.Replace(pick(r, x.agent.tasks))
	x.logged = r.IntN(3) == 0
	x.steps = p.steps(r, x)
	p.goWrong(r, x)
	for i := range x.steps {
		x.took += x.steps[i].took
	}
	if x.outcome != "ok" && x.agent.entry == byRequest && r.IntN(12) == 0 {
		x.feedback = pick(r, complaints)
	}
}

var complaints = []string{"It said the money is on its way, but nothing came.", "The answer stopped in the middle of a sentence.", "Same question three times, three different answers."}

func environment(r *rand.Rand) string {
	switch n := r.IntN(20); {
	case n < 16:
		return "production"
	case n < 19:
		return "staging"
	}
	return "development"
}

func newCustomer(r *rand.Rand) customer {
	o := orgs[min(r.IntN(len(orgs)), r.IntN(len(orgs)))]
	return customer{user: fmt.Sprintf("%s-user-%02d", strings.TrimPrefix(o.id, "org-"), r.IntN(12)), org: o.id, orgName: o.name, tier: o.tier}
}

// filler replaces the placeholders in what the fleet's tables say.
func filler(r *rand.Rand, x *run) *strings.Replacer {
	return strings.NewReplacer("{order}", fmt.Sprintf("A-%05d", 10_000+r.IntN(60_000)), "{number}", fmt.Sprint(100+r.IntN(900)), "{few}", fmt.Sprint(2+r.IntN(18)),
		"{amount}", fmt.Sprintf("%d.%02d", 9+r.IntN(900), r.IntN(100)), "{topic}", pick(r, topics), "{user}", x.customer.user, "{tier}", x.customer.tier, "{model}", x.agent.model.name)
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// steps plans a run in which nothing breaks: rounds of thinking, judging and acting, then the answer.
func (p *planner) steps(r *rand.Rand, x *run) []step {
	var list []step
	rounds := max(1, x.agent.rounds-1+r.IntN(3))
	for i := range rounds {
		list = append(list, p.think(r, x, i, i == rounds-1))
		if i == rounds-1 {
			break
		}
		t := &x.agent.tools[i%len(x.agent.tools)]
		if i == 0 || i == rounds-2 {
			list = append(list, judge(r, x, i))
		}
		list = append(list, step{kind: acting, tool: t, took: jitter(r, t.took)})
	}
	if rounds == 1 {
		list = append(list, judge(r, x, 0))
	}
	return list
}

func (p *planner) think(r *rand.Rand, x *run, round int, last bool) step {
	u := usage{input: 900 + 1_100*round + r.IntN(500), output: 60 + r.IntN(240)}
	u.cached = u.input * min(round, 3) / 5
	text, finish := "I need one more look before I answer.", "tool_calls"
	if last {
		u.output += 150 + r.IntN(350)
		text, finish = "Done: "+x.task+" I have noted what I found and told the customer what happens next.", "stop"
	}
	if p.story.verbose(x) {
		u.input += 6_000 // the release with the regression also carried a longer prompt
	}
	if x.agent.model == opus || x.agent.model == gemini {
		u.reasoning = u.output / 3
	}
	took := 300*time.Millisecond + time.Duration(u.output)*time.Second/time.Duration(x.agent.model.perSecond)
	return step{kind: thinking, usage: u, text: text, finish: finish, took: jitter(r, took)}
}

func judge(r *rand.Rand, x *run, i int) step {
	pol := &x.agent.policies[i%len(x.agent.policies)]
	s := step{kind: judging, policy: pol, verdict: "allow", took: jitter(r, 6*time.Millisecond)}
	switch n := r.IntN(1000); {
	case n < pol.deny:
		s.verdict = "deny"
	case n < pol.deny+pol.flag:
		s.verdict = "flag"
	}
	return s
}

// jitter returns a duration of between three fifths of d and twice of it, now and then more.
func jitter(r *rand.Rand, d time.Duration) time.Duration {
	f := 0.6 + 0.8*r.Float64()
	if r.IntN(25) == 0 {
		f *= 3
	}
	return time.Duration(float64(d) * f)
}
