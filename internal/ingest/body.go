package ingest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// readBody reads a request's body once and undoes its compression. The caller
// puts the buffer back when nothing points into it any more.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) (*buffer, error) {
	limit := h.limits.Envelope
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	// A length is a promise of strangers: little is reserved on the strength of it.
	room := min(max(r.ContentLength, 0)+1, keptBuffer)
	raw, err := h.fill(http.MaxBytesReader(w, r.Body, limit), int(room), limit)
	if err != nil {
		return nil, bodyError(err, limit)
	}
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	if !compressed(encoding) || len(raw.b) == 0 {
		return raw, nil
	}
	defer h.buffers.put(raw)
	plain, err := h.inflate(encoding, raw.b)
	if err != nil {
		return nil, bodyError(err, limit)
	}
	return plain, nil
}

var (
	errTooLarge = errors.New("too large")
	errSpent    = errors.New("no memory left for bodies")
)

// bodyError tells the client's faults from ours.
func bodyError(err error, limit int64) error {
	var overrun *http.MaxBytesError
	switch {
	case errors.Is(err, errTooLarge), errors.As(err, &overrun):
		return tooLarge(limit)
	case errors.Is(err, errSpent):
		return busy("memory", "too many bytes in flight: try again in a moment")
	}
	return refuse(http.StatusBadRequest, "body", "cannot read the request body").because(err)
}

func tooLarge(limit int64) error {
	return refuse(http.StatusRequestEntityTooLarge, "too_large",
		fmt.Sprintf("the envelope is larger than %d bytes, decompressed", limit))
}

// fill reads all of src, at most limit bytes, into a buffer that begins with that much room.
func (h *Handler) fill(src io.Reader, room int, limit int64) (*buffer, error) {
	x, ok := h.buffers.get()
	if !ok {
		return nil, errSpent
	}
	if err := x.readFrom(src, room, limit); err != nil {
		h.buffers.put(x)
		return nil, err
	}
	return x, nil
}

func (x *buffer) readFrom(src io.Reader, room int, limit int64) error {
	for {
		if !x.room(room, int(limit)+1) {
			return errSpent
		}
		room = 1
		n, err := src.Read(x.b[len(x.b):cap(x.b)])
		x.b = x.b[:len(x.b)+n]
		if int64(len(x.b)) > limit {
			return errTooLarge
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
