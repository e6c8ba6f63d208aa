/** Snippet is how one language says it. */
export interface Snippet {
  value: string;
  title: string;
  /** What to install first; empty for nothing. */
  install: string;
  /** The program, with the DSN in it. */
  code: (dsn: string) => string;
}

/** curl writes the request that sends one message without any SDK. */
function curl(dsn: string): string {
  const url = new URL(dsn);
  const [, path = '', project = '1'] = /^(.*)\/(\d+)$/.exec(url.pathname) ?? [];
  return `curl ${url.protocol}//${url.host}${path}/api/${project}/store/ \\
  -H 'Content-Type: application/json' \\
  -H 'X-Sentry-Auth: Sentry sentry_version=7, sentry_client=curl/1.0, sentry_key=${url.username}' \\
  -d '{"message": "Hello from curl", "level": "error", "platform": "other"}'`;
}

/** snippets are the ways to send a first event, in the order of the tabs. */
export const snippets: Snippet[] = [
  {
    value: 'go',
    title: 'Go',
    install: 'go get relay.one/picket',
    code: (dsn) => `package main

import (
	"context"
	"errors"
	"log"

	"relay.one/picket"
)

func main() {
	err := picket.Init(picket.Options{
		DSN: "${dsn}",
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := picket.WithAgent(context.Background(), picket.Agent{ID: "first-agent"})
	picket.CaptureException(ctx, errors.New("hello from Go"))
	if err := picket.Close(ctx); err != nil {
		log.Fatal(err)
	}
}`,
  },
  {
    value: 'node',
    title: 'Node',
    install: 'npm install @sentry/node',
    code: (dsn) => `// instrument.js: node --import ./instrument.js app.js
import * as Sentry from '@sentry/node';

Sentry.init({
  dsn: '${dsn}',
  tracesSampleRate: 1.0, // agents and their model calls arrive as spans
});

Sentry.captureException(new Error('Hello from Node'));`,
  },
  {
    value: 'python',
    title: 'Python',
    install: 'pip install sentry-sdk',
    code: (dsn) => `import sentry_sdk

sentry_sdk.init(
    dsn="${dsn}",
    traces_sample_rate=1.0,  # agents and their model calls arrive as spans
)

sentry_sdk.capture_exception(RuntimeError("Hello from Python"))`,
  },
  {
    value: 'browser',
    title: 'Browser',
    install: 'npm install @sentry/browser',
    code: (dsn) => `import * as Sentry from '@sentry/browser';

Sentry.init({ dsn: '${dsn}' });

Sentry.captureException(new Error('Hello from the browser'));`,
  },
  {
    value: 'opentelemetry',
    title: 'OpenTelemetry',
    install: 'npm install @sentry/node @opentelemetry/api',
    code: (dsn) => `// Spans of OpenTelemetry's API travel with Sentry's SDK.
import { trace } from '@opentelemetry/api';
import * as Sentry from '@sentry/node';

Sentry.init({
  dsn: '${dsn}',
  tracesSampleRate: 1.0,
  enableOpenTelemetrySetup: true, // since 11; before, it is always on
});

const attributes = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'first-agent' };
trace.getTracer('first-agent').startActiveSpan('invoke_agent first-agent', { attributes }, (span) => {
  Sentry.captureException(new Error('Hello from OpenTelemetry'));
  span.end();
});`,
  },
  { value: 'curl', title: 'curl', install: '', code: curl },
];
