import { expect, test } from 'vitest';
import { freshOf, hearable } from './fresh';

test('only lists are followed whose filters the stream knows', () => {
  const f = (address: string, want: string | null) => expect(hearable(new URLSearchParams(address))?.toString() ?? null).toBe(want);
  f('', 'kind=execution&running=true');
  f('window=7d&project=api&env=live&agent=desk&outcome=ok', 'kind=execution&running=true&project=api&environment=live&agentId=desk');
  f('rule=loop', null);
  f('sort=cost', null);
  f('sort=', 'kind=execution&running=true');
});

test('what is new and what ended', () => {
  const run = (id: string, outcome: 'running' | 'ok' | 'error') => ({ id, outcome, ended: outcome !== 'running' });
  const f = (outcome: string, added: number, ended: number) =>
    expect(freshOf([run('a', 'ok'), run('b', 'running'), run('c', 'error'), run('d', 'ok')], [run('a', 'running'), run('b', 'running'), run('d', 'ok')], outcome)).toEqual({ added, ended });
  f('', 1, 1);
  f('error,failed', 1, 1);
  f('ok', 0, 1);
});
