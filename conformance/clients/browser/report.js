// Tells the story in window.CONFORMANCE through @sentry/browser, and posts the
// ids it was given, and how each request was answered, to the page's own server.
import * as Sentry from '@sentry/browser';

const { dsn, story } = window.CONFORMANCE;
const report = { sdk: Sentry.SDK_VERSION, spans: {}, statuses: [] };

class LedgerError extends Error {
  constructor(message) {
    super(message);
    this.name = story.cause.type;
  }
}

class RefundError extends Error {
  constructor(message, cause) {
    super(message, { cause });
    this.name = story.failure.type;
  }
}

// watched is the SDK's own transport, which also notes what the page could read
// of each answer: without CORS headers that is nothing.
function watched(options) {
  const transport = Sentry.makeFetchTransport(options);
  const send = async envelope => {
    const answer = await transport.send(envelope);
    report.statuses.push(answer.statusCode ?? 0);
    return answer;
  };
  return { ...transport, send };
}

function askLedger() {
  throw new LedgerError(story.cause.message);
}

function refundOrder() {
  try {
    askLedger();
  } catch (err) {
    throw new RefundError(story.failure.message, err);
  }
}

function inSpan(name, f) {
  const { op, name: title, attributes } = story.spans[name];
  return Sentry.startSpan({ name: title, op, attributes }, span => {
    const { traceId, spanId } = span.spanContext();
    report.trace = traceId;
    report.spans[name] = spanId;
    return f(span);
  });
}

function capture() {
  try {
    refundOrder();
  } catch (err) {
    Sentry.withScope(scope => {
      const { name, type, size } = story.attachment;
      scope.addAttachment({
        filename: name,
        contentType: type,
        data: Uint8Array.from({ length: size }, (_, i) => i % 256),
      });
      report.error = Sentry.captureException(err);
    });
  }
}

function tellStory() {
  Sentry.setTags(story.tags);
  Sentry.setUser(story.user);
  Sentry.setExtras(story.extra);
  for (const [name, context] of Object.entries(story.contexts)) {
    Sentry.setContext(name, context);
  }
  for (const crumb of story.breadcrumbs) {
    Sentry.addBreadcrumb(crumb);
  }
  inSpan('root', () => {
    inSpan('agent', () => {
      inSpan('chat', () => {});
      inSpan('tool', span => {
        inSpan('query', () => {});
        capture();
        span.setStatus({ code: 2, message: 'internal_error' });
      });
    });
  });
  report.message = Sentry.captureMessage(story.message.text, story.message.level);
}

// preflight sends an empty envelope with the auth header that tunnels and old
// SDKs use, which makes the browser ask for leave first.
async function preflight() {
  const { protocol, host, username, pathname } = new URL(dsn);
  const auth = `Sentry sentry_version=7, sentry_client=conformance/1.0, sentry_key=${username}`;
  const answer = await fetch(`${protocol}//${host}/api${pathname}/envelope/`, {
    method: 'POST',
    headers: { 'X-Sentry-Auth': auth, 'Content-Type': 'application/x-sentry-envelope' },
    body: '{}\n',
  });
  return answer.status;
}

async function main() {
  Sentry.init({
    dsn,
    release: story.release,
    environment: story.environment,
    tracesSampleRate: 1,
    normalizeDepth: 5,
    // Without async context the SDK hangs every span below the root, unless told not to.
    parentSpanIsAlwaysRootSpan: false,
    transport: watched,
  });
  tellStory();
  await Sentry.flush(5000);
  report.preflight = await preflight();
}

main()
  .catch(err => { report.failed = String(err); })
  .then(() => fetch('/report', { method: 'POST', body: JSON.stringify(report) }));
