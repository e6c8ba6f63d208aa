import { expect, test } from 'vitest';
import { address, carried, match, merge, windowMs, type Change } from './query';

test('merge changes, adds and takes out', () => {
  const f = (before: string, change: Change, want: string) => expect(merge(new URLSearchParams(before), change).toString()).toBe(want);
  f('', { a: '1' }, 'a=1');
  f('a=1&b=2', { a: null }, 'b=2');
  f('a=1&b=2', { a: '' }, 'b=2');
  f('a=1', { a: undefined }, '');
  f('a=1', { a: '3', c: '4' }, 'a=3&c=4');
  f('a=1&a=2', { a: ['x', 'y'] }, 'a=x&a=y');
  f('a=1', { a: [] }, '');
  f('a=1', {}, 'a=1');
});

test('merge leaves what it was given alone', () => {
  const before = new URLSearchParams('a=1');
  merge(before, { a: '2' });
  expect(before.get('a')).toBe('1');
});

test('carried keeps project, environment and time only', () => {
  const f = (before: string, want: string) => expect(carried(new URLSearchParams(before)).toString()).toBe(want);
  f('window=7d&tab=raw&project=api&env=live&cursor=x', 'project=api&env=live&window=7d');
  f('tab=raw', '');
  f('to=b&from=a&window=7d&cursor=x', 'window=7d&from=a&to=b');
  f('env=', '');
});

test('address stays readable', () => {
  const f = (query: string, want: string) => expect(address('/issues', new URLSearchParams(query))).toBe(want);
  f('', '/issues');
  f('query=is:unresolved level:error', '/issues?query=is:unresolved+level:error');
  f('query=a%26b', '/issues?query=a%26b');
  f('release=fleet@3.1.0', '/issues?release=fleet@3.1.0');
  f('from=2026-03-03T14:00:00Z', '/issues?from=2026-03-03T14:00:00Z');
});

test('match takes a path apart', () => {
  const f = (pattern: string, path: string, want: Record<string, string> | null) => expect(match(pattern, path)).toEqual(want);
  f('/', '/', {});
  f('/', '/issues', null);
  f('/issues', '/issues/', {});
  f('/issues/:id', '/issues/DEFAULT-1A', { id: 'DEFAULT-1A' });
  f('/issues/:id', '/issues', null);
  f('/agents/:id', '/agents/a%2Fb%20c', { id: 'a/b c' });
  f('/agents/:id', '/agents/100%', { id: '100%' });
  f('/a/:x/b/:y', '/a/1/b/2', { x: '1', y: '2' });
  f('/a/:x/b', '/a/1/c', null);
});

test('windowMs knows every unit', () => {
  const f = (window: string, want: number) => expect(windowMs(window)).toBe(want);
  f('30m', 1_800_000);
  f('1h', 3_600_000);
  f('7d', 604_800_000);
  f('2w', 1_209_600_000);
  f('nonsense', 86_400_000);
});
