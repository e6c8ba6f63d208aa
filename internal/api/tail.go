package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/tail"
)

const (
	// heartbeat is how often a quiet stream says that it lives: more often than proxies
	// close what is quiet.
	heartbeat = 15 * time.Second
	// patience is how long a client may take to read what it is sent.
	patience = 30 * time.Second
	// bundle is how many items go out at once when many wait.
	bundle = 64
)

type tailQuery struct {
	Project      []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
	AgentID      string   `query:"agentId" doc:"Only this agent"`
	Environment  string   `query:"environment" doc:"Only this environment"`
	Level        string   `query:"level" enum:",trace,debug,info,warning,error,fatal" doc:"Events of this level or above; executions count as error when they went wrong, else as info"`
	Text         string   `query:"text" maxLength:"200" doc:"Somewhere in title, culprit, agent, reason or typed error, in any case"`
	Transactions bool     `query:"transactions" doc:"Transactions, too; naming them as a kind is enough"`
	Kind         []string `query:"kind,explode" enum:"error,message,transaction,feedback,execution" doc:"Only these kinds of event, or executions"`
	ExecutionID  string   `query:"executionId" doc:"Only this execution and its events"`
	Running      bool     `query:"running" doc:"Executions too that have not ended, each time something of them comes in"`
}

// tailKinds are the kinds of item by their names.
var tailKinds = map[string]tail.Kind{
	"error": tail.Errors, "message": tail.Messages, "transaction": tail.Transactions, "feedback": tail.Feedback, "execution": tail.Executions,
}

// dropped says what a slow listener did not hear.
type dropped struct {
	Count int64 `json:"count" doc:"How many items were lost since the last one, because the client was slow"`
}

func (a *rest) tailRoutes(api huma.API) {
	h := a.describe(api, operation{
		id: "tail", path: "/api/v1/tail",
		scope: access.EventRead, tag: "telemetry", summary: "What comes in, as it comes",
		about: "A stream of server-sent events, for EventSource: \"event\" with an Event as its data, \"execution\" with an Execution that ended, as far as it is known by what came in last, " +
			"and \"dropped\" with how many were lost because the client was slow. It begins now: what came before is in the lists. " +
			"It ends when the server stops or the caller may not read any more.",
	}, "/api/v1/tail", "tail")
	schemas := api.OpenAPI().Components.Schemas
	h.Responses = map[string]*huma.Response{"200": {
		Description: "OK",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{OneOf: []*huma.Schema{
			schemas.Schema(reflect.TypeFor[Event](), true, "Event"),
			schemas.Schema(reflect.TypeFor[Execution](), true, "Execution"),
			schemas.Schema(reflect.TypeFor[dropped](), true, "Dropped"),
		}}}},
	}}
	huma.Register(api, h, func(ctx context.Context, in *tailQuery) (*huma.StreamResponse, error) {
		c, err := access.From(ctx)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		l, err := a.listen(ctx, c, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &huma.StreamResponse{Body: func(h huma.Context) {
			defer l.Close()
			a.stream(h, l)
		}}, nil
	})
}

// listen begins to listen for what the caller may hear.
func (a *rest) listen(ctx context.Context, c access.Caller, in *tailQuery) (*tail.Listener, error) {
	scope, err := a.scope(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	f := tail.Filter{In: scope, Agent: in.AgentID, Environment: in.Environment, Text: in.Text, Transactions: in.Transactions,
		Execution: in.ExecutionID, Running: in.Running}
	for _, name := range in.Kind {
		f.Kinds = append(f.Kinds, tailKinds[name])
		f.Transactions = f.Transactions || name == "transaction"
	}
	for f.Least.String() != in.Level && f.Least < model.LevelFatal {
		f.Least++
	}
	return a.tail.Listen(f)
}

// stream sends what the listener hears until the client goes, the server stops, or the
// caller is let in no more.
func (a *rest) stream(h huma.Context, l *tail.Listener) {
	r, w := humago.Unwrap(h)
	s := &sse{w: w, to: http.NewResponseController(w)}
	if err := s.begin(); err != nil {
		a.streamEnded(r, err)
		return
	}
	beat := time.NewTicker(a.beat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			if _, err = a.guard.Identify(r); err == nil {
				err = s.beat(l.Dropped())
			}
		case item, open := <-l.Items():
			if !open {
				return
			}
			err = s.items(item, l)
		}
		if err != nil {
			a.streamEnded(r, err)
			return
		}
	}
}

// streamEnded writes down why a stream ended early; a client that went away is no news.
func (a *rest) streamEnded(r *http.Request, err error) {
	a.log.DebugContext(r.Context(), "api: the stream ended", "error", err)
}

// sse writes server-sent events.
type sse struct {
	w  http.ResponseWriter
	to *http.ResponseController
}

// begin sends the headers, and lifts the bounds that are for ordinary requests.
func (s *sse) begin() error {
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // proxies must not wait for more
	if err := s.to.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("lift the deadline: %w", err)
	}
	return s.send([]byte("retry: 2000\n\n"))
}

// beat says that the stream lives, and what was lost meanwhile.
func (s *sse) beat(lost int64) error {
	b, err := appendDropped([]byte(": beat\n\n"), lost)
	if err != nil {
		return err
	}
	return s.send(b)
}

// items sends one item, those that wait behind it, and what was lost before them.
func (s *sse) items(first tail.Item, l *tail.Listener) error {
	b, err := appendItem(nil, first)
	for n := 1; err == nil && n < bundle && len(l.Items()) > 0; n++ {
		item, open := <-l.Items()
		if !open {
			break
		}
		b, err = appendItem(b, item)
	}
	if err == nil {
		b, err = appendDropped(b, l.Dropped())
	}
	if err != nil {
		return err
	}
	return s.send(b)
}

func (s *sse) send(b []byte) error {
	if err := s.to.SetWriteDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("set the deadline: %w", err)
	}
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	return s.to.Flush()
}

func appendItem(b []byte, i tail.Item) ([]byte, error) {
	if i.Event != nil {
		return appendMessage(b, "event", eventOf(i.Event))
	}
	return appendMessage(b, "execution", executionOf(*i.Execution))
}

func appendDropped(b []byte, n int64) ([]byte, error) {
	if n == 0 {
		return b, nil
	}
	return appendMessage(b, "dropped", dropped{n})
}

// appendMessage writes one message. JSON has no line ends of its own.
func appendMessage(b []byte, name string, data any) ([]byte, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return b, fmt.Errorf("write %s: %w", name, err)
	}
	b = append(b, "event: "+name+"\ndata: "...)
	b = append(b, raw...)
	return append(b, "\n\n"...), nil
}
