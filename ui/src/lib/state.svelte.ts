// The one place that reads and writes the address.
import { untrack } from 'svelte';
import { base, inside } from './base';
import { address, carried, defaultWindow, merge, type Change } from './query';
import { stretchOf, type Stretch } from './stretch';

class Place {
  /** The path, reactive. */
  path = $state(inside(location.pathname));
  /** The parameters, reactive; never change them in place. */
  params = $state.raw(new URLSearchParams(location.search));

  /** get returns a parameter's value, or the fallback where the address has none. */
  get(key: string, fallback = ''): string {
    return this.params.get(key) ?? fallback;
  }

  /** all returns every value of a parameter that may be given more than once. */
  all(key: string): string[] {
    return this.params.getAll(key);
  }

  /** on says whether a parameter is set to 1. */
  on(key: string): boolean {
    return this.params.get(key) === '1';
  }

  /** The two moments between which the reader looks; undefined where the window says it. */
  get stretch(): Stretch | undefined {
    return stretchOf(this.params.get('from'), this.params.get('to'));
  }

  /** The window of time in view, such as 24h; where there is a stretch, the one to go back to. */
  get window(): string {
    return this.get('window', defaultWindow);
  }

  /** The project in view by slug; undefined for all of them. */
  get project(): string | undefined {
    return this.params.get('project') ?? undefined;
  }

  /** The environment in view; undefined for all of them. */
  get environment(): string | undefined {
    return this.params.get('env') ?? undefined;
  }
}

/** place is where the reader is. */
export const place = new Place();

/** Scope is what most endpoints take as it stands: a window or two moments, environment and project. */
export interface Scope {
  window?: string;
  from?: string;
  to?: string;
  environment?: string;
  project?: string[];
}

/** scope returns what the address says of it. */
export function scope(): Scope {
  return {
    ...(place.stretch ?? { window: place.window }),
    ...(place.environment ? { environment: place.environment } : {}),
    ...(place.project ? { project: [place.project] } : {}),
  };
}

/** href builds a link to a page that carries project, environment and time along. */
export function href(path: string, change: Change = {}): string {
  return base + address(path, merge(carried(place.params), change));
}

/** here builds a link to this page with some parameters changed. */
export function here(change: Change): string {
  return base + address(place.path, merge(place.params, change));
}

/** go opens an address; replace leaves no step to go back to. */
export function go(to: string, replace = false): void {
  if (to === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  read();
}

/** put changes parameters of this page. By default without a step in the history: a filter is no page. */
export function put(change: Change, replace = true): void {
  untrack(() => go(here(change), replace));
}

function read(): void {
  place.path = inside(location.pathname);
  place.params = new URLSearchParams(location.search);
}

/** follow keeps the place true to the browser's history, and turns clicks on our own links into steps. */
export function follow(): () => void {
  const clicked = (e: MouseEvent) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const a = e.target instanceof Element ? e.target.closest('a') : null;
    if (!a || a.target || a.hasAttribute('download') || a.origin !== location.origin || elsewhere(a.pathname)) return;
    e.preventDefault();
    go(a.pathname + a.search);
  };
  addEventListener('popstate', read);
  document.addEventListener('click', clicked);
  return () => {
    removeEventListener('popstate', read);
    document.removeEventListener('click', clicked);
  };
}

/** elsewhere says whether an address is no page of ours, so that the browser has to ask for it. */
function elsewhere(pathname: string): boolean {
  return !`${pathname}/`.startsWith(`${base}/`) || /^\/(api|sentry|docs|openapi\.json)(\/|$)/.test(inside(pathname));
}
