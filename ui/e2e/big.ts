// What pages take on a server with a million events, on the clock of the page itself. Nothing here asserts a time.
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { addressOf, paths } from './pages';
import { frames, settled, watch } from './big-clock';
import { expect, measured, test } from './watched';

const rounds = Number(process.env.PICKET_ROUNDS ?? 5);
const longest = '/executions/marathon';

test.describe.configure({ mode: 'default', timeout: 600_000 });

interface Opened {
  context: BrowserContext;
  page: Page;
}

/** fresh opens a tab of a browser that has nothing of ours in its cache. */
async function fresh(browser: Browser): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 850 } });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.addInitScript(watch);
  return { context, page };
}

function median(list: number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
}

/** tell keeps the median of some figures, with the worst of them. */
function tell(kind: Parameters<typeof measured>[0], name: string, list: number[]): void {
  measured(kind, `${name} (worst ${Math.round(Math.max(...list))})`, median(list), 'ms');
}

async function addresses(): Promise<[string, string][]> {
  const list: [string, string][] = [[longest, longest]];
  for (const path of paths()) {
    const address = await addressOf(path);
    list.push([path, `${address}${address.includes('?') ? '&' : '?'}window=30d`]);
  }
  return [...list, ['/, 24h', '/?window=24h']];
}

test('pages open', async ({ browser }) => {
  for (const [name, address] of await addresses()) {
    const times: Record<'cold' | 'warm' | 'requests' | 'bytes', number[]> = { cold: [], warm: [], requests: [], bytes: [] };
    for (let i = 0; i < rounds; i++) {
      const { context, page } = await fresh(browser);
      await page.goto(process.env.PICKET_URL + address);
      times.cold.push(await settled(page));
      await page.goto(process.env.PICKET_URL + address);
      times.warm.push(await settled(page));
      const asked = await page.evaluate(() => (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).filter((r) => r.name.includes('/api/')).map((r) => r.transferSize));
      times.requests.push(asked.length);
      times.bytes.push(asked.reduce((n, size) => n + size, 0) / 1000);
      await context.close();
    }
    tell('page ready, cold', name, times.cold);
    tell('page ready, warm', name, times.warm);
    measured('asked', `${name}: requests`, median(times.requests), '');
    measured('asked', `${name}: answers`, median(times.bytes), 'KB');
  }
});

/** moves are what readers do: where, and what is done there. */
const moves: { name: string; at: string; act: (page: Page) => Promise<unknown> }[] = [
  ...['Issues', 'Agents', 'Executions', 'Conversations', 'Cost', 'Policies', 'Models & prices', 'Settings'].map((name) => ({
    name: `click to ${name}`,
    at: '/?window=30d',
    act: (page: Page) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click(),
  })),
  { name: 'open the palette', at: '/?window=30d', act: (page) => page.keyboard.press('Control+k') },
  { name: 'overview: another window', at: '/?window=30d', act: (page) => page.getByLabel('Time range').selectOption('7d') },
  { name: 'overview: an environment', at: '/?window=30d', act: (page) => page.getByLabel('Environment').selectOption({ index: 1 }) },
  { name: 'cost: group by model', at: '/cost?window=30d', act: (page) => page.getByLabel('Group by').selectOption('model') },
  { name: 'issues: next row', at: '/issues?window=30d', act: (page) => page.keyboard.press('j') },
  { name: 'issues: open the first', at: '/issues?window=30d', act: (page) => page.locator('tbody tr a').first().click() },
  { name: 'executions: open the first', at: '/executions?window=30d', act: (page) => page.locator('tbody tr a').first().click() },
  { name: 'executions: failed ones', at: '/executions?window=30d', act: (page) => page.goto(`${new URL(page.url()).origin}/executions?window=30d&outcome=error`) },
  { name: '10,000 spans: to the tree', at: longest, act: (page) => page.getByRole('link', { name: 'Tree' }).click() },
  { name: '10,000 spans: to the timeline', at: longest, act: (page) => page.getByRole('link', { name: 'Timeline' }).click() },
  { name: '10,000 spans: open a span', at: `${longest}?tab=tree`, act: (page) => page.getByRole('listitem').nth(8).getByRole('link').click() },
];

for (const { name, at, act } of moves) {
  test(name, async ({ browser }) => {
    const times: number[] = [];
    const { context, page } = await fresh(browser);
    for (let i = 0; i < rounds; i++) {
      await page.goto(process.env.PICKET_URL + at);
      await settled(page);
      await page.evaluate(() => (window as unknown as { clock: { reset: () => void } }).clock.reset());
      await act(page);
      times.push(await settled(page));
    }
    await context.close();
    tell('interaction', name, times);
  });
}

for (const tab of ['transcript', 'tree', 'timeline']) {
  test(`10,000 spans scroll as ${tab}`, async ({ browser }) => {
    const { context, page } = await fresh(browser);
    await page.goto(`${process.env.PICKET_URL}${longest}?tab=${tab}`);
    await settled(page);
    for (const step of [60, 400]) {
      const f = await frames(page, step, 300);
      expect(f.moved).toBeGreaterThan(step * 100);
      measured('scroll', `${tab}, ${step} px a frame: frames a second`, f.perSecond, '');
      measured('scroll', `${tab}, ${step} px a frame: frames over 20 ms of 300`, f.slow, '');
      measured('scroll', `${tab}, ${step} px a frame: longest frame`, f.longest, 'ms');
    }
    await context.close();
  });
}

test('memory of the server', () => {
  const status = readFileSync(`/proc/${process.env.PICKET_PID}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1000;
  measured('memory', 'resident, after all this', of('VmRSS'), 'MB');
  measured('memory', 'resident, most', of('VmHWM'), 'MB');
});
