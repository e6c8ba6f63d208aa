package agent

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

// A scenario file holds cases. A case is a title, one span or event a line, and what must
// come of it, one line for every execution:
//
//	case the last call is cut off
//	agent 1 0 0-60
//	chat  2 1 1-5  finish=length
//	event 9 30 type=TimeoutError
//	want failed cut_off
//
// A span's line has its kind, its id, its parent's, from which second to which, and
// attributes, some by a short name; an event's the span that it happened in and when.
// Times are in seconds. Values with blanks are quoted as in Go.

// short are the attributes that scenarios need most.
var short = map[string]string{
	"name": "gen_ai.agent.name", "model": "gen_ai.request.model", "finish": "gen_ai.response.finish_reasons",
	"in": "gen_ai.input.messages", "out": "gen_ai.output.messages", "tokens": "gen_ai.usage.input_tokens",
	"tool": "gen_ai.tool.name", "args": "gen_ai.tool.call.arguments", "result": "gen_ai.tool.call.result", "error": "error.type",
	"policy": "picket.policy.name", "verdict": "picket.policy.verdict", "why": "picket.policy.reason",
	"execution": "picket.execution.id", "outcome": "picket.outcome", "reason": "picket.outcome.reason",
}

var shortOps = map[string]string{"agent": "gen_ai.invoke_agent", "chat": "gen_ai.chat", "tool": "gen_ai.execute_tool",
	"policy": "picket.policy", "other": "function", "handoff": "gen_ai.handoff"}

// scene is a case of a scenario file.
type scene struct {
	title  string
	spans  []model.Span
	faults []string // of the spans, as package fault would find them
	events []model.Event
	want   []string
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		for _, s := range readScenes(t, file) {
			b := s.play(nil)
			if got := tell(b); strings.Join(got, "\n") != strings.Join(s.want, "\n") {
				t.Errorf("%s: %s:\n got %s\nwant %s", file, s.title, strings.Join(got, "\n     "), strings.Join(s.want, "\n     "))
			}
			r := rand.New(rand.NewPCG(1, 2))
			if again := s.play(r); !reflect.DeepEqual(again.Executions, b.Executions) {
				t.Errorf("%s: %s: shuffled:\n%+v\n%+v", file, s.title, again.Executions, b.Executions)
			}
		}
	}
}

// TestRulesCanBeSwitchedOff takes the first case of every rule's file, which fires.
func TestRulesCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	for _, r := range AllRules() {
		s := readScenes(t, "testdata/outcome_"+r.Name+".txt")[0]
		off, err := RulesWithout(r.Name)
		if err != nil {
			t.Fatal(err)
		}
		b := s.play(nil)
		if b.Executions[0].Rule != r.Name {
			t.Errorf("%s: %s fires in %q", r.Name, b.Executions[0].Rule, s.title)
		}
		Restore(b)
		if AssembleWith(b, off); b.Executions[0].Rule == r.Name {
			t.Errorf("%s fires although it is off", r.Name)
		}
		if r.Says == "" {
			t.Errorf("%s says nothing", r.Name)
		}
	}
	if _, err := RulesWithout("nonsense"); err == nil {
		t.Error("nonsense is no rule")
	}
}

// play assembles the case; shuffled and doubled with r.
func (s *scene) play(r *rand.Rand) *model.Batch {
	b := &model.Batch{Spans: cloneSpans(s.spans), Events: append([]model.Event(nil), s.events...)}
	faults := s.faults
	if r != nil {
		b.Spans = append(b.Spans, cloneSpans(s.spans)...)
		b.Events = append(b.Events, s.events...)
		faults = append(append([]string(nil), faults...), faults...)
		r.Shuffle(len(b.Spans), func(i, j int) {
			b.Spans[i], b.Spans[j] = b.Spans[j], b.Spans[i]
			faults[i], faults[j] = faults[j], faults[i]
		})
		r.Shuffle(len(b.Events), func(i, j int) { b.Events[i], b.Events[j] = b.Events[j], b.Events[i] })
	}
	Read(b)
	for i := range b.Spans {
		b.Spans[i].Signs.Fault = faults[i]
	}
	Assemble(b)
	return b
}

