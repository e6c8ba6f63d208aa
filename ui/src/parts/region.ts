// Regions of a chart over time: pure, so that tests can ask them.

/** Region is the first and the last point of what was picked. */
export interface Region {
  first: number;
  last: number;
}

/** regionOf returns the points that lie between two seconds, or the one nearest to their middle; x is not empty. */
export function regionOf(x: readonly number[], from: number, to: number): Region {
  const first = x.findIndex((s) => s >= from);
  const last = x.findLastIndex((s) => s <= to);
  if (first >= 0 && last >= first) return { first, last };
  const middle = (from + to) / 2;
  let near = 0;
  for (const [i, s] of x.entries()) if (Math.abs(s - middle) < Math.abs((x[near] ?? 0) - middle)) near = i;
  return { first: near, last: near };
}

/** stepOf returns the seconds from one point to the next; 0 where there are not two. */
export function stepOf(x: readonly number[]): number {
  return x.length < 2 ? 0 : (x[1] ?? 0) - (x[0] ?? 0);
}
