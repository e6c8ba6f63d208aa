package hook_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/hook"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/upstream"
)

// sentry stands in for Sentry: an API over HTTP, one issue, and the webhooks that its
// changes cause, which wait until they are sent.
type sentry struct {
	w      *world
	server *httptest.Server

	mu       sync.Mutex
	status   string
	assigned string
	calls    int
	hooks    [][]byte
	answer   int // when not 0, the status of every answer
}

// newSentry makes one that knows the issue of the fixtures and signs as it should.
func newSentry(w *world) *sentry {
	s := &sentry{w: w, status: "unresolved"}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	w.t.Cleanup(s.server.Close)
	w.set(settings.Sentry{WebhookSecret: secret, APIURL: s.server.URL, APIToken: "sntryu_1", Organization: "acme"})
	w.api = &upstream.API{URL: s.server.URL, Token: "sntryu_1", Organization: "acme", Client: s.server.Client()}
	return s
}

func (s *sentry) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.answer != 0 {
		w.WriteHeader(s.answer)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/issues/1170820242/events/latest/") {
		fmt.Fprintf(w, `{"eventID":%q}`, event)
		return
	}
	var change map[string]string
	if err := json.NewDecoder(r.Body).Decode(&change); err != nil || r.Method != "PUT" || r.URL.Path != "/api/0/organizations/acme/issues/1170820242/" {
		s.w.t.Errorf("Sentry was asked %s %s: %v", r.Method, r.URL, err)
	}
	if status, ok := change["status"]; ok {
		s.become(status)
	}
	if who, ok := change["assignedTo"]; ok && who != s.assigned {
		s.assigned = who
		s.tell("assigned")
	}
}

// become changes the status, and tells of it if it is another.
func (s *sentry) become(status string) {
	if s.status == status {
		return
	}
	s.status = status
	s.tell(map[string]string{"resolved": "resolved", "unresolved": "unresolved", "ignored": "archived"}[status])
}

func (s *sentry) tell(action string) {
	var who any
	if s.assigned != "" {
		who = map[string]string{"email": s.assigned, "type": "user"}
	}
	body, err := json.Marshal(map[string]any{"action": action, "installation": map[string]string{"uuid": "1"}, "actor": map[string]string{"type": "user", "name": "Ann"},
		"data": map[string]any{"issue": map[string]any{"id": "1170820242", "shortId": "ACME-APP-1", "title": "DeclinedError: card declined", "status": s.status, "assignedTo": who, "count": "1"}}})
	s.w.must(err)
	s.hooks = append(s.hooks, body)
}

// change is what somebody does there.
func (s *sentry) change(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.become(status)
}

// post sends the oldest webhook that waits, and reports whether there was one.
func (s *sentry) post() bool {
	s.w.t.Helper()
	s.mu.Lock()
	if len(s.hooks) == 0 {
		s.mu.Unlock()
		return false
	}
	body := s.hooks[0]
	s.hooks = s.hooks[1:]
	s.mu.Unlock()
	if status, _, text := s.w.send(s.w.request("issue", body)); status != http.StatusOK {
		s.w.t.Errorf("webhook: %d %s", status, text)
	}
	return true
}

// settle has everything happen that is still to happen.
func (s *sentry) settle() {
	s.w.t.Helper()
	for round := 0; ; round++ {
		s.w.now = s.w.now.Add(time.Millisecond)
		s.mirror()
		if !s.post() {
			s.w.work()
			before := s.told()
			s.mirror()
			if s.told() == before && !s.post() {
				return
			}
		}
		s.w.work()
		if round > 50 {
			s.w.t.Fatal("it does not end")
		}
	}
}

func (s *sentry) mirror() {
	s.w.t.Helper()
	s.w.must(s.w.mirror.Work(s.w.t.Context()))
}

// refuse has every answer be of that status; 0 answers as ever.
func (s *sentry) refuse(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = status
}

// is returns the issue's status, and to whom it is assigned.
func (s *sentry) is() (status, assigned string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status, s.assigned
}

// told returns how often the API was called.
func (s *sentry) told() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// here changes the issue as a person does.
func (w *world) here(id model.IssueID, status store.Status) {
	w.t.Helper()
	_, err := w.db.UpdateIssues(w.t.Context(), w.in(), []model.IssueID{id}, store.IssueUpdate{Status: &status})
	w.must(err)
}

// expect holds both sides against a status.
func (s *sentry) expect(what string, id model.IssueID, want store.Status) {
	s.w.t.Helper()
	there := map[store.Status]string{store.Resolved: "resolved", store.Unresolved: "unresolved", store.Archived: "ignored"}[want]
	is, _ := s.is()
	if got := s.w.issue(id).Status; got != want || is != there {
		s.w.t.Errorf("%s: %s here, %s there; want %s", what, got, is, want)
	}
}

