// What the address of a comparison says: terms such as outcome:wrong, each for one side or for both.

/** Sides is what is compared. */
export interface Sides {
  of: 'executions' | 'events';
  selection: readonly string[];
  /** None: everything that the selection is not. */
  baseline: readonly string[];
  filter: readonly string[];
}

/** usual is the selection of executions where the address names none. */
export const usual = 'outcome:wrong';

/** sidesOf reads an address. */
export function sidesOf(p: URLSearchParams): Sides {
  const of = p.get('of') === 'events' ? 'events' : 'executions';
  const [selection, baseline, filter] = ['selection', 'baseline', 'filter'].map((name) => p.getAll(name).filter((term) => term.includes(':')));
  return { of, selection: selection?.length || of === 'events' ? (selection ?? []) : [usual], baseline: baseline ?? [], filter: filter ?? [] };
}

/** keyOf returns what a term is about. */
export function keyOf(term: string): string {
  return term.slice(0, term.indexOf(':'));
}

/** valueOf returns what it says of that. */
export function valueOf(term: string): string {
  return term.slice(term.indexOf(':') + 1);
}

/** valuesOf returns every value that terms give a key. */
export function valuesOf(terms: readonly string[], key: string): string[] {
  return terms.filter((t) => keyOf(t) === key).map(valueOf);
}

/** withValue returns terms that give a key that value alone; undefined takes the key out. */
export function withValue(terms: readonly string[], key: string, value: string | undefined): string[] {
  const rest = terms.filter((t) => keyOf(t) !== key);
  return value === undefined ? rest : [...rest, `${key}:${value}`];
}

/** without returns terms less one of them. */
export function without(terms: readonly string[], term: string): string[] {
  return terms.filter((t) => t !== term);
}

/** added returns terms with more of them, each once. Bounds of a number take the place of those before. */
export function added(terms: readonly string[], more: readonly string[]): string[] {
  const bounds = more.map(keyOf).filter((k) => /^(min|max)/.test(k));
  return [...terms.filter((t) => !bounds.includes(keyOf(t)) && !more.includes(t)), ...more];
}
