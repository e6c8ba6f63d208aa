// Runs the tests in a browser, or takes the screenshots, over a real server that `picket demo` filled.
// Usage: node e2e/run.mjs e2e|shots|big, from ui/. PICKET_BIN names a binary to use instead of building one,
// PICKET_OUT a folder to write to instead of e2e/out. big measures, over the data that big.mjs keeps.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { bigData } from './big.mjs';
import { build, fill, reap, serve } from './server.mjs';

const out = process.env.PICKET_OUT || fileURLToPath(new URL('out', import.meta.url));
const what = process.argv[2] ?? 'e2e';

const browser = chromium();
if (!browser) {
  console.log('Skipped: the tests in a browser need Chromium, which only root may install (apt-get install chromium).');
  process.exit(0);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const scratch = mkdtempSync(`${tmpdir()}/picket-e2e-`); // where browsers leave sockets: a short path
const bin = process.env.PICKET_BIN || build(`${out}/picket`);
const data = what === 'big' ? await bigData(bin) : `${out}/data`;
const server = await serve(bin, data);
let code = 1;
try {
  if (what !== 'big') fill(bin, data);
  code = await test();
  tell();
} finally {
  await server.stop();
  sweep();
}
process.exit(code);

/** sweep leaves nothing behind but what tells of a failure. */
function sweep() {
  reap(out);
  const left = code === 0 ? [out] : [`${out}/data`, `${out}/picket`];
  for (const path of [scratch, ...left]) rmSync(path, { recursive: true, force: true });
}

async function test() {
  const env = { ...process.env, PICKET_URL: server.url, PICKET_BIN: bin, PICKET_CHROMIUM: browser, PICKET_OUT: out, PICKET_PID: String(server.pid), TMPDIR: scratch };
  const { spawn } = await import('node:child_process');
  const run = spawn(process.execPath, ['node_modules/@playwright/test/cli.js', 'test', '-c', 'e2e/playwright.config.ts', `--project=${what}`, ...(what === 'big' ? ['--workers=1'] : []), ...process.argv.slice(3)], { env, stdio: 'inherit' });
  return new Promise((done) => run.on('exit', (status) => done(status ?? 1)));
}

/** chromium returns the browser's binary, installing Debian's where it is missing and may be. */
function chromium() {
  const names = [process.env.PICKET_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const there = () => names.find((name) => name && existsSync(name));
  if (!there() && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    for (const args of [['update', '-qq'], ['install', '-y', '--no-install-recommends', 'chromium']]) spawnSync('apt-get', args, { stdio: 'inherit' });
  }
  return there();
}

/** tell prints what was measured. It is never asserted: machines differ. */
function tell() {
  const file = `${out}/timings.jsonl`;
  if (!existsSync(file)) return;
  const rows = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const width = Math.max(...rows.map((r) => r.name.length));
  console.log('\nMeasured:');
  for (const r of rows.toSorted((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name))) {
    console.log(`  ${r.kind.padEnd(16)} ${r.name.padEnd(width)}  ${String(r.value).padStart(6)} ${r.unit}`);
  }
}
