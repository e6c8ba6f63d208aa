import { randomUUID } from 'node:crypto';
import { serve } from './server.mjs';
import { expect, ready, test } from './watched';

test('the first run shows the DSN, and becomes the overview when the first event arrives', async ({ page }, info) => {
  const server = await serve(process.env.PICKET_BIN ?? '', info.outputPath('data'));
  try {
    await page.goto(server.url);
    await expect(page).toHaveURL(/\/setup/);
    await ready(page);
    const dsn = /http:\/\/\w+@[\w.:]+\/\d+/.exec(await page.locator('main').innerText())?.[0] ?? '';
    expect(dsn).not.toBe('');
    expect(await send(dsn)).toBe(200);
    await expect(page).toHaveURL(new RegExp(`^${server.url}/(\\?.*)?$`));
    await ready(page);
    await expect(page.locator('main')).toContainText('the till is on fire');
  } finally {
    await page.goto('about:blank'); // or it would complain of the server that is gone
    await server.stop();
  }
});

/** send reports one error as an SDK would. */
async function send(dsn: string): Promise<number> {
  const { origin, username, pathname } = new URL(dsn);
  const id = randomUUID().replaceAll('-', '');
  const event = { event_id: id, platform: 'node', level: 'error', exception: { values: [{ type: 'Error', value: 'the till is on fire' }] } };
  const body = [{ event_id: id }, { type: 'event' }, event].map((part) => JSON.stringify(part)).join('\n');
  const answer = await fetch(`${origin}/api${pathname}/envelope/`, { method: 'POST', headers: { 'X-Sentry-Auth': `Sentry sentry_version=7, sentry_key=${username}` }, body });
  return answer.status;
}
