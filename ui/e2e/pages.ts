import { readFileSync } from 'node:fs';

/** Answer is as much of the API's answers as is needed to find something to open. */
type Answer = Record<string, Record<string, string>[]>;

/** examples says how to find something for each page with parts in its path: what to ask for and the address to open. */
const examples: Record<string, { ask: string; open: (got: Answer) => string }> = {
  '/issues/:id': { ask: 'issues?window=7d&limit=1', open: (got) => `/issues/${got.issues?.[0]?.shortId}` },
  '/policies/:name': { ask: 'policies?window=7d&limit=1', open: (got) => `/policies/${got.policies?.[0]?.name}` },
  '/agents/:id': { ask: 'agents?window=7d&limit=1', open: (got) => `/agents/${got.agents?.[0]?.id}` },
  '/executions/:id': { ask: 'executions?window=7d&limit=1&outcome=error', open: (got) => `/executions/${got.executions?.[0]?.id}` },
  '/conversations/:id': { ask: 'conversations?window=7d&limit=1', open: (got) => `/conversations/${got.conversations?.[0]?.id}` },
  '/traces/:id': { ask: 'executions?window=7d&limit=1&outcome=error', open: (got) => `/traces/${got.executions?.[0]?.traceId}` },
};

/** contents are words that must stand on a page once it is ready; a page that is not here must only hold text. */
export const contents: Record<string, RegExp> = {
  '/': /refund-desk/,
  '/issues': /DEFAULT-/,
  '/cost': /refund-desk/,
  '/policies': /Executions with a violation fail/,
  '/policies/:name': /By agent/,
  '/models': /gpt-4o/,
  '/settings': /New project/,
  '/agents': /refund-desk/,
  '/executions': /\$0\.\d/,
  '/tail': /Live/,
};

/** asleep are the pages that a server with --dev has no use for. */
const asleep = ['/signin', '/sign-in', '/welcome'];

/** paths returns the patterns of all pages, as src/routes.ts lists them. */
export function paths(): string[] {
  const text = readFileSync(new URL('../src/routes.ts', import.meta.url), 'utf8');
  return [...text.matchAll(/^\s*\{ path: '([^']+)'/gm)].map((m) => m[1] ?? '').filter((path) => !asleep.includes(path));
}

/** addressOf returns an address that a pattern matches, of something that the server has. */
export async function addressOf(pattern: string): Promise<string> {
  if (!pattern.includes(':')) return pattern;
  const example = examples[pattern];
  if (!example) throw new Error(`${pattern}: tell e2e/pages.ts where to find an example`);
  const answer = await fetch(`${process.env.PICKET_URL}/api/v1/${example.ask}`);
  if (!answer.ok) throw new Error(`${example.ask}: ${answer.status} ${await answer.text()}`);
  const address = example.open((await answer.json()) as Answer);
  if (address.includes('undefined')) throw new Error(`${example.ask}: nothing to open for ${pattern}`);
  return address;
}
