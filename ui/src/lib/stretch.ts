// Stretches of time between two moments, as addresses and people say them: pure.

/** Stretch is from a moment (included) to another (not), each in RFC 3339 and UTC. */
export interface Stretch {
  from: string;
  to: string;
}

/** stretchOf reads a stretch; undefined when the two are no moments, one after the other. */
export function stretchOf(from: string | null | undefined, to: string | null | undefined): Stretch | undefined {
  const [a, b] = [Date.parse(from ?? ''), Date.parse(to ?? '')];
  return a < b ? between(a / 1000, b / 1000) : undefined;
}

/** between makes a stretch of seconds since 1970, as short as it can be written. */
export function between(from: number, to: number): Stretch {
  const write = (s: number) => new Date(Math.round(s * 1000)).toISOString().replace('.000Z', 'Z');
  return { from: write(from), to: write(to) };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number) => String(n).padStart(2, '0');

const day = (t: Date) => `${t.getDate()} ${months[t.getMonth()]}${t.getFullYear() === new Date().getFullYear() ? '' : ` ${t.getFullYear()}`}`;
const time = (t: Date) => `${two(t.getHours())}:${two(t.getMinutes())}${t.getSeconds() ? `:${two(t.getSeconds())}` : ''}`;

/** moment writes seconds since 1970 in the reader's zone: 3 Mar 14:00. */
export function moment(seconds: number): string {
  const t = new Date(seconds * 1000);
  return `${day(t)} ${time(t)}`;
}

/** said writes a stretch in the reader's zone, without saying a day twice: 3 Mar 14:00 to 15:10. */
export function said(s: { from?: string; to?: string }): string {
  const [a, b] = [s.from, s.to].map((at) => (at ? Date.parse(at) / 1000 : undefined));
  if (a !== undefined && b !== undefined) {
    const end = new Date(b * 1000);
    return `${moment(a)} to ${day(new Date(a * 1000)) === day(end) ? time(end) : moment(b)}`;
  }
  if (a !== undefined) return `from ${moment(a)}`;
  return b === undefined ? '' : `until ${moment(b)}`;
}
