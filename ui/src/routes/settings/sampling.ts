import type { Schemas } from '../../lib/api/client';

export type Config = Schemas['Config'];
export type Rule = Schemas['ConfigRule'];

/** Draft is what the form sets; a field that is not in it is inherited. */
export interface Draft {
  sampleRate?: number;
  tracesSampleRate?: number;
  samplingRules?: Rule[];
  samplingPerMinute?: number;
  samplingCostUsd?: number;
  samplingDurationMs?: number;
}

const ours = ['sampleRate', 'tracesSampleRate', 'samplingRules', 'samplingPerMinute', 'samplingCostUsd', 'samplingDurationMs'] as const;

/** draftOf returns what is set in a scope, without what it inherits. */
export function draftOf(c: Config): Draft {
  return structuredClone(Object.fromEntries(ours.filter((name) => !c.inherited.includes(name)).map((name) => [name, c[name]]))) as Draft;
}

/** bodyOf returns what to send: the draft, and null for what is inherited. It is for the version that the draft began with. */
export function bodyOf(c: Config, draft: Draft): Schemas['ConfigBody'] {
  const inherited = Object.fromEntries(ours.map((name) => [name, null])) as Schemas['ConfigBody'];
  return { ...inherited, ...draft, version: c.version };
}

/** percent writes a share from 0 to 1 in per cent, without the dust of its binary form. */
export function percent(share: number): number {
  return Number((share * 100).toPrecision(10));
}

/** why says in words why something was kept or dropped. */
export function why(reason: string, verdict: string): string {
  const said = verdict === 'dropped' ? dropped[reason] : kept[reason];
  return said ?? reason;
}

const kept: Record<string, string> = {
  error: 'It ended in an error',
  failed: 'An execution failed without an error',
  violation: 'A policy was violated',
  loop: 'An execution went round in circles',
  fault: 'A typed error of an agent, even one that was handled',
  errorEvent: 'An error of an execution, or in the same trace',
  cost: 'It cost unusually much',
  duration: 'It lasted unusually long',
  newIssue: 'The first event of an issue',
  undecided: 'A piece of a trace that was under way',
  rate: 'The share that is kept',
  rule: 'The share of a rule',
};

const dropped: Record<string, string> = {
  rate: 'Beyond the share that is kept',
  rule: 'Beyond the share of a rule',
  budget: 'The budget of the minute was used up',
};
