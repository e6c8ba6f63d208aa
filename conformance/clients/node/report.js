// Tells the story in CONFORMANCE_STORY to SENTRY_DSN through @sentry/node, and
// prints the ids it was given. Serves every major: what differs is marked.
'use strict';

const path = require('node:path');
const { createRequire } = require('node:module');

const Sentry = createRequire(path.join(process.env.CONFORMANCE_MODULES, 'package.json'))('@sentry/node');
const story = JSON.parse(process.env.CONFORMANCE_STORY);
const major = Number(Sentry.SDK_VERSION.split('.')[0]);

const options = {
  dsn: process.env.SENTRY_DSN,
  release: story.release,
  environment: story.environment,
  serverName: story.serverName,
  tracesSampleRate: 1,
  normalizeDepth: 5,
};
if (process.env.CONFORMANCE_LIFECYCLE) {
  options.traceLifecycle = process.env.CONFORMANCE_LIFECYCLE;
}
Sentry.init(options);

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

const report = { spans: {} };

// inSpan runs f inside the story's span of that name and notes its id.
function inSpan(name, f) {
  const { op, name: title, attributes } = story.spans[name];
  return Sentry.startSpan({ name: title, op, attributes }, span => {
    const { traceId, spanId } = span.spanContext();
    report.trace = traceId;
    report.spans[name] = spanId;
    return f(span);
  });
}

function fail(span) {
  // 7 has a setter for Sentry's names, later ones OpenTelemetry's.
  span.setStatus(major < 8 ? 'internal_error' : { code: 2, message: 'internal_error' });
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
        fail(span);
      });
    });
  });
  report.message = Sentry.captureMessage(story.message.text, story.message.level);
}

// A transaction's id is made while it is sent: only a hook sees it.
function noteTransaction(event) {
  if (event.type === 'transaction') report.transaction = event.event_id;
}

async function main() {
  Sentry.getClient().on('beforeSendEvent', noteTransaction);
  tellStory();
  await Sentry.close(5000);
  report.sdk = Sentry.SDK_VERSION;
  console.log(JSON.stringify(report));
}

main();