// tell writes executions as scenarios do.
func tell(b *model.Batch) (out []string) {
	kinds := map[model.LoopKind]string{model.LoopRepeat: "repeat", model.LoopAlternate: "alternate", model.LoopError: "error", model.LoopNoProgress: "no_progress"}
	for _, x := range b.Executions {
		s := x.Outcome.String()
		for _, more := range []string{x.Rule, "reason=" + x.Reason, "fault=" + x.Fault, "parent=" + x.Parent} {
			if more != "" && !strings.HasSuffix(more, "=") {
				s += " " + more
			}
		}
		if l := x.Loop; l.Kind != model.NoLoop {
			s += fmt.Sprintf(" loop=%s from=%d count=%d burned=%d", kinds[l.Kind], l.Span[0], l.Count, l.Usage.Input)
		}
		out = append(out, s)
	}
	return out
}

func readScenes(t *testing.T, file string) (out []scene) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || line[0] == '#':
		case word == "case":
			out = append(out, scene{title: rest})
		case word == "want":
			out[len(out)-1].want = append(out[len(out)-1].want, rest)
		default:
			if err := out[len(out)-1].add(words(rest), word); err != nil {
				t.Fatalf("%s: %s: %v", file, line, err)
			}
		}
	}
	return out
}

// words splits at blanks outside of quotes.
func words(s string) (out []string) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		end := strings.IndexByte(s+" ", ' ')
		if at := strings.IndexAny(s[:end], "\"`"); at > 0 && s[at-1] == '=' {
			if q, err := strconv.QuotedPrefix(s[at:]); err == nil {
				value, _ := strconv.Unquote(q) // it is quoted
				out, s = append(out, s[:at]+value), s[at+len(q):]
				continue
			}
		}
		out, s = append(out, s[:end]), s[end:]
	}
	return out
}

func (s *scene) add(w []string, kind string) error {
	if kind == "event" {
		return s.addEvent(w)
	}
	op, ok := shortOps[kind]
	if !ok || len(w) < 3 {
		return fmt.Errorf("no such line")
	}
	var id, parent byte
	var from, to float64
	if _, err := fmt.Sscanf(strings.Join(w[:3], " "), "%d %d %g-%g", &id, &parent, &from, &to); err != nil {
		return err
	}
	span := at(0, id, parent, op)
	span.Start = noon.Add(time.Duration(from * 1e9))
	span.Duration = time.Duration((to - from) * 1e9)
	fault := ""
	for _, pair := range w[3:] {
		key, value, _ := strings.Cut(pair, "=")
		switch key {
		case "status":
			span.Status, _ = model.ParseStatus(value)
		case "fault":
			fault = value
		default:
			if full, ok := short[key]; ok {
				key = full
			}
			span.Attributes = append(span.Attributes, model.Tag{Key: key, Value: value})
		}
	}
	s.spans, s.faults = append(s.spans, span), append(s.faults, fault)
	return nil
}

func (s *scene) addEvent(w []string) error {
	second, err := strconv.ParseFloat(w[1], 64)
	if err != nil {
		return err
	}
	span, err := strconv.ParseUint(w[0], 10, 8)
	if err != nil {
		return err
	}
	e := model.Event{ID: model.EventID{byte(len(s.events) + 1)}, Kind: model.KindError, Level: model.LevelError, Trace: trace,
		Span: model.SpanID{byte(span)}, Timestamp: noon.Add(time.Duration(second * 1e9)), Handled: model.Yes}
	for _, pair := range w[2:] {
		switch key, value, _ := strings.Cut(pair, "="); key {
		case "type":
			e.Type = value
		case "fault":
			e.Fault = value
		case "execution":
			e.Execution = value
		case "payload":
			e.Payload = []byte(value)
		case "unhandled":
			e.Handled = model.No
		case "warning":
			e.Level = model.LevelWarning
		default:
			return fmt.Errorf("no such word: %s", key)
		}
	}
	s.events = append(s.events, e)
	return nil
}
