// What the live tail is made of, without a browser: pure, so that tests can ask it.
import type { Schemas } from './api/client';
import { costOf, plural } from './format';
import type { Change } from './query';

/** Said is one message of the stream, as it came. */
export interface Said {
  name: 'event' | 'execution' | 'gap';
  data: string;
}

/** Inbox holds what came and was not shown yet. It is bounded: the oldest are lost first, and counted. */
export class Inbox<T> {
  private items: T[] = [];
  private trimmed = 0;

  constructor(private readonly most: number) {}

  /** How many wait. */
  get size(): number {
    return Math.min(this.items.length, this.most);
  }

  /** How many were lost since the last take. */
  get lost(): number {
    return this.trimmed + this.items.length - this.size;
  }

  /** put adds the latest. */
  put(item: T): void {
    this.items.push(item);
    if (this.items.length < 2 * this.most) return; // cutting off each one would move all others
    this.trimmed = this.lost;
    this.items = this.items.slice(-this.most);
  }

  /** take empties the inbox and returns what waited, the latest first. */
  take(): T[] {
    const out = this.items.slice(-this.most).reverse();
    this.items = [];
    this.trimmed = 0;
    return out;
  }
}

/** Row is a line of the live tail. */
export interface Row {
  /** Tells rows apart, in the order in which they came. */
  key: number;
  kind: Schemas['Event']['kind'] | 'execution' | 'gap';
  time: string;
  /** How bad it is: the level of an event, the outcome of an execution. */
  state: string;
  title: string;
  detail: string;
  agent: string;
  environment: string;
  /** What the preview shows: e:ID or x:ID; empty for a gap. */
  show: string;
  durationMs: number | null;
}

/** rowOf reads a message; null for what cannot be read. */
export function rowOf(said: Said, key: number): Row | null {
  let data: unknown;
  try {
    data = JSON.parse(said.data);
  } catch {
    return null;
  }
  if (said.name === 'gap') return gap(data as string, key);
  return said.name === 'event' ? eventRow(data as Schemas['Event'], key) : executionRow(data as Schemas['Execution'], key);
}

function gap(time: string, key: number): Row {
  const title = 'The connection was lost here: what came meanwhile is in the lists';
  return { key, kind: 'gap', time, state: '', title, detail: '', agent: '', environment: '', show: '', durationMs: null };
}

function eventRow(e: Schemas['Event'], key: number): Row {
  return {
    key, kind: e.kind, time: e.timestamp, state: e.kind === 'transaction' ? '' : e.level, title: e.title || e.transaction || 'No title', detail: e.culprit,
    agent: e.agentId ?? '', environment: e.environment ?? '', show: `e:${e.eventId}`, durationMs: e.durationMs,
  };
}

function executionRow(x: Schemas['Execution'], key: number): Row {
  const ended = new Date(Date.parse(x.startedAt) + x.durationMs).toISOString();
  return {
    key, kind: 'execution', time: ended, state: x.outcome, title: x.agent?.name || x.agent?.id || 'Execution', detail: x.reason ?? `${plural(x.modelCalls + x.toolCalls, 'call')}, ${costOf(x)}`,
    agent: x.agent?.id ?? '', environment: x.environment ?? '', show: `x:${x.id}`, durationMs: x.durationMs,
  };
}

const levels = ['trace', 'debug', 'info', 'warning', 'error', 'fatal'];
const kinds = ['error', 'message', 'transaction', 'feedback', 'execution'];

/** tailQuery turns the parameters of the address into those of the stream; what it cannot read it leaves out. */
export function tailQuery(p: URLSearchParams): URLSearchParams {
  const out = new URLSearchParams();
  const set = (name: string, value: string | null | undefined) => value && out.set(name, value);
  set('project', p.get('project'));
  set('environment', p.get('env'));
  set('level', levels.find((l) => l === p.get('level')));
  set('agentId', p.get('agent'));
  set('text', p.get('text')?.slice(0, 200));
  if (p.get('kind') === 'all') out.set('transactions', 'true');
  else set('kind', kinds.find((k) => k === p.get('kind')));
  return out;
}

/** nothing takes all filters of the page off the address. */
export const nothing: Change = { level: null, agent: null, text: null, kind: null, project: null, env: null };
