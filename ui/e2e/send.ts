// Sends events as an SDK does, but without one.
import { randomUUID } from 'node:crypto';

/** sent reports events in one envelope to a DSN and returns the status of the answer; parts of an event take the place of the usual ones. */
export async function sent(dsn: string, ...events: Record<string, unknown>[]): Promise<number> {
  const { origin, username, pathname } = new URL(dsn);
  const items = events.flatMap((e) => {
    const whole = { event_id: randomUUID().replaceAll('-', ''), timestamp: Date.now() / 1000, platform: 'node', level: 'error', ...e };
    return [{ type: e.type === 'transaction' ? 'transaction' : 'event' }, whole];
  });
  const body = [{}, ...items].map((part) => JSON.stringify(part)).join('\n');
  const project = pathname.split('/').at(-1);
  const path = pathname.slice(0, pathname.lastIndexOf('/'));
  const answer = await fetch(`${origin}${path}/api/${project}/envelope/`, { method: 'POST', headers: { 'X-Sentry-Auth': `Sentry sentry_version=7, sentry_key=${username}` }, body });
  await answer.arrayBuffer();
  return answer.status;
}

/** fault is an event for an error of that text. */
export function fault(value: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { exception: { values: [{ type: 'Error', value }] }, ...more };
}

/** dsnOf returns the DSN of the first project. */
export async function dsnOf(url: string): Promise<string> {
  const answer = (await (await fetch(`${url}/api/v1/projects/1/keys`)).json()) as { keys: { dsn: string }[] };
  return answer.keys[0]?.dsn ?? '';
}
