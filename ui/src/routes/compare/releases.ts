const natural = new Intl.Collator('en', { numeric: true });

/** byVersion sorts the names of releases with the newest first, each once; also are names that are chosen already. */
export function byVersion(names: readonly string[], also: readonly string[] = []): string[] {
  return [...new Set([...names, ...also])].toSorted((a, b) => natural.compare(b, a));
}
