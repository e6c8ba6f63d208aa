-- Issues that are merged: what each has of its own, that of the one that stayed, their
-- parent, among them. The parent's row in issues has what they come to together; those
-- of the others stand still, but for a status that regressed, until they are given
-- back. Events, rollups and everything else go by the issue that a fingerprint led to,
-- as if nothing were merged: who reads them covers all parts.
CREATE TABLE parts (
  id            INTEGER PRIMARY KEY, -- the issue's
  parent        INTEGER NOT NULL,    -- its own for the one that stayed
  under         INTEGER NOT NULL,    -- what it was merged into when that was still on its own; 0 for the one that stayed
  merged        INTEGER NOT NULL,
  title         TEXT NOT NULL,
  culprit       TEXT NOT NULL,
  type          TEXT NOT NULL,
  value         TEXT NOT NULL,
  level         INTEGER NOT NULL,
  handled       INTEGER NOT NULL,
  count         INTEGER NOT NULL,
  users         INTEGER NOT NULL,
  first_seen    INTEGER NOT NULL,
  last_seen     INTEGER NOT NULL,
  first_release TEXT NOT NULL,
  last_release  TEXT NOT NULL,
  last_event    BLOB NOT NULL,
  fault         TEXT NOT NULL
);
CREATE INDEX parts_by_parent ON parts (parent);
