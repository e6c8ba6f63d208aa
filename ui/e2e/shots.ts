import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateSync, inflateSync } from 'node:zlib';
import { addressOf, paths } from './pages';
import { ready, test } from './watched';

const to = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));

for (const theme of ['light', 'dark'] as const) {
  for (const path of paths()) {
    test(`${path}, ${theme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width: 1280, height: 800 });
      const address = await addressOf(path);
      await page.goto(address.includes('?') ? address : `${address}?window=7d`);
      await ready(page);
      const charts = page.locator('[aria-label$="chart over time"]');
      for (const chart of await charts.all()) await chart.locator('canvas').waitFor();
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      mkdirSync(to, { recursive: true });
      const file = `${to}/${name(path)}-${theme}.png`;
      writeFileSync(file, packed(await page.screenshot()));
      console.log(`${(statSync(file).size / 1000).toFixed(0)} KB ${file}`);
    });
  }
}

/** name turns /issues/:id into issue, and / into overview. */
function name(path: string): string {
  if (path === '/') return 'overview';
  const parts = path.split('/').filter(Boolean);
  const whole = parts.filter((p) => !p.startsWith(':')).join('-');
  return parts.length > 1 && parts.at(-1)?.startsWith(':') ? whole.replace(/ies$/, 'y').replace(/s$/, '') : whole;
}

/** packed deflates the pixels of a PNG again, as hard as can be: Chromium is in a hurry. */
function packed(png: Buffer): Buffer {
  const chunks: { type: string; data: Buffer; whole: Buffer }[] = [];
  for (let at = 8; at < png.length; ) {
    const size = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + size), whole: png.subarray(at, at + 12 + size) });
    at += 12 + size;
  }
  const pixels = inflateSync(Buffer.concat(chunks.filter((c) => c.type === 'IDAT').map((c) => c.data)));
  const again = chunk('IDAT', deflateSync(pixels, { level: 9, memLevel: 9 }));
  const first = chunks.findIndex((c) => c.type === 'IDAT');
  const rest = chunks.filter((c) => c.type !== 'IDAT').map((c) => c.whole);
  const out = Buffer.concat([png.subarray(0, 8), ...rest.slice(0, first), again, ...rest.slice(first)]);
  return out.length < png.length ? out : png;
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(named.length + 8);
  out.writeUInt32BE(data.length);
  named.copy(out, 4);
  out.writeUInt32BE(crc(named), named.length + 4);
  return out;
}

function crc(data: Buffer): number {
  let c = ~0;
  for (const byte of data) {
    c ^= byte;
    for (let i = 0; i < 8; i++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}
