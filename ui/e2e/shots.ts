import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { addressOf, paths } from './pages';
import { packed } from './png';
import { ready, test } from './watched';

const to = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));

for (const theme of ['light', 'dark'] as const) {
  for (const path of paths()) {
    test(`${path}, ${theme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width: 1280, height: 800 });
      const address = await addressOf(path);
      await page.goto(address.includes('?') ? address : `${address}?window=7d`);
      await ready(page);
      const charts = page.locator('[aria-label$="chart over time"]');
      for (const chart of await charts.all()) await chart.locator('canvas').waitFor();
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      mkdirSync(to, { recursive: true });
      const file = `${to}/${name(path)}-${theme}.png`;
      writeFileSync(file, packed(await page.screenshot()));
      console.log(`${(statSync(file).size / 1000).toFixed(0)} KB ${name(path)}-${theme}`);
    });
  }
}

/** name turns /issues/:id into issue, and / into overview. */
function name(path: string): string {
  if (path === '/') return 'overview';
  const parts = path.split('/').filter(Boolean);
  const whole = parts.filter((p) => !p.startsWith(':')).join('-');
  return parts.length > 1 && parts.at(-1)?.startsWith(':') ? whole.replace(/ies$/, 'y').replace(/s$/, '') : whole;
}
