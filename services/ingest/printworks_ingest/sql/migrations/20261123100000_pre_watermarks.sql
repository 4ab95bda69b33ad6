-- migrate:up
-- Up to when each shop's updated orders have been read.
CREATE TABLE watermarks (
    shop text PRIMARY KEY,
    swept_at timestamptz NOT NULL
);

-- migrate:down
DROP TABLE watermarks;
