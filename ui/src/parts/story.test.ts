import { expect, test } from 'vitest';
import { firstBad, fold, pretty, steps, type Entry } from './story';

function entry(type: Entry['type'], more: Partial<Entry> = {}): Entry {
  return { type, startedAt: '2026-01-01T00:00:00Z', offsetMs: 0, durationMs: 1, traceId: null, spanId: null, parentSpanId: null, depth: 0, href: null, inLoop: false, costUsd: null, costNanos: null, ...more };
}

const call = (name: string, more: Partial<Entry> = {}) =>
  entry('tool_call', { toolCall: { name, toolCallId: null, status: 'ok', failed: false, errorType: null, fault: null }, ...more });

test('fold', () => {
  const f = (entries: Entry[], open: number[], want: number[]) => expect(fold(entries, new Set(open)).map((r) => r.key)).toEqual(want);
  const loop = [entry('message'), call('a', { inLoop: true }), entry('model_call', { inLoop: true, costNanos: 5 }), call('a', { inLoop: true }), call('a', { inLoop: true, costNanos: 2 }), entry('message')];
  f([], [], []);
  f([entry('message'), call('a')], [], [0, 1]);
  f(loop, [], [0, 1, 2, -3, 5]);
  f(loop, [-3], [0, 1, 2, -3, 3, 4, 5]);
  f(loop.slice(0, 3), [], [0, 1, 2]); // one round is nothing to fold
  const row = fold(loop, new Set()).find((r) => r.fold);
  expect(row?.fold?.calls).toEqual(new Map([['a', 2]]));
  expect(row?.fold?.costNanos).toBe(2);
});

test('steps', () => {
  const end = entry('agent', { spanId: 'x', durationMs: 40, agentRun: { phase: 'end', name: '', executionId: '', status: '', errorType: null } });
  const begin = { ...end, durationMs: null, agentRun: { phase: 'begin' as const, name: '', executionId: '', status: '', errorType: null } };
  const all = [begin, entry('message', { depth: 1, message: { role: 'user', output: false, finish: null, parts: [], partsLeftOut: 0 } }), call('a', { depth: 1 }), entry('other', { depth: 2 }), call('b', { depth: 1 }), end];
  const f = (closed: number[], want: number[]) => expect(steps(all, new Set(closed)).map((s) => s.key)).toEqual(want);
  f([], [0, 2, 3, 4]);
  f([2], [0, 2, 4]);
  f([0], [0]);
  expect(steps(all, new Set())[0]).toMatchObject({ durationMs: 40, parent: true, closed: false });
});

test('firstBad', () => {
  const rows = fold([call('a'), entry('policy', { policy: { name: 'p', verdict: 'deny', reason: '' } })], new Set());
  expect(firstBad(rows)).toBe(1);
  expect(firstBad(rows.slice(0, 1))).toBe(-1);
});

test('pretty', () => {
  const f = (value: unknown, want: string) => expect(pretty(value)).toBe(want);
  f('plain', 'plain');
  f({ a: 1 }, '{"a":1}');
  f('{"a":1}', '{"a":1}');
  f('{"a":1', '{"a":1');
  f({ a: 'x'.repeat(80) }, `{\n  "a": "${'x'.repeat(80)}"\n}`);
  f(undefined, '');
});
