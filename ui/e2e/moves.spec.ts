import { expect, measured, ready, test } from './watched';

test('the address holds the state, and the way back works', async ({ page }) => {
  await page.goto('/cost');
  await ready(page);
  const began = Date.now();
  await page.getByLabel('Group by').selectOption('model');
  await expect(page.locator('main')).toContainText('openai/gpt-4o');
  measured('interaction', 'group cost by model', Date.now() - began, 'ms');
  await expect(page).toHaveURL(/groupBy=model/);
  await page.getByLabel('Time range').selectOption('7d');
  await expect(page).toHaveURL(/window=7d/);
  await page.reload();
  await ready(page);
  await expect(page.getByLabel('Group by')).toHaveValue('model');
  await page.goBack();
  await page.goBack();
  await expect(page.getByLabel('Group by')).toHaveValue('');
});

test('the palette goes to pages, and the help sheet lists the keys', async ({ page }) => {
  await page.goto('/');
  await ready(page);
  const began = Date.now();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Command' }).fill('go to polic');
  measured('interaction', 'open the palette', Date.now() - began, 'ms');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/policies/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Command palette');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('clicks between pages are quick and load no document again', async ({ page }) => {
  await page.goto('/');
  await ready(page);
  await page.evaluate(() => ((window as unknown as { same: boolean }).same = true));
  for (const name of ['Issues', 'Cost', 'Policies', 'Models & prices']) {
    const began = Date.now();
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
    await ready(page);
    measured('interaction', `click to ${name}`, Date.now() - began, 'ms');
  }
  expect(await page.evaluate(() => (window as unknown as { same?: boolean }).same)).toBe(true);
});
