import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Page, TestInfo } from '@playwright/test';
import { bundle, modules, python, run, site } from './clients';
import { serve } from './server.mjs';
import { expect, ready, test } from './watched';

/** Language runs a program that stands in a folder of its own. */
type Language = (code: string, folder: string, page: Page) => Promise<unknown>;

const node: Language = (code, folder) => {
  symlinkSync(`${modules('node11')}/node_modules`, `${folder}/node_modules`);
  return run(process.execPath, [written(`${folder}/app.mjs`, code)]);
};

const languages: Record<string, Language | undefined> = {
  curl: (code) => run('sh', ['-ec', code.replace('curl ', 'curl -fsS ')]),
  go: (code, folder) => run('go', ['run', written(`${folder}/main.go`, code)]),
  node,
  opentelemetry: node,
  browser: async (code, folder, page) => {
    await bundle(written(`${folder}/app.js`, code), `${folder}/bundle.js`);
    const web = await site(`${folder}/bundle.js`);
    const theirs = await page.context().newPage();
    const answer = theirs.waitForResponse((r) => r.url().includes('/envelope/'));
    await theirs.goto(web.url);
    expect((await answer).status()).toBe(200);
    await theirs.close();
    await web.stop();
  },
  python: python() ? (code, folder) => run(python() ?? '', [written(`${folder}/app.py`, code)]) : undefined,
};

function written(file: string, code: string): string {
  writeFileSync(file, code);
  return file;
}

test('every snippet of the set-up page sends what it says', async ({ page }, info) => {
  test.setTimeout(180_000);
  const server = await serve(process.env.PICKET_BIN ?? '', info.outputPath('data'));
  try {
    await page.goto(`${server.url}/setup`);
    await ready(page);
    const tabs = await page.getByRole('navigation', { name: 'Languages' }).or(page.getByRole('tablist', { name: 'Languages' })).getByRole('link').or(page.getByRole('tab')).allTextContents();
    expect(tabs).toEqual(['Go', 'Node', 'Python', 'Browser', 'OpenTelemetry', 'curl']);
    for (const title of tabs) await proven(page, info, server.url, title);
  } finally {
    await page.goto('about:blank');
    await server.stop();
  }
});

/** proven runs the snippet of one language as the page shows it, and waits for its issue. */
async function proven(page: Page, info: TestInfo, url: string, title: string): Promise<void> {
  const language = languages[title.toLowerCase()];
  if (!language) return console.log(`The snippet for ${title} was not run: make conformance installs what it needs.`);
  await page.goto(`${url}/setup?tab=${title.toLowerCase()}`);
  await ready(page);
  const code = await page.getByLabel(`${title} program`).innerText();
  const folder = info.outputPath(title);
  mkdirSync(folder, { recursive: true });
  await language(code, folder, page);
  const hello = new RegExp(`hello from (the )?${title}`, 'i');
  await expect.poll(async () => (await (await fetch(`${url}/api/v1/issues?window=1h`)).text()), { message: title, timeout: 10_000 }).toMatch(hello);
}
