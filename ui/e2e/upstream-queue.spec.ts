import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accessible } from './axe';
import { serve } from './server.mjs';
import { expect, ready, test } from './watched';

const bin = process.env.PICKET_BIN ?? '';

// The upstream does what it is told, one answer after the other.
test('what waits for an upstream is shown, with what to do, and goes when it may', async ({ page }, info) => {
  test.setTimeout(90_000);
  const answer = { status: 401, headers: {} as Record<string, string>, body: '{"detail":"unknown key"}' };
  let took = 0;
  const sentry = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (answer.status === 200) took++;
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((done) => sentry.listen(0, '127.0.0.1', done));
  const dsn = `http://${'5'.repeat(32)}@127.0.0.1:${(sentry.address() as AddressInfo).port}/7`;
  const picket = await serve(bin, info.outputPath('picket'), ['--dev', '--allow-outbound', '127.0.0.0/8']);
  const main = page.locator('main');
  const table = page.getByRole('table', { name: 'What waits for upstreams' });
  try {
    const key = /\/\/(\w+)@/.exec(picket.said())?.[1] ?? '';
    const send = async (n: number) => {
      const r = await fetch(`${picket.url}/api/1/store/?sentry_key=${key}`, { method: 'POST', body: JSON.stringify({ event_id: n.toString(16).padStart(32, '0'), message: `it broke ${n}` }) });
      expect(r.status).toBe(200);
    };

    await page.goto(`${picket.url}/settings?tab=upstream`);
    await ready(page);
    await expect(main).toContainText('Nothing is forwarded');

    const set = (body: object) => fetch(`${picket.url}/sentry/config`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    await set({ dsn });
    for (const n of [1, 2, 3]) await send(n);
    await page.reload();
    await ready(page);
    await expect(table).toContainText('refuses the key');
    await expect(table).toContainText('3 (');
    await expect(page.getByRole('note', { name: 'About Default' })).toContainText('unknown key');
    await expect(page.getByRole('note', { name: 'About Default' })).toContainText('Put a DSN above whose key is good');
    await accessible(page, 'a key that is refused');

    // What is refused for itself stands aside and says why.
    Object.assign(answer, { status: 400, body: '{"detail":"no such thing"}' });
    await page.getByRole('button', { name: 'Try again now' }).click();
    await expect(page.getByRole('table', { name: 'Refused envelopes' })).toContainText('no such thing');
    await expect(table).toContainText('refused some');
    await accessible(page, 'envelopes that are refused');

    // Limits are named.
    Object.assign(answer, { status: 429, headers: { 'X-Sentry-Rate-Limits': '3600:error:organization:quota' }, body: '{}' });
    await page.getByRole('button', { name: 'Try again now' }).click();
    await expect(table).toContainText('limits');
    await expect(page.getByRole('note', { name: 'About Default' })).toContainText('error waits until');

    Object.assign(answer, { status: 200, headers: {}, body: '{}' });
    await page.getByRole('button', { name: 'Try again now' }).click();
    await expect(table).toContainText('takes all');
    await expect.poll(() => took).toBe(3);
    await expect(page.getByRole('button', { name: 'Try again now' })).toHaveCount(0);
    await accessible(page, 'a healthy upstream');
  } finally {
    await page.goto('about:blank');
    await picket.stop();
    sentry.closeAllConnections();
    await new Promise((done) => sentry.close(done));
  }
});
