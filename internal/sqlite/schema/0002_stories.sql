-- Executions that are put together anew when more of their traces comes.
ALTER TABLE executions ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN fault TEXT NOT NULL DEFAULT '';
-- Lists, with a unit separator before, between and after what they hold.
ALTER TABLE executions ADD COLUMN models TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN tools TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN failing TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN policies TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN issues TEXT NOT NULL DEFAULT '';
-- The ids one after the other; NULL when there is one, in the column trace.
ALTER TABLE executions ADD COLUMN traces BLOB;
-- NULL when there is no loop.
ALTER TABLE executions ADD COLUMN loop_kind INTEGER;
ALTER TABLE executions ADD COLUMN loop BLOB;
CREATE INDEX executions_by_conversation ON executions (project, conversation, start) WHERE conversation <> '';

ALTER TABLE issues ADD COLUMN fault TEXT NOT NULL DEFAULT '';
