import { expect, test } from 'vitest';
import { placeOf, ratio, scaleOf } from './scale';

const interval = (low: number | null, estimate: number | null, high: number | null) => ({ low, estimate, high });

test('the axis holds every interval, and cuts the endless ones', () => {
  expect(scaleOf([])).toEqual({ low: 0.5, high: 2 });
  expect(scaleOf([interval(0.25, 1, 4), interval(null, null, null)])).toEqual({ low: 0.25, high: 4 });
  expect(scaleOf([interval(0, 5, 1000)])).toEqual({ low: 0.5, high: 64 });
});

test('a ratio lies by its factor', () => {
  const f = (at: number, want: number) => expect(placeOf({ low: 0.25, high: 4 }, at)).toBeCloseTo(want);
  f(1, 0.5);
  f(2, 0.75);
  f(0.25, 0);
  f(0, 0);
  f(100, 1);
});

test('ratios are written with the digits that they deserve', () => {
  expect([null, 0.333, 1, 4.76, 14.49].map(ratio)).toEqual(['–', '×0.33', '×1.0', '×4.8', '×14']);
});
