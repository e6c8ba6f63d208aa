import { expect, test } from 'vitest';
import { between, said, stretchOf } from './stretch';

test('a stretch is two moments, one after the other', () => {
  const f = (from: string | null, to: string | null, want: unknown) => expect(stretchOf(from, to)).toEqual(want);
  f('2026-03-03T14:00:00Z', '2026-03-03T15:10:00Z', { from: '2026-03-03T14:00:00Z', to: '2026-03-03T15:10:00Z' });
  f('2026-03-03T15:00:00+01:00', '2026-03-03T15:10:00.5Z', { from: '2026-03-03T14:00:00Z', to: '2026-03-03T15:10:00.500Z' });
  f('2026-03-03T15:10:00Z', '2026-03-03T14:00:00Z', undefined);
  f('2026-03-03T15:10:00Z', '2026-03-03T15:10:00Z', undefined);
  f('2026-03-03T14:00:00Z', null, undefined);
  f(null, null, undefined);
  f('yesterday', 'today', undefined);
});

test('seconds are written without more digits than they have', () => {
  expect(between(1_772_546_400, 1_772_550_600)).toEqual({ from: '2026-03-03T14:00:00Z', to: '2026-03-03T15:10:00Z' });
});

test('a stretch is said without saying a day twice', () => {
  const at = (day: number, h: number, m: number, s = 0) => new Date(new Date().getFullYear(), 2, day, h, m, s).toISOString();
  const f = (from: string | undefined, to: string | undefined, want: string) => expect(said({ from, to })).toBe(want);
  f(at(3, 14, 0), at(3, 15, 10), '3 Mar 14:00 to 15:10');
  f(at(3, 14, 0), at(4, 9, 5), '3 Mar 14:00 to 4 Mar 09:05');
  f(at(3, 14, 0, 7), undefined, 'from 3 Mar 14:00:07');
  f(undefined, at(3, 14, 0), 'until 3 Mar 14:00');
  f(undefined, undefined, '');
  f(new Date(2019, 0, 2, 3, 4).toISOString(), new Date(2019, 0, 2, 5, 6).toISOString(), '2 Jan 2019 03:04 to 05:06');
});
