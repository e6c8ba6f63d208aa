-- People who sign in, the organizations that they belong to, their sessions, and the
-- links that set a password once.
CREATE TABLE users (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  email    TEXT NOT NULL UNIQUE, -- lower case
  password TEXT NOT NULL,        -- hashed, with its parameters
  created  INTEGER NOT NULL
);

CREATE TABLE members (
  user    INTEGER NOT NULL REFERENCES users,
  org     INTEGER NOT NULL REFERENCES organizations,
  role    TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (user, org)
) WITHOUT ROWID;
CREATE INDEX members_by_org ON members (org);

CREATE TABLE sign_ins (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  hash    BLOB NOT NULL UNIQUE, -- SHA-256 of the secret, which is random enough
  user    INTEGER NOT NULL REFERENCES users,
  org     INTEGER NOT NULL REFERENCES organizations,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
);
CREATE INDEX sign_ins_by_user ON sign_ins (user);

CREATE TABLE links (
  hash    BLOB PRIMARY KEY, -- SHA-256 of the secret, which is random enough
  org     INTEGER NOT NULL REFERENCES organizations,
  user    INTEGER NOT NULL, -- 0: the organization's first, who is still to come
  expires INTEGER NOT NULL
) WITHOUT ROWID;
