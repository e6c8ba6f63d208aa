// Runs agents through the model clients that @sentry/node instruments, against
// the stand-in at CONFORMANCE_MODELS, one trace a scene, and prints the traces.
// Nothing here speaks of Picket: what it reads is what the SDK sends by itself.
'use strict';

const path = require('node:path');
const { createRequire } = require('node:module');

const load = createRequire(path.join(process.env.CONFORMANCE_MODULES, 'package.json'));
const Sentry = load('@sentry/node');
const major = Number(Sentry.SDK_VERSION.split('.')[0]);

const options = {
  dsn: process.env.SENTRY_DSN,
  release: 'refunds@1.2.3',
  environment: 'conformance',
  serverName: 'refunds-1',
  tracesSampleRate: 1,
};
if (major < 11) {
  // 11 records messages unless told otherwise; 10 only with this.
  options.sendDefaultPii = true;
}
if (process.env.CONFORMANCE_LIFECYCLE) {
  options.traceLifecycle = process.env.CONFORMANCE_LIFECYCLE;
}
Sentry.init(options);

// Instrumented as they are loaded: only now.
const { generateText, streamText, stepCountIs, tool } = load('ai');
const { createOpenAI } = load('@ai-sdk/openai');
const { OpenAI } = load('openai');
const { Anthropic } = load('@anthropic-ai/sdk');
const { z } = load('zod');

const question = 'Refund order 81, please.';

class LedgerError extends Error {
  constructor(message) {
    super(message);
    this.name = 'LedgerError';
  }
}

// The tools: one answers, one cannot. Its errors differ, or the SDK would take
// the second for the first once more and drop it.
let asked = 0;
const tools = {
  lookup_order: {
    about: 'State of an order',
    schema: { type: 'object', properties: { order: { type: 'number' } }, required: ['order'] },
    run: ({ order }) => ({ order, state: 'paid', total: 12.5 }),
  },
  ask_ledger: {
    about: 'Balance of an account',
    schema: { type: 'object', properties: { account: { type: 'string' } }, required: ['account'] },
    run: () => {
      throw new LedgerError(`ledger answered request ${++asked} with 503`);
    },
  },
};

const endpoint = scene => `${process.env.CONFORMANCE_MODELS}/${scene}/v1`;

function vercel(scene) {
  const provider = createOpenAI({ apiKey: 'none', baseURL: endpoint(scene) });
  return {
    prompt: question,
    maxRetries: 0,
    stopWhen: stepCountIs(4),
    model: scene === 'stream' ? provider.chat('gpt-5-mini') : provider('gpt-5-mini'),
    experimental_telemetry: { isEnabled: true, functionId: 'refunds' },
    tools: {
      lookup_order: tool({
        description: tools.lookup_order.about,
        inputSchema: z.object({ order: z.number() }),
        execute: async input => tools.lookup_order.run(input),
      }),
      ask_ledger: tool({
        description: tools.ask_ledger.about,
        inputSchema: z.object({ account: z.string() }),
        execute: async input => tools.ask_ledger.run(input),
      }),
    },
  };
}

const openai = scene => new OpenAI({ apiKey: 'none', baseURL: endpoint(scene), maxRetries: 0 });
const anthropic = scene =>
  new Anthropic({ apiKey: 'none', baseURL: endpoint(scene).replace('/v1', ''), maxRetries: 0 });

// call runs a tool as an agent made by hand does, in the span that Sentry's
// guide prescribes, and turns its error into a result.
function call(name, args) {
  const attributes = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': name,
    'gen_ai.tool.call.arguments': JSON.stringify(args),
  };
  return Sentry.startSpan({ op: 'gen_ai.execute_tool', name: `execute_tool ${name}`, attributes }, span => {
    try {
      const result = JSON.stringify(tools[name].run(args));
      span.setAttribute('gen_ai.tool.call.result', result);
      return result;
    } catch (err) {
      span.setStatus({ code: 2, message: 'internal_error' });
      Sentry.captureException(err);
      return JSON.stringify({ isError: true, message: err.message });
    }
  });
}

const functions = Object.entries(tools).map(([name, { about, schema }]) => ({
  type: 'function',
  function: { name, description: about, parameters: schema },
}));

