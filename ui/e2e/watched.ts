// The test that watches: whatever a page does, it may not complain, break a policy or ask another host.
import { appendFileSync } from 'node:fs';
import { expect, test as base, type Page } from '@playwright/test';

/** test is Playwright's, with a page that fails the test for what it did on the side. */
export const test = base.extend<{ complaints: string[] }>({
  complaints: async ({}, use) => use([]),
  page: async ({ page, complaints }, use) => {
    page.on('console', (m) => m.type() === 'error' && complaints.push(`console: ${m.text()}`));
    page.on('pageerror', (e) => complaints.push(`error: ${e.message}`));
    page.on('request', (r) => foreign(r.url(), page) && complaints.push(`request to ${r.url()}`));
    page.on('response', (r) => r.status() >= 500 && complaints.push(`${r.status()} of ${r.url()}`));
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`));
    });
    await use(page);
    expect(complaints, 'what the page did on the side').toEqual([]);
  },
});

function foreign(url: string, page: Page): boolean {
  const u = new URL(url);
  if (!u.protocol.startsWith('http')) return false;
  const at = page.url();
  return at.startsWith('http') && u.host !== new URL(at).host;
}

/** ready waits until nothing on the page is on its way any more, and returns the page's clock in milliseconds. */
export async function ready(page: Page): Promise<number> {
  const seen = await page.waitForFunction(() => {
    const main = document.querySelector('main');
    const waits = main?.querySelector('[aria-label="Loading"], [aria-busy="true"]');
    return main && !waits && main.innerText.trim().length > 20 ? Math.round(performance.now()) : false;
  });
  return (await seen.jsonValue()) as number;
}

/** measured keeps a figure to print at the end. */
export function measured(kind: 'page ready' | 'page ready, cold' | 'page ready, warm' | 'asked' | 'interaction' | 'scroll' | 'transferred' | 'memory', name: string, value: number, unit: string): void {
  appendFileSync(`${process.env.PICKET_OUT}/timings.jsonl`, `${JSON.stringify({ kind, name, value: Math.round(value), unit })}\n`);
}

export { expect };
