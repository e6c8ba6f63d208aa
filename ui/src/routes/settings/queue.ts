import type { Schemas } from '../../lib/api/client';
import type { Tone } from '../../parts/tones';

export type Queue = Schemas['UpstreamQueue'];

/** shownQueues returns the queues that there is something to say of: those that go somewhere, or wait. */
export function shownQueues(queues: readonly Queue[] | null): Queue[] {
  return (queues ?? []).filter((q) => q.mode === 'forwarding' || q.waiting > 0);
}

/** healthOf says in a word how an upstream takes what it is sent, and how bad that is. */
export function healthOf(q: Queue): { word: string; tone: Tone } {
  switch (q.health) {
    case 'none':
      return { word: 'no upstream', tone: q.waiting > 0 ? 'warn' : 'plain' };
    case 'limited':
      return { word: 'limits', tone: 'warn' };
    case 'away':
      return { word: 'away', tone: 'bad' };
    case 'refuses':
      return { word: 'refuses the key', tone: 'bad' };
  }
  return q.aside > 0 ? { word: 'refused some', tone: 'warn' } : { word: 'takes all', tone: 'good' };
}

/** nextOf says what happens to what waits, and what somebody can do. */
export function nextOf(q: Queue): string | undefined {
  switch (q.health) {
    case 'none':
      return q.waiting > 0 ? 'It goes once there is an upstream again, or is given up for its age.' : undefined;
    case 'limited':
      return 'It goes when the limit is over. Sampling and filters send less; the quota is set at the upstream.';
    case 'away':
      return 'Nothing is lost: it is tried again at growing intervals, and goes in order once the upstream answers.';
    case 'refuses':
      return 'Put a DSN above whose key is good. Until then one envelope a minute asks again.';
  }
  return undefined;
}

/** limitsOf names what an upstream asked to wait, the last that ends first. */
export function limitsOf(q: Queue): { what: string; until: string }[] {
  return [...(q.limits ?? [])].sort((a, b) => b.until.localeCompare(a.until)).map((l) => ({ what: l.category ?? 'everything', until: l.until }));
}

/** troubled reports whether trying again at once may help. */
export function troubled(queues: readonly Queue[]): boolean {
  return queues.some((q) => q.waiting > 0 && (q.aside > 0 || q.health === 'away' || q.health === 'refuses' || q.health === 'limited'));
}
