package sqlite

import (
	"fmt"
	"io"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// maxBlock is where a block of payloads is cut: larger ones make reading one
// payload walk further.
const maxBlock = 64 << 10

// block gathers packed payloads of one day, to be stored as one row: rows of an
// event's size would leave a quarter of every page empty.
type block struct {
	day, id int64
	data    []byte
}

// pointer says where a packed payload stands.
type pointer struct{ day, block, offset, length int64 }

// keep stores a packed payload with its day and says where. Empty payloads
// are not stored.
func (t *txn) keep(day int64, data []byte) (pointer, error) {
	if len(data) == 0 {
		return pointer{day: day}, nil
	}
	b, err := t.block(day)
	if err != nil {
		return pointer{}, err
	}
	p := pointer{day, b.id, int64(len(b.data)), int64(len(data))}
	b.data = append(b.data, data...)
	if len(b.data) >= maxBlock {
		err = t.flush(b)
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
	b := &block{day: day, id: t.nextBlock(day), data: make([]byte, 0, maxBlock)}
	t.blocks = append(t.blocks, b)
	return b, nil
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
	err := t.c.bind(in(b.day, "INSERT INTO blocks_@ (id, data) VALUES (?, ?)")).int(b.id).blob(b.data).run()
	if err != nil {
		return fmt.Errorf("write block: %w", err)
	}
	b.id, b.data = t.nextBlock(b.day), b.data[:0]
	return nil
}

// payload reads and unpacks what p points to; nil when p points to nothing.
func (c *conn) payload(db *DB, p pointer) ([]byte, error) {
	if p.length == 0 {
		return nil, nil
	}
	blob, err := c.OpenBlob("main", in(p.day, "blocks_@"), "data", p.block, false)
	if err != nil {
		return nil, fmt.Errorf("open block %d of day %d: %w", p.block, p.day, err)
	}
	defer blob.Close()
	if _, err := blob.Seek(p.offset, io.SeekStart); err != nil {
		return nil, err
	}
	packed := make([]byte, p.length)
	if _, err := io.ReadFull(blob, packed); err != nil {
		return nil, fmt.Errorf("read block %d of day %d: %w", p.block, p.day, err)
	}
	return db.codec.Unpack(packed)
}

// date returns the start of a day by its number.
func date(day int64) time.Time { return time.Unix(day*daySeconds, 0).UTC() }
