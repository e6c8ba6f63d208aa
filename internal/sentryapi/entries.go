package sentryapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
)

// entry is one part of an event's story.
type entry struct {
	Type string `json:"type"`
	Data any    `json:"data"`
}

// many is a list in the envelope that entries have.
type many[T any] struct {
	Values []T `json:"values"`
}

func sortTags(list []tag) {
	slices.SortStableFunc(list, func(x, y tag) int { return cmp.Compare(x.Key, y.Key) })
}

// entriesOf builds the entries in the order in which they are read.
func entriesOf(e *store.EventRecord, v *sentry.EventView) ([]entry, error) {
	settle(v)
	out := []entry{}
	add := func(kind string, there bool, data any) {
		if there {
			out = append(out, entry{kind, data})
		}
	}
	if v.LogEntry != nil {
		add("message", true, messageData{v.LogEntry.Formatted, text(v.LogEntry.Message), v.LogEntry.Params})
	}
	add("exception", len(v.Exceptions) > 0, exceptionsOf(v))
	add("threads", len(v.Threads) > 0, many[thread]{each(v.Threads, threadOf)})
	add("template", v.Template != nil, v.Template)
	add("breadcrumbs", len(v.Breadcrumbs) > 0, many[breadcrumb]{each(v.Breadcrumbs, breadcrumbOf)})
	if v.Request != nil {
		add("request", true, requestOf(v.Request))
	}
	add("debugmeta", v.DebugMeta != nil, v.DebugMeta)
	if e.Kind == model.KindTransaction {
		spans, err := spansOf(e)
		if err != nil {
			return nil, err
		}
		add("spans", true, spans)
	}
	return out, nil
}

type messageData struct {
	Formatted string          `json:"formatted"`
	Message   *string         `json:"message"`
	Params    json.RawMessage `json:"params"`
}

type breadcrumb struct {
	Type      string          `json:"type"`
	Level     string          `json:"level"`
	Category  *string         `json:"category"`
	Message   *string         `json:"message"`
	Data      json.RawMessage `json:"data"`
	Timestamp *string         `json:"timestamp"`
	EventID   *string         `json:"event_id"`
}

func breadcrumbOf(b sentry.BreadcrumbView) breadcrumb {
	return breadcrumb{b.Type, b.Level, text(b.Category), text(b.Message), b.Data, stamp(b.Timestamp), text(b.EventID)}
}

type requestData struct {
	Method              *string         `json:"method"`
	URL                 string          `json:"url"`
	Query               []sentry.Pair   `json:"query"`
	Fragment            *string         `json:"fragment"`
	Data                json.RawMessage `json:"data"`
	Headers             []sentry.Pair   `json:"headers"`
	Cookies             []sentry.Pair   `json:"cookies"`
	Env                 json.RawMessage `json:"env"`
	InferredContentType *string         `json:"inferredContentType"`
}

func requestOf(r *sentry.RequestView) requestData {
	return requestData{
		Method: text(r.Method), URL: r.URL, Query: pairs(r.Query), Fragment: text(r.Fragment), Data: r.Data,
		Headers: pairs(r.Headers), Cookies: pairs(r.Cookies), Env: r.Env, InferredContentType: text(r.InferredContentType),
	}
}

func pairs(list []sentry.Pair) []sentry.Pair { return append([]sentry.Pair{}, list...) }

// spansOf returns the spans inside a transaction, as they were sent.
func spansOf(e *store.EventRecord) ([]json.RawMessage, error) {
	if e.Omitted != model.NotOmitted {
		return []json.RawMessage{}, nil
	}
	all, err := sentry.DecodeSpans(e.Payload)
	if err != nil {
		return nil, fmt.Errorf("stored spans of event %s: %v", e.ID, err) // our fault: they were read before
	}
	out := []json.RawMessage{}
	for _, s := range all {
		if s.ID != e.Span { // the root is the transaction itself
			out = append(out, s.Raw)
		}
	}
	return out, nil
}
