package picket

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"sync"

	"relay.one/picket/wire"
)

const (
	// packMinimum is the size from which compressing is worth its time.
	packMinimum = 1 << 10
	// packKept is the largest buffer that is kept for the next envelope.
	packKept = 1 << 20
	// storedMax is the most that one stored block of a deflate stream holds.
	storedMax = 1<<16 - 1
)

// packedParcel is the items of an envelope as they are sent, without the header.
type packedParcel struct {
	body     []byte
	deflated bool
	size     int    // before deflating
	sum      uint32 // CRC-32 before deflating
}

// parcelPacker packs envelopes, one at a time.
type parcelPacker struct {
	plain   []byte
	small   bytes.Buffer
	writers sync.Pool // of *flate.Writer, which take most of a megabyte
}

// pack encodes items, and deflates what is not small. It keeps nothing of them.
func (k *parcelPacker) pack(items []wire.Item) packedParcel {
	k.plain = k.plain[:0]
	for i := range items {
		k.plain = wire.AppendItem(k.plain, items[i])
	}
	defer k.shrink()
	if len(k.plain) < packMinimum {
		return packedParcel{body: bytes.Clone(k.plain)}
	}
	k.deflate()
	return packedParcel{bytes.Clone(k.small.Bytes()), true, len(k.plain), crc32.ChecksumIEEE(k.plain)}
}

// deflate writes plain into small; writing into memory does not fail.
func (k *parcelPacker) deflate() {
	k.small.Reset()
	w, _ := k.writers.Get().(*flate.Writer)
	if w == nil {
		w, _ = flate.NewWriter(&k.small, flate.BestSpeed) // fails for unknown levels only
	}
	w.Reset(&k.small)
	_, _ = w.Write(k.plain)
	_ = w.Close()
	k.writers.Put(w)
}

func (k *parcelPacker) shrink() {
	if cap(k.plain) > packKept {
		k.plain = nil
	}
	if k.small.Cap() > packKept {
		k.small = bytes.Buffer{}
	}
}

// with returns the body of a request: prefix, and the items behind it. A deflated
// body becomes one gzip member whose first blocks store the prefix as it is, so a
// new prefix costs no new compression; two members would be simpler, but many
// servers read only the first.
func (p packedParcel) with(prefix []byte) []byte {
	if !p.deflated {
		return append(prefix, p.body...)
	}
	b := make([]byte, 0, len(prefix)+len(p.body)+64)
	b = append(b, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255)
	sum := joinSums(crc32.ChecksumIEEE(prefix), p.sum, p.size)
	size := len(prefix) + p.size
	for len(prefix) > 0 {
		n := min(len(prefix), storedMax)
		b = append(b, 0) // stored, and not the last block
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
		b = binary.LittleEndian.AppendUint16(b, ^uint16(n))
		b = append(b, prefix[:n]...)
		prefix = prefix[n:]
	}
	b = append(b, p.body...)
	b = binary.LittleEndian.AppendUint32(b, sum)
	return binary.LittleEndian.AppendUint32(b, uint32(size))
}

// joinSums returns the CRC-32 of a text from those of its two parts and the length
// of the second. A CRC is linear: the first part's is shifted through as many
// zeros, and the second's laid over it.
func joinSums(first, second uint32, length int) uint32 {
	zeros := make([]byte, 4<<10)
	shifted := ^first
	for length > 0 {
		n := min(length, len(zeros))
		shifted = crc32.Update(shifted, crc32.IEEETable, zeros[:n])
		length -= n
	}
	return second ^ ^shifted
}
