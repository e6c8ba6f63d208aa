import { expect, test } from 'vitest';
import { healthOf, limitsOf, nextOf, shownQueues, troubled, type Queue } from './queue';

const queue = (part: Partial<Queue>): Queue => ({
  project: '1', organization: null, mode: 'forwarding', dsn: 'https://****cdef@x/1', health: 'healthy', since: null, problem: null, nextTryAt: null,
  limits: [], waiting: 0, bytes: 0, held: 0, aside: 0, oldestAt: null, sent: 0, dropped: 0, ...part,
});

test('queues are shown that go somewhere or wait', () => {
  const list = [queue({ project: '1' }), queue({ project: '2', mode: 'local', health: 'none' }), queue({ project: '3', mode: 'local', health: 'none', waiting: 2 })];
  expect(shownQueues(list).map((q) => q.project)).toEqual(['1', '3']);
  expect(shownQueues(null)).toEqual([]);
});

test('health is told by a word and never by colour alone', () => {
  expect(healthOf(queue({}))).toEqual({ word: 'takes all', tone: 'good' });
  expect(healthOf(queue({ aside: 1, waiting: 1 }))).toEqual({ word: 'refused some', tone: 'warn' });
  expect(healthOf(queue({ health: 'limited' })).word).toBe('limits');
  expect(healthOf(queue({ health: 'away' })).tone).toBe('bad');
  expect(healthOf(queue({ health: 'refuses' })).word).toBe('refuses the key');
  expect(healthOf(queue({ mode: 'local', health: 'none' })).tone).toBe('plain');
});

test('every trouble says what comes next', () => {
  for (const health of ['limited', 'away', 'refuses'] as const) expect(nextOf(queue({ health }))).toMatch(/\.$/);
  expect(nextOf(queue({}))).toBeUndefined();
  expect(nextOf(queue({ mode: 'local', health: 'none', waiting: 1 }))).toContain('age');
});

test('limits are named, the last to end first', () => {
  const q = queue({ limits: [{ category: 'error', until: '2026-11-24T12:00:00Z' }, { category: null, until: '2026-11-24T13:00:00Z' }] });
  expect(limitsOf(q).map((l) => l.what)).toEqual(['everything', 'error']);
});

test('trying again is offered where it may help', () => {
  expect(troubled([queue({})])).toBe(false);
  expect(troubled([queue({ health: 'away', waiting: 3 })])).toBe(true);
  expect(troubled([queue({ health: 'away' })])).toBe(false);
  expect(troubled([queue({ aside: 1, waiting: 1 })])).toBe(true);
});
