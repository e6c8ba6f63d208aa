import { api, ask, type Schemas } from '../lib/api/client';
import { pretty, type Entry } from './story';

type Part = Schemas['WholePart'];

/** whole fetches all of a text that a transcript cut: of the parts of the entry's span the one that begins like it. */
export async function whole(entry: Entry, get: (part: Part) => unknown, beginning: unknown): Promise<string | undefined> {
  if (!entry.traceId || !entry.spanId) return undefined;
  const path = { traceId: entry.traceId, spanId: entry.spanId };
  const span = await ask(api.GET('/api/v1/traces/{traceId}/spans/{spanId}', { params: { path } }));
  const start = (v: unknown) => (typeof v === 'string' ? v : (JSON.stringify(v) ?? '')).slice(0, 200);
  const wanted = start(beginning);
  for (const part of (span.messages ?? []).flatMap((m) => m.parts ?? [])) {
    const value = get(part);
    if (value != null && start(value) === wanted) return pretty(value);
  }
  return undefined;
}
