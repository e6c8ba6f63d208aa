package ingest

import (
	"bytes"
	"mime"
	"net/http"

	"relay.one/picket/wire"
)

// message is a framed body.
type message struct {
	*wire.Envelope
	// event is the body of the store endpoint, which the envelope's only item
	// repeats; nil for envelopes.
	event []byte
}

// frame splits a body into items, and reserves what decoding them will take. The
// content type never decides, but for an envelope that was posted to /store/.
func (h *Handler) frame(r *http.Request, rt route, body *buffer) (message, error) {
	if len(bytes.TrimSpace(body.b)) == 0 {
		return message{}, refuse(http.StatusBadRequest, "empty", "empty request body")
	}
	if rt.endpoint == storeEndpoint && !isEnvelope(r) {
		m := message{&wire.Envelope{Items: []wire.Item{{Type: wire.ItemEvent, Payload: body.b}}}, body.b}
		return m, h.reserve(m, body)
	}
	e, err := wire.ReadEnvelope(body.b)
	if err != nil {
		return message{}, refuse(http.StatusBadRequest, "envelope", "invalid envelope").because(err)
	}
	m := message{Envelope: e}
	return m, h.reserve(m, body)
}

func isEnvelope(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == wire.ContentEnvelope
}

// packedEvent is what the inside of a store body that is no plain JSON may take.
const packedEvent = 8 * mib

// reserve checks the sizes of the items, and takes what decoding them will need
// from the budget, until the body is put back.
func (h *Handler) reserve(m message, body *buffer) error {
	if err := h.limits.check(m.Envelope); err != nil {
		return err
	}
	size := decodedSize(m.Envelope)
	if m.event != nil && bytes.TrimSpace(m.event)[0] != '{' {
		size += packedEvent
	}
	if size > h.limits.Memory {
		return refuse(http.StatusRequestEntityTooLarge, "too_large", "the JSON has too many values: send less at once")
	}
	if !body.hold(size) {
		return bodyError(errSpent, 0)
	}
	return nil
}
