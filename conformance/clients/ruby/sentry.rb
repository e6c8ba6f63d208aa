# Tells the story in CONFORMANCE_STORY to SENTRY_DSN through sentry-ruby, and
# prints the ids it was given.
require "json"
require "sentry-ruby"

STORY = JSON.parse(ENV.fetch("CONFORMANCE_STORY"))
REPORT = { sdk: Sentry::VERSION, spans: {} }

class LedgerError < StandardError; end
class RefundError < StandardError; end

def ask_ledger
  raise LedgerError, STORY["cause"]["message"]
end

def refund_order
  ask_ledger
rescue LedgerError
  raise RefundError, STORY["failure"]["message"]
end

def child(parent, name)
  told = STORY["spans"][name]
  parent.with_child_span(op: told["op"], description: told["name"]) do |span|
    told["attributes"].each { |key, value| span.set_data(key, value) }
    REPORT[:spans][name] = span.span_id
    span.set_status("ok")
    yield span
  end
end

def capture(span)
  refund_order
rescue RefundError => e
  Sentry.with_scope do |scope|
    scope.set_span(span)
    REPORT[:error] = Sentry.capture_exception(e).event_id
  end
end

def dress(scope)
  scope.set_user(STORY["user"])
  scope.set_tags(STORY["tags"])
  scope.set_extras(STORY["extra"])
  scope.set_contexts(STORY["contexts"])
end

def add_breadcrumbs
  STORY["breadcrumbs"].each do |told|
    Sentry.add_breadcrumb(Sentry::Breadcrumb.new(
      type: told["type"], category: told["category"], message: told["message"],
      level: told["level"], data: told["data"]
    ))
  end
end

def tell
  told = STORY["spans"]["root"]
  root = Sentry.start_transaction(op: told["op"], name: told["name"])
  REPORT[:trace] = root.trace_id
  REPORT[:spans]["root"] = root.span_id
  child(root, "agent") do |agent|
    child(agent, "chat") { nil }
    child(agent, "tool") do |tool|
      child(tool, "query") { nil }
      capture(tool)
      tool.set_status("internal_error")
    end
  end
  REPORT[:transaction] = root.finish.event_id
  told = STORY["message"]
  REPORT[:message] = Sentry.capture_message(told["text"], level: told["level"]).event_id
end

Sentry.init do |config|
  config.dsn = ENV.fetch("SENTRY_DSN")
  config.release = STORY["release"]
  config.environment = STORY["environment"]
  config.server_name = STORY["serverName"]
  config.traces_sample_rate = 1.0
  config.background_worker_threads = 0
  config.auto_session_tracking = false
end

Sentry.configure_scope { |scope| dress(scope) }
add_breadcrumbs
tell
puts JSON.generate(REPORT)
