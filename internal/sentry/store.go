package sentry

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"

	"relay.one/picket/internal/model"
)

// maxStore bounds what a compressed body of the store endpoint may unpack to.
const maxStore = 20 << 20

// unwrapStore takes off what old clients wrapped around the JSON of an event.
func unwrapStore(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, fmt.Errorf("%w event: the body is empty", model.ErrInvalid)
	}
	if body[0] == '{' {
		return body, nil
	}
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	n, err := base64.StdEncoding.Decode(raw, body)
	if err != nil {
		return nil, fmt.Errorf("%w event: want JSON, or base64 of JSON or of zlib", model.ErrInvalid)
	}
	raw = raw[:n]
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return raw, nil // not compressed: JSON, or nothing we know, which the parser tells
	}
	text, err := io.ReadAll(io.LimitReader(z, maxStore+1))
	if err != nil {
		return nil, fmt.Errorf("%w event: zlib: %w", model.ErrInvalid, err)
	}
	if len(text) > maxStore {
		return nil, fmt.Errorf("%w event: unpacks to more than %d bytes", model.ErrInvalid, maxStore)
	}
	return text, nil
}

// storeError says why the only event of a body was not taken.
func storeError(discards []model.Discard) error {
	for _, d := range discards {
		return fmt.Errorf("%w event: %s", model.ErrInvalid, d.Reason)
	}
	return fmt.Errorf("%w event", model.ErrInvalid)
}
