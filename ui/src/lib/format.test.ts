import { expect, test } from 'vitest';
import { ago, bytes, clock, compact, costOf, count, duration, exact, exactMoney, money, plural, share, tokens } from './format';

type Maybe = number | null | undefined;

test('money', () => {
  const f = (nanos: Maybe, want: string) => expect(money(nanos)).toBe(want);
  f(null, 'unpriced');
  f(undefined, 'unpriced');
  f(0, '$0');
  f(1, '<$0.000001');
  f(4_215_000, '$0.0042');
  f(50_000_000, '$0.05');
  f(99_400_000, '$0.099');
  f(100_000_000, '$0.10');
  f(12_345_000_000, '$12.35');
  f(999_994_000_000, '$999.99');
  f(1_234_567_000_000, '$1,235');
  f(-2_500_000_000, '-$2.50');
});

test('cost is unpriced when its dollars are null, whatever the nanos say', () => {
  expect(costOf({ costUsd: null, costNanos: 0 })).toBe('unpriced');
  expect(costOf({ costUsd: 0, costNanos: 0 })).toBe('$0');
  expect(costOf({ costUsd: 1.5, costNanos: 1_500_000_000 })).toBe('$1.50');
});

test('exact money names every nano-dollar', () => {
  expect(exactMoney(4_215_001)).toBe('$0.004215001');
  expect(exactMoney(null)).toBe('No price is known');
});

test('durations', () => {
  const f = (ms: Maybe, want: string) => expect(duration(ms)).toBe(want);
  f(null, '–');
  f(0, '0 ms');
  f(0.44, '0.4 ms');
  f(12.4, '12 ms');
  f(999, '999 ms');
  f(999.6, '1 s');
  f(1_240, '1.24 s');
  f(12_340, '12.3 s');
  f(59_960, '1 min');
  f(192_000, '3 min 12 s');
  f(7_500_000, '2 h 5 min');
  f(273_600_000, '3 d 4 h');
});

test('counts, tokens, shares, sizes', () => {
  expect(count(12345)).toBe('12,345');
  expect(count(null)).toBe('–');
  expect(compact(12345)).toBe('12.3K');
  expect(tokens(1_250_000)).toBe('1.25M tok');
  expect(plural(1, 'event')).toBe('1 event');
  expect(plural(2, 'event')).toBe('2 events');
  const f = (r: Maybe, want: string) => expect(share(r)).toBe(want);
  f(null, '–');
  f(0, '0%');
  f(1, '100%');
  f(0.0004, '<0.1%');
  f(0.9999, '>99.9%');
  f(0.034, '3.4%');
  f(0.42, '42%');
  f(0.995, '99.5%');
  const g = (n: Maybe, want: string) => expect(bytes(n)).toBe(want);
  g(812, '812 B');
  g(8_200, '8.2 KB');
  g(1_300_000, '1.3 MB');
});

test('relative time', () => {
  const now = Date.parse('2026-03-10T12:00:00Z');
  const f = (time: string | null, want: string) => expect(ago(time, now)).toBe(want);
  f(null, '–');
  f('rubbish', '–');
  f('2026-03-10T11:59:57Z', 'now');
  f('2026-03-10T11:59:30Z', '30 s ago');
  f('2026-03-10T11:01:00Z', '59 min ago');
  f('2026-03-10T10:00:00Z', '2 h ago');
  f('2026-03-08T12:00:00Z', '2 d ago');
  f('2025-11-10T12:00:00Z', '3 mo ago');
  f('2023-03-10T12:00:00Z', '3 y ago');
  f('2026-03-10T14:00:00Z', 'in 2 h');
});

test('exact time says the zone', () => {
  expect(exact('2026-03-10T12:00:00Z')).toContain('(2026-03-10T12:00:00.000Z)');
  expect(exact('rubbish')).toBe('rubbish');
  expect(exact(null)).toBe('');
  expect(clock(null)).toBe('–');
  expect(clock('2026-03-10T12:00:00.120Z')).toMatch(/\d\d:\d\d:00\.120/);
});
