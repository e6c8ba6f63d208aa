// The real SDKs, as the conformance tests install them.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

/** root is the checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const cache = `${root}/conformance/.cache`;
const provers = { node11: 'TestNode11', browser: 'TestBrowser11' } as const;

/** modules returns the folder with the node_modules of a client; where it is missing, the conformance tests bring it by its lock file. */
export function modules(name: keyof typeof provers): string {
  if (!existsSync(`${cache}/npm-${name}.stamp`)) {
    const got = spawnSync('go', ['test', '-count=1', '-run', `^${provers[name]}$`, './conformance'], { cwd: root, encoding: 'utf8' });
    if (!existsSync(`${cache}/npm-${name}.stamp`)) throw new Error(`${name} is not installed: ${got.stdout}${got.stderr}`);
  }
  return `${cache}/npm/${name}`;
}

/** python returns a Python that has the SDK, where make conformance brought one; else undefined. */
export function python(): string | undefined {
  const path = `${cache}/python-2/bin/python`;
  return existsSync(path) ? path : undefined;
}

/** run runs a program to its end and returns what it printed; it throws when that fails. */
export function run(command: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (b: Buffer) => (out += b.toString()));
    child.stderr.on('data', (b: Buffer) => (err += b.toString()));
    child.on('error', failed);
    child.on('exit', (code) => (code === 0 ? done(out) : failed(new Error(`${command} ${args.join(' ')}: status ${code}\n${out}${err}`))));
  });
}

/** story is what the conformance clients tell, with a name of its own. */
export function story(name: string): string {
  return readFileSync(`${root}/conformance/clients/story.json`, 'utf8').replaceAll('RUN', name);
}

/** bundle makes one script of a program that imports @sentry/browser, as a web site would. */
export async function bundle(program: string, to: string): Promise<void> {
  const at = modules('browser');
  await run(`${at}/node_modules/.bin/esbuild`, [program, '--bundle', '--charset=utf8', '--log-level=error', `--outfile=${to}`], { NODE_PATH: `${at}/node_modules` });
}

/** Site is somebody's web site, of another origin than Picket's. */
export interface Site {
  url: string;
  stop: () => Promise<void>;
}

/** site serves one page that runs a script, after a first one in the page; what it posts is taken. */
export async function site(script: string, first = ''): Promise<Site> {
  const server = createServer((q, a) => {
    a.setHeader('Connection', 'close');
    if (q.method === 'POST') return void q.resume().on('end', () => a.end());
    const isPage = q.url === '/page';
    a.setHeader('Content-Type', isPage ? 'text/html; charset=utf-8' : 'text/javascript; charset=utf-8');
    a.end(isPage ? `<!doctype html><title>refunds</title><script>${first}</script><script src="/bundle.js"></script>` : readFileSync(script));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/page`,
    stop: () => new Promise((done) => server.close(() => done())),
  };
}
