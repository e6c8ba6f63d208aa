import type { Schemas } from '../../lib/api/client';
import { count, dash, duration, usd } from '../../lib/format';

type Value = Schemas['ContrastValue'];

const writers: Record<string, (n: number) => string> = { duration, cost: usd, tokens: count };

/** valueName says what a value is: a name, or a range with its unit. */
export function valueName(key: string, v: Value): string {
  const write = writers[key];
  if (!write) return v.label ?? (v.value || 'none');
  if (!v.range) return key === 'cost' ? 'unpriced' : key === 'duration' ? 'not ended' : 'none';
  if (v.from !== null && v.below !== null) return `${write(v.from)} to ${write(v.below)}`;
  if (v.from !== null) return `${write(v.from)} or more`;
  return v.below === null ? 'any' : `below ${write(v.below)}`;
}

/** pointsOf writes a difference of shares in percentage points, with its sign. */
export function pointsOf(difference: number | null): string {
  if (difference === null) return dash;
  const n = Math.abs(100 * difference);
  const text = n >= 10 ? n.toFixed(0) : n.toFixed(1);
  return `${+text === 0 ? '±' : difference > 0 ? '+' : '−'}${text}`;
}

/** doubt says in two words why there is no verdict; empty where there is one. */
export function doubt(v: Value, defines: boolean): string {
  if (defines || v.verdict !== 'cannot tell') return '';
  return v.p === null ? 'too few' : 'may be chance';
}
