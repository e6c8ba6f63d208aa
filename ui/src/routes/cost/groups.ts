/** groups are what cost is asked by, with the names that the picker shows. */
export const groups = [
  ['agent', 'Agent'],
  ['organization', 'Organization'],
  ['environment', 'Environment'],
  ['release', 'Release'],
  ['model', 'Model'],
  ['tool', 'Tool'],
  ['policy', 'Policy'],
  ['errorType', 'Error type'],
  ['fault', 'Fault'],
  ['rule', 'Rule of outcome'],
  ['issue', 'Issue'],
] as const;

/** Group is one of them. */
export type Group = (typeof groups)[number][0];

/** groupOf returns the group that a text names, agent when it names none. */
export function groupOf(text: string): Group {
  return groups.find(([value]) => value === text)?.[0] ?? 'agent';
}
