package sentryapi

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

type attachment struct {
	ID          string    `json:"id"`
	EventID     string    `json:"event_id"`
	Type        string    `json:"type"`
	Name        string    `json:"name"`
	MIMEType    string    `json:"mimetype"`
	DateCreated *string   `json:"dateCreated"`
	Size        int64     `json:"size"`
	Headers     mimeTypes `json:"headers"`
	SHA1        *string   `json:"sha1"`
}

type mimeTypes struct {
	ContentType string `json:"Content-Type"`
}

func attachmentOf(x store.AttachmentRecord) attachment {
	return attachment{
		ID: strconv.FormatInt(x.ID, 10), EventID: x.Event.String(), Type: x.Type, Name: x.Name, MIMEType: contentType(&x),
		DateCreated: stamp(x.Created), Size: x.Size, Headers: mimeTypes{contentType(&x)},
	}
}

const anyBytes = "application/octet-stream"

func contentType(x *store.AttachmentRecord) string {
	if x.ContentType == "" {
		return anyBytes
	}
	return x.ContentType
}

func (a *rest) attachments(c *call) (any, error) {
	id, err := c.event()
	if err != nil {
		return nil, err
	}
	found, err := a.store.Attachments(c.ctx(), c.in(), id)
	if err != nil {
		return nil, fmt.Errorf("list attachments of %s: %w", id, err)
	}
	if len(found) == 0 {
		// An event without attachments has an empty list; an event that is not there has none.
		if _, err := a.store.Event(c.ctx(), c.in(), id); err != nil {
			return nil, err
		}
	}
	c.link("")
	return each(found, attachmentOf), nil
}

// attachment answers what is known of an attachment, or with download its bytes.
func (a *rest) attachment(c *call) (any, error) {
	id, err := c.event()
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(c.PathValue("attachment"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: attachment %.80q", model.ErrNotFound, c.PathValue("attachment"))
	}
	x, err := a.store.Attachment(c.ctx(), c.in(), id, n)
	if err != nil {
		return nil, fmt.Errorf("read attachment %d: %w", n, err)
	}
	if !c.URL.Query().Has("download") {
		return attachmentOf(*x), nil
	}
	return send(x), nil
}

// send gives the bytes away as a file that a browser saves and never shows: they
// are a stranger's.
func send(x *store.AttachmentRecord) download {
	return func(w http.ResponseWriter) {
		h := w.Header()
		h.Set("Content-Type", anyBytes)
		if kind, _, err := mime.ParseMediaType(x.ContentType); err == nil {
			h.Set("Content-Type", kind)
		}
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": x.Name}))
		h.Set("Content-Length", strconv.Itoa(len(x.Data)))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		w.Write(x.Data)
	}
}
