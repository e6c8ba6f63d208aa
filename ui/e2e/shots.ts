import { spawn } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { addressOf, paths } from './pages';
import { packed } from './png';
import { serve } from './server.mjs';
import { ready, test } from './watched';

const to = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));
const bin = process.env.PICKET_BIN ?? '';
const themes = ['light', 'dark'] as const;

for (const theme of themes) {
  for (const path of paths()) {
    test(`${path}, ${theme}`, async ({ page }) => {
      await quiet(page, theme);
      const address = await addressOf(path);
      await page.goto(address.includes('?') ? address : `${address}?window=7d`);
      await ready(page);
      await stage[path]?.(page);
      await drawn(page);
      write(`${name(path)}-${theme}`, await page.screenshot());
    });
  }
}

/** stage is what has to happen before some pages show something. */
const stage: Record<string, ((page: Page) => Promise<void>) | undefined> = {
  '/tail': async (page) => {
    const fleet = spawn(bin, ['demo', '--data', `${process.env.PICKET_OUT}/data`, '--executions', '1', '--history', '1m', '--live', '--per-minute', '900'], { stdio: 'ignore' });
    const ended = new Promise((done) => fleet.on('exit', done));
    await page.locator('main tbody tr:nth-child(30)').waitFor();
    await page.keyboard.press('Space');
    fleet.kill('SIGINT');
    await ended;
  },
};

// The ways in, and what a new server says on every page: on one sheet, since there are many.
for (const theme of themes) {
  test(`the ways in, ${theme}`, async ({ page }, info) => {
    await quiet(page, theme);
    const server = await serve(bin, info.outputPath('data'), []);
    await page.goto(server.url);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    write(`sign-in-${theme}`, await page.screenshot());
    await page.goto(`${server.url}/setup#${/pkl_\w+/.exec(server.said())?.[0]}`);
    await page.getByRole('button', { name: 'Begin' }).waitFor();
    write(`first-password-${theme}`, await page.screenshot());
    await page.goto('about:blank');
    await server.stop();
  });

  test(`an empty server, ${theme}`, async ({ page }, info) => {
    await quiet(page, theme);
    const server = await serve(bin, info.outputPath('data'));
    await page.goto(server.url);
    await page.waitForURL(/\/setup/);
    await ready(page);
    write(`first-run-${theme}`, await page.screenshot());
    const shown = [];
    for (const path of paths().filter((p) => !p.includes(':') && p !== '/' && p !== '/setup')) {
      await page.goto(server.url + path);
      await ready(page);
      await drawn(page);
      shown.push(`<img src="data:image/png;base64,${(await page.screenshot()).toString('base64')}">`);
    }
    await page.goto('about:blank');
    await server.stop();
    const sheet = await page.context().newPage(); // no page of ours, so nobody watches it
    await sheet.setViewportSize({ width: 1288, height: 100 });
    await sheet.setContent(`<style>body{margin:8px;display:grid;grid-template-columns:1fr 1fr;gap:8px;background:#808080}img{width:100%}</style>${shown.join('')}`);
    write(`empty-${theme}`, await sheet.screenshot({ fullPage: true }));
    await sheet.close();
  });
}

/** quiet makes shots of one theme alike. */
async function quiet(page: Page, colorScheme: (typeof themes)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** drawn waits for what a page draws on its canvases. */
async function drawn(page: Page): Promise<void> {
  const charts = page.locator('[aria-label$="chart over time"]');
  for (const chart of await charts.all()) await chart.locator('canvas').waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

function write(file: string, png: Buffer): void {
  mkdirSync(to, { recursive: true });
  writeFileSync(`${to}/${file}.png`, packed(png));
  console.log(`${(statSync(`${to}/${file}.png`).size / 1000).toFixed(0)} KB ${file}`);
}

/** name turns /issues/:id into issue, and / into overview. */
function name(path: string): string {
  if (path === '/') return 'overview';
  const parts = path.split('/').filter(Boolean);
  const whole = parts.filter((p) => !p.startsWith(':')).join('-');
  return parts.length > 1 && parts.at(-1)?.startsWith(':') ? whole.replace(/ies$/, 'y').replace(/s$/, '') : whole;
}
