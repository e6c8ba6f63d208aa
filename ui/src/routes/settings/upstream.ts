import type { Schemas } from '../../lib/api/client';

export type Config = Schemas['Config'];
export type Customer = { organization: string; dsn: string };

/** Draft is what a form sets; a field that is not in it is inherited. */
export interface Draft {
  dsn?: string;
  customers?: Customer[];
  environment?: string;
  release?: string;
  maxBreadcrumbs?: number;
  sendDefaultPii?: boolean;
  debug?: boolean;
}

const ours = ['dsn', 'customers', 'environment', 'release', 'maxBreadcrumbs', 'sendDefaultPii', 'debug'] as const;

/** draftOf returns what is set in a scope, without what it inherits. */
export function draftOf(c: Config): Draft {
  const own = ours.filter((name) => !c.inherited.includes(name)).map((name) => [name, c[name] ?? '']);
  return structuredClone(Object.fromEntries(own)) as Draft;
}

/** bodyOf returns what to send: the draft, and null for what is inherited. It is for the version that the draft began with. */
export function bodyOf(c: Config, draft: Draft): Schemas['ConfigBody'] {
  const inherited = Object.fromEntries(ours.map((name) => [name, null])) as Schemas['ConfigBody'];
  return { ...inherited, ...draft, version: c.version };
}

/** aboveOf returns the values that fields have which a scope does not set, as far as they are known: those of the organization, or of what is inherited already. */
export function aboveOf(c: Config, organization: Config | undefined): Partial<Config> {
  return organization ?? Object.fromEntries(c.inherited.map((name) => [name, c[name]]));
}

/** Step is a stage of a trial as a reader sees it. */
export interface Step {
  title: string;
  state: 'passed' | 'failed' | 'skipped' | 'waiting';
  ms?: number;
}

const stages = [
  ['parse', 'DSN'],
  ['resolve', 'Host'],
  ['connect', 'Connection'],
  ['tls', 'TLS'],
  ['auth', 'Key'],
  ['limited', 'Limits'],
  ['rejected', 'Accepted'],
] as const;

/** steps tells how far a trial came. A stage before one that was reached, and that was not passed itself, was not needed, or is not known. */
export function steps(t: Schemas['Trial'] | undefined): Step[] {
  const passed = new Map(t?.passed.map((p) => [p.stage, p.latencyMs]));
  const reached = Math.max(...stages.map(([stage], i) => (passed.has(stage) || t?.stage === stage ? i : -1)));
  return stages.map(([stage, title], i) => {
    const ms = passed.get(stage);
    if (t?.stage === stage) return { title, state: 'failed' };
    if (ms !== undefined) return { title, state: 'passed', ms };
    return { title, state: i < reached ? 'skipped' : 'waiting' };
  });
}

/** shown writes a value of the history for people. */
export function shown(v: unknown): string {
  if (v === null || v === undefined || v === '') return 'nothing';
  return typeof v === 'string' ? v : JSON.stringify(v);
}
