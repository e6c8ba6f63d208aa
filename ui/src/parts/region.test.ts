import { expect, test } from 'vitest';
import { regionOf, stepOf } from './region';

test('a region holds the points that lie in it, and never none', () => {
  const x = [0, 60, 120, 180];
  const f = (from: number, to: number, first: number, last: number) => expect(regionOf(x, from, to)).toEqual({ first, last });
  f(0, 180, 0, 3);
  f(-30, 65, 0, 1);
  f(50, 130, 1, 2);
  f(60, 60, 1, 1);
  f(70, 80, 1, 1);
  f(100, 110, 2, 2);
  f(500, 600, 3, 3);
  f(-9, -8, 0, 0);
});

test('the step needs two points', () => {
  expect([stepOf([]), stepOf([5]), stepOf([5, 65, 125])]).toEqual([0, 0, 60]);
});
