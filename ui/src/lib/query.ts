// What an address says, without a browser: pure, so that tests can ask it.

/** Change names parameters and their new values; null, undefined and '' take one out, an array repeats it. */
export type Change = Record<string, string | readonly string[] | null | undefined>;

/** The parameters that go along from page to page. */
export const shared = ['project', 'env', 'window', 'from', 'to'] as const;

/** Windows that the time picker offers, with their names. */
export const windows = [
  ['1h', 'Last hour'],
  ['6h', 'Last 6 hours'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
  ['90d', 'Last 90 days'],
] as const;

/** defaultWindow is the window of an address that names none. */
export const defaultWindow = '24h';

/** merge returns params with the change made; params itself stays as it is. */
export function merge(params: URLSearchParams, change: Change): URLSearchParams {
  const out = new URLSearchParams(params);
  for (const [key, value] of Object.entries(change)) {
    out.delete(key);
    for (const v of typeof value === 'string' ? [value] : (value ?? [])) {
      if (v !== '') out.append(key, v);
    }
  }
  return out;
}

/** carried returns the shared parameters of params, and no others. */
export function carried(params: URLSearchParams): URLSearchParams {
  const out = new URLSearchParams();
  for (const key of shared) {
    const value = params.get(key);
    if (value) out.set(key, value);
  }
  return out;
}

/** address joins a path and parameters; colons, commas, slashes and at signs stay readable. */
export function address(path: string, params: URLSearchParams): string {
  const query = params.toString().replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%2F', '/').replaceAll('%40', '@');
  return query === '' ? path : `${path}?${query}`;
}

/** windowMs returns a window's length in milliseconds; what is no window counts as the default one. */
export function windowMs(window: string): number {
  const m = /^(\d+)([mhdw])$/.exec(window);
  if (!m) return windowMs(defaultWindow);
  const unit = { m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 }[m[2] as 'm' | 'h' | 'd' | 'w'];
  return Number(m[1]) * unit;
}

/** match holds a path against a pattern such as /issues/:id; null when it does not fit. Parts are decoded. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split('/').filter(Boolean);
  const have = path.split('/').filter(Boolean);
  if (want.length !== have.length) return null;
  const out: Record<string, string> = {};
  for (const [i, part] of want.entries()) {
    const got = have[i] ?? '';
    if (part.startsWith(':')) out[part.slice(1)] = decode(got);
    else if (part !== got) return null;
  }
  return out;
}

function decode(s: string): string {
  try {
    return decodeURIComponent(s);
  } catch {
    return s; // a stranger's address; the page will say that there is no such thing
  }
}
