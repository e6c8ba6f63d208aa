import type { Schemas } from '../../lib/api/client';
import type { Filter } from '../../parts/Filters.svelte';
import type { Tone } from '../../parts/tones';

/** Settings are how Picket talks with Sentry beside forwarding. */
export type Settings = Schemas['SentrySettings'];

/** Draft is a change of them, as the form has it. Secrets are what was typed; what is set is never known here. */
export interface Draft {
  webhookSecret: string;
  allowFrom: string;
  apiUrl: string;
  apiToken: string;
  organization: string;
}

/** draftOf returns a draft that changes nothing. */
export function draftOf(s: Settings): Draft {
  return { webhookSecret: '', allowFrom: (s.allowFrom ?? []).join('\n'), apiUrl: s.apiUrl ?? '', apiToken: '', organization: s.organization ?? '' };
}

/** bodyOf returns what to send for a draft: a secret that was not typed stays what it is. */
export function bodyOf(s: Settings, d: Draft): Schemas['SentrySettingsBody'] {
  return {
    ...(d.webhookSecret ? { webhookSecret: d.webhookSecret } : {}),
    ...(d.apiToken ? { apiToken: d.apiToken } : {}),
    allowFrom: d.allowFrom.split(/[\s,]+/).filter(Boolean),
    apiUrl: d.apiUrl.trim(),
    organization: d.organization.trim(),
    version: s.version,
  };
}

/** stateTone returns the tone of a delivery's state. */
export function stateTone(state: string): Tone {
  const tones: Record<string, Tone> = { done: 'good', failed: 'bad', waiting: 'info' };
  return tones[state] ?? 'plain';
}

/** alertTone returns the tone of an alert's state. */
export function alertTone(state: string): Tone {
  const tones: Record<string, Tone> = { critical: 'bad', warning: 'warn', resolved: 'good', triggered: 'info' };
  return tones[state] ?? 'plain';
}

/** filters are those of the list. */
export const filters: readonly Filter[] = [
  {
    name: 'resource',
    label: 'Resource',
    options: [['', 'All resources'], ...['issue', 'error', 'event_alert', 'metric_alert', 'activity_alert', 'comment', 'seer', 'installation', 'preprod_artifact'].map((r) => [r, r] as const)],
  },
  {
    name: 'state',
    label: 'State',
    options: [
      ['', 'All states'],
      ['waiting', 'Waiting'],
      ['done', 'Done'],
      ['ignored', 'Ignored'],
      ['failed', 'Failed'],
    ],
  },
];
