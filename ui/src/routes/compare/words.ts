// A comparison in words.
import { count, duration, plural, usd } from '../../lib/format';
import { said } from '../../lib/stretch';
import { keyOf, valueOf, valuesOf, type Sides } from './terms';

/** names of keys, for chips and headings. */
export const names: Record<string, string> = {
  release: 'Release',
  environment: 'Environment',
  agent: 'Agent',
  organization: 'Customer organization',
  fault: 'Fault',
  version: 'Agent version',
  framework: 'Framework',
  model: 'Model',
  tool: 'Tool',
  failingTool: 'Failing tool',
  policy: 'Policy violated',
  rule: 'Rule of outcome',
  outcome: 'Outcome',
  loop: 'Loop',
  parent: 'Begun by another execution',
  duration: 'Duration',
  cost: 'Cost',
  tokens: 'Tokens',
  type: 'Type',
  level: 'Level',
  issue: 'Issue',
  transaction: 'Transaction',
  platform: 'Platform',
  looped: 'Went round in circles',
  violated: 'Violated a policy',
  minMs: 'Duration at least',
  maxMs: 'Duration below',
  minCostUsd: 'Cost at least',
  maxCostUsd: 'Cost below',
  minTokens: 'Tokens at least',
  maxTokens: 'Tokens below',
  from: 'From',
  to: 'Until',
};

/** nameOf returns what a key is called. */
export function nameOf(key: string): string {
  return names[key] ?? key;
}

/** shownValue writes a value of a key with its unit. */
export function shownValue(key: string, value: string): string {
  if (key === 'minMs' || key === 'maxMs') return duration(+value);
  if (key === 'minCostUsd' || key === 'maxCostUsd') return usd(+value);
  if (key === 'minTokens' || key === 'maxTokens') return count(+value);
  if (key === 'outcome' && value === 'wrong') return 'went wrong';
  return value || 'none';
}

/** chip writes a term in little space. */
export function chip(term: string): { name: string; value: string } {
  return { name: nameOf(keyOf(term)), value: shownValue(keyOf(term), valueOf(term)) };
}

const ends: Record<string, string> = { wrong: 'that went wrong', ok: 'that ended well', error: 'that ended with an error', failed: 'that failed', running: 'that still run' };

// How each key is said after the noun; %s stands for the values.
const phrases: Record<string, string> = {
  agent: 'of %s',
  release: 'of release %s',
  version: 'of agent version %s',
  framework: 'on %s',
  environment: 'in %s',
  organization: 'for %s',
  model: 'that called %s',
  tool: 'that called %s',
  failingTool: 'with failed calls of %s',
  policy: 'that violated %s',
  rule: 'that failed by %s',
  fault: 'with the fault %s',
  loop: 'with a loop of kind %s',
  minMs: 'that took %s or longer',
  maxMs: 'that took less than %s',
  minCostUsd: 'that cost %s or more',
  maxCostUsd: 'that cost less than %s',
  minTokens: 'that used %s tokens or more',
  maxTokens: 'that used fewer than %s tokens',
  type: 'of type %s',
  level: 'of level %s',
  issue: 'of issue %s',
  transaction: 'in %s',
  platform: 'from %s',
};

const yes: Record<string, [yes: string, no: string]> = {
  looped: ['that went round in circles', 'that did not go round in circles'],
  violated: ['that violated a policy', 'that violated no policy'],
  parent: ['that another one began', 'that no other one began'],
};

function phrase(key: string, values: readonly string[]): string {
  const [first = ''] = values;
  if (key === 'outcome') return values.map((v) => ends[v] ?? v).join(' or ');
  const either = yes[key];
  if (either) return first === 'true' || first === 'yes' ? either[0] : either[1];
  if (values.every((v) => v === '')) return `without ${nameOf(key).toLowerCase()}`;
  return (phrases[key] ?? `with ${nameOf(key)} %s`).replace('%s', () => values.map((v) => shownValue(key, v)).join(' or '));
}

/** sideWords says what a side holds: of release fleet@3.1.0 that went wrong, 3 Mar 14:00 to 15:10. */
export function sideWords(terms: readonly string[]): string {
  const keys = [...new Set(terms.map(keyOf))].filter((k) => !moments.includes(k));
  const parts = keys.map((k) => phrase(k, valuesOf(terms, k)));
  const that = parts.filter((p) => p.startsWith('that '));
  const what = [...parts.filter((p) => !that.includes(p)), that.map((p, i) => (i === 0 ? p : p.slice('that '.length))).join(' and ')];
  const time = said({ from: valuesOf(terms, 'from')[0], to: valuesOf(terms, 'to')[0] });
  return [what.filter(Boolean).join(' '), time].filter(Boolean).join(', ');
}

const moments = ['from', 'to'];

/** head says a side with its number: 1,204 executions that went wrong. */
export function head(n: number, about: boolean, of: Sides['of'], terms: readonly string[]): string {
  const many = `${about ? 'about ' : ''}${plural(n, of === 'events' ? 'event' : 'execution')}`;
  const words = sideWords(terms);
  const timeAlone = terms.every((t) => moments.includes(keyOf(t)));
  return words === '' ? many : `${many}${timeAlone ? ',' : ''} ${words}`;
}

/** Listed is a list that a selection can be looked at in. */
export interface Listed {
  path: string;
  change: Record<string, string>;
  /** What the list has no filter for: it shows more than the selection. */
  missing: string[];
}

const listKeys: Record<string, string> = { agent: 'agent', release: 'release', organization: 'organization', model: 'model', tool: 'tool', policy: 'policy', rule: 'rule', fault: 'fault', environment: 'env', minCostUsd: 'minCost' };
const searchKeys: Record<string, string> = { release: 'release', type: 'error.type', level: 'level', transaction: 'transaction', agent: 'agent', platform: 'platform.name' };

/** listOf returns where the executions or issues of a selection are listed. */
export function listOf(s: Sides): Listed {
  const terms = [...s.selection, ...s.filter];
  const out: Listed = { path: s.of === 'events' ? '/issues' : '/executions', change: {}, missing: [] };
  const search: string[] = [];
  for (const key of new Set(terms.map(keyOf))) {
    const values = valuesOf(terms, key);
    const [value = ''] = values;
    const name = listKeys[key];
    const tag = searchKeys[key];
    if (key === 'from' || key === 'to') out.change[key] = value;
    else if (s.of === 'executions' && key === 'outcome') out.change.outcome = values.flatMap((v) => (v === 'wrong' ? ['error', 'failed'] : [v])).join(',');
    else if (s.of === 'executions' && key === 'looped' && value === 'true') out.change.looped = '1';
    else if (s.of === 'executions' && name && values.length === 1 && value !== '') out.change[name] = value;
    else if (s.of === 'events' && key === 'environment' && values.length === 1) out.change.env = value;
    else if (s.of === 'events' && tag && values.length === 1 && value !== '') search.push(`${tag}:"${value}"`);
    else out.missing.push(nameOf(key).toLowerCase());
  }
  if (s.of === 'events') out.change.query = search.join(' ') || ' ';
  return out;
}
