# Tells the story in CONFORMANCE_STORY to SENTRY_DSN through raven-ruby, which
# knows neither spans nor attachments, and prints the ids it was given.
require "json"
require "sentry-raven-without-integrations"

story = JSON.parse(ENV.fetch("CONFORMANCE_STORY"))

class LedgerError < StandardError; end
class RefundError < StandardError; end

def ask_ledger(text)
  raise LedgerError, text
end

def refund_order(story)
  ask_ledger(story["cause"]["message"])
rescue LedgerError
  raise RefundError, story["failure"]["message"]
end

Raven.configure do |config|
  config.dsn = ENV.fetch("SENTRY_DSN")
  config.release = story["release"]
  config.current_environment = story["environment"]
  config.server_name = story["serverName"]
  config.silence_ready = true
  # It filters "password" itself; here the server has to.
  config.processors -= [Raven::Processor::SanitizeData]
end

Raven.user_context(story["user"])
# It has no contexts: what they would say goes into Picket's tags.
agent = story["contexts"]["agent"]
Raven.tags_context(story["tags"].merge(
  "agent.id" => agent["id"], "agent.name" => agent["name"],
  "agent.framework" => agent["framework"], "agent.version" => agent["version"],
  "execution.id" => story["contexts"]["execution"]["id"],
  "organization.id" => story["contexts"]["organization"]["id"]
))
Raven.extra_context(story["extra"])
story["breadcrumbs"].each do |told|
  Raven.breadcrumbs.record do |crumb|
    crumb.type = told["type"]
    crumb.category = told["category"]
    crumb.message = told["message"]
    crumb.level = told["level"]
    crumb.data = told["data"]
  end
end

report = { sdk: Raven::VERSION }
begin
  refund_order(story)
rescue RefundError => e
  report[:error] = Raven.capture_exception(e).id
end
told = story["message"]
report[:message] = Raven.capture_message(told["text"], level: told["level"]).id
puts JSON.generate(report)
