"""Runs agents through the model clients that sentry-python instruments, against
the stand-in at CONFORMANCE_MODELS, one trace a scene, and prints the traces.
CONFORMANCE_LIFECYCLE is static or stream. Nothing here speaks of Picket: what it
reads is what the SDK sends by itself."""

import asyncio
import contextlib
import functools
import itertools
import json
import os

import agents
import anthropic
import openai
import sentry_sdk
from openai.types.responses import ResponseCompletedEvent
from sentry_sdk.integrations.openai import OpenAIIntegration

streaming = os.environ["CONFORMANCE_LIFECYCLE"] == "stream"
question = "Refund order 81, please."


requests = itertools.count(1)


class LedgerError(Exception):
    pass


def lookup_order(order: int) -> str:
    """State of an order."""
    return json.dumps({"order": order, "state": "paid", "total": 12.5})


def ask_ledger(account: str) -> str:
    """Balance of an account."""
    # Never twice the same, or the SDK would drop the second.
    raise LedgerError(f"ledger answered request {next(requests)} with 503")


tools = {"lookup_order": lookup_order, "ask_ledger": ask_ledger}
schemas = {
    "lookup_order": {"type": "object", "properties": {"order": {"type": "number"}}, "required": ["order"]},
    "ask_ledger": {"type": "object", "properties": {"account": {"type": "string"}}, "required": ["account"]},
}
functions = [
    {"type": "function", "function": {"name": name, "description": f.__doc__, "parameters": schemas[name]}}
    for name, f in tools.items()
]


def endpoint(scene):
    return f"{os.environ['CONFORMANCE_MODELS']}/{scene}/v1"


def open_ai(scene):
    return openai.OpenAI(api_key="none", base_url=endpoint(scene), max_retries=0)


def start(op, name, attributes):
    """Starts a span by the API of the lifecycle."""
    if streaming:
        return sentry_sdk.traces.start_span(name=name, attributes={"sentry.op": op, **attributes})
    span = sentry_sdk.start_span(op=op, name=name)
    for key, value in attributes.items():
        span.set_data(key, value)
    return span


@contextlib.contextmanager
def agent():
    """Opens the span that Sentry's guide prescribes; what goes wrong is captured
    there."""
    attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Refunds"}
    with start("gen_ai.invoke_agent", "invoke_agent Refunds", attributes):
        try:
            yield
        except Exception as err:
            sentry_sdk.capture_exception(err)
            raise


def call(name, args):
    """Runs a tool as an agent made by hand does, in the span that Sentry's guide
    prescribes, and turns its error into a result."""
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.arguments": json.dumps(args),
    }
    with start("gen_ai.execute_tool", f"execute_tool {name}", attributes) as span:
        try:
            return tools[name](**args)
        except LedgerError as err:
            if streaming:
                span.status = "error"
            else:
                span.set_status("internal_error")
            sentry_sdk.capture_exception(err)
            return json.dumps({"isError": True, "message": str(err)})


def chat(scene):
    client = open_ai(scene)
    messages = [{"role": "user", "content": question}]
    with agent():
        while True:
            answer = client.chat.completions.create(model="gpt-5-mini", messages=messages, tools=functions)
            message = answer.choices[0].message
            if not message.tool_calls:
                return
            messages.append(message)
            for c in message.tool_calls:
                result = call(c.function.name, json.loads(c.function.arguments))
                messages.append({"role": "tool", "tool_call_id": c.id, "content": result})


def chat_stream(scene):
    stream = open_ai(scene).chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": question}],
        tools=functions,
        stream=True,
        stream_options={"include_usage": True},
    )
    for _ in stream:
        pass


def responses_stream(scene):
    client = open_ai(scene)
    listed = [{"type": "function", "strict": False, **f["function"]} for f in functions]
    said = [{"role": "user", "content": question}]
    while True:
        answer = None
        for event in client.responses.create(model="gpt-5-mini", input=said, tools=listed, stream=True):
            if isinstance(event, ResponseCompletedEvent):
                answer = event.response
        calls = [item for item in answer.output if item.type == "function_call"]
        if not calls:
            return
        for c in calls:
            output = call(c.name, json.loads(c.arguments))
            said += [c, {"type": "function_call_output", "call_id": c.call_id, "output": output}]


def ask_whole(client, **request):
    return client.messages.create(**request)


def ask_streamed(client, **request):
    with client.messages.stream(**request) as stream:
        return stream.get_final_message()


def messages(scene, ask):
    client = anthropic.Anthropic(
        api_key="none", base_url=endpoint(scene).removesuffix("/v1"), max_retries=0
    )
    listed = [
        {"name": name, "description": f.__doc__, "input_schema": schemas[name]} for name, f in tools.items()
    ]
    said = [{"role": "user", "content": question}]
    with agent():
        while True:
            answer = ask(client, model="claude-haiku-4-5", max_tokens=1024, messages=said, tools=listed)
            calls = [block for block in answer.content if block.type == "tool_use"]
            if not calls:
                return
            results = [
                {"type": "tool_result", "tool_use_id": c.id, "content": call(c.name, c.input)} for c in calls
            ]
            said += [{"role": "assistant", "content": answer.content}, {"role": "user", "content": results}]


def in_turn(f):
    """Makes a tool that runs on the loop's own thread: the SDK's spans get mixed
    up, now this way and now that, when threads run at once."""

    @functools.wraps(f)
    async def tool(*args, **named):
        return f(*args, **named)

    return tool


def run_agent(scene):
    """Has the OpenAI Agents SDK run the agent."""
    client = openai.AsyncOpenAI(api_key="none", base_url=endpoint(scene), max_retries=0)
    refunds = agents.Agent(
        name="Refunds",
        instructions="Refund orders.",
        model=agents.OpenAIResponsesModel("gpt-5-mini", client),
        tools=[agents.function_tool(in_turn(f)) for f in tools.values()],
    )
    asyncio.run(agents.Runner.run(refunds, question))


scenes = {
    "agents": lambda: run_agent("refund"),
    "agents-limited": lambda: run_agent("limited"),
    "openai": lambda: chat("refund"),
    "openai-limited": lambda: chat("limited"),
    "chat-stream": lambda: chat_stream("refund"),
    "responses-stream": lambda: responses_stream("refund"),
    "anthropic": lambda: messages("refund", ask_whole),
    "anthropic-stream": lambda: messages("refund", ask_streamed),
    "anthropic-cut": lambda: messages("cut", ask_whole),
    "anthropic-limited": lambda: messages("limited", ask_whole),
}


def play(f):
    """Runs a scene in a trace of its own; an error that reaches the top is captured
    there, if it was not before."""
    with sentry_sdk.new_scope():
        sentry_sdk.continue_trace({})
        if streaming:
            sentry_sdk.traces.new_trace()
            root = start("queue.process", "refund order", {})
        else:
            root = sentry_sdk.start_transaction(op="queue.process", name="refund order")
        with root:
            try:
                f()
            except Exception as err:
                sentry_sdk.capture_exception(err)
            return root.trace_id


sentry_sdk.init(
    release="refunds@1.2.3",
    environment="conformance",
    server_name="refunds-1",
    traces_sample_rate=1.0,
    trace_lifecycle=os.environ["CONFORMANCE_LIFECYCLE"],
    send_default_pii=True,
    # The one for OpenAI Agents switches it off unless it is asked for.
    integrations=[OpenAIIntegration()],
)
agents.set_tracing_disabled(True)
report = {"sdk": sentry_sdk.VERSION, "traces": {name: play(f) for name, f in scenes.items()}}
sentry_sdk.get_client().close(timeout=5.0)
print(json.dumps(report))
