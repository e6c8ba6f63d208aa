import { accessible } from './axe';
import { serve } from './server.mjs';
import { expect, ready, test } from './watched';

const bin = process.env.PICKET_BIN ?? '';

// The upstream is a second Picket: it speaks Sentry's protocol as Sentry does.
test('an upstream is tried out, set, changed for one project and taken back', async ({ page, complaints }, info) => {
  test.setTimeout(90_000);
  const sentry = await serve(bin, info.outputPath('sentry'), ['--dev']);
  const picket = await serve(bin, info.outputPath('picket'), ['--dev', '--allow-outbound', '127.0.0.0/8']);
  const dsnOf = (s: typeof sentry) => /DSN: (\S+)/.exec(s.said())?.[1] ?? '';
  try {
    await expect.poll(() => dsnOf(sentry)).not.toBe('');
    await expect.poll(() => dsnOf(picket)).not.toBe('');
    const dsn = dsnOf(sentry);
    const main = page.locator('main');
    const field = page.locator('#dsn');
    const way = page.getByRole('list', { name: 'Way of the test event' });
    const tell = main.getByRole('status');

    await page.goto(`${picket.url}/settings?tab=upstream`);
    await ready(page);
    await expect(main).toContainText('Nothing leaves');
    await expect(main).toContainText('Nothing was set here yet');
    await accessible(page, 'no upstream');

    // Each stage fails where it must.
    const tried = async (text: string, failed: string, says: string | RegExp) => {
      await field.fill(text);
      await page.getByRole('button', { name: 'Send a test event' }).click();
      await expect(tell).toContainText(says);
      await expect(way.locator('li.failed')).toHaveText(failed ? new RegExp(failed) : []);
    };
    await tried('nonsense', 'DSN', 'https://KEY@HOST/PROJECT');
    await tried(dsn.replace(/:\d+\//, ':9/'), 'Connection', 'nobody listens');
    await tried(dsn.replace('http:', 'https:'), 'TLS', 'scheme http');
    await tried(dsn.replace(/\/\/\w+@/, `//${'0'.repeat(32)}@`), 'Key', '403');
    await tried(dsnOf(picket), 'DSN', 'this Picket');
    await accessible(page, 'a trial that failed');
    await field.fill(dsn);
    await page.getByRole('button', { name: 'Send a test event' }).click();
    await expect(tell).toContainText('took the event');
    await expect(way.locator('li.passed')).toHaveCount(6); // TLS is not needed
    const issues = (await (await fetch(`${sentry.url}/api/v1/issues`)).json()) as { issues: { title: string }[] };
    expect(issues.issues.map((i) => i.title)).toEqual([expect.stringContaining('Test event from Picket')]);

    // What is saved holds, is masked, and is in the history.
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(main).toContainText('forwarding');
    await expect(field).toHaveValue(/\/\/\*\*\*\*\w{4}@/);
    await expect(main).toContainText('Version 1 by development mode');
    await expect(main).not.toContainText(dsn);
    await page.getByRole('button', { name: 'Send a test event' }).click();
    await expect(tell).toContainText('took the event'); // the mask stands for what is set
    await accessible(page, 'an upstream');

    // What is wrong is told, by field.
    await main.locator('#environment').fill('a/b');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText('environment');
    await page.getByRole('button', { name: 'Discard changes' }).click();
    expect(complaints.splice(0).filter((c) => !c.includes('400'))).toEqual([]); // browsers log what is refused

    // A project has its own environment, and inherits the rest.
    await page.getByLabel('Settings of').selectOption({ label: 'the project Default' });
    await expect(page).toHaveURL(/of=default/);
    await expect(main).toContainText('nothing is set here yet');
    await main.locator('#environment').fill('staging');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('button', { name: 'Inherit environment' })).toBeVisible();
    await expect(main).toContainText('upstream.environment from nothing to staging');
    const own = (await (await fetch(`${picket.url}/sentry/config?project=default`)).json()) as { environment: string; inherited: string[]; mode: string };
    expect(own).toMatchObject({ environment: 'staging', mode: 'forwarding' });
    expect(own.inherited).toContain('dsn');
    await page.reload();
    await expect(main.locator('#environment')).toHaveValue('staging');
    await page.getByRole('button', { name: 'Inherit environment' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('button', { name: 'Inherit environment' })).toHaveCount(0);

    // Somebody else was quicker.
    await page.getByLabel('Settings of').selectOption({ label: 'the organization' });
    await expect(field).toHaveValue(/\*\*\*\*/);
    await fetch(`${picket.url}/sentry/config`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ dsn, release: 'app@2' }) });
    await field.fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText('version 2');
    await page.getByRole('button', { name: 'Show what was set' }).click();
    expect(complaints.splice(0).filter((c) => !c.includes('409'))).toEqual([]);
    await expect(main.locator('#release')).toHaveValue('app@2');
    await field.fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(main).toContainText('Nothing leaves');
  } finally {
    await page.goto('about:blank');
    await Promise.all([sentry.stop(), picket.stop()]);
  }
});
