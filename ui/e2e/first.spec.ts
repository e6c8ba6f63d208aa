import { accessible } from './axe';
import { fault, sent } from './send';
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
    await accessible(page, 'first run');
    expect(await sent(dsn, fault('the till is on fire'))).toBe(200);
    await expect(page).toHaveURL(new RegExp(`^${server.url}/(\\?.*)?$`));
    await ready(page);
    await expect(page.locator('main')).toContainText('the till is on fire');
  } finally {
    await page.goto('about:blank'); // or it would complain of the server that is gone
    await server.stop();
  }
});
