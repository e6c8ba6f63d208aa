package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// maxBlock is where a block of payloads is cut. Events resemble each other, so
// that packing them together takes less time and room than packing each alone; but
// reading one means unpacking its block.
const maxBlock = 128 << 10

// block gathers payloads of one day, to be packed and stored as one row: rows of
// an event's size would leave a quarter of every page empty.
type block struct {
	day, id int64
	data    []byte
}

// pointer says where a payload stands: in which block, and where in it once it is
// unpacked.
type pointer struct{ day, block, offset, length int64 }

// place returns where the next payload of a day will stand, for keep to put it there.
func (t *txn) place(day int64, data []byte) (pointer, error) {
	if len(data) == 0 {
		return pointer{day: day}, nil
	}
	b, err := t.block(day)
	if err == nil && len(b.data) > 0 && len(b.data)+len(data) > maxBlock {
		err = t.flush(b)
	}
	if err != nil {
		return pointer{}, err
	}
	return pointer{day, b.id, int64(len(b.data)), int64(len(data))}, nil
}

// keep stores a payload with its day and says where. Empty payloads are not stored.
func (t *txn) keep(day int64, data []byte) (pointer, error) {
	p, err := t.place(day, data)
	if err != nil || len(data) == 0 {
		return p, err
	}
	b, err := t.block(day)
	if err == nil {
		b.data = append(b.data, data...)
	}
	return p, err
}

// block returns the day's open block.
func (t *txn) block(day int64) (*block, error) {
	for _, b := range t.blocks {
		if b.day == day {
			return b, nil
		}
	}
	if err := t.open(day); err != nil {
		return nil, err
	}
	if err := t.countBlocks(day); err != nil {
		return nil, err
	}
	b := &block{day: day, id: t.nextBlock(day), data: t.blockBuffer()}
	t.blocks = append(t.blocks, b)
	return b, nil
}

// blockBuffer returns memory for a block: most transactions have one, which uses
// the writer's.
func (t *txn) blockBuffer() []byte {
	if len(t.blocks) > 0 || cap(t.buffer) > 4*maxBlock {
		return nil
	}
	return t.buffer[:0]
}

func (t *txn) nextBlock(day int64) int64 {
	t.db.days.next[day]++
	return t.db.days.next[day]
}

// countBlocks learns the day's last block id when it is not known yet.
func (t *txn) countBlocks(day int64) error {
	if _, known := t.db.days.next[day]; known {
		return nil
	}
	_, err := t.c.bind(in(day, "SELECT ifnull(max(id), 0) FROM blocks_@")).one(func(s *sqlite3.Stmt) {
		t.db.days.next[day] = s.ColumnInt64(0)
	})
	return err
}

func (t *txn) flush(b *block) error {
	if len(b.data) == 0 {
		return nil
	}
	packed := t.db.codec.Pack(b.data)
	err := t.c.bind(in(b.day, "INSERT INTO blocks_@ (id, data) VALUES (?, ?)")).int(b.id).blob(packed).run()
	if err != nil {
		return fmt.Errorf("write block: %w", err)
	}
	b.id, b.data = t.nextBlock(b.day), b.data[:0]
	return nil
}

// unpacked is the block that a connection read last: what is asked for together
// often stands together.
type unpacked struct {
	day, block int64
	data       []byte
}

// payload reads what p points to, into memory of its own; nil when p points to nothing.
func (c *conn) payload(db *DB, p pointer) ([]byte, error) {
	if p.length == 0 {
		return nil, nil
	}
	if c.last.day != p.day || c.last.block != p.block {
		data, err := c.readBlock(db, p.day, p.block)
		if err != nil {
			return nil, err
		}
		c.last = unpacked{p.day, p.block, data}
	}
	end := p.offset + p.length
	if p.offset < 0 || end > int64(len(c.last.data)) {
		return nil, fmt.Errorf("block %d of day %d has %d bytes, %d are pointed at", p.block, p.day, len(c.last.data), end)
	}
	return bytes.Clone(c.last.data[p.offset:end]), nil
}

func (c *conn) readBlock(db *DB, day, id int64) (data []byte, err error) {
	var unpack error
	found, err := c.bind(in(day, "SELECT data FROM blocks_@ WHERE id = ?")).int(id).one(func(s *sqlite3.Stmt) {
		data, unpack = db.codec.Unpack(s.ColumnRawBlob(0))
	})
	if err == nil && !found {
		err = errors.New("it is not there")
	}
	if err = firstError(err, unpack); err != nil {
		return nil, fmt.Errorf("read block %d of day %d: %w", id, day, err)
	}
	return data, nil
}

// date returns the start of a day by its number.
func date(day int64) time.Time { return time.Unix(day*daySeconds, 0).UTC() }
