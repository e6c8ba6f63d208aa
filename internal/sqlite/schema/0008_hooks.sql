-- Webhooks that were received. Their bodies stand apart, so that lists stay narrow.
CREATE TABLE deliveries (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  org      INTEGER NOT NULL,
  received INTEGER NOT NULL,
  request  TEXT NOT NULL,
  resource TEXT NOT NULL,
  action   TEXT NOT NULL,
  subject  TEXT NOT NULL,
  digest   BLOB NOT NULL, -- SHA-256 of the body as it was sent
  size     INTEGER NOT NULL,
  packed   INTEGER NOT NULL, -- bytes of the stored body
  state    INTEGER NOT NULL DEFAULT 0,
  tries    INTEGER NOT NULL DEFAULT 0,
  due      INTEGER NOT NULL, -- 0: never again
  noted    INTEGER NOT NULL DEFAULT 0,
  outcome  TEXT NOT NULL DEFAULT '',
  replays  INTEGER NOT NULL DEFAULT 0,
  UNIQUE (org, request)
);
CREATE INDEX deliveries_by_digest ON deliveries (org, digest);
CREATE INDEX deliveries_by_subject ON deliveries (org, subject, resource) WHERE subject <> '';
CREATE INDEX deliveries_by_due ON deliveries (due) WHERE due > 0;

CREATE TABLE delivery_bodies (
  id   INTEGER PRIMARY KEY,
  data BLOB NOT NULL
);

-- What the stored bodies come to: to add them up would read every row.
CREATE TABLE delivery_room (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  bytes INTEGER NOT NULL
);
INSERT INTO delivery_room (one, bytes) VALUES (1, 0);
CREATE TRIGGER delivery_takes_room AFTER INSERT ON deliveries BEGIN
  UPDATE delivery_room SET bytes = bytes + new.packed;
END;
CREATE TRIGGER delivery_gives_room AFTER DELETE ON deliveries BEGIN
  UPDATE delivery_room SET bytes = bytes - old.packed;
  DELETE FROM delivery_bodies WHERE id = old.id;
END;

-- Which issue there is which here, and what is still to be said of it there.
CREATE TABLE upstream_issues (
  org       INTEGER NOT NULL,
  id        TEXT NOT NULL, -- there
  issue     INTEGER NOT NULL,
  short_id  TEXT NOT NULL,
  project   TEXT NOT NULL,
  link      TEXT NOT NULL,
  status    TEXT NOT NULL,
  count     INTEGER NOT NULL,
  users     INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  assigned  TEXT NOT NULL,
  how       TEXT NOT NULL,
  updated   INTEGER NOT NULL,
  what      INTEGER NOT NULL DEFAULT 0, -- to be sent, see store.Changed
  change    INTEGER NOT NULL DEFAULT 0, -- cursor of the last change of it
  tries     INTEGER NOT NULL DEFAULT 0,
  due       INTEGER NOT NULL DEFAULT 0, -- 0: never
  problem   TEXT NOT NULL DEFAULT '',
  sent      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (org, id)
) WITHOUT ROWID;
CREATE INDEX upstream_issues_by_issue ON upstream_issues (issue);
CREATE INDEX upstream_issues_by_due ON upstream_issues (due) WHERE due > 0;

CREATE TABLE triggers (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  org      INTEGER NOT NULL,
  project  INTEGER NOT NULL,
  issue    INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  time     INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  rule     TEXT NOT NULL,
  state    TEXT NOT NULL,
  title    TEXT NOT NULL,
  link     TEXT NOT NULL,
  data     BLOB,
  UNIQUE (org, delivery)
);

-- How far those who follow the feed of changes have come.
CREATE TABLE cursors (
  follower TEXT PRIMARY KEY,
  cursor   INTEGER NOT NULL
) WITHOUT ROWID;

ALTER TABLE changes ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE changes ADD COLUMN what INTEGER NOT NULL DEFAULT 0;
