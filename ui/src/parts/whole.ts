import { api, ask, type Schemas } from '../lib/api/client';
import { pretty, type Entry } from './story';

type Part = Schemas['WholePart'];

/** whole fetches all of a text that a transcript cut: of the parts of the entry's span the one that begins like it. */
export async function whole(entry: Entry, get: (part: Part) => unknown, beginning: unknown): Promise<string | undefined> {
  if (!entry.traceId || !entry.spanId) return undefined;
  const path = { traceId: entry.traceId, spanId: entry.spanId };
  const span = await ask(api.GET('/api/v1/traces/{traceId}/spans/{spanId}', { params: { path } }));
  const wanted = (typeof beginning === 'string' ? beginning : (JSON.stringify(beginning) ?? '')).slice(0, 200);
  // Of what is no text the transcript has the beginning as JSON, quotes and all.
  const begins = (v: unknown) => [v, JSON.stringify(v)].some((t) => typeof t === 'string' && t.slice(0, 200) === wanted);
  const values = (span.messages ?? []).flatMap((m) => m.parts ?? []).map(get);
  const found = values.find((v) => v != null && begins(v));
  return found == null ? undefined : pretty(found);
}
