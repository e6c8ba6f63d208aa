// Modules of pages, fetched before somebody goes there.
import { match } from './query';

/** Loads is as much of a route as it takes to load its page. */
export interface Loads {
  path: string;
  load: () => Promise<unknown>;
}

/** find returns the route that a path belongs to, with the named parts of the path. */
export function find<R extends { path: string }>(routes: readonly R[], path: string): { route: R; params: Record<string, string> } | undefined {
  for (const route of routes) {
    const params = match(route.path, path);
    if (params) return { route, params };
  }
  return undefined;
}

/** fetchPage begins to load the page of a path. Whether that works, whoever goes there finds out. */
export function fetchPage(routes: readonly Loads[], path: string): void {
  void find(routes, path)?.route.load().catch(() => undefined);
}

/** fetchRest loads the pages that are left one by one, whenever the browser has nothing else to do. Returns what stops it. */
export function fetchRest(routes: readonly Loads[], idle: (work: () => void) => void = whenIdle): () => void {
  let left = [...routes];
  const next = () => {
    const route = left.shift();
    if (route) void route.load().then(() => idle(next), () => idle(next));
  };
  idle(next);
  return () => (left = []);
}

function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(work, { timeout: 10_000 });
  else setTimeout(work, 300);
}
