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

const said = (page: Page) => page.locator('[role=status][aria-live]');

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

interface Whole extends Issue {
  substatus: string | null;
  count: number;
}

async function whole(page: Page, id: string): Promise<Whole> {
  return (await issue(page, id)) as Whole;
}

test('undo gives back what an issue was', async ({ page }) => {
  const [id = ''] = await open(page);
  const was = await whole(page, id);
  await rows(page).first().getByRole('checkbox').check();
  await page.keyboard.press('e');
  await expect.poll(async () => (await whole(page, id)).status).toBe('resolved');
  await said(page).getByRole('button', { name: 'Undo' }).click();
  await expect.poll(async () => (await whole(page, id)).substatus).toBe(was.substatus);
});

test('issues are merged in bulk, and the undo gives them back', async ({ page }) => {
  const ids = (await open(page)).slice(0, 2);
  const before = await Promise.all(ids.map((id) => whole(page, id)));
  const sum = before.reduce((n, i) => n + i.count, 0);
  for (let i = 0; i < 2; i++) await rows(page).nth(i).getByRole('checkbox').check();
  await page.keyboard.press('Shift+M');
  const dialog = page.getByRole('dialog', { name: 'Merge issues' });
  await expect(dialog.getByRole('radio')).toHaveCount(2);
  await dialog.getByRole('radio').nth(1).check();
  const began = Date.now();
  await dialog.getByRole('button', { name: 'Merge', exact: true }).click();
  await expect(said(page)).toContainText('merged into');
  measured('interaction', 'merge two issues', Date.now() - began, 'ms');
  const merged = await Promise.all(ids.map((id) => whole(page, id)));
  expect(merged.map((i) => [i.id, i.count])).toEqual([[before[1]?.id, sum], [before[1]?.id, sum]]);
  await expect(page.locator(`main a[href*="/issues/${ids[0]}"]`)).toHaveCount(0);
  await said(page).getByRole('button', { name: 'Undo' }).click();
  await expect.poll(async () => (await whole(page, ids[0] ?? '')).id).toBe(before[0]?.id);
  await expect(page.locator(`main a[href*="/issues/${ids[0]}"]`)).not.toHaveCount(0);
  expect((await Promise.all(ids.map((id) => whole(page, id)))).map((i) => i.count)).toEqual(before.map((i) => i.count));
});

test('what is merged leads to the issue that stayed, which gives it back', async ({ page }) => {
  const [stays = '', child = ''] = await open(page);
  const got = await page.request.post('/api/v1/issues/merge', { data: { ids: [child], into: stays } });
  expect(got.ok()).toBe(true);
  await page.goto(`/issues/${child}?window=7d&tab=events`);
  await expect(page).toHaveURL(new RegExp(`/issues/${stays}\\?.*tab=events`));
  await expect(said(page)).toContainText(`${child} is merged into ${stays}`);
  await ready(page);
  const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Merged into it' }) });
  await expect(panel).toContainText(child);
  await panel.getByRole('button', { name: 'Give back' }).click();
  await expect(page.getByRole('heading', { name: 'Merged into it' })).toHaveCount(0);
  await expect.poll(async () => (await issue(page, child)).shortId).toBe(child);
});

/** report sends an error as an SDK would, of an issue of its own by its fingerprint. */
async function report(page: Page, fingerprint: string, value: string, user: string): Promise<void> {
  const keys = (await (await page.request.get('/api/v1/projects/default/keys')).json()) as { keys: { public: string }[] };
  const frames = ['main', 'serve', 'chargeCard'].map((f) => ({ module: 'shop', function: f, filename: 'shop.py', in_app: true }));
  const data = {
    platform: 'python', release: 'shop@1.0.0', environment: 'e2e', user: { id: user }, fingerprint: [fingerprint],
    exception: { values: [{ type: 'CardDeclined', value, stacktrace: { frames } }] },
  };
  const answer = await page.request.post(`/api/1/store/?sentry_key=${keys.keys[0]?.public}&sentry_version=7`, { data });
  expect(answer.ok(), await answer.text()).toBe(true);
}

test('similar issues are told of, with the reasons, and merged', async ({ page }) => {
  await report(page, 'one way', 'card 4242 of order 17 was declined by the bank', 'u1');
  await report(page, 'another', 'card 1881 of order 4 was declined by the bank', 'u2');
  const list = (await (await page.request.get('/api/v1/issues?query=error.type:CardDeclined&sort=new')).json()) as { issues: Issue[] };
  const [a, b] = list.issues;
  await page.goto(`/issues/${a?.shortId}?window=1h`);
  await ready(page);
  const panel = page.locator('section.card', { has: page.getByRole('heading', { name: 'Similar issues' }) });
  await expect(panel).toContainText(b?.shortId ?? 'nothing');
  await expect(panel).toContainText('3 of 3 functions of the application are the same');
  await panel.getByRole('button', { name: 'Merge…' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Merge', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Merged into it' })).toBeVisible();
  await expect(page.locator('main')).toContainText('2');
  await page.getByRole('link', { name: 'of the same user' }).click();
  await expect(page).toHaveURL(/user=id:u/);
  await ready(page);
  await expect(page.getByRole('table', { name: 'Events' }).locator('tbody tr')).toHaveCount(1);
  await page.getByRole('combobox', { name: 'Events by user' }).selectOption('');
  await expect(page.getByRole('table', { name: 'Events' }).locator('tbody tr')).toHaveCount(2);
});

test('every issue of the list has its line and its agents', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (r) => r.url().includes('/api/v1/issues') && asked.push(new URL(r.url()).pathname));
  await open(page);
  const all = await rows(page).count();
  expect(all).toBeGreaterThan(3);
  await expect(rows(page).getByRole('img')).toHaveCount(all);
  await expect(rows(page).locator('a[href^="/agents/"]').first()).toBeVisible();
  expect(asked, 'one question for the list and one for all lines').toEqual(['/api/v1/issues', '/api/v1/issues/series']);
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
