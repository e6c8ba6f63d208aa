// What axe says of a page, in both themes.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import type { AxeResults, RunOptions } from 'axe-core';
import { expect } from './watched';

interface Axe {
  run: (of: Document, options: RunOptions) => Promise<AxeResults>;
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** accessible expects that axe finds nothing serious on the page as it is: by all rules in light, and by those about colours in dark. */
export async function accessible(page: Page, what: string): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await page.evaluate(axe);
  expect(await serious(page), what).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  expect(await serious(page, ['color-contrast', 'link-in-text-block']), `${what}, dark`).toEqual([]);
}

/** serious returns what axe finds that is serious or worse, by all its rules or by some. */
async function serious(page: Page, rules?: string[]): Promise<string[]> {
  const options: RunOptions = { resultTypes: ['violations'], ...(rules ? { runOnly: rules } : {}) };
  const found = await page.evaluate((o) => (window as unknown as { axe: Axe }).axe.run(document, o), options);
  const bad = found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  return bad.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join('; ')}`);
}
