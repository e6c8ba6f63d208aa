import type { Schemas } from '../../lib/api/client';

export type Filters = Schemas['Filters'];
export type Expression = Schemas['FilterExpression'];

/** lists are the filters that are patterns, one a line. */
export const lists = [
  { name: 'messages', label: 'Messages', hint: 'of errors, as Type: value', placeholder: '*connection reset*' },
  { name: 'types', label: 'Exception types', hint: 'the whole name', placeholder: 'Retry*' },
  { name: 'releases', label: 'Releases', hint: 'errors and transactions', placeholder: 'shop@1.*' },
  { name: 'transactions', label: 'Transactions', hint: 'by name', placeholder: 'GET /internal/*' },
] as const;

/** toggles are the filters that Picket knows how to recognise. */
export const toggles = [
  { name: 'crawlers', label: 'Web crawlers', hint: 'by the user agent of the request: Googlebot and others that name themselves so' },
  { name: 'localhost', label: 'Localhost', hint: 'pages and users on localhost or a loopback address' },
  { name: 'healthChecks', label: 'Health checks', hint: 'transactions such as /healthz, /readyz or /ping; never what agents do' },
] as const;

/** Draft is what the form shows: patterns as text, one a line. */
export interface Draft {
  messages: string;
  types: string;
  releases: string;
  transactions: string;
  crawlers: boolean;
  localhost: boolean;
  healthChecks: boolean;
  expressions: Expression[];
}

/** draftOf returns what a form begins with. */
export function draftOf(f: Filters): Draft {
  const { crawlers, localhost, healthChecks } = f;
  const text = (list: string[]) => list.join('\n');
  return {
    messages: text(f.messages), types: text(f.types), releases: text(f.releases), transactions: text(f.transactions),
    crawlers, localhost, healthChecks, expressions: structuredClone(f.expressions),
  };
}

/** bodyOf returns the filters of a draft, without empty lines. */
export function bodyOf(d: Draft): Schemas['FilterBody'] {
  const lines = (text: string) => text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const { crawlers, localhost, healthChecks, expressions } = d;
  return { messages: lines(d.messages), types: lines(d.types), releases: lines(d.releases), transactions: lines(d.transactions), crawlers, localhost, healthChecks, expressions };
}

const reasons: Record<string, string> = {
  'error-message': 'message or type',
  'release-version': 'release',
  'web-crawlers': 'web crawler',
  localhost: 'localhost',
  'filtered-transaction': 'transaction',
};

/** reasonOf says in words which filter took something. */
export function reasonOf(reason: string): string {
  return reason.startsWith('expression:') ? `expression ${reason.slice('expression:'.length)}` : (reasons[reason] ?? reason);
}
