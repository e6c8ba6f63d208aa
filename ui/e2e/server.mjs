// A real Picket for the tests: built, started on any free port, filled and stopped.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** build returns the path of a binary with the pages in it; it builds the pages too where they are missing. */
export function build(to) {
  if (!existsSync(`${root}/internal/web/dist/index.html`)) must('npm', ['--prefix', 'ui', 'run', 'build']);
  must('go', ['build', '-o', to, './cmd/picket']);
  return to;
}

/** fill sends the simulated fleet's history to the server on a data directory. */
export function fill(bin, data) {
  must(bin, ['demo', '--data', data, '--executions', '1500', '--history', '3d'], 'ignore');
}

/** serve starts a server on a data directory and returns its url, its pid, what it said, and stop. With no flags it asks nobody who they are. */
export async function serve(bin, data, flags = ['--dev']) {
  const process = spawn(bin, ['serve', '--addr', '127.0.0.1:0', '--data', data, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((done) => process.on('exit', done));
  if (env.PICKET_OUT) appendFileSync(`${env.PICKET_OUT}/pids`, `${process.pid}\n`);
  let said = '';
  const url = await new Promise((found, failed) => {
    const read = (text) => {
      said += text;
      const m = /listens on (http:\/\/[\w.:]+)/.exec(said);
      if (m) found(m[1]);
    };
    for (const stream of [process.stdout, process.stderr]) stream.setEncoding('utf8').on('data', read);
    void ended.then(() => failed(new Error(`picket serve ended: ${said}`)));
  });
  const stop = async () => {
    process.kill('SIGTERM');
    await ended;
  };
  return { url, pid: process.pid, stop, said: () => said };
}

/** reap ends what was started with a folder for its data and not stopped: tests that time out do not get that far. */
export function reap(out) {
  const pids = existsSync(`${out}/pids`) ? readFileSync(`${out}/pids`, 'utf8').split('\n').filter(Boolean) : [];
  for (const pid of pids) {
    const file = `/proc/${pid}/cmdline`;
    if (existsSync(file) && readFileSync(file, 'utf8').includes(out)) globalThis.process.kill(Number(pid));
  }
}

function must(command, args, stdout = 'inherit') {
  const got = spawnSync(command, args, { cwd: root, stdio: ['ignore', stdout, 'inherit'] });
  if (got.status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${got.status ?? got.error}`);
}
