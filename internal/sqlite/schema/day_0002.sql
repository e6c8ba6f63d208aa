-- What 0002_stories.sql changes in the tables of every day that is there.
ALTER TABLE spans_@ ADD COLUMN signs BLOB;
ALTER TABLE events_@ ADD COLUMN fault TEXT;
ALTER TABLE events_@ ADD COLUMN facts BLOB;
CREATE INDEX IF NOT EXISTS events_@_execution ON events_@ (execution) WHERE execution <> '' AND issue > 0;
