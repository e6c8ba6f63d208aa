// Where the pages stand: a proxy may serve them below a path. The server writes it into the first page.

/** baseOf returns the path before every page from what the first page says: '' at the root, else such as /picket. */
export function baseOf(said: string | null | undefined): string {
  return said?.startsWith('/') ? said.replace(/\/+$/, '') : '';
}

/** base is the path before every page, without a slash at its end. */
export const base = baseOf(globalThis.document?.querySelector('meta[name=base]')?.getAttribute('content'));

/** at returns where something is that the server answers itself, such as /docs. */
export function at(path: string): string {
  return base + path;
}

/** inside returns the path of a page from that of an address. */
export function inside(pathname: string, under = base): string {
  return pathname === under || pathname.startsWith(`${under}/`) ? pathname.slice(under.length) || '/' : pathname;
}
