import { accessible } from './axe';
import { serve } from './server.mjs';
import { expect, ready, test } from './watched';

test('the one-time link sets the administrator, who signs out and in again', async ({ page, complaints }, info) => {
  const server = await serve(process.env.PICKET_BIN ?? '', info.outputPath('data'), []);
  const [email, password] = ['admin@example.com', 'a long enough phrase'];
  const said = () => /(http\S*\/setup#pkl_\w+)/.exec(server.said())?.[1] ?? '';
  try {
    await page.goto(server.url);
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await expect(page.locator('main')).toContainText('one-time link');
    await accessible(page, 'sign-in');

    await expect.poll(said).not.toBe('');
    await page.goto(said());
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password').fill(password);
    await accessible(page, 'first password');
    await page.getByRole('button', { name: 'Begin' }).click();
    await expect(page.getByRole('heading', { name: 'Set up', exact: true })).toBeVisible(); // nothing came yet
    expect(page.url()).not.toContain('#');

    await page.goto(`${server.url}/settings?tab=account`);
    await ready(page);
    await expect(page.locator('main')).toContainText(email);
    await page.getByRole('button', { name: 'Sign out' }).click();

    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password').fill('not that one at all');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('wrong');
    await accessible(page, 'refused');
    expect(complaints.splice(0).filter((c) => !c.includes('401'))).toEqual([]); // browsers log what is refused

    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.locator('main')).toContainText(email);
    await page.goto(`${server.url}/settings?tab=tokens`);
    await ready(page);
    await page.getByLabel('Name').fill('nightly report');
    await page.getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'Make the token' }).click();
    await expect(page.getByLabel('Secret')).not.toBeEmpty();
    await page.getByRole('button', { name: 'Revoke nightly report' }).click();
    await expect(page.locator('main')).toContainText('No token yet');
  } finally {
    await page.goto('about:blank');
    await server.stop();
  }
});