// TestBothWays resolves here and there, and sees that it goes to the other side once and
// ends there.
func TestBothWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.declined()
	s := newSentry(w)
	w.fixture("error.created") // ties it
	f := func(what string, do func(), want store.Status, calls int) {
		t.Helper()
		before := s.told()
		do()
		s.settle()
		s.expect(what, here.ID, want)
		if n := s.told() - before; n != calls {
			t.Errorf("%s: Sentry's API was called %d times, want %d", what, n, calls)
		}
	}
	resolve := func() { w.here(here.ID, store.Resolved) }
	f("nothing happens", func() {}, store.Unresolved, 0)
	f("resolved here", resolve, store.Resolved, 1)
	f("reopened there", func() { s.change("unresolved") }, store.Unresolved, 0)
	f("archived there", func() { s.change("ignored") }, store.Archived, 0)
	f("reopened here", func() { w.here(here.ID, store.Unresolved) }, store.Unresolved, 1)
	f("archived here", func() { w.here(here.ID, store.Archived) }, store.Archived, 1)
	f("the same once more", func() { w.here(here.ID, store.Archived) }, store.Archived, 1)
	f("resolved at once on both sides", func() { resolve(); s.change("resolved") }, store.Resolved, 1)
	f("here one thing, there another", func() { w.here(here.ID, store.Archived); s.change("unresolved") }, store.Archived, 1)
	f("there another, and it is told first", func() { w.here(here.ID, store.Resolved); s.change("unresolved"); s.post(); w.work() }, store.Unresolved, 1)
	ann := "ann@example.com"
	f("assigned here", func() {
		_, err := w.db.UpdateIssues(t.Context(), w.in(), []model.IssueID{here.ID}, store.IssueUpdate{AssignedTo: &ann})
		w.must(err)
	}, store.Unresolved, 1)
	if _, who := s.is(); who != ann {
		t.Errorf("assigned to %q there", who)
	}
	f("merged here", func() {
		other := w.fault(model.EventID{5}, "Other", "fault")
		_, err := w.db.MergeIssues(t.Context(), w.in(), []model.IssueID{here.ID, other.ID}, here.ID)
		w.must(err)
	}, store.Unresolved, 0)
	ties, err := w.db.UpstreamIssues(t.Context(), w.in(), []model.IssueID{here.ID})
	w.must(err)
	if tie := ties[here.ID]; tie.Status != "unresolved" || tie.Assigned != ann || tie.Problem != "" || tie.What != 0 || tie.Sent.IsZero() {
		t.Errorf("tie = %+v", tie)
	}
}

// TestBothSidesAtOnce has people on both sides change their minds in random turns, while
// webhooks and calls are under way. In the end both agree, and it ends.
func TestBothSidesAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t)
		here := w.declined()
		s := newSentry(w)
		w.fixture("error.created")
		people := 0
		for range 40 {
			w.now = w.now.Add(time.Millisecond)
			switch random.IntN(5) {
			case 0:
				w.here(here.ID, store.Status(random.IntN(3)))
				people++
			case 1:
				s.change([]string{"resolved", "unresolved", "ignored"}[random.IntN(3)])
			case 2:
				s.post()
			case 3:
				w.work()
			case 4:
				s.mirror()
			}
		}
		s.settle()
		s.expect(fmt.Sprint("seed ", seed), here.ID, w.issue(here.ID).Status)
		if n := s.told(); n > people {
			t.Errorf("seed %d: Sentry's API was called %d times for %d changes here", seed, n, people)
		}
	}
}

// TestTroubleThere has Sentry's API refuse, for a while and for good.
func TestTroubleThere(t *testing.T) {
	t.Parallel()
	f := func(answer int, says string, again bool) {
		t.Helper()
		w := newWorld(t)
		here := w.declined()
		s := newSentry(w)
		w.fixture("error.created")
		s.refuse(answer)
		w.here(here.ID, store.Resolved)
		s.mirror()
		tie := func() store.Push {
			ties, err := w.db.UpstreamIssues(t.Context(), w.in(), []model.IssueID{here.ID})
			w.must(err)
			return ties[here.ID]
		}
		p := tie()
		if p.Tries != 1 || !strings.Contains(p.Problem, says) || p.Due.IsZero() == again || (p.What == 0) == again {
			t.Errorf("%d: %+v", answer, p)
		}
		s.mirror()
		if n := s.told(); n != 1 {
			t.Errorf("%d: asked again before it is due: %d times", answer, n)
		}
		if !again {
			return
		}
		s.refuse(0)
		w.now = p.Due
		w.mirror = hook.NewMirror(w.mirror.Options) // another process goes on
		s.settle()
		s.expect("in the end", here.ID, store.Resolved)
		if p := tie(); p.Problem != "" || p.What != 0 {
			t.Errorf("%d: in the end %+v", answer, p)
		}
	}
	f(500, "500", true)
	f(429, "429", true)
	f(401, "make a new one", true)
	f(403, "event:write", true)
	f(404, "no such issue", false)
	f(400, "400", false)
}

// TestNobodyIsTold follows the feed where there is no token, and does not tell the past
// once there is one.
func TestNobodyIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.declined()
	w.fixture("error.created")
	w.here(here.ID, store.Resolved)
	w.must(w.mirror.Work(t.Context()))
	s := newSentry(w)
	s.settle()
	if status, _ := s.is(); s.told() != 0 || status != "unresolved" {
		t.Errorf("Sentry was called %d times about what was before the token", s.told())
	}
	w.here(here.ID, store.Archived)
	s.settle()
	s.expect("with a token", here.ID, store.Archived)
}
