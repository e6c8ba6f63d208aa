// What the live tail says of a list of executions.
import type { Schemas } from '../../lib/api/client';

type Run = Pick<Schemas['Execution'], 'id' | 'ended' | 'outcome'>;

/** answered are the parameters that the stream can tell by, and those that do not matter to it. */
const answered = ['project', 'env', 'window', 'agent', 'outcome'];

/** hearable returns what to listen for; null for a list whose filters or order the stream knows nothing of. */
export function hearable(p: URLSearchParams): URLSearchParams | null {
  if ([...p].some(([name, value]) => value !== '' && !answered.includes(name))) return null;
  const out = new URLSearchParams({ kind: 'execution', running: 'true' });
  for (const [from, to] of [['project', 'project'], ['env', 'environment'], ['agent', 'agentId']] as const) {
    const value = p.get(from);
    if (value) out.set(to, value);
  }
  return out;
}

/** freshOf counts what was heard and is not in the list, and what ended since. Outcome is the list's filter. */
export function freshOf(heard: Iterable<Run>, rows: readonly Run[], outcome: string): { added: number; ended: number } {
  const known = new Map(rows.map((r) => [r.id, r]));
  let [added, ended] = [0, 0];
  for (const x of heard) {
    const row = known.get(x.id);
    if (row) ended += x.ended && !row.ended ? 1 : 0;
    else added += outcome === '' || outcome.split(',').includes(x.outcome) ? 1 : 0;
  }
  return { added, ended };
}
