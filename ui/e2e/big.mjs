// A data directory with a million events, filled once and kept: errors and transactions of internal/bench over thirty
// days, a fleet of `picket demo` and one execution of 10,000 spans on top.
// PICKET_BIG names a folder to keep it in instead of e2e/big-data, PICKET_EVENTS how many events it shall have.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serve } from './server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = process.env.PICKET_BIG || fileURLToPath(new URL('big-data', import.meta.url));
const events = Number(process.env.PICKET_EVENTS || 1_000_000);

const longest = 'marathon';

/** bigData returns the data directory, filling it where it is not filled yet; what happened lately is sent anew once a day. */
export async function bigData(bin) {
  const data = `${home}/${events}`;
  const filled = `${data}/filled`;
  if (!existsSync(filled)) {
    flood(bin, data);
    await withServer(bin, data, (url) => sendExecution(url, keyOf(bin, data), 10_000));
  } else if (Date.now() - statSync(filled).mtimeMs < 24 * 3600_000) return data;
  await withServer(bin, data, () => must(bin, ['demo', '--data', data, '--executions', '3000', '--history', '7d', '--seed', String(Date.now())]));
  writeFileSync(filled, '');
  return data;
}

/** flood has internal/bench store the errors and the transactions, of which it makes ten to twelve. */
function flood(bin, data) {
  const scratch = `${home}/scratch`;
  rmSync(scratch, { recursive: true, force: true });
  rmSync(data, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const errors = Math.ceil((events * 6) / 11);
  must('go', ['run', './internal/bench', '-binary', bin, '-only', 'queries', '-events', String(errors), '-keep', '-dir', scratch]);
  const made = readdirSync(scratch).flatMap((d) => readdirSync(`${scratch}/${d}`).filter((s) => s.startsWith('stored-')).map((s) => `${scratch}/${d}/${s}`));
  renameSync(made[0], data);
  rmSync(scratch, { recursive: true });
}

async function withServer(bin, data, work) {
  const server = await serve(bin, data);
  try {
    await work(server.url);
  } finally {
    await server.stop();
  }
}

function keyOf(bin, data) {
  const got = spawnSync(bin, ['project', 'dsn', '--data', data], { encoding: 'utf8' });
  const dsn = new URL(got.stdout.trim());
  return { key: dsn.username, project: dsn.pathname.slice(1) };
}

function must(command, args) {
  const got = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (got.status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${got.status ?? got.error}`);
}

/** sendExecution reports one execution of so many spans the way clients do, a hundred spans at a time. */
export async function sendExecution(url, { key, project }, count) {
  const spans = execution(count);
  for (let i = 0; i < spans.length; i += 100) {
    const items = spans.slice(i, i + 100);
    const head = { type: 'span', item_count: items.length, content_type: 'application/vnd.sentry.items.span.v2+json' };
    const body = `{}\n${JSON.stringify(head)}\n${JSON.stringify({ version: 2, items })}\n`;
    const answer = await fetch(`${url}/api/${project}/envelope/`, { method: 'POST', body, headers: { 'X-Sentry-Auth': `Sentry sentry_version=7, sentry_key=${key}` } });
    if (!answer.ok) throw new Error(`envelope: ${answer.status} ${await answer.text()}`);
  }
}

const hex = (n, digits) => n.toString(16).padStart(digits, '0');
// Ids that look drawn by lot, as those of clients do: the store keeps spans in their order.
const id = (n) => hex((BigInt(n) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn, 16);
const words = (n, seed) => Array.from({ length: n }, (_, i) => ['parcel', 'refund', 'ledger', 'Friday', 'customer', 'invoice', 'route', 'shelf'][(i * 7 + seed * 3 + ((i * seed) >> 2)) % 8]).join(' ');

/** execution returns the spans of one agent that goes round: it asks its model, calls a tool, which asks the network and the database. */
function execution(count) {
  const trace = 'b17'.padEnd(32, '0');
  const rounds = Math.floor((count - 1) / 4);
  const start = Date.now() / 1000 - rounds - 60;
  const spans = [];
  const add = (n, parent, op, name, from, to, attributes) =>
    spans.push({
      trace_id: trace, span_id: id(n), ...(parent ? { parent_span_id: id(parent) } : {}), name, status: 'ok', start_timestamp: start + from, end_timestamp: start + to,
      attributes: Object.fromEntries(Object.entries({ 'sentry.op': op, ...attributes }).map(([k, value]) => [k, { type: typeof value === 'number' ? 'integer' : 'string', value }])),
    });
  add(1, 0, 'gen_ai.invoke_agent', 'invoke_agent marathon', 0, rounds + 1, { 'gen_ai.agent.name': 'marathon', 'picket.execution.id': longest });
  const talk = [{ role: 'user', parts: [{ type: 'text', content: `Go through all shelves: ${words(120, 1)}` }] }];
  for (let r = 0; r < rounds; r++) {
    const n = 10 * (r + 1);
    const call = `call-${r}`;
    const args = { shelf: r, query: words(6, r) };
    const answer = { role: 'assistant', parts: [{ type: 'text', content: words(24, r) }, { type: 'tool_call', id: call, name: 'look_up', arguments: args }] };
    add(n, 1, 'gen_ai.chat', 'chat gpt-4o', r, r + 0.4, {
      'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 1200, 'gen_ai.usage.output_tokens': 90, 'gen_ai.response.finish_reasons': '["tool_calls"]',
      'gen_ai.input.messages': JSON.stringify(talk.slice(-6)), 'gen_ai.output.messages': JSON.stringify([answer]),
    });
    const result = { hits: r % 9, text: words(60, r + 5) };
    add(n + 1, 1, 'gen_ai.execute_tool', 'execute_tool look_up', r + 0.45, r + 0.9, {
      'gen_ai.tool.name': 'look_up', 'gen_ai.tool.call.id': call, 'gen_ai.tool.call.arguments': JSON.stringify(args), 'gen_ai.tool.call.result': JSON.stringify(result),
    });
    add(n + 2, n + 1, 'http.client', 'GET https://shelves.example.com/v1/items', r + 0.5, r + 0.7, { 'http.response.status_code': 200 });
    add(n + 3, n + 1, 'db.sql.query', 'SELECT id, place FROM items WHERE shelf = $1', r + 0.72, r + 0.8, {});
    talk.push(answer, { role: 'tool', parts: [{ type: 'tool_call_response', id: call, response: result }] });
  }
  return spans;
}
