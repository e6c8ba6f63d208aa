-- Envelopes that wait for an upstream: what is known of them, by queue and in order;
-- and, apart, the packed envelopes, so that looking for what may go reads little.
CREATE TABLE outbox (
  project      INTEGER NOT NULL,
  organization TEXT NOT NULL,    -- the customer's, where that has an upstream of its own
  seq          INTEGER NOT NULL, -- in the order of arrival, across all queues
  org          INTEGER NOT NULL,
  time         INTEGER NOT NULL,
  event        BLOB NOT NULL,
  trace        BLOB,
  categories   TEXT NOT NULL,    -- with a comma before, between and behind
  sent_at      INTEGER NOT NULL,
  client_ip    TEXT NOT NULL,
  hops         INTEGER NOT NULL,
  held         INTEGER NOT NULL,
  size         INTEGER NOT NULL, -- of the envelope
  bytes        INTEGER NOT NULL, -- of it as packed
  tries        INTEGER NOT NULL DEFAULT 0,
  due          INTEGER NOT NULL DEFAULT 0, -- not 0: set aside until then
  problem      TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (project, organization, seq)
) WITHOUT ROWID;
CREATE INDEX outbox_held ON outbox (project, trace) WHERE held = 1;
CREATE INDEX outbox_aside ON outbox (project, organization, seq) WHERE due > 0;

CREATE TABLE outbox_envelopes (
  seq          INTEGER PRIMARY KEY,
  project      INTEGER NOT NULL,
  organization TEXT NOT NULL,
  data         BLOB NOT NULL
);
