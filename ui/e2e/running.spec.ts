import { randomUUID } from 'node:crypto';
import { serve } from './server.mjs';
import { dsnOf, sent } from './send';
import { expect, ready, test } from './watched';

const hex = (length: number) => randomUUID().replaceAll('-', '').slice(0, length);

/** part is a transaction of an execution: some chat calls, and the agent's own span once it has ended. */
function part(execution: string, trace: string, says: string, ended: boolean): Record<string, unknown> {
  const [root, now] = [hex(16), Date.now() / 1000];
  const agent = { 'gen_ai.agent.id': 'refund-desk', 'gen_ai.agent.name': 'Refund Desk', 'picket.execution.id': execution };
  const chat = {
    trace_id: trace, span_id: hex(16), parent_span_id: root, op: 'gen_ai.chat', description: 'chat gpt-4o', start_timestamp: now - 1, timestamp: now,
    data: { ...agent, 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: says }] }]) },
  };
  const op = ended ? 'gen_ai.invoke_agent' : 'queue.process';
  const data = ended ? { ...agent, 'gen_ai.operation.name': 'invoke_agent' } : {};
  return {
    type: 'transaction', transaction: 'refund', start_timestamp: now - 2, timestamp: now, spans: [chat],
    contexts: { trace: { trace_id: trace, span_id: root, op, data }, agent: { id: 'refund-desk', name: 'Refund Desk' }, execution: { id: execution } },
  };
}

test('a running execution grows on its page, and the list offers what is new', async ({ page, context }, info) => {
  const server = await serve(process.env.PICKET_BIN ?? '', info.outputPath('data'));
  try {
    const dsn = await dsnOf(server.url);
    const trace = hex(32);
    const f = async (...of: Parameters<typeof part>) => expect(await sent(dsn, part(...of))).toBe(200);
    await f('run-1', trace, 'I look up the order', false);
    const list = await context.newPage();
    await list.goto(`${server.url}/executions`);
    await ready(list);
    const rows = list.getByRole('table').locator('tbody tr');
    await expect(rows).toHaveCount(1);
    await page.goto(`${server.url}/executions/run-1`);
    await expect(page.locator('main')).toContainText('I look up the order');
    await expect(page.locator('main')).toContainText('Still running');

    await f('run-1', trace, 'Now I pay it back', false);
    await expect(page.locator('main')).toContainText('Now I pay it back');
    await f('run-2', hex(32), 'Another one', false);
    await f('run-1', trace, 'All is done', true);
    await expect(page.locator('main')).toContainText('All is done');
    await expect(page.locator('main')).not.toContainText('Still running');

    const offer = list.getByRole('button', { name: /^Show 1 new execution, 1 ended/ });
    await expect(offer).toBeVisible();
    await expect(rows).toHaveCount(1); // it did not jump
    await offer.click();
    await expect(rows).toHaveCount(2);
    await expect(offer).toHaveCount(0);
  } finally {
    for (const p of context.pages()) await p.goto('about:blank');
    await server.stop();
  }
});
