import type { Schemas } from '../../lib/api/client';

/** Scale is the axis that the plots of a page share: ratios from low to high, in equal steps of factors. */
export interface Scale {
  low: number;
  high: number;
}

/** scaleOf returns an axis that holds every interval; what lies beyond 1/64 or 64 is cut, or it would press the rest flat. */
export function scaleOf(ratios: readonly Schemas['Interval'][]): Scale {
  const ends = ratios.flatMap((r) => [r.low, r.high, r.estimate]).filter((n): n is number => n !== null && n > 0);
  return { low: Math.max(1 / 64, Math.min(0.5, ...ends)), high: Math.min(64, Math.max(2, ...ends)) };
}

/** placeOf returns where a ratio lies on the axis, from 0 to 1; beyond an end it is that end. */
export function placeOf(scale: Scale, ratio: number): number {
  const at = Math.log(Math.max(ratio, 1e-9) / scale.low) / Math.log(scale.high / scale.low);
  return Math.min(1, Math.max(0, at));
}

/** ratio writes how many times as often: ×4.8. */
export function ratio(n: number | null): string {
  return n === null ? '–' : `×${n < 10 ? n.toFixed(n < 1 ? 2 : 1) : n.toFixed(0)}`;
}
