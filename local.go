package picket

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"relay.one/picket/wire"
)

// local is the outlet without a DSN: what would be sent is written to the log, for
// people to read.
type local struct {
	log *slog.Logger

	mu   sync.Mutex
	stat DeliveryStats
}

func newLocal(log *slog.Logger) *local {
	return &local{log: log, stat: DeliveryStats{Dropped: map[string]int64{}}}
}

func (l *local) send(p parcel) bool {
	l.mu.Lock()
	l.stat.Sent++
	l.mu.Unlock()
	for _, item := range p.items {
		switch item.Type {
		case wire.ItemEvent:
			l.event(item.Payload)
		case wire.ItemTransaction:
			l.transaction(item.Payload)
		case wire.ItemSpan:
			l.spans(item.Payload)
		default:
			l.log.Debug("picket: would send", "item", item.Type, "bytes", len(item.Payload))
		}
	}
	return true
}

func (l *local) discard(reason, _ string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stat.Dropped[reason] += int64(n)
}

func (l *local) flush(context.Context) error { return nil }
func (l *local) close(context.Context) error { return nil }

func (l *local) stats() DeliveryStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stat
	s.Dropped = maps.Clone(s.Dropped)
	return s
}

// localEvent is what people want to see of an event.
type localEvent struct {
	EventID     string            `json:"event_id"`
	Level       string            `json:"level"`
	Message     string            `json:"message"`
	Transaction string            `json:"transaction"`
	Tags        map[string]string `json:"tags"`
	User        struct {
		ID string `json:"id"`
	} `json:"user"`
	Exception struct {
		Values []struct {
			Type       string `json:"type"`
			Value      string `json:"value"`
			Stacktrace struct {
				Frames []localFrame `json:"frames"`
			} `json:"stacktrace"`
		} `json:"values"`
	} `json:"exception"`
	Contexts struct {
		Trace struct {
			Op     string `json:"op"`
			Status string `json:"status"`
		} `json:"trace"`
		Extra map[string]any `json:"extra"`
	} `json:"contexts"`
	Spans []json.RawMessage `json:"spans"`
}

type localFrame struct {
	Function string `json:"function"`
	Filename string `json:"filename"`
	AbsPath  string `json:"abs_path"`
	Line     int    `json:"lineno"`
	InApp    bool   `json:"in_app"`
}

func (l *local) event(payload []byte) {
	var ev localEvent
	if !l.decode(payload, &ev) {
		return
	}
	text := ev.Message
	attrs := []any{"event", ev.EventID}
	if n := len(ev.Exception.Values); n > 0 {
		last := &ev.Exception.Values[n-1]
		text = last.Type + ": " + last.Value
		if at := innermost(last.Stacktrace.Frames); at != nil {
			attrs = append(attrs, "at", at.Function, "file", at.AbsPath+at.Filename, "line", at.Line)
		}
	}
	l.log.Log(context.Background(), logLevel(ev.Level), text, append(attrs, ev.context()...)...)
}

// context returns what tells whose the event is.
func (ev *localEvent) context() (attrs []any) {
	for _, key := range []string{wire.TagAgentID, wire.TagExecutionID, wire.TagOrganizationID} {
		if v := ev.Tags[key]; v != "" {
			name, _, _ := strings.Cut(key, ".")
			attrs = append(attrs, name, v)
		}
	}
	if ev.User.ID != "" {
		attrs = append(attrs, "user", ev.User.ID)
	}
	if ev.Transaction != "" {
		attrs = append(attrs, "in", ev.Transaction)
	}
	for _, key := range slices.Sorted(maps.Keys(ev.Tags)) {
		switch group, _, _ := strings.Cut(key, "."); group {
		case "agent", "execution", "organization", "conversation":
		default:
			attrs = append(attrs, key, ev.Tags[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(ev.Contexts.Extra)) {
		attrs = append(attrs, key, ev.Contexts.Extra[key])
	}
	return attrs
}

// innermost returns the frame of our own code that the error came from.
func innermost(frames []localFrame) *localFrame {
	for i := len(frames) - 1; i >= 0; i-- {
		if frames[i].InApp {
			return &frames[i]
		}
	}
	return nil
}

func (l *local) transaction(payload []byte) {
	var ev localEvent
	if l.decode(payload, &ev) {
		l.log.Info(ev.Transaction, "op", ev.Contexts.Trace.Op, "status", ev.Contexts.Trace.Status, "spans", len(ev.Spans))
	}
}

// localSpan is what people want to see of a span.
type localSpan struct {
	Name       string  `json:"name"`
	Status     string  `json:"status"`
	Start      float64 `json:"start_timestamp"`
	End        float64 `json:"end_timestamp"`
	Attributes map[string]struct {
		Value any `json:"value"`
	} `json:"attributes"`
}

func (l *local) spans(payload []byte) {
	var k struct {
		Items []localSpan `json:"items"`
	}
	if !l.decode(payload, &k) {
		return
	}
	for i := range k.Items {
		l.span(&k.Items[i])
	}
}

// span writes executions for everybody and their steps for those who debug.
func (l *local) span(s *localSpan) {
	attrs := []any{"ms", int64((s.End - s.Start) * 1000)}
	level := slog.LevelDebug
	for _, key := range []string{wire.AttrOutcome, wire.AttrOutcomeReason, wire.AttrExecutionID, wire.AttrPolicyVerdict, attrInputTokens, attrOutputTokens} {
		if a, ok := s.Attributes[key]; ok && (key != wire.AttrExecutionID || level == slog.LevelInfo) {
			name := key[strings.LastIndexByte(key, '.')+1:]
			if key == wire.AttrExecutionID {
				name = "execution"
			}
			attrs = append(attrs, name, a.Value)
			if key == wire.AttrOutcome {
				level = slog.LevelInfo
			}
		}
	}
	l.log.Log(context.Background(), level, s.Name, attrs...)
}

func (l *local) decode(payload []byte, into any) bool {
	if err := json.Unmarshal(payload, into); err != nil {
		l.log.Error("picket: what would be sent cannot be read back", "error", err)
		return false
	}
	return true
}

// logLevel finds the log's level for an event's.
func logLevel(level string) slog.Level {
	switch Level(level) {
	case LevelDebug:
		return slog.LevelDebug
	case LevelInfo:
		return slog.LevelInfo
	case LevelWarning:
		return slog.LevelWarn
	}
	return slog.LevelError
}
