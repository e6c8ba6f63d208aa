import { accessible } from './axe';
import { addressOf, contents, paths } from './pages';
import { expect, measured, ready, test } from './watched';

for (const path of paths()) {
  test(`${path} opens in both themes`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(await addressOf(path));
    measured('page ready', path, await ready(page), 'ms');
    await expect(page.locator('main')).toHaveText(contents[path] ?? /\w{3}/);
    await expect(page.getByRole('alert')).toHaveCount(0);
    expect(await page.title()).toMatch(/\S · Picket$/);
    await accessible(page, path);
  });
}

test('a narrow screen shows every page without scrolling sideways', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  for (const path of paths()) {
    await page.goto(await addressOf(path));
    await ready(page);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over, path).toBeLessThanOrEqual(0);
  }
});

test('the pages come with a strict policy, and what they load is told', async ({ page }) => {
  const answer = await page.goto('/');
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toMatch(/default-src '(self|none)'/);
  expect(policy).toContain("object-src 'none'");
  expect(policy).not.toContain('unsafe');
  await ready(page);
  const scripts = await page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).filter((r) => r.name.endsWith('.js')).map((r) => ({ name: r.name, size: r.transferSize })),
  );
  const charts = (name: string) => name.includes('uplot') || name.includes('uPlot');
  const sum = (list: { size: number }[]) => list.reduce((n, s) => n + s.size, 0) / 1000;
  measured('transferred', 'JavaScript before charts', sum(scripts.filter((s) => !charts(s.name))), 'KB');
  measured('transferred', 'JavaScript with charts', sum(scripts), 'KB');
  expect(scripts.length).toBeGreaterThan(0);
});
