import { untrack } from 'svelte';
import { load, type Loaded } from './load.svelte';

/** Page is one answer of a list endpoint. */
export interface Page<Row> {
  rows: Row[];
  next: string | null;
}

/** Pages is a list that grows as the reader goes down it. */
export interface Pages<Row> extends Omit<Loaded<Page<Row>>, 'data' | 'set'> {
  /** All rows so far; undefined until the first answer. */
  readonly rows: Row[] | undefined;
  /** Whether there are more. */
  readonly more: boolean;
  /** fetch asks for the next page, unless it is under way or there is none. */
  fetch(): void;
  /** change replaces rows in place, such as after a PATCH. */
  change(to: (row: Row) => Row): void;
}

/** pages loads the first page as load does, and the others when fetch is called. */
export function pages<Row>(question: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>, every?: number): Pages<Row> {
  let rows = $state.raw<Row[]>();
  let next = $state.raw<string | null>(null);
  let fetching: AbortController | undefined;
  let grown = false; // a list with more than one page is not begun again under the reader's eyes
  const first = load((signal) => question(undefined, signal), every, () => grown);

  $effect(() => {
    const page = first.data;
    fetching?.abort();
    fetching = undefined;
    grown = false;
    rows = page?.rows;
    next = page?.next ?? null;
  });

  async function more(cursor: string): Promise<void> {
    const mine = new AbortController();
    fetching = mine;
    try {
      const page = await question(cursor, mine.signal);
      if (mine !== fetching) return;
      grown = true;
      rows = [...(rows ?? []), ...page.rows];
      next = page.next;
    } catch {
      // The end of the list asks again when it next comes into sight.
    } finally {
      if (mine === fetching) fetching = undefined;
    }
  }

  return {
    get rows() {
      return rows;
    },
    get more() {
      return next !== null;
    },
    get error() {
      return first.error;
    },
    get busy() {
      return first.busy;
    },
    again: first.again,
    fetch: () => untrack(() => void (next !== null && !fetching && more(next))),
    change: (to) => (rows = rows?.map(to)),
  };
}
