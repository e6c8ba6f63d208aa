package hook

import (
	"context"

	"relay.one/picket/internal/store"
)

// Judge is judge for tests; it returns the outcome.
func (w *Worker) Judge(ctx context.Context, d *store.Delivery) (string, error) {
	v, err := w.judge(ctx, d)
	return v.text, err
}
