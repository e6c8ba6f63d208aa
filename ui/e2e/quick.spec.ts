// What keeps pages quick, in bytes and requests: those are the same on every machine.
import type { Page } from '@playwright/test';
import { addressOf, paths } from './pages';
import { expect, ready, test } from './watched';

const most = { script: 200, requests: 10 }; // KB as transferred, charts left out; requests to the API

/** asked returns what a page has loaded so far. */
async function asked(page: Page): Promise<{ name: string; size: number }[]> {
  return page.evaluate(() => (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map((r) => ({ name: r.name, size: r.transferSize })));
}

for (const path of paths()) {
  test(`${path} asks for little, and for nothing twice`, async ({ page }) => {
    await page.addInitScript(() => (window.requestIdleCallback = () => 0)); // which fetches other pages
    await page.goto(await addressOf(path));
    await ready(page);
    const all = await asked(page);
    const scripts = all.filter((r) => r.name.endsWith('.js') && !r.name.includes('uplot'));
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.length, 'files of script').toBeLessThanOrEqual(8);
    expect(scripts.reduce((n, r) => n + r.size, 0) / 1000, 'KB of script').toBeLessThanOrEqual(most.script);
    const api = all.map((r) => r.name).filter((name) => name.includes('/api/'));
    expect(api.length, api.join('\n')).toBeLessThanOrEqual(most.requests);
    expect(new Set(api).size, api.join('\n')).toBe(api.length);
  });
}

test('other pages are there before somebody goes to them', async ({ page }) => {
  await page.addInitScript(() => (window.requestIdleCallback = () => 0));
  await page.goto('/settings');
  await ready(page);
  const before = new Set((await asked(page)).map((r) => r.name));
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Cost' }).focus();
  await expect.poll(async () => (await asked(page)).filter((r) => r.name.endsWith('.js') && !before.has(r.name)).length).toBeGreaterThan(0);
  expect(page.url()).toContain('/settings');
});
