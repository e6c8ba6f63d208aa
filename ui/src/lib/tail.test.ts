import { expect, test } from 'vitest';
import { Inbox, rowOf, tailQuery } from './tail';

test('the inbox keeps the latest and counts what it lost', () => {
  const inbox = new Inbox<number>(3);
  const f = (puts: number[], size: number, lost: number) => {
    for (const n of puts) inbox.put(n);
    expect([inbox.size, inbox.lost]).toEqual([size, lost]);
  };
  f([], 0, 0);
  f([1, 2], 2, 0);
  f([3, 4], 3, 1);
  f([5, 6, 7, 8, 9], 3, 6);
  expect(inbox.take()).toEqual([9, 8, 7]);
  f([], 0, 0);
  f([10], 1, 0);
  expect(inbox.take()).toEqual([10]);
});

test('the address says what to listen for', () => {
  const f = (address: string, want: string) => expect(tailQuery(new URLSearchParams(address)).toString()).toBe(want);
  f('', '');
  f('window=7d&show=e:1', '');
  f('project=api&env=live', 'project=api&environment=live');
  f('level=error&agent=desk&text=no+funds', 'level=error&agentId=desk&text=no+funds');
  f('level=loud&kind=span', '');
  f('kind=execution', 'kind=execution');
  f('kind=all', 'transactions=true');
});

test('messages become rows', () => {
  const event = { kind: 'error', eventId: 'ab', timestamp: '2026-01-01T00:00:00Z', level: 'fatal', title: 'T', culprit: 'f', agentId: null, environment: 'live', durationMs: null, transaction: null };
  expect(rowOf({ name: 'event', data: JSON.stringify(event) }, 7)).toMatchObject({ key: 7, kind: 'error', state: 'fatal', title: 'T', agent: '', environment: 'live', show: 'e:ab' });
  const run = { id: 'r/1', startedAt: '2026-01-01T00:00:00Z', durationMs: 1500, outcome: 'failed', reason: 'loop', agent: { id: 'desk', name: '' }, environment: null };
  expect(rowOf({ name: 'execution', data: JSON.stringify(run) }, 8)).toMatchObject({ kind: 'execution', time: '2026-01-01T00:00:01.500Z', state: 'failed', title: 'desk', detail: 'loop', show: 'x:r/1' });
  expect(rowOf({ name: 'gap', data: '"2026-01-01T00:00:00Z"' }, 9)).toMatchObject({ kind: 'gap', show: '' });
  expect(rowOf({ name: 'event', data: 'rubbish' }, 1)).toBeNull();
});
