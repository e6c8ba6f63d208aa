package wire

import "testing"

func TestCategoryName(t *testing.T) {
	t.Parallel()
	f := func(number int, want string) {
		t.Helper()
		if got := CategoryName(number); got != want {
			t.Errorf("%d: %q, want %q", number, got, want)
		}
	}
	f(0, "default")
	f(1, "error")
	f(12, "span")
	f(23, "log_item")
	f(33, "trace_metric")
	f(36, "profile_ui")
	f(37, "")
	f(-1, "")
}

func TestItemCategory(t *testing.T) {
	t.Parallel()
	f := func(itemType, want string) {
		t.Helper()
		if got := ItemCategory(itemType); got != want {
			t.Errorf("%s: %q, want %q", itemType, got, want)
		}
	}
	f("event", "error")
	f("transaction", "transaction")
	f("span", "span")
	f("log", "log_item")
	f("check_in", "monitor")
	f("sessions", "session")
	f("user_report", "feedback")
	f("replay_recording", "replay")
	f("profile_chunk_ui", "profile_chunk")
	f("client_report", "")
	f("statsd", "")
	f("", "default")
	f("something_new", "default")
}
