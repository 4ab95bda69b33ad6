-- migrate:up
-- When a shop's round last came to its end, so that whoever runs it can tell how long ago that is.
ALTER TABLE rounds ADD COLUMN ended_at timestamptz;
-- A count that is due in the coming night was done in the last one.
UPDATE rounds SET ended_at = due_at - interval '1 day' WHERE kind = 'count' AND due_at > now();

-- migrate:down
ALTER TABLE rounds DROP COLUMN ended_at;
