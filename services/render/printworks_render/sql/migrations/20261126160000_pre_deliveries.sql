-- migrate:up
-- Objects of the hosted bucket whose files lie in a shop's own storage: deleted when links to them have run out.
CREATE TABLE delivered_copies (
    key text PRIMARY KEY,
    delivered_at timestamptz NOT NULL
);
CREATE INDEX delivered_copies_by_age ON delivered_copies (delivered_at);

-- migrate:down
DROP TABLE delivered_copies;
