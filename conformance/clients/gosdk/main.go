// Command gosdk tells the story in CONFORMANCE_STORY to SENTRY_DSN through
// sentry-go, and prints the ids it was given.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"time"

	"github.com/getsentry/sentry-go"
)

// story is the part of clients/story.json that this client reads.
type story struct {
	Release     string
	Environment string
	ServerName  string
	Tags        map[string]string
	User        struct{ ID, Email, Username string }
	Contexts    map[string]sentry.Context
	Extra       sentry.Context
	Breadcrumbs []*sentry.Breadcrumb
	Attachment  struct {
		Name, Type string
		Size       int
	}
	Failure, Cause struct{ Message string }
	Message        struct{ Text, Level string }
	Spans          map[string]struct {
		Op, Name   string
		Attributes map[string]any
	}
}

// report is what the harness needs to find it all again.
type report struct {
	SDK         string            `json:"sdk"`
	Error       string            `json:"error"`
	Message     string            `json:"message"`
	Transaction string            `json:"transaction"`
	Trace       string            `json:"trace"`
	Spans       map[string]string `json:"spans"`
}

// RefundError is the failure that the story ends in.
type RefundError struct {
	text  string
	cause error
}

// Error returns the text that the story gives.
func (e *RefundError) Error() string { return e.text }

// Unwrap returns the ledger's error.
func (e *RefundError) Unwrap() error { return e.cause }

// LedgerError is the root cause.
type LedgerError struct{ text string }

// Error returns the text that the story gives.
func (e *LedgerError) Error() string { return e.text }

// teller holds the story and what telling it gave.
type teller struct {
	story
	report
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	t := teller{report: report{SDK: sentry.SDKVersion, Spans: map[string]string{}}}
	if err := json.Unmarshal([]byte(os.Getenv("CONFORMANCE_STORY")), &t.story); err != nil {
		return err
	}
	err := sentry.Init(sentry.ClientOptions{
		Release:               t.Release,
		Environment:           t.Environment,
		ServerName:            t.ServerName,
		EnableTracing:         true,
		TracesSampleRate:      1,
		BeforeSendTransaction: t.noteTransaction,
	})
	if err != nil {
		return err
	}
	sentry.ConfigureScope(t.dress)
	t.tell(context.Background())
	if !sentry.Flush(5 * time.Second) {
		return errors.New("flush: not all was sent")
	}
	return json.NewEncoder(os.Stdout).Encode(t.report)
}

// noteTransaction keeps the transaction's id, which only a hook sees.
func (t *teller) noteTransaction(e *sentry.Event, _ *sentry.EventHint) *sentry.Event {
	t.Transaction = string(e.EventID)
	return e
}

// dress puts all that the story says of its surroundings into the scope.
// sentry-go has no extra any more: it goes as a context.
func (t *teller) dress(s *sentry.Scope) {
	s.SetTags(t.Tags)
	s.SetUser(sentry.User{ID: t.User.ID, Email: t.User.Email, Username: t.User.Username})
	s.SetContexts(t.Contexts)
	s.SetContext("extra", t.Extra)
	for _, b := range t.Breadcrumbs {
		b.Timestamp = time.Now()
		s.AddBreadcrumb(b, 100)
	}
}

func (t *teller) tell(ctx context.Context) {
	root := sentry.StartTransaction(ctx, t.story.Spans["root"].Name,
		sentry.WithOpName(t.story.Spans["root"].Op))
	t.Trace = root.TraceID.String()
	t.report.Spans["root"] = root.SpanID.String()
	agent := t.child(root, "agent")
	t.child(agent, "chat").Finish()
	tool := t.child(agent, "tool")
	t.child(tool, "query").Finish()
	t.capture(tool)
	tool.Status = sentry.SpanStatusInternalError
	tool.Finish()
	agent.Finish()
	root.Finish()
	event := sentry.NewEvent()
	event.Message = t.story.Message.Text
	event.Level = sentry.Level(t.story.Message.Level)
	t.report.Message = eventID(sentry.CaptureEvent(event))
}

// child starts the story's span of that name and notes its id.
func (t *teller) child(parent *sentry.Span, name string) *sentry.Span {
	from := t.story.Spans[name]
	s := parent.StartChild(from.Op, sentry.WithDescription(from.Name))
	for k, v := range from.Attributes {
		s.SetData(k, v)
	}
	s.Status = sentry.SpanStatusOK
	t.report.Spans[name] = s.SpanID.String()
	return s
}

// capture reports the failure, with its attachment, from inside the span.
func (t *teller) capture(in *sentry.Span) {
	hub := sentry.CurrentHub().Clone()
	hub.Scope().SetSpan(in)
	hub.Scope().AddAttachment(&sentry.Attachment{
		Filename:    t.Attachment.Name,
		ContentType: t.Attachment.Type,
		Payload:     state(t.Attachment.Size),
	})
	t.report.Error = eventID(hub.CaptureException(t.refundOrder()))
}

func (t *teller) refundOrder() error {
	return &RefundError{text: t.Failure.Message, cause: &LedgerError{text: t.Cause.Message}}
}

// state returns the attachment's bytes: every byte value in turn.
func state(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func eventID(id *sentry.EventID) string {
	if id == nil {
		return "dropped"
	}
	return string(*id)
}
