import { expect, test } from 'vitest';
import { added, sidesOf, withValue } from './terms';
import { head, listOf, sideWords } from './words';

test('sides are read from the address', () => {
  const f = (query: string, want: object) => expect(sidesOf(new URLSearchParams(query))).toEqual({ of: 'executions', selection: [], baseline: [], filter: [], ...want });
  f('', { selection: ['outcome:wrong'] });
  f('selection=nonsense', { selection: ['outcome:wrong'] });
  f('of=events', { of: 'events' });
  f('selection=release:a:b&selection=tool:&filter=agent:x&baseline=release:c', { selection: ['release:a:b', 'tool:'], filter: ['agent:x'], baseline: ['release:c'] });
});

test('terms change', () => {
  expect(withValue(['release:a', 'release:b', 'tool:t'], 'release', 'c')).toEqual(['tool:t', 'release:c']);
  expect(withValue(['release:a'], 'release', undefined)).toEqual([]);
  expect(added(['agent:x', 'minMs:5'], ['minMs:7', 'maxMs:9'])).toEqual(['agent:x', 'minMs:7', 'maxMs:9']);
  expect(added(['agent:x'], ['agent:x'])).toEqual(['agent:x']);
});

test('a side is said in words', () => {
  const f = (terms: string[], want: string) => expect(sideWords(terms)).toBe(want);
  const at = (h: number) => new Date(new Date().getFullYear(), 2, 3, h).toISOString();
  f([], '');
  f(['outcome:wrong'], 'that went wrong');
  f(['outcome:error', 'outcome:failed'], 'that ended with an error or that failed');
  f(['release:fleet@3.1.0', 'release:fleet@3.2.0'], 'of release fleet@3.1.0 or fleet@3.2.0');
  f(['fault:'], 'without fault');
  f(['outcome:wrong', 'agent:till'], 'of till that went wrong');
  f(['looped:true', 'violated:false'], 'that went round in circles and violated no policy');
  f(['minMs:5000', 'maxCostUsd:0.25'], 'that took 5 s or longer and cost less than $0.25');
  f([`from:${at(14)}`, `to:${at(15)}`, 'outcome:wrong'], 'that went wrong, 3 Mar 14:00 to 15:00');
  f(['release:$&'], 'of release $&');
});

test('a head has the number', () => {
  const at = (h: number) => new Date(new Date().getFullYear(), 2, 3, h).toISOString();
  expect(head(1204, false, 'executions', ['outcome:wrong'])).toBe('1,204 executions that went wrong');
  expect(head(1, false, 'events', [])).toBe('1 event');
  expect(head(80, true, 'executions', [`from:${at(14)}`, `to:${at(15)}`])).toBe('about 80 executions, 3 Mar 14:00 to 15:00');
});

test('a selection leads to its list, and says what the list cannot show', () => {
  const of = { of: 'executions', selection: [], baseline: [], filter: [] } as const;
  const f = (s: object, want: object) => expect(listOf({ ...of, ...s })).toEqual({ path: '/executions', change: {}, missing: [], ...want });
  f({ selection: ['outcome:wrong', 'release:r'], filter: ['agent:a', 'minCostUsd:0.5'] }, { change: { outcome: 'error,failed', release: 'r', agent: 'a', minCost: '0.5' } });
  f({ selection: ['tool:a', 'tool:b', 'fault:', 'version:1'] }, { missing: ['tool', 'fault', 'agent version'] });
  f({ selection: ['from:x', 'to:y', 'looped:true'] }, { change: { from: 'x', to: 'y', looped: '1' } });
  f({ of: 'events', selection: ['type:A B', 'level:error'], filter: ['environment:prod'] }, { path: '/issues', change: { query: 'error.type:"A B" level:"error"', env: 'prod' } });
  f({ of: 'events', selection: ['organization:o'] }, { path: '/issues', change: { query: ' ' }, missing: ['customer organization'] });
});
