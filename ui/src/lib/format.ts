// How things are written for people. Every number gets its unit; what is unknown is a dash, never a zero.

/** dash stands for what is not known. */
export const dash = '–';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

type Maybe = number | null | undefined;

/** count writes a number in full: 12,345. */
export function count(n: Maybe): string {
  return n == null ? dash : whole.format(n);
}

/** compact writes a number in little space: 12.3K. */
export function compact(n: Maybe): string {
  return n == null ? dash : short.format(n);
}

/** tokens writes a number of tokens: 12.3K tok. */
export function tokens(n: Maybe): string {
  return n == null ? dash : `${short.format(n)} tok`;
}

/** share writes a rate between 0 and 1 in per cent, with as many digits as mean something. */
export function share(r: Maybe): string {
  if (r == null) return dash;
  const p = r * 100;
  if (p === 0 || p === 100) return `${p}%`;
  if (p < 0.1) return '<0.1%';
  if (p > 99.9) return '>99.9%';
  return `${p < 10 ? p.toFixed(1) : p.toFixed(p > 99 ? 1 : 0)}%`;
}

/** money writes nano-dollars: $1,234, $12.34, $0.0042; null is unpriced and never $0. */
export function money(nanos: Maybe): string {
  if (nanos == null) return 'unpriced';
  return usd(nanos / 1e9);
}

/** usd writes dollars as money does. */
export function usd(dollars: Maybe): string {
  if (dollars == null) return 'unpriced';
  const sign = dollars < 0 ? '-' : '';
  const d = Math.abs(dollars);
  if (d === 0) return '$0';
  if (d >= 1000) return `${sign}$${whole.format(d)}`;
  if (d >= 0.1) return `${sign}$${d.toFixed(2)}`;
  if (d < 1e-6) return `${sign}<$0.000001`;
  return `${sign}$${trim(d.toFixed(Math.min(9, 1 - Math.floor(Math.log10(d)))))}`;
}

/** costOf writes a cost that comes as a pair: the dollars say whether it is known, the nanos are exact. */
export function costOf(of: { costUsd: number | null; costNanos: number | null }): string {
  return of.costUsd == null ? 'unpriced' : money(of.costNanos);
}

/** exactMoney writes every nano-dollar, for titles: $0.004215000. */
export function exactMoney(nanos: Maybe): string {
  return nanos == null ? 'No price is known' : `$${(nanos / 1e9).toFixed(9)}`;
}

/** duration writes milliseconds: 0.4 ms, 12 ms, 1.24 s, 3 min 12 s, 2 h 5 min, 3 d 4 h. */
export function duration(ms: Maybe): string {
  if (ms == null) return dash;
  if (ms < 10) return `${trim(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${trim((ms / 1000).toFixed(2))} s`;
  if (ms < 59_950) return `${trim((ms / 1000).toFixed(1))} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return two(s, 60, 'min', 's');
  const min = Math.round(s / 60);
  if (min < 24 * 60) return two(min, 60, 'h', 'min');
  return two(Math.round(min / 60), 24, 'd', 'h');
}

function two(n: number, size: number, big: string, small: string): string {
  const rest = n % size;
  return `${Math.floor(n / size)} ${big}${rest ? ` ${rest} ${small}` : ''}`;
}

function trim(s: string): string {
  return s.includes('.') ? s.replace(/\.?0+$/, '') : s;
}

/** bytes writes a size: 812 B, 8.2 KB, 1.3 MB. */
export function bytes(n: Maybe): string {
  if (n == null) return dash;
  if (n < 1000) return `${n} B`;
  for (const [size, unit] of [[1e9, 'GB'], [1e6, 'MB']] as const) {
    if (n >= size) return `${trim((n / size).toFixed(1))} ${unit}`;
  }
  return `${trim((n / 1e3).toFixed(1))} KB`;
}

const steps = [
  [60, 1, 's'],
  [3600, 60, 'min'],
  [86400, 3600, 'h'],
  [86400 * 60, 86400, 'd'],
  [86400 * 730, 86400 * 30.4, 'mo'],
  [Infinity, 86400 * 365.25, 'y'],
] as const;

/** ago writes a time as it lies from now: now, 12 s ago, 5 min ago, in 2 h. Now is in milliseconds. */
export function ago(time: string | null | undefined, now: number): string {
  if (!time) return dash;
  const s = (now - Date.parse(time)) / 1000;
  const d = Math.abs(s);
  if (Number.isNaN(d)) return dash;
  if (d < 5) return 'now';
  const [, size, unit] = steps.find(([limit]) => d < limit) ?? steps[5];
  const text = `${Math.floor(d / size)} ${unit}`;
  return s > 0 ? `${text} ago` : `in ${text}`;
}

const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** exact writes a time in full, in the reader's zone and in UTC, for titles. */
export function exact(time: string | null | undefined): string {
  if (!time) return '';
  const t = new Date(time);
  return Number.isNaN(t.getTime()) ? time : `${full.format(t)} (${t.toISOString()})`;
}

const clocks = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });

/** clock writes the time of day to the millisecond. */
export function clock(time: string | null | undefined): string {
  const t = new Date(time ?? '');
  return Number.isNaN(t.getTime()) ? dash : clocks.format(t);
}

/** plural writes a number with its noun: 1 event, 2 events. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
