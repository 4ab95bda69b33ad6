-- migrate:up
-- Something asked of many print jobs: carried out some at a time, each of them once.
CREATE TABLE bulk_actions (
    shop text NOT NULL,
    bulk_id uuid NOT NULL,
    action text NOT NULL,
    selection jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'done', 'aborted', 'failed')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    matched int NOT NULL,
    done int NOT NULL DEFAULT 0,
    -- Print jobs by what was answered: outcomes of commands, codes of refusals.
    outcomes jsonb NOT NULL DEFAULT '{}',
    after_created timestamptz,
    after_job uuid,
    PRIMARY KEY (shop, bulk_id)
);
CREATE INDEX bulk_actions_to_do ON bulk_actions (created_at) WHERE status = 'running';
CREATE INDEX bulk_actions_by_age ON bulk_actions (created_at);

-- migrate:down
DROP TABLE bulk_actions;
