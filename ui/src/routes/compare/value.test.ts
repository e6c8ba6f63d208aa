import { expect, test } from 'vitest';
import type { Schemas } from '../../lib/api/client';
import { doubt, pointsOf, valueName } from './value';

type Value = Schemas['ContrastValue'];

const value = (of: Partial<Value>) => ({ value: '', label: null, range: false, from: null, below: null, p: null, verdict: 'cannot tell', ...of }) as Value;

test('values are named, and ranges have units', () => {
  const f = (key: string, of: Partial<Value>, want: string) => expect(valueName(key, value(of))).toBe(want);
  f('release', { value: 'a@1' }, 'a@1');
  f('release', {}, 'none');
  f('issue', { value: '7', label: 'APP-7 it broke' }, 'APP-7 it broke');
  f('duration', { range: true, below: 1500 }, 'below 1.5 s');
  f('cost', { range: true, from: 0.5, below: 2 }, '$0.50 to $2.00');
  f('tokens', { range: true, from: 12000 }, '12,000 or more');
  f('tokens', { range: true }, 'any');
  f('cost', {}, 'unpriced');
  f('duration', {}, 'not ended');
});

test('differences have a sign', () => {
  expect([0.574, -0.031, 0.0001, null].map(pointsOf)).toEqual(['+57', '−3.1', '±0.0', '–']);
});

test('doubts', () => {
  expect(doubt(value({}), false)).toBe('too few');
  expect(doubt(value({ p: 0.2 }), false)).toBe('may be chance');
  expect(doubt(value({ verdict: 'more often' }), false)).toBe('');
  expect(doubt(value({}), true)).toBe('');
});
