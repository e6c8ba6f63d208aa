package api_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/api"
	"relay.one/picket/internal/signin"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

// reading is a store that counts what is read of payloads.
type reading struct {
	*sqlite.DB
	bytes, reads int
}

func (r *reading) Execution(ctx context.Context, in store.Scope, id string) (*store.ExecutionTrace, error) {
	x, err := r.DB.Execution(ctx, in, id)
	if err != nil {
		return nil, err
	}
	load := x.Load
	x.Load = func(ctx context.Context, payloads []int) ([][]byte, error) {
		got, err := load(ctx, payloads)
		r.reads++
		for _, p := range got {
			r.bytes += len(p)
		}
		return got, err
	}
	return x, err
}

// A page of a long transcript costs the payloads of what stands on it, in one read or
// few: not those of the whole run.
func TestTranscriptReadsWhatItShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const rounds, limit = 300, 30
	w.send([]told{agentSpan(1, 0, 0, rounds+1, "a", "run-9")})
	for i := range rounds {
		at := float64(i + 1)
		w.send([]told{chat(2*i+2, 1, at, at+0.2, says("user", fmt.Sprint("ask ", i)), says("assistant", fmt.Sprint("say ", i))),
			tool(2*i+3, 1, at+0.3, at+0.5, "look", object{"n": i}, fmt.Sprint("found ", i))})
	}
	r := &reading{DB: w.db}
	desk := signin.New(w.db, func() time.Time { return noon })
	s := httptest.NewServer(api.New(api.Config{Store: r, Guard: &access.Guard{Tokens: w.db, Sessions: desk}, SignIn: desk, Now: func() time.Time { return noon }}))
	t.Cleanup(s.Close)
	w.url = s.URL
	whole := w.get("/api/v1/executions/run-9?limit=2000")
	all := r.bytes
	if list := whole["transcript"].([]any); len(list) < 4*rounds || all == 0 {
		t.Fatalf("%d entries, %d bytes", len(list), all)
	}
	next := ""
	for page := range 3 {
		r.bytes, r.reads = 0, 0
		got := w.get(fmt.Sprintf("/api/v1/executions/run-9?limit=%d&cursor=%s", limit, next))
		next, _ = got["next"].(string)
		if r.reads > 3 || r.bytes == 0 || r.bytes > all/10 {
			t.Errorf("page %d took %d reads of %d bytes, where all there are have %d", page, r.reads, r.bytes, all)
		}
	}
}
