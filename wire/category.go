package wire

import "slices"

// Item types that Picket gives a meaning to.
const (
	ItemEvent         = "event"
	ItemTransaction   = "transaction"
	ItemSpan          = "span"
	ItemLog           = "log"
	ItemTraceMetric   = "trace_metric"
	ItemAttachment    = "attachment"
	ItemFeedback      = "feedback"
	ItemUserReport    = "user_report"
	ItemCheckIn       = "check_in"
	ItemSession       = "session"
	ItemSessions      = "sessions"
	ItemClientReport  = "client_report"
	ItemProfile       = "profile"
	ItemProfileChunk  = "profile_chunk"
	ItemReplayEvent   = "replay_event"
	ItemReplayRecord  = "replay_recording"
	ItemReplayVideo   = "replay_video"
	ItemStatsd        = "statsd"
	ItemMetricBuckets = "metric_buckets"
)

// Content types that select the schema of an item.
const (
	ContentEnvelope = "application/x-sentry-envelope"
	ContentLogs     = "application/vnd.sentry.items.log+json"
	ContentSpansV2  = "application/vnd.sentry.items.span.v2+json"
	ContentMetrics  = "application/vnd.sentry.items.trace-metric+json"
)

// Data categories that Picket limits and counts by.
const (
	CategoryDefault        = "default"
	CategoryError          = "error"
	CategoryTransaction    = "transaction"
	CategorySecurity       = "security"
	CategoryAttachment     = "attachment"
	CategorySession        = "session"
	CategoryProfile        = "profile"
	CategoryReplay         = "replay"
	CategoryMonitor        = "monitor"
	CategorySpan           = "span"
	CategoryFeedback       = "feedback"
	CategoryProfileChunk   = "profile_chunk"
	CategoryReplayVideo    = "replay_video"
	CategoryAttachmentItem = "attachment_item"
	CategoryLogItem        = "log_item"
	CategoryLogByte        = "log_byte"
	CategoryMetric         = "trace_metric"
)

// categories are Sentry's data categories; the index is the number on the wire.
var categories = [...]string{
	CategoryDefault, CategoryError, CategoryTransaction, CategorySecurity, CategoryAttachment,
	CategorySession, CategoryProfile, CategoryReplay, "transaction_processed", "transaction_indexed",
	CategoryMonitor, "profile_indexed", CategorySpan, "monitor_seat", CategoryFeedback,
	"metric_bucket", "span_indexed", "profile_duration", CategoryProfileChunk, "metric_second",
	CategoryReplayVideo, "uptime", CategoryAttachmentItem, CategoryLogItem, CategoryLogByte,
	"profile_duration_ui", "profile_chunk_ui", "seer_autofix", "seer_scanner", "prevent_user",
	"prevent_review", "size_analysis", "installable_build", CategoryMetric, "seer_user",
	"profile_backend", "profile_ui",
}

// CategoryName returns the data category of that number, or "" when there is none.
func CategoryName(number int) string {
	if number < 0 || number >= len(categories) {
		return ""
	}
	return categories[number]
}

// KnownCategory reports whether there is a data category of that name.
func KnownCategory(name string) bool { return slices.Contains(categories[:], name) }

// ItemCategory returns the data category that an item of that type counts as, or
// "" for items that count as nothing, such as client reports. A transaction
// counts as spans too, an attachment as attachment_item, a log as log_byte.
func ItemCategory(itemType string) string {
	switch itemType {
	case ItemEvent:
		return CategoryError
	case ItemTransaction, ItemSpan, ItemAttachment, ItemSession, ItemFeedback, ItemProfile,
		ItemProfileChunk, ItemReplayVideo, ItemTraceMetric:
		return itemType
	case ItemLog:
		return CategoryLogItem
	case ItemUserReport:
		return CategoryFeedback
	case ItemCheckIn:
		return CategoryMonitor
	case ItemSessions:
		return CategorySession
	case ItemReplayEvent, ItemReplayRecord:
		return CategoryReplay
	case "profile_chunk_ui":
		return CategoryProfileChunk
	case "security", "raw_security", "nel":
		return CategorySecurity
	case ItemClientReport, ItemStatsd, ItemMetricBuckets, "metric_meta":
		return ""
	}
	return CategoryDefault
}

// ItemCategories returns every data category that an item of that type is limited by. A
// transaction is not held up by the category of its spans.
func ItemCategories(itemType string) []string {
	first := ItemCategory(itemType)
	switch itemType {
	case ItemAttachment:
		return []string{first, CategoryAttachmentItem}
	case ItemLog:
		return []string{first, CategoryLogByte}
	}
	if first == "" {
		return nil
	}
	return []string{first}
}
