import { expect, test } from 'vitest';
import { contexts, crumbs, faults, message, moment, tags, threadFrames } from './payload';

const frame = { function: 'pay', filename: 'pay.py', lineno: 10, in_app: true, pre_context: ['a', 'b'], context_line: 'c', post_context: ['d'], vars: { n: 1 } };

test('the exception that was caught comes before its causes, the innermost call before its callers', () => {
  const chain = { exception: { values: [{ type: 'Cause' }, { type: 'Caught', stacktrace: { frames: [{ function: 'main' }, frame] } }] } };
  const got = faults(chain);
  expect(got.map((f) => f.type)).toEqual(['Caught', 'Cause']);
  expect(got[0]?.frames.map((f) => f.function)).toEqual(['pay', 'main']);
});

test('source lines get their numbers', () => {
  const got = faults({ exception: [{ stacktrace: { frames: [frame] } }] })[0]?.frames[0];
  expect(got?.source.map((l) => l.number)).toEqual([8, 9, 10, 11]);
  expect(got?.source.find((l) => l.at)?.text).toBe('c');
  expect(got?.vars).toEqual([['n', 1]]);
});

test('strangers may send anything', () => {
  const junk = [null, undefined, 1, 'x', [], [null], { exception: 1 }, { exception: [null, 3, { stacktrace: 7 }] }, { exception: { values: {} } }, { threads: [{ stacktrace: { frames: [null, 'x'] } }] }, { breadcrumbs: [[], { timestamp: {} }, { timestamp: 1e300 }] }, { tags: [null, 1, ['a']] }, { contexts: { a: null, b: [] } }, { logentry: [] }];
  for (const p of junk) {
    for (const read of [faults, threadFrames, crumbs, tags, contexts, message]) expect(() => read(p)).not.toThrow();
  }
});

test('tags come as an object, as pairs, or as keys and values', () => {
  const f = (t: unknown, want: [string, string][]) => expect(tags({ tags: t })).toEqual(want);
  f({ a: 'b', n: 1 }, [['a', 'b'], ['n', '1']]);
  f([['a', 'b']], [['a', 'b']]);
  f([{ key: 'a', value: 'b' }], [['a', 'b']]);
  f('x', []);
});

test('breadcrumbs are read from both shapes, the latest first', () => {
  const got = crumbs({ breadcrumbs: { values: [{ message: 'one', timestamp: 0 }, { message: 'two' }] } });
  expect(got.map((c) => c.message)).toEqual(['two', 'one']);
  expect(got[1]?.time).toBe('1970-01-01T00:00:00.000Z');
});

test('times and messages', () => {
  expect(moment('2026-01-01T00:00:00Z')).toBe('2026-01-01T00:00:00Z');
  expect(moment({})).toBeNull();
  expect(message({ logentry: { message: 'a %s', formatted: 'a b' } })).toBe('a b');
  expect(message({ message: 'plain' })).toBe('plain');
  expect(message({})).toBe('');
});
