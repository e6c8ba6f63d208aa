package picket

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// What the host goes on to write to is reported as it was.
func TestHostMayChangeWhatItReported(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	state := map[string]any{"step": "one"}
	reasons := []string{"stop"}
	can := []string{"refund"}
	ctx, run := StartExecution(WithExtra(ctx, slog.Any("state", state)), Agent{Name: "Billing", Capabilities: can}, slog.Any("state", state), slog.Any("list", reasons))
	_, tool := StartToolCall(ctx, ToolCall{Name: "lookup", Arguments: state, Attrs: []Attr{slog.Any("state", state)}})
	AddBreadcrumb(ctx, Breadcrumb{Message: "crumb", Data: []Attr{slog.Any("state", state)}})
	state["step"], reasons[0], can[0] = "two", "changed", "changed"
	tool.End(nil, nil)
	CaptureMessage(ctx, LevelInfo, "hello")
	run.End(nil)
	ev := onlyEvent(t, c, m)
	look := spanNamed(t, m.spans(t), "execute_tool lookup")
	wantAttrs(t, look, object{"gen_ai.tool.call.arguments": `{"step":"one"}`, "state": `{"step":"one"}`})
	wantAttrs(t, spanNamed(t, m.spans(t), "invoke_agent Billing"), object{"state": `{"step":"one"}`, "list": []any{"stop"}})
	if got := at(ev, "contexts", "extra", "state", "step"); got != "one" {
		t.Errorf("extra: %v", got)
	}
	if got := fmt.Sprint(at(ev, "contexts", "agent", "capabilities")); got != "[refund]" {
		t.Errorf("capabilities: %v", got)
	}
	crumb := at(ev, "breadcrumbs", "values").([]any)[0]
	if got := fmt.Sprint(at(crumb, "data", "state")); strings.Contains(got, "two") {
		t.Errorf("breadcrumb: %v", got)
	}
}
