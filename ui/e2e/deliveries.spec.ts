import { createHmac, randomUUID } from 'node:crypto';
import type { Page } from '@playwright/test';
import { expect, ready, test } from './watched';

test.describe.configure({ mode: 'serial' });

const secret = createHmac('sha256', 'e2e').update('client secret').digest('hex');

/** deliver sends a webhook as Sentry does: signed over the very bytes. */
async function deliver(page: Page, resource: string, body: unknown, by = secret) {
  const bytes = JSON.stringify(body);
  return page.request.post('/sentry/webhook', {
    data: bytes,
    headers: {
      'Content-Type': 'application/json',
      'Request-ID': randomUUID().replaceAll('-', ''),
      'Sentry-Hook-Resource': resource,
      'Sentry-Hook-Timestamp': String(Math.floor(Date.now() / 1000)),
      'Sentry-Hook-Signature': createHmac('sha256', by).update(bytes).digest('hex'),
    },
  });
}

const form = (page: Page) => page.getByRole('complementary', { name: 'Settings of webhooks' });
const table = (page: Page) => page.getByRole('table', { name: 'Deliveries' });

test('the first steps are told, and a secret is set', async ({ page, complaints }) => {
  await page.goto('/deliveries');
  await ready(page);
  await expect(page.locator('main')).toContainText('Sentry has sent nothing yet');
  await expect(page.locator('main')).toContainText('internal integration');
  await expect(page.getByLabel('Webhook URL', { exact: true })).toContainText('/sentry/webhook');
  expect((await deliver(page, 'comment', { action: 'created' })).status()).toBe(401);

  await form(page).getByLabel('Client secret').fill('too short');
  await form(page).getByRole('button', { name: 'Save' }).click();
  await expect(form(page).getByRole('alert')).toContainText('webhookSecret');
  expect(complaints.splice(0)).toEqual([expect.stringContaining('status of 400')]);
  await form(page).getByLabel('Client secret').fill(secret);
  await form(page).getByLabel('Networks that may send').fill('127.0.0.0/8\n::1');
  await form(page).getByRole('button', { name: 'Save' }).click();
  await expect(form(page)).toContainText('Webhooks in taken');
  await expect(form(page).getByLabel('Client secret')).toHaveValue('');
  expect(await page.content()).not.toContain(secret);
});

test('a signed delivery is listed, opened and replayed', async ({ page }) => {
  const [issue] = ((await (await page.request.get('/api/v1/issues?window=7d&limit=1')).json()) as { issues: { shortId: string; lastEventId: string }[] }).issues;
  if (!issue) throw new Error('no issue');
  const error = { event_id: issue.lastEventId, issue_id: '1170820242', title: 'It broke', web_url: `https://acme.sentry.io/issues/1170820242/events/${issue.lastEventId}/` };
  expect((await deliver(page, 'error', { action: 'created', data: { error } })).status()).toBe(200);
  const there = { id: '1170820242', shortId: 'ACME-APP-1', status: 'unresolved', count: '42', userCount: 7, lastSeen: new Date().toISOString(), web_url: 'https://acme.sentry.io/issues/1170820242/' };
  const answer = await deliver(page, 'issue', { action: 'created', data: { issue: there }, installation: { uuid: '1' } });
  expect(answer.status()).toBe(200);
  const { deliveryId } = (await answer.json()) as { deliveryId: string };
  expect((await deliver(page, 'issue', { action: 'created' }, 'another secret')).status()).toBe(401);
  await expect.poll(async () => ((await (await page.request.get(`/api/v1/deliveries/${deliveryId}`)).json()) as { state: string }).state).toBe('done');

  await page.goto('/deliveries?resource=issue');
  await ready(page);
  await expect(table(page).locator('tbody tr')).toHaveCount(1);
  await expect(table(page)).toContainText(issue.shortId);
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`delivery=${deliveryId}`));
  await expect(page.getByLabel('Payload')).toContainText('"ACME-APP-1"');
  await page.getByRole('button', { name: 'Replay' }).click();
  await expect(page.locator('main')).toContainText('asked for again once');
  await expect(table(page)).toContainText('done');
  await page.getByRole('link', { name: 'Close' }).click();
  await expect(page.getByLabel('Payload')).toHaveCount(0);
  await page.getByRole('search').getByRole('combobox').nth(1).selectOption('failed');
  await expect(page.locator('main')).toContainText('No delivery fits');

  await page.goto(`/issues/${issue.shortId}?window=7d`);
  await ready(page);
  const panel = page.locator('section', { has: page.getByRole('heading', { name: 'At Sentry' }) });
  await expect(panel.getByRole('link', { name: 'ACME-APP-1' })).toHaveAttribute('href', 'https://acme.sentry.io/issues/1170820242/');
  await expect(panel).toContainText('42, 7');
});

test('alerts that fired are listed', async ({ page }) => {
  const data = { metric_alert: { alert_rule: { name: 'Refunds are slow' }, projects: [] }, description_title: 'Critical: Refunds are slow', web_url: 'https://acme.sentry.io/alerts/7/' };
  expect((await deliver(page, 'metric_alert', { action: 'critical', data })).status()).toBe(200);
  await expect.poll(async () => ((await (await page.request.get('/api/v1/triggers')).json()) as { triggers: unknown[] }).triggers.length).toBe(1);
  await page.goto('/deliveries?tab=alerts');
  await ready(page);
  await expect(page.getByRole('table', { name: 'Alerts' })).toContainText('critical');
  await expect(page.getByRole('link', { name: 'Refunds are slow' })).toHaveAttribute('href', 'https://acme.sentry.io/alerts/7/');
});

test('the secret is forgotten', async ({ page }) => {
  await page.goto('/deliveries');
  await ready(page);
  await form(page).getByRole('button', { name: 'Forget the secret' }).click();
  await expect(form(page)).toContainText('Webhooks in not taken');
  expect((await deliver(page, 'comment', { action: 'created' })).status()).toBe(401);
});
