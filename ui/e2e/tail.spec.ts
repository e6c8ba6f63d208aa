import { serve, type Server } from './server.mjs';
import type { Page, TestInfo } from '@playwright/test';
import { dsnOf, fault, sent } from './send';
import { expect, measured, ready, test } from './watched';

/** listening opens the live tail of a server of its own, which nobody else fills, and runs what follows. */
async function listening(page: Page, info: TestInfo, then: (server: Server, dsn: string) => Promise<void>): Promise<void> {
  const server = await serve(process.env.PICKET_BIN ?? '', info.outputPath('data'));
  try {
    await page.goto(`${server.url}/tail`);
    await expect(status(page)).toHaveText('Live');
    await then(server, await dsnOf(server.url));
  } finally {
    await page.goto('about:blank'); // or it would complain of the server that is gone
    await server.stop();
  }
}

const status = (page: Page) => page.locator('main').getByRole('status');
const rows = (page: Page) => page.getByRole('table', { name: 'Live tail' }).locator('tbody tr');

test('events appear as they come, are filtered, held and let in again', async ({ page }, info) => {
  await listening(page, info, async (_, dsn) => {
    await expect(page.locator('main')).toContainText('Listening');
    const f = async (title: string, more = {}) => expect(await sent(dsn, fault(title, more))).toBe(200);
    const began = Date.now();
    await f('the first of them', { contexts: { agent: { id: 'refund-desk' } }, environment: 'live' });
    await expect(rows(page)).toHaveText([/the first of them/]);
    measured('interaction', 'an event, from sending to the live tail', Date.now() - began, 'ms');
    await f('a warning', { level: 'warning', environment: 'staging' });
    await expect(rows(page)).toHaveText([/a warning/, /the first of them/]);

    await page.keyboard.press('Space');
    await expect(status(page)).toHaveText('Paused');
    await f('one that waits');
    await f('another that waits');
    await expect(page.getByRole('button', { name: /Go on/ })).toContainText('2');
    await expect(rows(page)).toHaveCount(2);
    await page.keyboard.press('Space');
    await expect(rows(page)).toHaveText([/another that waits/, /one that waits/, /a warning/, /the first/]);

    await page.getByLabel('Level').selectOption('error');
    await expect(page).toHaveURL(/level=error/);
    await expect(status(page)).toHaveText('Live');
    await f('not bad enough', { level: 'warning' });
    await f('bad enough');
    await expect(rows(page)).toHaveText([/bad enough/]);
    await page.goto(`${new URL(page.url()).origin}/tail?agent=refund-desk&text=GOLD`);
    await expect(status(page)).toHaveText('Live');
    await f('gold, by nobody');
    await f('silver', { contexts: { agent: { id: 'refund-desk' } } });
    await f('the gold is gone', { contexts: { agent: { id: 'refund-desk' } } });
    await expect(rows(page)).toHaveText([/the gold is gone/]);

    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    const preview = page.getByRole('complementary', { name: 'Preview' });
    await expect(preview).toContainText('the gold is gone');
    await preview.getByRole('link', { name: 'Open the issue' }).click();
    await ready(page);
    await expect(page.locator('main h1')).toContainText('the gold is gone');
  });
});

test('a burst of 5,000 events leaves the page responsive', async ({ page }, info) => {
  test.setTimeout(60_000);
  await listening(page, info, async (_, dsn) => {
    await page.evaluate(() => {
      const seen = { longest: 0, last: performance.now(), frames: 0 };
      Object.assign(window, { seen });
      const look = (now: number) => {
        seen.longest = Math.max(seen.longest, now - seen.last);
        seen.last = now;
        seen.frames++;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    const began = Date.now();
    const burst = flood(dsn, 5_000);
    await expect(rows(page).first()).toBeVisible();
    const pressed = Date.now();
    await page.keyboard.press('Space');
    await expect(status(page)).toHaveText('Paused');
    measured('interaction', 'pause in the middle of 5,000 events', Date.now() - pressed, 'ms');
    await page.keyboard.press('Space');
    await burst;
    const took = Date.now() - began;
    await expect(rows(page).first()).toContainText(/event \d+/);
    await sent(dsn, fault('the last of all'));
    await expect(rows(page).first()).toContainText('the last of all');
    const seen = await page.evaluate(() => (window as unknown as { seen: { longest: number; frames: number } }).seen);
    measured('interaction', 'longest time without a frame, 5,000 events', seen.longest, 'ms');
    measured('interaction', 'sending and showing 5,000 events', took, 'ms');
    expect(Number(await page.locator('[data-rows]').getAttribute('data-rows'))).toBeLessThanOrEqual(2_000);
    expect(await rows(page).count()).toBeLessThan(100); // the others are not drawn
  });
});

/** flood sends so many events, a hundred in an envelope. */
async function flood(dsn: string, many: number): Promise<void> {
  const hundred = (at: number) => Array.from({ length: 100 }, (_, i) => fault(`event ${at + i}`, { fingerprint: ['flood'] }));
  for (let at = 0; at < many; at += 100) expect(await sent(dsn, ...hundred(at))).toBe(200);
}

test('the live tail says that its connection is lost, and goes on by itself', async ({ page, complaints }, info) => {
  const data = info.outputPath('data');
  const first = await serve(process.env.PICKET_BIN ?? '', data);
  const flags = ['--dev', '--addr', new URL(first.url).host];
  let second: Server | undefined;
  try {
    await page.goto(`${first.url}/tail`);
    await expect(status(page)).toHaveText('Live');
    await first.stop();
    await expect(status(page)).toContainText('connection is lost');
    second = await serve(process.env.PICKET_BIN ?? '', data, flags);
    await expect(status(page)).toHaveText('Live', { timeout: 20_000 });
    await sent(await dsnOf(second.url), fault('after the gap'));
    await expect(rows(page)).toHaveText([/after the gap/, /connection was lost here/]);
    expect(complaints.splice(0).filter((c) => !c.includes('net::ERR_'))).toEqual([]); // browsers log what they cannot reach
  } finally {
    await page.goto('about:blank');
    await (second ?? first).stop();
  }
});
