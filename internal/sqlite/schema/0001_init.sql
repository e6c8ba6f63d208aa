CREATE TABLE organizations (
  id      INTEGER PRIMARY KEY,
  slug    TEXT NOT NULL UNIQUE,
  name    TEXT NOT NULL,
  created INTEGER NOT NULL
);

CREATE TABLE projects (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org         INTEGER NOT NULL REFERENCES organizations,
  slug        TEXT NOT NULL,
  name        TEXT NOT NULL,
  platform    TEXT NOT NULL,
  created     INTEGER NOT NULL,
  first_event INTEGER NOT NULL DEFAULT 0,
  issues      INTEGER NOT NULL DEFAULT 0, -- the last issue number given out
  UNIQUE (org, slug)
);

CREATE TABLE keys (
  id         INTEGER PRIMARY KEY,
  project    INTEGER NOT NULL REFERENCES projects,
  public     TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  enabled    INTEGER NOT NULL DEFAULT 1,
  per_minute INTEGER NOT NULL DEFAULT 0,
  created    INTEGER NOT NULL
);

CREATE TABLE tokens (
  id      INTEGER PRIMARY KEY,
  org     INTEGER NOT NULL REFERENCES organizations,
  name    TEXT NOT NULL,
  hash    BLOB NOT NULL UNIQUE, -- SHA-256 of the secret, which is random enough
  scopes  TEXT NOT NULL,
  created INTEGER NOT NULL
);

-- Times are Unix microseconds throughout, durations microseconds.
CREATE TABLE issues (
  id            INTEGER PRIMARY KEY,
  project       INTEGER NOT NULL,
  number        INTEGER NOT NULL,
  kind          INTEGER NOT NULL,
  title         TEXT NOT NULL,
  culprit       TEXT NOT NULL,
  type          TEXT NOT NULL,
  value         TEXT NOT NULL,
  level         INTEGER NOT NULL,
  platform      TEXT NOT NULL,
  status        INTEGER NOT NULL,
  substatus     INTEGER NOT NULL,
  handled       INTEGER NOT NULL,
  count         INTEGER NOT NULL,
  users         INTEGER NOT NULL,
  first_seen    INTEGER NOT NULL,
  last_seen     INTEGER NOT NULL,
  first_release TEXT NOT NULL,
  last_release  TEXT NOT NULL,
  last_event    BLOB NOT NULL,
  resolved      INTEGER NOT NULL DEFAULT 0,
  assigned_to   TEXT NOT NULL DEFAULT '',
  UNIQUE (project, number)
);
CREATE INDEX issues_by_last_seen ON issues (project, last_seen);

-- A fingerprint belongs to one issue: whoever inserts it first creates the issue.
CREATE TABLE issue_hashes (
  project INTEGER NOT NULL,
  hash    BLOB NOT NULL,
  issue   INTEGER NOT NULL,
  PRIMARY KEY (project, hash)
) WITHOUT ROWID;

-- Who was hit by an issue, by the hash of the user's key: exact counts.
CREATE TABLE issue_users (
  issue INTEGER NOT NULL,
  user  INTEGER NOT NULL,
  PRIMARY KEY (issue, user)
) WITHOUT ROWID;

-- Which values an issue's tags have had, for search; how often is in the rollups.
CREATE TABLE issue_tags (
  issue INTEGER NOT NULL,
  key   TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (issue, key, value)
) WITHOUT ROWID;

CREATE TABLE changes (
  cursor  INTEGER PRIMARY KEY AUTOINCREMENT,
  time    INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  org     INTEGER NOT NULL,
  project INTEGER NOT NULL,
  issue   INTEGER NOT NULL,
  event   BLOB NOT NULL
);

-- What commits added to the rollups and no fold has brought there yet.
CREATE TABLE journal (
  id   INTEGER PRIMARY KEY AUTOINCREMENT,
  data BLOB NOT NULL
);

-- How far the fold of the journal up to an id has come, in order of slots.
CREATE TABLE fold (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  upto INTEGER NOT NULL,
  slot BLOB NOT NULL
);

CREATE TABLE rollup_minute (
  kind INTEGER NOT NULL, project INTEGER NOT NULL, name TEXT NOT NULL, time INTEGER NOT NULL,
  sub TEXT NOT NULL, environment TEXT NOT NULL, release TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (kind, project, name, time, sub, environment, release)
) WITHOUT ROWID;

CREATE TABLE rollup_hour (
  kind INTEGER NOT NULL, project INTEGER NOT NULL, name TEXT NOT NULL, time INTEGER NOT NULL,
  sub TEXT NOT NULL, environment TEXT NOT NULL, release TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (kind, project, name, time, sub, environment, release)
) WITHOUT ROWID;

CREATE TABLE rollup_day (
  kind INTEGER NOT NULL, project INTEGER NOT NULL, name TEXT NOT NULL, time INTEGER NOT NULL,
  sub TEXT NOT NULL, environment TEXT NOT NULL, release TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (kind, project, name, time, sub, environment, release)
) WITHOUT ROWID;

CREATE TABLE executions (
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
  PRIMARY KEY (project, id)
) WITHOUT ROWID;
CREATE INDEX executions_by_start ON executions (project, start);
CREATE INDEX executions_by_agent ON executions (project, agent, start);

CREATE TABLE monitors (
  id          INTEGER PRIMARY KEY,
  project     INTEGER NOT NULL,
  slug        TEXT NOT NULL,
  config      TEXT NOT NULL,
  status      TEXT NOT NULL,
  last        INTEGER NOT NULL,
  UNIQUE (project, slug)
);

CREATE TABLE checkins (
  seq         INTEGER PRIMARY KEY,
  project     INTEGER NOT NULL,
  monitor     INTEGER NOT NULL REFERENCES monitors,
  id          BLOB NOT NULL,
  status      TEXT NOT NULL,
  environment TEXT NOT NULL,
  release     TEXT NOT NULL,
  time        INTEGER NOT NULL,
  duration    INTEGER NOT NULL,
  trace       BLOB,
  UNIQUE (project, id)
);
CREATE INDEX checkins_by_monitor ON checkins (monitor, seq);
CREATE INDEX checkins_by_time ON checkins (time);

CREATE TABLE sessions (
  project INTEGER NOT NULL,
  sid     TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  status  TEXT NOT NULL,
  errors  INTEGER NOT NULL,
  started INTEGER NOT NULL,
  PRIMARY KEY (project, sid)
) WITHOUT ROWID;
CREATE INDEX sessions_by_start ON sessions (started);

CREATE TABLE session_counts (
  project     INTEGER NOT NULL,
  minute      INTEGER NOT NULL,
  release     TEXT NOT NULL,
  environment TEXT NOT NULL,
  total       INTEGER NOT NULL,
  exited      INTEGER NOT NULL,
  errored     INTEGER NOT NULL,
  crashed     INTEGER NOT NULL,
  abnormal    INTEGER NOT NULL,
  unhandled   INTEGER NOT NULL,
  PRIMARY KEY (project, minute, release, environment)
) WITHOUT ROWID;
