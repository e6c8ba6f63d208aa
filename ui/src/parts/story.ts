// What is made of an execution's transcript before it is drawn: pure, so that tests can ask it.
import type { Schemas } from '../lib/api/client';
import { count } from '../lib/format';
import type { IconName } from './icons';
import type { Tone } from './tones';

export type Entry = Schemas['Entry'];

/** Row is an entry of the transcript, or what stands for the folded rounds of a loop. Its key is the number of its entry. */
export interface Row {
  key: number;
  entry: Entry;
  fold?: Fold;
}

/** Fold is what a folded part of a loop comes to. */
export interface Fold {
  /** Tool calls by name, in order of appearance. */
  calls: Map<string, number>;
  costNanos: number;
  entries: number;
  open: boolean;
}

/** fold returns the rows of a transcript: of every loop the first round, then one row for the others unless its key is in open. */
export function fold(entries: readonly Entry[], open: ReadonlySet<number>): Row[] {
  const out: Row[] = [];
  for (let i = 0; i < entries.length; ) {
    const entry = entries[i] as Entry;
    const [from, to] = entry.inLoop ? rounds(entries, i) : [i + 1, i + 1];
    for (let n = i; n < from; n++) out.push({ key: n, entry: entries[n] as Entry });
    if (from < to) out.push(...folded(entries, from, to, open.has(-from)));
    i = Math.max(to, from);
  }
  return out;
}

/** rounds returns where the second round of a loop begins, and where the loop ends. */
function rounds(entries: readonly Entry[], start: number): [number, number] {
  let end = start;
  let second = -1;
  let calls = 0;
  for (; entries[end]?.inLoop; end++) {
    if (entries[end]?.type === 'tool_call' && ++calls === 2) second = end;
  }
  return second < 0 ? [end, end] : [second, end];
}

function folded(entries: readonly Entry[], from: number, to: number, open: boolean): Row[] {
  const part = entries.slice(from, to);
  const calls = new Map<string, number>();
  let costNanos = 0;
  for (const e of part) {
    costNanos += e.costNanos ?? 0;
    if (e.toolCall) calls.set(e.toolCall.name ?? 'a tool', (calls.get(e.toolCall.name ?? 'a tool') ?? 0) + 1);
  }
  // The key is below nought, so that it is no entry's.
  const row: Row = { key: -from, entry: part[0] as Entry, fold: { calls, costNanos, entries: part.length, open } };
  return open ? [row, ...part.map((entry, n) => ({ key: from + n, entry }))] : [row];
}

/** Step is a row of the tree: an entry that took time, or an error. */
export interface Step {
  key: number;
  entry: Entry;
  durationMs: number | null;
  parent: boolean;
  closed: boolean;
}

/** steps returns the rows of the tree: no messages, no ends of agents, and nothing below what is closed. */
export function steps(entries: readonly Entry[], closed: ReadonlySet<number>): Step[] {
  const ends = new Map<string, number | null>();
  for (const e of entries) if (e.agentRun?.phase === 'end') ends.set(e.spanId ?? '', e.durationMs);
  const all = entries.flatMap((entry, key) => (entry.message || entry.agentRun?.phase === 'end' ? [] : [{ key, entry }]));
  const out: Step[] = [];
  let hidden = Infinity; // depth below which rows are out of sight
  for (const [i, { key, entry }] of all.entries()) {
    if (entry.depth > hidden) continue;
    const parent = (all[i + 1]?.entry.depth ?? 0) > entry.depth;
    const shut = parent && closed.has(key);
    hidden = shut ? entry.depth : Infinity;
    out.push({ key, entry, durationMs: entry.durationMs ?? ends.get(entry.spanId ?? '') ?? null, parent, closed: shut });
  }
  return out;
}

/** named says in a few words what an entry is. */
export function named(e: Entry): string {
  if (e.modelCall) return e.modelCall.model ?? 'model call';
  if (e.toolCall) return e.toolCall.name ?? 'tool call';
  if (e.policy) return e.policy.name;
  if (e.agentRun) return e.agentRun.name || e.agent?.name || 'agent';
  if (e.handoff) return e.handoff.name;
  if (e.error) return [e.error.type, e.error.value].filter(Boolean).join(': ');
  if (e.other) return `${(e.other.ops ?? []).join(', ')}${e.other.count > 1 ? ` × ${count(e.other.count)}` : ''}`;
  return e.message?.role ?? e.type;
}

const icons: Record<Entry['type'], IconName> = {
  message: 'conversations',
  model_call: 'model',
  tool_call: 'tool',
  policy: 'shield',
  handoff: 'right',
  agent: 'agents',
  error: 'issues',
  other: 'executions',
};

/** iconOf returns the icon of an entry. */
export function iconOf(e: Entry): IconName {
  return icons[e.type];
}

/** toneOf says how bad an entry is. */
export function toneOf(e: Entry): Tone {
  if (e.error) return e.error.level === 'warning' ? 'warn' : 'bad';
  if (e.toolCall?.failed || e.modelCall?.errorType || e.agentRun?.errorType) return 'bad';
  if (e.policy?.verdict === 'deny') return 'bad';
  return e.policy?.verdict === 'flag' ? 'warn' : 'plain';
}

/** loops says what each kind of loop is. */
export const loops: Record<string, string> = {
  repeat: 'The same call again',
  alternate: 'Two calls in turns',
  error: 'The same error again',
  no_progress: 'Calls that changed nothing',
};

/** firstBad returns the row where things first went wrong for good: an error, a failed call or a denial; -1 when none did. */
export function firstBad(rows: readonly Row[]): number {
  return rows.findIndex((r) => !r.fold && r.entry.type !== 'agent' && toneOf(r.entry) === 'bad');
}

/** pretty writes a value for reading: JSON indented, also where it came as a string of JSON; other strings as they are. */
export function pretty(value: unknown): string {
  const inner = typeof value === 'string' ? parsed(value) : value;
  if (typeof inner === 'string') return inner;
  const line = JSON.stringify(inner) ?? '';
  return line.length <= 76 ? line : JSON.stringify(inner, null, 2);
}

function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // no JSON after all, or cut in the middle
  }
}