async function chat(scene) {
  const client = openai(scene);
  const messages = [{ role: 'user', content: question }];
  for (;;) {
    const answer = await client.chat.completions.create({ model: 'gpt-5-mini', messages, tools: functions });
    const { message } = answer.choices[0];
    if (!message.tool_calls) return;
    messages.push(message);
    for (const { id, function: f } of message.tool_calls) {
      messages.push({ role: 'tool', tool_call_id: id, content: call(f.name, JSON.parse(f.arguments)) });
    }
  }
}

async function chatStream(scene) {
  const request = { model: 'gpt-5-mini', stream: true, stream_options: { include_usage: true } };
  const stream = await openai(scene).chat.completions.create({
    ...request, messages: [{ role: 'user', content: question }], tools: functions,
  });
  for await (const _ of stream);
}

async function responsesStream(scene) {
  const client = openai(scene);
  const list = functions.map(({ function: f }) => ({ type: 'function', strict: false, ...f }));
  const input = [{ role: 'user', content: question }];
  for (;;) {
    const stream = await client.responses.create({ model: 'gpt-5-mini', input, tools: list, stream: true });
    let answer;
    for await (const event of stream) {
      if (event.type === 'response.completed') answer = event.response;
    }
    const calls = answer.output.filter(item => item.type === 'function_call');
    if (calls.length === 0) return;
    for (const item of calls) {
      const output = call(item.name, JSON.parse(item.arguments));
      input.push(item, { type: 'function_call_output', call_id: item.call_id, output });
    }
  }
}

async function messages(scene, ask) {
  const client = anthropic(scene);
  const list = Object.entries(tools).map(([name, { about, schema }]) => ({
    name, description: about, input_schema: schema,
  }));
  const said = [{ role: 'user', content: question }];
  for (;;) {
    const answer = await ask(client, { model: 'claude-haiku-4-5', max_tokens: 1024, messages: said, tools: list });
    const calls = answer.content.filter(block => block.type === 'tool_use');
    if (calls.length === 0) return;
    const content = calls.map(({ id, name, input }) => ({
      type: 'tool_result', tool_use_id: id, content: call(name, input),
    }));
    said.push({ role: 'assistant', content: answer.content }, { role: 'user', content });
  }
}

const whole = (client, request) => client.messages.create(request);
const streamed = (client, request) => client.messages.stream(request).finalMessage();

// agent runs f in the span that Sentry's guide prescribes; what went wrong is
// captured there.
const agent = f => Sentry.startSpan({
  op: 'gen_ai.invoke_agent',
  name: 'invoke_agent Refunds',
  attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'Refunds' },
}, async () => {
  try {
    await f();
  } catch (err) {
    Sentry.captureException(err);
    throw err;
  }
});

const scenes = {
  'vercel': () => generateText(vercel('refund')),
  'vercel-stream': () => streamText(vercel('stream')).text,
  'vercel-cut': () => generateText(vercel('cut')),
  'vercel-filtered': () => generateText(vercel('filtered')),
  'vercel-limited': () => generateText(vercel('limited')),
  'openai': () => agent(() => chat('refund')),
  'openai-limited': () => agent(() => chat('limited')),
  'chat-stream': () => chatStream('refund'),
  'responses-stream': () => responsesStream('refund'),
  'anthropic': () => agent(() => messages('refund', whole)),
  'anthropic-stream': () => agent(() => messages('refund', streamed)),
  'anthropic-cut': () => agent(() => messages('cut', streamed)),
  'anthropic-limited': () => agent(() => messages('limited', whole)),
};

// play runs a scene in a trace of its own; an error that reaches the top is
// captured there, if it was not before.
async function play(f) {
  return Sentry.startNewTrace(() => Sentry.startSpan({ op: 'queue.process', name: 'refund order' }, async span => {
    try {
      await f();
    } catch (err) {
      Sentry.captureException(err);
    }
    return span.spanContext().traceId;
  }));
}

async function main() {
  const report = { sdk: Sentry.SDK_VERSION, traces: {} };
  for (const [name, f] of Object.entries(scenes)) {
    report.traces[name] = await play(f);
  }
  await Sentry.close(5000);
  console.log(JSON.stringify(report));
}

main();
