package sentryapi_test

import (
	"testing"

	"relay.one/picket/internal/model"
)

// TestSampledOut asks for events whose payload was not kept: what is known without it
// is answered, and why there is no more.
func TestSampledOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := &model.Batch{Omitted: model.OmittedByRule, Events: []model.Event{w.fault(errorID, noon)}}
	txn := b.Events[0]
	txn.ID, txn.Kind, txn.Transaction, txn.Title, txn.Hashes = w.id(txnID), model.KindTransaction, "GET /", "", nil
	b.Events = append(b.Events, txn)
	w.write(b)
	for _, id := range []string{errorID, txnID} {
		_, e := w.get("projects/picket/default/events/" + id + "/")
		if at(e, "errors/0/type") != "sampled_out" || at(e, "errors/0/data/value") != "rule" || at(e, "platform") != "go" || at(e, "size") != 0.0 {
			t.Errorf("event %s is %v", id, e)
		}
	}
	_, list := w.get("projects/picket/default/events/?full=true")
	if at(list, "0/eventID") != errorID || at(list, "0/tags/key=release/value") != "bill@1.0.0" {
		t.Errorf("the list is %v", list)
	}
	w.get("organizations/picket/trace/" + traceID + "/")
	w.get("organizations/picket/issues/DEFAULT-1/events/latest/")
}
