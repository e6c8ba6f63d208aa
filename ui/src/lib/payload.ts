// Reads what an SDK sent. Payloads come from strangers, so nothing about their shape is believed.

/** Frame is one call of a stack trace. */
export interface Frame {
  function: string;
  /** Where it is for people: the file as the SDK names it, or the module. */
  file: string;
  path: string;
  line: number | null;
  column: number | null;
  inApp: boolean;
  /** Source lines around the call with their numbers; the call's own is at. */
  source: { number: number; text: string; at: boolean }[];
  vars: [string, unknown][];
}

/** Fault is one exception of a chain. */
export interface Fault {
  type: string;
  value: string;
  module: string;
  /** How it was caught: the mechanism's type, and whether the program dealt with it. */
  mechanism: string;
  handled: boolean | null;
  /** The innermost call first. */
  frames: Frame[];
}

/** Crumb is one breadcrumb. */
export interface Crumb {
  time: string | null;
  category: string;
  type: string;
  level: string;
  message: string;
  data: [string, unknown][];
}

type Bag = Record<string, unknown>;

/** bag returns v when it is an object, else an empty one. */
export function bag(v: unknown): Bag {
  return v !== null && typeof v === 'object' && !Array.isArray(v) ? (v as Bag) : {};
}

/** text writes what should be a string as one; objects become JSON. */
export function text(v: unknown): string {
  if (typeof v === 'string') return v;
  if (v === null || v === undefined) return '';
  return typeof v === 'object' ? JSON.stringify(v) : String(v);
}

/** list takes both shapes that SDKs send: an array, or an object that holds one under values. */
export function list(v: unknown): Bag[] {
  const all = Array.isArray(v) ? v : bag(v).values;
  return Array.isArray(all) ? all.filter((x) => x !== null && typeof x === 'object').map(bag) : [];
}

/** faults returns the chain of exceptions, the one that was caught first and its causes after it. */
export function faults(payload: unknown): Fault[] {
  return list(bag(payload).exception)
    .map((e) => ({
      type: text(e.type),
      value: text(e.value),
      module: text(e.module),
      mechanism: text(bag(e.mechanism).type),
      handled: flag(bag(e.mechanism).handled),
      frames: frames(e.stacktrace),
    }))
    .reverse();
}

/** threadFrames returns the stack that came without an exception, as messages have it. */
export function threadFrames(payload: unknown): Frame[] {
  const p = bag(payload);
  const thread = list(p.threads).find((t) => t.crashed === true || t.current === true) ?? list(p.threads)[0];
  return frames(p.stacktrace ?? thread?.stacktrace);
}

function frames(stack: unknown): Frame[] {
  const all = bag(stack).frames;
  return Array.isArray(all) ? all.map((f) => frame(bag(f))).reverse() : [];
}

function frame(f: Bag): Frame {
  const path = text(f.abs_path);
  return {
    function: text(f.function) || '<unknown>',
    file: text(f.filename) || path || text(f.module) || text(f.package),
    path: path || text(f.filename),
    line: number(f.lineno),
    column: number(f.colno),
    inApp: f.in_app === true,
    source: source(f),
    vars: Object.entries(bag(f.vars)),
  };
}

function source(f: Bag): Frame['source'] {
  if (typeof f.context_line !== 'string') return [];
  const before = lines(f.pre_context);
  const at = number(f.lineno) ?? before.length + 1;
  return [...before, f.context_line, ...lines(f.post_context)].map((text, i) => ({ number: at - before.length + i, text, at: i === before.length }));
}

function lines(v: unknown): string[] {
  return Array.isArray(v) ? v.map(text) : [];
}

function number(v: unknown): number | null {
  return typeof v === 'number' && Number.isFinite(v) ? v : null;
}

function flag(v: unknown): boolean | null {
  return typeof v === 'boolean' ? v : null;
}

/** crumbs returns the breadcrumbs, the latest first. */
export function crumbs(payload: unknown): Crumb[] {
  return list(bag(payload).breadcrumbs)
    .map((c) => ({
      time: moment(c.timestamp),
      category: text(c.category),
      type: text(c.type),
      level: text(c.level) || 'info',
      message: text(c.message),
      data: Object.entries(bag(c.data)),
    }))
    .reverse();
}

/** moment reads a time that is either seconds since 1970 or a text. */
export function moment(v: unknown): string | null {
  if (typeof v === 'string') return v;
  const seconds = number(v);
  return seconds === null || Math.abs(seconds) > 8.64e12 ? null : new Date(seconds * 1000).toISOString();
}

/** tags returns pairs, whether they came as an object or as a list of pairs. */
export function tags(payload: unknown): [string, string][] {
  const all = bag(payload).tags;
  if (!Array.isArray(all)) return Object.entries(bag(all)).map(([k, v]) => [k, text(v)]);
  return all.flatMap((t): [string, string][] => {
    if (Array.isArray(t)) return [[text(t[0]), text(t[1])]];
    const pair = bag(t);
    return pair.key === undefined ? [] : [[text(pair.key), text(pair.value)]];
  });
}

/** message returns the text of an event that is no exception. */
export function message(payload: unknown): string {
  const p = bag(payload);
  const entry = bag(p.logentry ?? p.message);
  return text(entry.formatted) || text(entry.message) || (typeof p.message === 'string' ? p.message : '');
}

/** contexts returns the contexts with their pairs, without those that are empty. */
export function contexts(payload: unknown): [string, [string, unknown][]][] {
  return Object.entries(bag(bag(payload).contexts))
    .map(([name, c]): [string, [string, unknown][]] => [name, Object.entries(bag(c)).filter(([k, v]) => v !== null && !(k === 'type' && v === name))])
    .filter(([, pairs]) => pairs.length > 0);
}
