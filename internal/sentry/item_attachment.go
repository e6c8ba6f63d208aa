package sentry

import (
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// attachmentRef is a file that stands elsewhere, uploaded in a way we do not offer.
const attachmentRef = "application/vnd.sentry.attachment-ref+json"

// attach takes a file as it is. It may come without its event, which a client
// leaves out while it holds errors back.
func (d *Documents) attach(item *wire.Item) {
	if item.ContentType == attachmentRef {
		d.discard(wire.CategoryAttachment, "not_stored", 1)
		return
	}
	d.Attachments = append(d.Attachments, model.Attachment{
		Name:        clip(or(item.Filename, "unnamed")),
		ContentType: clip(or(item.ContentType, "application/octet-stream")),
		Type:        clip(or(item.AttachmentType, "event.attachment")),
		Data:        item.Payload,
	})
}

// settleAttachments names the event that the files belong to, once all items are read.
func (d *Documents) settleAttachments() {
	if len(d.Attachments) == 0 {
		return
	}
	if d.EventID.IsZero() {
		d.EventID = model.NewEventID()
	}
	for i := range d.Attachments {
		d.Attachments[i].Event = d.EventID
	}
}

// clip makes a header's text fit for a column.
func clip(s string) string {
	return copyText([]byte(strings.ToValidUTF8(s, "\uFFFD")), symbolLimit)
}
