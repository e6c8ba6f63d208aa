"""Tells the story in CONFORMANCE_STORY to SENTRY_DSN through sentry-python 2,
and prints the ids it was given. CONFORMANCE_LIFECYCLE is static or stream."""

import json
import os

import sentry_sdk

story = json.loads(os.environ["CONFORMANCE_STORY"])
streaming = os.environ["CONFORMANCE_LIFECYCLE"] == "stream"
report = {"sdk": sentry_sdk.VERSION, "spans": {}, "transaction": ""}


def note_transaction(event, hint):
    report["transaction"] = event["event_id"]
    return event


class LedgerError(Exception):
    pass


class RefundError(Exception):
    pass


def ask_ledger():
    raise LedgerError(story["cause"]["message"])


def refund_order(order_id):
    try:
        ask_ledger()
    except LedgerError as err:
        raise RefundError(story["failure"]["message"]) from err


def start(name):
    """Starts the story's span of that name, by the API of the lifecycle."""
    told = story["spans"][name]
    if streaming:
        attributes = {"sentry.op": told["op"], **told["attributes"]}
        return sentry_sdk.traces.start_span(name=told["name"], attributes=attributes)
    if name == "root":
        return sentry_sdk.start_transaction(op=told["op"], name=told["name"])
    span = sentry_sdk.start_span(op=told["op"], name=told["name"])
    for key, value in told["attributes"].items():
        span.set_data(key, value)
    return span


def note(name, span):
    report["trace"] = span.trace_id
    report["spans"][name] = span.span_id


def fail(span):
    if streaming:
        span.status = "error"
    else:
        span.set_status("internal_error")


def capture():
    try:
        refund_order(81)
    except RefundError as err:
        attachment = story["attachment"]
        with sentry_sdk.new_scope() as scope:
            scope.add_attachment(
                bytes=bytes(i % 256 for i in range(attachment["size"])),
                filename=attachment["name"],
                content_type=attachment["type"],
            )
            report["error"] = sentry_sdk.capture_exception(err)


def dress(scope):
    scope.set_user(story["user"])
    for key, value in story["tags"].items():
        scope.set_tag(key, value)
    for key, value in story["contexts"].items():
        scope.set_context(key, value)
    for key, value in story["extra"].items():
        scope.set_extra(key, value)
    for crumb in story["breadcrumbs"]:
        scope.add_breadcrumb(dict(crumb))


def tell():
    dress(sentry_sdk.get_isolation_scope())
    with start("root") as root:
        note("root", root)
        with start("agent") as agent:
            note("agent", agent)
            with start("chat") as chat:
                note("chat", chat)
            with start("tool") as tool:
                note("tool", tool)
                with start("query") as query:
                    note("query", query)
                capture()
                fail(tool)
    told = story["message"]
    report["message"] = sentry_sdk.capture_message(told["text"], level=told["level"])


sentry_sdk.init(
    release=story["release"],
    environment=story["environment"],
    server_name=story["serverName"],
    traces_sample_rate=1.0,
    trace_lifecycle=os.environ["CONFORMANCE_LIFECYCLE"],
    before_send_transaction=note_transaction,
)
tell()
sentry_sdk.get_client().close(timeout=5.0)
print(json.dumps(report))
