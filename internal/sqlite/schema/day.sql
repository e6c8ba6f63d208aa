-- The tables of one day, @ standing for its number. They are made when the first
-- row of the day comes and dropped when the day is past retention. A late row may
-- come while they are being dropped: what is there then stays until the end of that.

-- Packed payloads of one commit, one after the other.
CREATE TABLE IF NOT EXISTS blocks_@ (id INTEGER PRIMARY KEY, data BLOB NOT NULL);

CREATE TABLE IF NOT EXISTS events_@ (
  seq          INTEGER PRIMARY KEY,
  id           BLOB NOT NULL,
  project      INTEGER NOT NULL,
  kind         INTEGER NOT NULL,
  issue        INTEGER NOT NULL,
  time         INTEGER NOT NULL,
  received     INTEGER NOT NULL,
  duration     INTEGER NOT NULL,
  level        INTEGER NOT NULL,
  title        TEXT NOT NULL,
  culprit      TEXT NOT NULL,
  type         TEXT NOT NULL,
  platform     TEXT NOT NULL,
  release      TEXT NOT NULL,
  environment  TEXT NOT NULL,
  txn          TEXT NOT NULL,
  user         TEXT NOT NULL,
  trace        BLOB,
  span         BLOB,
  agent        TEXT NOT NULL,
  execution    TEXT NOT NULL,
  organization TEXT NOT NULL,
  block        INTEGER NOT NULL,
  offset       INTEGER NOT NULL,
  length       INTEGER NOT NULL,
  fault        TEXT, -- NULL mostly
  facts        BLOB  -- what the event says that the columns do not hold; NULL mostly
);
CREATE UNIQUE INDEX IF NOT EXISTS events_@_id ON events_@ (id, project);
CREATE INDEX IF NOT EXISTS events_@_issue ON events_@ (issue, time) WHERE issue > 0;
-- For lists of a project's errors: most events may be transactions, or others' errors.
CREATE INDEX IF NOT EXISTS events_@_project ON events_@ (project) WHERE issue > 0;
CREATE INDEX IF NOT EXISTS events_@_trace ON events_@ (trace) WHERE trace IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_@_execution ON events_@ (execution) WHERE execution <> '' AND issue > 0;

-- Spans say here what they say of themselves; whose they are is found out when they
-- are read.
CREATE TABLE IF NOT EXISTS spans_@ (
  trace        BLOB NOT NULL,
  id           BLOB NOT NULL,
  project      INTEGER NOT NULL,
  parent       BLOB,
  start        INTEGER NOT NULL,
  duration     INTEGER NOT NULL,
  op           TEXT NOT NULL,
  name         TEXT NOT NULL,
  status       INTEGER NOT NULL,
  kind         INTEGER NOT NULL,
  segment      INTEGER NOT NULL,
  release      TEXT NOT NULL,
  environment  TEXT NOT NULL,
  user         TEXT NOT NULL,
  agent        TEXT NOT NULL,
  agent_name   TEXT NOT NULL,
  execution    TEXT NOT NULL,
  conversation TEXT NOT NULL,
  organization TEXT NOT NULL,
  block        INTEGER NOT NULL,
  offset       INTEGER NOT NULL,
  length       INTEGER NOT NULL,
  signs        BLOB, -- what has no column, 1 for nothing; NULL for what came without anything about agents
  -- what only calls and evaluations have
  provider     TEXT,
  model        TEXT,
  tool         TEXT,
  error_type   TEXT,
  policy       TEXT,
  verdict      INTEGER,
  reason       TEXT,
  input        INTEGER,
  output       INTEGER,
  cache_read   INTEGER,
  cache_write  INTEGER,
  reasoning    INTEGER,
  cost         INTEGER,
  pricing      INTEGER,
  PRIMARY KEY (trace, id, project)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS logs_@ (
  seq         INTEGER PRIMARY KEY,
  project     INTEGER NOT NULL,
  time        INTEGER NOT NULL,
  trace       BLOB,
  span        BLOB,
  level       INTEGER NOT NULL,
  body        TEXT NOT NULL,
  release     TEXT NOT NULL,
  environment TEXT NOT NULL,
  agent       TEXT NOT NULL,
  block       INTEGER NOT NULL,
  offset      INTEGER NOT NULL,
  length      INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS logs_@_trace ON logs_@ (trace) WHERE trace IS NOT NULL;

CREATE TABLE IF NOT EXISTS attachments_@ (
  seq          INTEGER PRIMARY KEY,
  project      INTEGER NOT NULL,
  event        BLOB NOT NULL,
  time         INTEGER NOT NULL,
  name         TEXT NOT NULL,
  content_type TEXT NOT NULL,
  type         TEXT NOT NULL,
  size         INTEGER NOT NULL,
  hash         BLOB NOT NULL, -- a second copy of the same file is not kept
  data         BLOB NOT NULL,
  UNIQUE (event, project, name, hash)
);
