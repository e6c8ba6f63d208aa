"""Tells the story in CONFORMANCE_STORY to SENTRY_DSN through sentry-python 1,
whose API has hubs, and prints the ids it was given."""

import json
import os

import sentry_sdk

story = json.loads(os.environ["CONFORMANCE_STORY"])
report = {"sdk": sentry_sdk.VERSION, "spans": {}, "transaction": ""}


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


def note_transaction(event, hint):
    # 1.9 has no hook for transactions, but its processors see them.
    if event.get("type") == "transaction":
        report["transaction"] = event["event_id"]
    return event


def child(parent, name):
    """Starts the story's span of that name below parent and notes its id."""
    told = story["spans"][name]
    span = parent.start_child(op=told["op"], description=told["name"])
    for key, value in told["attributes"].items():
        span.set_data(key, value)
    report["spans"][name] = span.span_id
    return span


def capture():
    try:
        refund_order(81)
    except RefundError as err:
        attachment = story["attachment"]
        with sentry_sdk.push_scope() as scope:
            scope.add_attachment(
                bytes=bytes(i % 256 for i in range(attachment["size"])),
                filename=attachment["name"],
                content_type=attachment["type"],
            )
            report["error"] = sentry_sdk.capture_exception(err)


def dress(scope):
    scope.set_user(story["user"])
    scope.add_event_processor(note_transaction)
    for key, value in story["tags"].items():
        scope.set_tag(key, value)
    for key, value in story["contexts"].items():
        scope.set_context(key, value)
    for key, value in story["extra"].items():
        scope.set_extra(key, value)
    for crumb in story["breadcrumbs"]:
        sentry_sdk.add_breadcrumb(dict(crumb))


def tell():
    with sentry_sdk.configure_scope() as scope:
        dress(scope)
    told = story["spans"]["root"]
    with sentry_sdk.start_transaction(op=told["op"], name=told["name"]) as root:
        report["trace"] = root.trace_id
        report["spans"]["root"] = root.span_id
        with child(root, "agent") as agent:
            with child(agent, "chat"):
                pass
            with child(agent, "tool") as tool:
                with child(tool, "query"):
                    pass
                capture()
                tool.set_status("internal_error")
    told = story["message"]
    report["message"] = sentry_sdk.capture_message(told["text"], level=told["level"])


sentry_sdk.init(
    release=story["release"],
    environment=story["environment"],
    server_name=story["serverName"],
    traces_sample_rate=1.0,
)
tell()
sentry_sdk.Hub.current.client.close(timeout=5.0)
print(json.dumps(report))
