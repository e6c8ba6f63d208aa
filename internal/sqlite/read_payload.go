package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"relay.one/picket/internal/model"
)

// pointers returns where the payloads stand that the rows pointed to, by their indexes.
func (r *traceReader) pointers() []pointer {
	out := make([]pointer, len(r.payloads))
	for at, i := range r.payloads {
		out[i] = at
	}
	return out
}

// loader returns what reads some of the payloads that the rows pointed to.
func (r *traceReader) loader() func(context.Context, []int) ([][]byte, error) {
	db, all := r.db, r.pointers()
	return func(ctx context.Context, wanted []int) (out [][]byte, err error) {
		list := make([]pointer, len(wanted))
		var size int64
		for n, i := range wanted {
			if i < 0 || i >= len(all) {
				return nil, fmt.Errorf("%w: payload %d of %d", model.ErrInvalid, i, len(all))
			}
			if size += all[i].length; size <= maxTracePayloads {
				list[n] = all[i]
			}
		}
		err = db.read(ctx, func(c *conn) error {
			out, err = c.payloads(db, list)
			return err
		})
		return out, err
	}
}

// payloads reads what the pointers point to, in the order in which it stands, so that
// each block is unpacked once. Days that were dropped have nothing.
func (c *conn) payloads(db *DB, list []pointer) ([][]byte, error) {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return comparePointers(list[a], list[b]) })
	out := make([][]byte, len(list))
	for _, i := range order {
		data, err := c.payload(db, list[i])
		if err != nil && !noSuchTable(err) {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

func comparePointers(a, b pointer) int {
	return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.block, b.block), cmp.Compare(a.offset, b.offset))
}
