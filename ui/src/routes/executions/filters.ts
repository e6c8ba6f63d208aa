// The filters of the list of executions: each is a parameter of the address and one of the API.
import { api, ask, type Schemas } from '../../lib/api/client';
import { scope } from '../../lib/state.svelte';

/** Choice is a filter that is added and taken off as a chip. */
export interface Choice {
  /** Parameter of the address. */
  name: string;
  label: string;
  /** What to type, for those with no list to choose from. */
  hint?: string;
  /** Fetches what there is to choose from in the window. */
  values?: (signal: AbortSignal) => Promise<string[]>;
}

const inScope = () => ({ ...scope(), project: scope().project ?? null, limit: 1000 });

/** choices lists the filters that become chips, in the order of the menu. */
export const choices: readonly Choice[] = [
  { name: 'agent', label: 'Agent', values: async (signal) => ((await ask(api.GET('/api/v1/agents', { params: { query: inScope() }, signal }))).agents ?? []).map((a) => a.id) },
  { name: 'rule', label: 'Rule', values: async (signal) => ((await ask(api.GET('/api/v1/rules', { signal }))).rules ?? []).map((r) => r.rule) },
  { name: 'fault', label: 'Fault', values: async (signal) => ((await ask(api.GET('/api/v1/faults', { params: { query: scope() }, signal }))).faults ?? []).map((f) => f.fault) },
  { name: 'model', label: 'Model', values: async (signal) => ((await ask(api.GET('/api/v1/models', { params: { query: inScope() }, signal }))).models ?? []).map(modelName) },
  { name: 'tool', label: 'Tool', values: async (signal) => ((await ask(api.GET('/api/v1/tools', { params: { query: inScope() }, signal }))).tools ?? []).map((t) => t.name) },
  { name: 'policy', label: 'Violated policy', values: async (signal) => ((await ask(api.GET('/api/v1/policies', { params: { query: inScope() }, signal }))).policies ?? []).map((p) => p.name) },
  { name: 'user', label: 'User', hint: 'id:42 or email:a@example.com' },
  { name: 'organization', label: 'Organization', hint: 'Id of the organization' },
  { name: 'conversation', label: 'Conversation', hint: 'Id of the conversation' },
  { name: 'release', label: 'Release', hint: 'Name of the release' },
  { name: 'issue', label: 'Issue', hint: 'Number or short id' },
  { name: 'minCost', label: 'Cost at least, $', hint: '0.05' },
];

/** modelName names a model as executions do: provider/model, or the model alone. */
export function modelName(m: Schemas['ModelStats']): string {
  return m.provider ? `${m.provider}/${m.model}` : m.model;
}

const outcomes = ['running', 'ok', 'error', 'failed'] as const;
const sorts = ['start', 'cost', 'duration'] as const;

/** query turns the parameters of the address into those of the API; what it cannot read it leaves out. */
export function query(p: URLSearchParams, shared: ReturnType<typeof scope>) {
  const one = (name: string) => p.get(name) ?? undefined;
  const cost = Number(p.get('minCost') ?? NaN);
  const outcome = p.getAll('outcome').flatMap((v) => outcomes.filter((o) => v.split(',').includes(o)));
  return {
    agentId: one('agent'),
    outcome: outcome.length > 0 ? outcome : null,
    rule: one('rule'),
    fault: one('fault'),
    user: one('user'),
    organization: one('organization'),
    conversation: one('conversation'),
    release: one('release'),
    environment: shared.environment,
    model: one('model'),
    tool: one('tool'),
    policy: one('policy'),
    issue: one('issue'),
    looped: p.get('looped') === '1' ? true : undefined,
    minCostUsd: Number.isFinite(cost) ? cost : undefined,
    project: shared.project ?? null,
    sort: sorts.find((s) => s === p.get('sort')),
    window: shared.window,
    from: shared.from,
    to: shared.to,
  };
}
