import { accessible } from './axe';
import { dsnOf, fault, sent } from './send';
import { serve } from './server.mjs';
import { expect, ready, test } from './watched';

const bin = process.env.PICKET_BIN ?? '';

/** hex returns as many digits, the last of them the number's. */
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');

/** run is a transaction in which an agent runs. */
function run(n: number, outcome: string): Record<string, unknown> {
  const trace = hex(n, 32);
  const now = Date.now() / 1000;
  const span = (id: number, parent: number, op: string, data: Record<string, unknown>) =>
    ({ trace_id: trace, span_id: hex(id, 16), parent_span_id: hex(parent, 16), op, status: 'ok', start_timestamp: now - 3, timestamp: now - 1, data });
  return {
    type: 'transaction', event_id: hex(n, 32), transaction: 'POST /ask', start_timestamp: now - 4, timestamp: now,
    contexts: { trace: { trace_id: trace, span_id: hex(1, 16), op: 'http.server', status: 'ok' } },
    spans: [
      span(2, 1, 'gen_ai.invoke_agent', { 'gen_ai.agent.name': 'billing', 'gen_ai.operation.name': 'invoke_agent', 'picket.outcome': outcome, 'picket.execution.id': `run-${n}` }),
      span(3, 2, 'gen_ai.chat', { 'gen_ai.operation.name': 'chat', 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-5', 'gen_ai.usage.input_tokens': 90, 'gen_ai.response.text': 'the answer' }),
    ],
  };
}

test('sampling is set, keeps what is remarkable, and says what it left out', async ({ page }, info) => {
  const picket = await serve(bin, info.outputPath('picket'), ['--dev']);
  try {
    const main = page.locator('main');
    await page.goto(`${picket.url}/settings?tab=sampling`);
    await ready(page);
    await expect(main).toContainText('Nothing was judged');
    await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled();
    await accessible(page, 'sampling that keeps everything');

    // Nothing but what one rule keeps, and no errors.
    await main.locator('#tracesSampleRate').fill('0');
    await main.locator('#sampleRate').fill('0');
    await page.getByRole('button', { name: 'Add a rule' }).click();
    await page.getByLabel('Agent of rule 1').fill('shop*');
    await page.getByLabel('Share that rule 1 keeps').fill('25');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('button', { name: 'Inherit traces' })).toBeVisible();
    const config = (await (await fetch(`${picket.url}/sentry/config`)).json()) as Record<string, unknown>;
    expect(config).toMatchObject({ sampleRate: 0, tracesSampleRate: 0, samplingRules: [{ agent: 'shop*', rate: 0.25 }] });
    await accessible(page, 'sampling with a rule');

    const dsn = await dsnOf(picket.url);
    for (let n = 1; n <= 3; n++) expect(await sent(dsn, run(n, 'ok'))).toBe(200);
    expect(await sent(dsn, run(4, 'failed'))).toBe(200);
    for (let n = 0; n < 3; n++) expect(await sent(dsn, fault('it broke'))).toBe(200);

    await page.reload();
    await ready(page);
    await expect(main).toContainText('1 of 4 events');
    await expect(main).toContainText('1 of 3 events');
    await expect(main).toContainText('An execution failed without an error');
    await expect(main).toContainText('The first event of an issue');

    // What was left out is counted, and says so.
    const stats = (await (await fetch(`${picket.url}/sentry/stats/billing`)).json()) as Record<string, unknown>;
    expect(stats).toMatchObject({ executions: 4, failed: 1 });
    await page.goto(`${picket.url}/executions/run-1`);
    await expect(main.getByRole('note')).toContainText('sampled out');
    await expect(main).not.toContainText('the answer');
    await accessible(page, 'an execution that was sampled out');
    await page.goto(`${picket.url}/executions/run-4`);
    await expect(main).toContainText('the answer');
    await expect(main.getByRole('note')).toHaveCount(0);
    await page.goto(`${picket.url}/issues/DEFAULT-1`);
    await expect(main.getByRole('note')).toContainText('sampled out');
    await accessible(page, 'an event that was sampled out');
    await page.getByRole('link', { name: 'Sampling settings' }).click();
    await expect(page).toHaveURL(/tab=sampling/);
    await expect(page.getByLabel('Agent of rule 1')).toHaveValue('shop*');

    // All of it is taken back.
    for (const name of ['errors', 'traces', 'rules']) await page.getByRole('button', { name: `Inherit ${name}` }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('button', { name: /^Inherit/ })).toHaveCount(0);
    await expect(main.locator('#tracesSampleRate')).toHaveValue('100');
  } finally {
    await picket.stop();
  }
});
