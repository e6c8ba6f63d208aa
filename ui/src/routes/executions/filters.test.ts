// @vitest-environment node
import { expect, test, vi } from 'vitest';

vi.stubGlobal('location', { pathname: '/executions', search: '' });
const { query } = await import('./filters');

test('query', () => {
  const f = (address: string, want: Record<string, unknown>) => {
    const got = query(new URLSearchParams(address), { window: '24h' });
    expect(JSON.parse(JSON.stringify(got))).toEqual({ outcome: null, project: null, ...want });
  };
  f('', { window: '24h' });
  f('agent=a&tool=t', { agentId: 'a', tool: 't', window: '24h' });
  f('outcome=error&outcome=failed', { outcome: ['error', 'failed'], window: '24h' });
  f('outcome=error,failed', { outcome: ['error', 'failed'], window: '24h' });
  f('outcome=nonsense&sort=nonsense&minCost=much', { window: '24h' });
  f('sort=cost&looped=1&minCost=0.5', { sort: 'cost', looped: true, minCostUsd: 0.5, window: '24h' });
  f('from=2026-01-31T10:00:00Z', { window: '24h' }); // the time is what all pages share
});
