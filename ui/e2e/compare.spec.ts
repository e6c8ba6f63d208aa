import type { Locator, Page } from '@playwright/test';
import { expect, ready, test } from './watched';

const chart = (page: Page, title: string) => page.locator('figure').filter({ has: page.getByText(title, { exact: true }) });

/** draw drags over a part of a chart's plot, from 0 to 1, once its canvas is there. */
async function draw(page: Page, of: Locator, from: number, to: number): Promise<void> {
  const plot = of.locator('.u-over');
  await plot.waitFor();
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  if (!box) throw new Error('the chart has no place');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + from * box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + ((from + to) / 2) * box.width, y);
  await page.mouse.move(box.x + to * box.width, y);
  await page.mouse.up();
}

/** one returns the only value of a parameter of the address. */
function one(page: Page, name: string): string {
  return new URL(page.url()).searchParams.get(name) ?? '';
}

const all = (page: Page, name: string) => new URL(page.url()).searchParams.getAll(name);

test('a region of a chart of failures is compared with the rest, and a value narrows it', async ({ page }) => {
  await page.goto('/?window=7d');
  await ready(page);
  await draw(page, chart(page, 'Failed executions'), 0.7, 0.98);
  const menu = page.getByRole('dialog', { name: 'Region of Failed executions' });
  await expect(menu).toBeVisible();
  await menu.getByRole('link', { name: 'Compare with the rest' }).click();
  await expect(page).toHaveURL(/\/compare\?/);
  const selection = all(page, 'selection');
  expect(selection.map((t) => t.split(':')[0])).toEqual(['from', 'to', 'outcome']);
  expect(selection).toContain('outcome:wrong');
  expect(one(page, 'window')).toBe('7d');
  await ready(page);
  await expect(page.locator('main')).toContainText(/[\d,]+ executions? that went wrong, \d+ \w+ \d\d:\d\d to /);
  await expect(page.locator('main')).toContainText(/against the other [\d,]+/);

  const value = page.locator('main a[data-value]').first();
  await value.click();
  await expect(page).toHaveURL(/filter=/);
  const [filter = ''] = all(page, 'filter');
  expect(filter).toMatch(/^\w+:/);
  expect(all(page, 'selection')).toEqual(selection);
  await ready(page);
  const chips = page.getByRole('list', { name: 'Filters' });
  await expect(chips.getByRole('listitem')).toHaveCount(1);
  await chips.getByRole('button', { name: /^Take off/ }).click();
  await expect(page).not.toHaveURL(/filter=/);

  await page.getByRole('link', { name: 'Executions of the selection' }).click();
  await expect(page).toHaveURL(/\/executions\?/);
  expect(one(page, 'outcome')).toBe('error,failed');
  expect(selection).toContain(`from:${one(page, 'from')}`);
  await ready(page);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('two releases are compared, and the bad one is found', async ({ page }) => {
  await page.goto('/compare?window=7d');
  await ready(page);
  await page.getByLabel('Release of the selection').selectOption('fleet@3.2.0');
  await page.getByRole('combobox', { name: 'Compared with' }).selectOption('fleet@3.1.0');
  await expect(page).toHaveURL(/baseline=release:fleet@3\.1\.0/);
  expect(all(page, 'selection')).toEqual(['release:fleet@3.2.0']);
  await ready(page);
  await expect(page.locator('main')).toContainText('executions of release fleet@3.2.0');
  await expect(page.locator('main')).toContainText('executions of release fleet@3.1.0');
  const fault = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Fault', exact: true }) });
  await expect(fault.getByRole('listitem').filter({ hasText: 'tool_error' })).toContainText('+');
  await page.getByRole('button', { name: 'Swap' }).click();
  await expect(page).toHaveURL(/selection=release:fleet@3\.1\.0/);
  await expect(page.getByRole('combobox', { name: 'Compared with' })).toHaveValue('fleet@3.2.0');
});

test('a release of an agent is compared with the one before', async ({ page }) => {
  await page.goto('/agents/refund-desk?window=7d');
  await ready(page);
  const row = page.getByRole('table', { name: 'Releases' }).getByRole('row').filter({ hasText: 'fleet@3.2.0' });
  await row.getByRole('link', { name: 'Compare with the one before' }).click();
  await expect(page).toHaveURL(/\/compare/);
  expect(all(page, 'selection')).toEqual(['release:fleet@3.2.0']);
  expect(all(page, 'baseline')).toEqual(['release:fleet@3.1.0']);
  expect(all(page, 'filter')).toEqual(['agent:refund-desk']);
  await ready(page);
  await expect(page.locator('main')).toContainText(/attributes? differs?/);
  await expect(page.getByRole('heading', { name: 'Failing tool' })).toBeVisible();
});

test('a region is zoomed into and out of again', async ({ page }) => {
  await page.goto('/cost?window=7d');
  await ready(page);
  await draw(page, chart(page, 'Per success'), 0.6, 0.9);
  await page.getByRole('dialog').getByRole('button', { name: 'Zoom in' }).click();
  await expect(page).toHaveURL(/from=[\d-]+T[\d:]+Z&to=[\d-]+T[\d:]+Z/);
  expect(Date.parse(one(page, 'to')) - Date.parse(one(page, 'from'))).toBeGreaterThan(24 * 3600e3);
  await ready(page);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(page.getByLabel('Time range')).toHaveValue('exact');
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Executions' }).click();
  await expect(page).toHaveURL(/\/executions\?.*from=/);
  await ready(page);
  await page.goBack();
  await page.getByRole('link', { name: 'Back to the last 7 days' }).click();
  await expect(page).not.toHaveURL(/from=/);
  await expect(page.getByLabel('Time range')).toHaveValue('7d');
  await page.goBack();
  await expect(page.getByLabel('Time range')).toHaveValue('exact');
  await page.goBack();
  await expect(page.getByLabel('Time range')).toHaveValue('7d');
});

test('every page takes a stretch between two moments', async ({ page }) => {
  const now = Math.floor(Date.now() / 60e3) * 60e3;
  const [from, to] = [now - 26 * 3600e3, now - 2 * 3600e3].map((t) => new Date(t).toISOString().replace('.000Z', 'Z'));
  for (const path of ['/', '/issues', '/agents', '/agents/refund-desk', '/executions', '/compare', '/conversations', '/cost', '/policies', '/models', '/settings']) {
    await page.goto(`${path}?from=${from}&to=${to}`);
    await ready(page);
    await expect(page.getByRole('alert'), path).toHaveCount(0);
  }
  await page.goto('/?from=nonsense&to=rubbish');
  await ready(page);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(page.getByLabel('Time range')).toHaveValue('24h');
});

test('a region is picked and compared by keyboard alone', async ({ page }) => {
  await page.goto('/?window=7d');
  await ready(page);
  await page.locator('.u-over').first().waitFor();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Pick a region of a chart');
  await page.keyboard.press('Escape');
  await page.keyboard.press('r');
  await expect(page.getByRole('button', { name: 'Pick a region of Failed executions' })).toBeFocused();
  await page.keyboard.press('r');
  const button = page.getByRole('button', { name: 'Pick a region of Executions' });
  await expect(button).toBeFocused();
  await page.keyboard.press('Enter');
  const menu = page.getByRole('dialog', { name: 'Region of Executions' });
  await expect(menu.getByRole('slider', { name: 'Begin' })).toBeFocused();
  const before = await menu.locator('b').innerText();
  await page.keyboard.press('ArrowRight');
  await expect(menu.locator('b')).not.toHaveText(before);
  await page.keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  await expect(button).toBeFocused();
  await page.keyboard.press('Enter');
  for (const key of ['Tab', 'End', 'Tab', 'Tab', 'Enter']) await page.keyboard.press(key);
  await expect(page).toHaveURL(/\/compare\?.*selection=from:/);
  expect(all(page, 'selection')).toHaveLength(2);
  await ready(page);

  await page.goto('/?window=7d');
  await ready(page);
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await expect(page).toHaveURL(/\/compare/);
  await ready(page);
  await expect(page.locator('main a[data-value]').first()).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/filter=/);
});

test('what cannot be compared says what to do', async ({ page }) => {
  const f = async (query: string, text: RegExp) => {
    await page.goto(`/compare?window=7d&${query}`);
    await ready(page);
    await expect(page.locator('main')).toContainText(text);
    await expect(page.getByRole('alert')).toHaveCount(0);
  };
  await f('selection=release:nowhere', /Nothing is in the selection/);
  await f('selection=minMs:0&selection=outcome:ok&selection=outcome:wrong&selection=outcome:running&filter=minMs:0', /There is nothing to compare it with/);
  await f('of=events', /Choose a level, a release or a region/);
  await f('of=events&selection=level:error', /events? of level error/);
  await f('selection=release:fleet@3.2.1&filter=agent:night-ledger&filter=environment:development', /too few executions|Nothing is in the selection|nothing to compare/i);
});
