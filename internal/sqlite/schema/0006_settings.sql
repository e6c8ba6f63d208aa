-- What an organization (project 0) or a project set at run time: every version of it,
-- sealed, the highest of a scope in force.
CREATE TABLE settings (
  org     INTEGER NOT NULL,
  project INTEGER NOT NULL,
  version INTEGER NOT NULL, -- from 1, without gaps
  time    INTEGER NOT NULL,
  author  TEXT NOT NULL,
  value   BLOB NOT NULL,
  PRIMARY KEY (org, project, version)
) WITHOUT ROWID;
