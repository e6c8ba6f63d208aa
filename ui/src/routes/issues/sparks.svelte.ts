import { api, ask } from '../../lib/api/client';
import { scope } from '../../lib/state.svelte';

const aPage = 100; // as many as the list asks for at a time

/**
 * sparks asks how often issues came in the time in view, by one question for a whole page of the list. Once the list has
 * grown, only for what was added. It returns what finds the events of an issue by its id: undefined until they are known.
 */
export function sparks(ids: () => readonly string[]): (id: string) => number[] | undefined {
  let known = $state.raw(new Map<string, number[]>());
  let plain = known; // read without being watched, unlike known
  let asked = '';

  $effect(() => {
    const when = scope();
    const all = ids();
    const afresh = asked !== JSON.stringify(when);
    asked = JSON.stringify(when);
    if (afresh) plain = known = new Map();
    const want = all.length <= aPage ? all : all.filter((id) => !plain.has(id)).slice(0, 1000);
    if (want.length === 0) return;
    const off = new AbortController();
    ask(api.GET('/api/v1/issues/series', { params: { query: { ...when, id: [...want] } }, signal: off.signal })).then(
      (got) => {
        plain = known = new Map([...plain, ...(got.issues ?? []).map((i) => [i.id, i.events ?? []] as const)]);
      },
      () => undefined, // a list without lines is still a list, and the next page asks again
    );
    return () => off.abort();
  });

  return (id) => known.get(id);
}
