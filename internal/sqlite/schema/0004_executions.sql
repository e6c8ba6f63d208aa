-- Executions in the order they came, found by a narrow index: clustered by ids, which
-- are random, every one of them dirtied a wide page of its own.
CREATE TABLE executions_in_order (
  seq          INTEGER PRIMARY KEY,
  project      INTEGER NOT NULL,
  id           TEXT NOT NULL,
  trace        BLOB,
  span         BLOB,
  agent        TEXT NOT NULL,
  agent_name   TEXT NOT NULL,
  framework    TEXT NOT NULL,
  version      TEXT NOT NULL,
  conversation TEXT NOT NULL,
  organization TEXT NOT NULL,
  user         TEXT NOT NULL,
  release      TEXT NOT NULL,
  environment  TEXT NOT NULL,
  start        INTEGER NOT NULL,
  duration     INTEGER NOT NULL,
  ended        INTEGER NOT NULL,
  outcome      INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  input        INTEGER NOT NULL,
  output       INTEGER NOT NULL,
  cache_read   INTEGER NOT NULL,
  cache_write  INTEGER NOT NULL,
  reasoning    INTEGER NOT NULL,
  cost         INTEGER NOT NULL,
  pricing      INTEGER NOT NULL,
  unpriced     INTEGER NOT NULL,
  model_calls  INTEGER NOT NULL,
  tool_calls   INTEGER NOT NULL,
  tool_errors  INTEGER NOT NULL,
  evaluations  INTEGER NOT NULL,
  violations   INTEGER NOT NULL,
  parent       TEXT NOT NULL DEFAULT '',
  rule         TEXT NOT NULL DEFAULT '',
  fault        TEXT NOT NULL DEFAULT '',
  models       TEXT NOT NULL DEFAULT '',
  tools        TEXT NOT NULL DEFAULT '',
  failing      TEXT NOT NULL DEFAULT '',
  policies     TEXT NOT NULL DEFAULT '',
  issues       TEXT NOT NULL DEFAULT '',
  traces       BLOB,
  loop_kind    INTEGER,
  loop         BLOB,
  UNIQUE (project, id)
);
INSERT INTO executions_in_order (project, id, trace, span, agent, agent_name, framework, version, conversation, organization, user, release, environment, start, duration, ended, outcome, reason, input, output, cache_read, cache_write, reasoning, cost, pricing, unpriced, model_calls, tool_calls, tool_errors, evaluations, violations, parent, rule, fault, models, tools, failing, policies, issues, traces, loop_kind, loop)
  SELECT project, id, trace, span, agent, agent_name, framework, version, conversation, organization, user, release, environment, start, duration, ended, outcome, reason, input, output, cache_read, cache_write, reasoning, cost, pricing, unpriced, model_calls, tool_calls, tool_errors, evaluations, violations, parent, rule, fault, models, tools, failing, policies, issues, traces, loop_kind, loop FROM executions ORDER BY start;
DROP TABLE executions;
ALTER TABLE executions_in_order RENAME TO executions;
CREATE INDEX executions_by_start ON executions (project, start);
CREATE INDEX executions_by_agent ON executions (project, agent, start);
CREATE INDEX executions_by_conversation ON executions (project, conversation, start) WHERE conversation <> '';
