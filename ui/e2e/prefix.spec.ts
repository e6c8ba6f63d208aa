import { createServer, request, type Server as Proxy } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fault, sent } from './send';
import { serve } from './server.mjs';
import { expect, ready, test } from './watched';

/** listening starts a server on a port that is free, and returns its address. */
async function listening(server: Proxy): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** free returns an address that nobody listens at. */
async function free(): Promise<string> {
  const server = createServer();
  const address = await listening(server);
  await new Promise((done) => server.close(done));
  return address;
}

/** proxy passes on what comes below /picket, with that path or without. */
function proxy(strips: boolean, target: string): Proxy {
  return createServer((q, a) => {
    if (!q.url?.startsWith('/picket')) return void a.writeHead(404).end();
    const path = strips ? q.url.slice('/picket'.length) : q.url;
    const on = request(`http://${target}${path}`, { method: q.method, headers: q.headers }, (got) => {
      a.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(a);
    });
    on.on('error', () => a.destroy());
    a.on('close', () => on.destroy());
    q.pipe(on);
  });
}

for (const strips of [true, false]) {
  test(`the pages work below a path that a proxy ${strips ? 'takes off' : 'leaves on'}`, async ({ page }, info) => {
    const behind = await free();
    const front = proxy(strips, behind);
    const origin = `http://${await listening(front)}`;
    const server = await serve(process.env.PICKET_BIN ?? '', info.outputPath('data'), ['--addr', behind, '--public-url', `${origin}/picket/`]);
    try {
      await walk(page, server.said, origin);
    } finally {
      await page.goto('about:blank');
      await server.stop();
      front.closeAllConnections();
      front.close();
    }
  });
}

async function walk(page: Parameters<typeof ready>[0], said: () => string, origin: string): Promise<void> {
  const base = `${origin}/picket`;
  await expect.poll(() => /\/setup#pkl_\w+/.exec(said())?.[0] ?? '').not.toBe('');
  await page.goto(base + (/\/setup#pkl_\w+/.exec(said())?.[0] ?? ''));
  await page.getByLabel('E-mail address').fill('admin@example.com');
  await page.getByLabel('Password').fill('a long enough phrase');
  await page.getByRole('button', { name: 'Begin' }).click();
  await expect(page.getByRole('heading', { name: 'Set up', exact: true })).toBeVisible();
  await expect(page).toHaveURL(`${base}/setup`);
  const dsn = /http:\/\/\w+@[\w.:]+\/picket\/\d+/.exec(await page.locator('main').innerText())?.[0] ?? '';
  expect(await sent(dsn, fault('behind a proxy'))).toBe(200);
  await expect(page).toHaveURL(new RegExp(`^${base}/(\\?.*)?$`)); // the first event has arrived
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Live tail' }).click();
  await expect(page.locator('main').getByRole('status')).toHaveText('Live');
  await expect(page).toHaveURL(new RegExp(`^${base}/tail`));
  await sent(dsn, fault('another behind it'));
  await expect(page.locator('main')).toContainText('another behind it');
  await page.keyboard.press('g');
  await page.keyboard.press('i');
  await ready(page);
  await page.getByRole('link', { name: /another behind it/ }).first().click();
  await expect(page).toHaveURL(new RegExp(`^${base}/issues/DEFAULT-`));
  await page.reload(); // deep: the files are found all the same, and the cookie is sent
  await ready(page);
  await expect(page.locator('main h1')).toContainText('another behind it');
  const images = await page.evaluate(() => [...document.images].every((i) => i.complete && i.naturalWidth > 0));
  expect(images).toBe(true);
}
