import type { Page } from '@playwright/test';
import { expect, measured, ready, test } from './watched';

test.describe.configure({ mode: 'serial' });

interface Issue {
  id: string;
  shortId: string;
  status: string;
}

async function issue(page: Page, id: string): Promise<Issue> {
  return (await (await page.request.get(`/api/v1/issues/${id}`)).json()) as Issue;
}

const rows = (page: Page) => page.getByRole('table', { name: 'Issues' }).locator('tbody tr').filter({ has: page.getByRole('checkbox') });

async function open(page: Page): Promise<string[]> {
  await page.goto('/issues?window=7d');
  await ready(page);
  const links = await rows(page).locator('a[href^="/issues/"]').evaluateAll((all) => all.map((a) => new URL((a as HTMLAnchorElement).href).pathname));
  return [...new Set(links.map((path) => path.split('/')[2] ?? ''))];
}

test('issues are resolved in bulk', async ({ page }) => {
  const ids = (await open(page)).slice(0, 3);
  expect(ids).toHaveLength(3);
  for (let i = 0; i < 3; i++) await rows(page).nth(i).getByRole('checkbox').check();
  const bar = page.getByRole('toolbar');
  await expect(bar).toContainText('3 issues');
  const began = Date.now();
  await bar.getByRole('button', { name: /Resolve/ }).click();
  await expect(bar).toHaveCount(0);
  measured('interaction', 'resolve three issues', Date.now() - began, 'ms');
  for (const id of ids) await expect.poll(async () => (await issue(page, id)).status).toBe('resolved');
  await page.reload();
  await ready(page);
  for (const id of ids) await expect(page.locator(`main a[href*="/issues/${id}"]`)).toHaveCount(0);
});

test('the other bulk actions do what they say', async ({ page }) => {
  const f = async (act: (bar: ReturnType<Page['getByRole']>) => Promise<void>, done: (i: Record<string, unknown>) => boolean) => {
    const [id = ''] = await open(page);
    await rows(page).first().getByRole('checkbox').check();
    await act(page.getByRole('toolbar'));
    await expect.poll(async () => done((await issue(page, id)) as unknown as Record<string, unknown>)).toBe(true);
  };
  await f((bar) => bar.getByRole('button', { name: /Archive/ }).click(), (i) => i.status === 'archived');
  await f(
    async (bar) => {
      await bar.getByRole('button', { name: /Assign/ }).click();
      await page.getByLabel('Assign to').fill('someone@example.com');
      await page.getByLabel('Assign to').press('Enter');
    },
    (i) => JSON.stringify(i.assignee ?? null).includes('someone@example.com'),
  );
});

test('an issue is triaged by keyboard alone', async ({ page }) => {
  await page.goto('/');
  await ready(page);
  const began = Date.now();
  await page.keyboard.press('g');
  await page.keyboard.press('i');
  await expect(page).toHaveURL(/\/issues/);
  await ready(page);
  measured('interaction', 'g i, to the issues', Date.now() - began, 'ms');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/issues\/[^/?]+/);
  const id = new URL(page.url()).pathname.split('/')[2] ?? '';
  await ready(page);
  await expect(page.locator('main h1')).not.toBeEmpty();
  const pressed = Date.now();
  await page.keyboard.press('e');
  await expect(page.locator('main')).toContainText(/resolved/i);
  measured('interaction', 'e, to resolve', Date.now() - pressed, 'ms');
  await expect.poll(async () => (await issue(page, id)).status).toBe('resolved');
  await page.keyboard.press('e');
  await expect.poll(async () => (await issue(page, id)).status).toBe('unresolved');
});
