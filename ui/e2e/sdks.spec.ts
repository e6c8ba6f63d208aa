import { type Page, expect as want } from '@playwright/test';
import { bundle, modules, root, run, site, story } from './clients';
import { dsnOf } from './send';
import { serve, type Server } from './server.mjs';
import { expect, ready, test } from './watched';

test.describe.configure({ mode: 'serial' });

let server: Server;

// What the pages show in these tests came from real SDKs: @sentry/node, @sentry/browser on a page of another
// origin, sentry-go, and Picket's own.
test.beforeAll(async ({ browser }, info) => {
  test.setTimeout(180_000);
  server = await serve(process.env.PICKET_BIN ?? '', info.outputPath('data'));
  const dsn = await dsnOf(server.url);
  const tell = (name: string) => ({ SENTRY_DSN: dsn, CONFORMANCE_STORY: story(name) });
  await run(process.execPath, ['conformance/clients/node/report.js'], { ...tell('node'), CONFORMANCE_MODULES: modules('node11') });
  await run('go', ['run', './conformance/clients/gosdk'], tell('go'));
  await run('go', ['run', './examples/execution'], { SENTRY_DSN: dsn });

  const script = info.outputPath('bundle.js');
  await bundle(`${root}/conformance/clients/browser/report.js`, script);
  const web = await site(script, `window.CONFORMANCE = ${JSON.stringify({ dsn, story: JSON.parse(story('browser')) as unknown })}`);
  const theirs = await browser.newPage();
  const report = theirs.waitForRequest((q) => q.url().endsWith('/report'));
  await theirs.goto(web.url);
  const told = JSON.parse((await report).postData() ?? '{}') as { failed?: string; statuses: number[]; preflight: number };
  await theirs.close();
  await web.stop();
  want(told.failed, 'the page of another origin').toBeUndefined();
  want(new Set([...told.statuses, told.preflight]), 'what that page could read of the answers').toEqual(new Set([200]));
});

test.afterAll(() => server.stop());

test.afterEach(({ page }) => page.goto('about:blank').then(() => undefined));

/** found opens the issue of an SDK, by a tag that all its events have. */
async function found(page: Page, query: string): Promise<void> {
  await page.goto(`${server.url}/issues?window=1h&query=${encodeURIComponent(query)}`);
  await ready(page);
  await page.getByRole('table', { name: 'Issues' }).getByRole('link', { name: /RefundError|refund of order 81/ }).first().click();
  await ready(page);
  await expect(page.locator('main h1')).toContainText('refund of order 81 failed: Ordnung №5');
}

test('an error of @sentry/node: chain, source, breadcrumbs, tags', async ({ page }) => {
  await found(page, 'run:node');
  const main = page.locator('main');
  await expect(main).toContainText('LedgerError');
  await expect(main).toContainText('ledger answered 503');
  await expect(main).toContainText('throw new RefundError(story.failure.message, err)'); // the source around the call
  await expect(main).toContainText('chose lookup_order');
  await expect(main).toContainText('blue');
  await expect(main).toContainText('refunds@1.2.3');
  await expect(main).not.toContainText('hunter2');
});

test('an error of @sentry/browser, which came from another origin', async ({ page }) => {
  await found(page, 'run:browser');
  const main = page.locator('main');
  await expect(main).toContainText('refundOrder');
  await expect(main).toContainText('bundle.js');
  await expect(main).toContainText('chose lookup_order');
});

test('an error of sentry-go', async ({ page }) => {
  await found(page, 'run:go');
  const main = page.locator('main');
  await expect(main).toContainText('main.go');
  await expect(main).toContainText('LedgerError');
});

for (const name of ['node', 'browser', 'go']) {
  test(`an execution told by the SDK for ${name}, as a transcript`, async ({ page }) => {
    await page.goto(`${server.url}/executions?window=1h&agent=refunds-${name}`);
    await ready(page);
    await page.getByRole('table').getByRole('link', { name: 'Refunds' }).first().click();
    await ready(page);
    const main = page.locator('main');
    await expect(main).toContainText('refund order 81, naïve 注文');
    await expect(main).toContainText('lookup_order');
    await expect(main).toContainText('ledger answered 503');
    await expect(main).toContainText('gpt-4o-mini');
    await expect(main).toContainText(/\$0\.000/); // priced
    await page.goto(`${page.url()}${page.url().includes('?') ? '&' : '?'}tab=tree`);
    await ready(page);
    await expect(main).toContainText('invoke_agent Refunds');
    await expect(main).toContainText('lookup_order');
  });
}

test("executions of Picket's own SDK: one ended well, one was denied, one erred", async ({ page }) => {
  await page.goto(`${server.url}/executions?window=1h&agent=refund-desk`);
  await ready(page);
  const rows = page.getByRole('table').locator('tbody tr');
  await expect(rows).toHaveCount(3);
  for (const outcome of ['ok', 'failed', 'error']) await expect(rows.filter({ has: page.getByText(outcome, { exact: true }) })).toHaveCount(1);
  await rows.filter({ has: page.getByText('failed', { exact: true }) }).getByRole('link').first().click();
  await ready(page);
  await expect(page.locator('main')).toContainText('Please refund 900 dollars of order-18');
  await expect(page.locator('main')).toContainText('I may not refund that much.');
});
