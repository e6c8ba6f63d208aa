// Package payload packs stored payloads: zstd with a dictionary that ships with
// Picket, since one event alone is too short to compress well.
package payload

import (
	_ "embed"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// The dictionaries, oldest first; new payloads are packed with the last. None is
// ever changed or removed: stored payloads need them. See the train command.
var (
	//go:embed dict_1.bin
	dict1        []byte
	dictionaries = [][]byte{dict1}
)

// maxUnpacked bounds what a stored payload may unpack to; more is corruption.
const maxUnpacked = 256 << 20

// window is how far back the encoder looks: more than most payloads are long,
// little enough to keep encoders small.
const window = 256 << 10

// Codec packs and unpacks payloads. It is safe for concurrent use.
type Codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// New returns a codec with the shipped dictionaries.
func New() (*Codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window),
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false),
		zstd.WithEncoderDict(dictionaries[len(dictionaries)-1]))
	if err != nil {
		return nil, fmt.Errorf("payload encoder: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderDicts(dictionaries...))
	if err != nil {
		return nil, fmt.Errorf("payload decoder: %w", err)
	}
	return &Codec{encoder, decoder}, nil
}

// Pack returns src compressed, in memory of its own.
func (c *Codec) Pack(src []byte) []byte {
	return c.encoder.EncodeAll(src, make([]byte, 0, len(src)/4+64))
}

// Unpack returns what Pack was given.
func (c *Codec) Unpack(src []byte) ([]byte, error) {
	if len(src) == 0 {
		return nil, nil
	}
	out, err := c.decoder.DecodeAll(src, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack payload: %w", err)
	}
	return out, nil
}
