import { accessible } from './axe';
import { dsnOf, fault, sent } from './send';
import { serve } from './server.mjs';
import { expect, ready, test } from './watched';

const bin = process.env.PICKET_BIN ?? '';

test('filters are tried, set, and take what matches', async ({ page, complaints }, info) => {
  test.setTimeout(90_000);
  const picket = await serve(bin, info.outputPath('picket'), ['--dev']);
  const titles = async () => ((await (await fetch(`${picket.url}/api/v1/issues`)).json()) as { issues: { title: string }[] }).issues.map((i) => i.title).sort();
  try {
    const dsn = await dsnOf(picket.url);
    expect(await sent(dsn, fault('noise 1'), fault('signal'))).toBe(200);
    const main = page.locator('main');
    await page.goto(`${picket.url}/settings?tab=filters`);
    await ready(page);
    await expect(main).toContainText('nothing is set yet');
    await accessible(page, 'no filters');

    // A try says what would go, and changes nothing.
    await page.getByLabel('Messages').fill('*noise*');
    await page.getByRole('button', { name: 'Try on the last events' }).click();
    await expect(main).toContainText('1 of 2 events would have gone: 1 by message or type');
    await expect(page.getByRole('list', { name: 'Events that would have gone' })).toContainText('noise 1');
    await accessible(page, 'a try');

    // What is wrong with an expression is told beside it, and when it is saved.
    await page.getByRole('button', { name: 'Add an expression' }).click();
    const condition = page.getByLabel('Condition of expression 1');
    await page.getByLabel('Name of expression 1').fill('debug');
    await condition.fill('event.levl == "debug"');
    await condition.blur();
    await expect(main).toContainText('line 1, column 1: there is no event.levl');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText('expressions[0].when');
    expect(complaints.splice(0).filter((c) => !c.includes('400'))).toEqual([]); // browsers log what is refused
    await condition.fill('event.level == "debug"');
    await condition.blur();
    await expect(page.locator('#wrong-0')).toHaveText('');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(main).toContainText('settings changed');
    await expect(page.getByRole('alert')).toHaveCount(0);

    // What matches is not stored, and is counted.
    expect(await sent(dsn, fault('noise 2'))).toBe(200);
    expect(await sent(dsn, fault('chatter', { level: 'debug' }))).toBe(200);
    expect(await sent(dsn, fault('another signal'))).toBe(200);
    expect(await titles()).toEqual(['Error: another signal', 'Error: noise 1', 'Error: signal']);
    await page.goto(`${picket.url}/settings?tab=discards`);
    await ready(page);
    await expect(main).toContainText('error-message');
    await expect(main).toContainText('expression:debug');

    // A project has its own, and can take the organization's again.
    await page.goto(`${picket.url}/settings?tab=filters&of=default`);
    await ready(page);
    await expect(main).toContainText('from the organization');
    await expect(page.getByLabel('Messages')).toHaveValue('*noise*');
    await page.getByLabel('Messages').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('button', { name: 'Take the organization’s' })).toBeVisible();
    expect(await sent(dsn, fault('noise 3'))).toBe(200);
    expect(await titles()).toContain('Error: noise 3');
    await page.getByRole('button', { name: 'Take the organization’s' }).click();
    await expect(page.getByLabel('Messages')).toHaveValue('*noise*');
  } finally {
    await page.goto('about:blank');
    await picket.stop();
  }
});
