package pipeline

import (
	"github.com/valyala/fastjson"

	"relay.one/picket/internal/scrub"
	"relay.one/picket/internal/sentry"
)

// scrubbers says how each kind of document is scrubbed. A client report holds
// words of the SDK and counts, nothing of anybody's.
var scrubbers = map[sentry.DocKind]func(*fastjson.Value, *fastjson.Arena, scrub.Rules){
	sentry.DocEvent:       scrub.Event,
	sentry.DocTransaction: scrub.Event,
	sentry.DocFeedback:    scrub.Event,
	sentry.DocUserReport:  scrub.UserReport,
	sentry.DocSpan:        scrub.Span,
	sentry.DocSpans:       scrub.Spans,
	sentry.DocLogs:        scrub.Logs,
	sentry.DocCheckIn:     scrub.CheckIn,
	sentry.DocSession:     scrub.Session,
	sentry.DocSessions:    scrub.Session,
}

// clean takes secrets out of every document, in place.
func (p *Pipeline) clean(docs *sentry.Documents) {
	for i := range docs.Items {
		d := &docs.Items[i]
		if f := scrubbers[d.Kind]; f != nil {
			f(d.Root, d.Arena, p.rules)
		}
	}
}
