import { accessible } from './axe';
import { paths } from './pages';
import { serve } from './server.mjs';
import { expect, ready, test } from './watched';

test('every page says what to do on a server where nothing happened yet', async ({ page }, info) => {
  test.setTimeout(120_000);
  const server = await serve(process.env.PICKET_BIN ?? '', info.outputPath('data'));
  try {
    for (const path of paths().filter((p) => !p.includes(':'))) {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(server.url + path);
      await ready(page);
      if (path === '/') await expect(page).toHaveURL(/\/setup/);
      await expect(page.locator('main').getByRole('alert'), path).toHaveCount(0);
      await expect(page.locator('main'), path).toHaveText(/\w{3}/);
      await accessible(page, path);
    }
  } finally {
    await page.goto('about:blank');
    await server.stop();
  }
});

test('what is not there is said, with a way on', async ({ page, complaints }) => {
  for (const path of paths().filter((p) => p.includes(':'))) {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(path.replace(/:\w+/, path.startsWith('/issues') ? '999999' : 'no-such'));
    await ready(page);
    await accessible(page, path);
  }
  await page.goto('/no/such/page');
  await expect(page.locator('main')).toContainText('no such page');
  await expect(page.locator('main').getByRole('link')).not.toHaveCount(0);
  expect(complaints.splice(0).filter((c) => !c.includes('status of 4'))).toEqual([]); // browsers log what is not found
});
