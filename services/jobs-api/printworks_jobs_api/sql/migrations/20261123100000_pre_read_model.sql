-- migrate:up
-- Where an administrator has made the extensions beforehand, they lie in public.
SELECT set_config('search_path', current_schema() || ', public', true);
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Written by the projector from snapshots; `version` is the order's snapshot version, lower ones are ignored.
CREATE TABLE orders (
    shop text NOT NULL,
    order_id bigint NOT NULL,
    order_gid text NOT NULL,
    order_name text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    order_date date NOT NULL,
    first_paid_at timestamptz,
    retention_date date,
    customer_name text,
    financial_status text,
    test boolean NOT NULL,
    cancelled_at timestamptz,
    artwork_status text,
    search_key text NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (shop, order_id)
);
CREATE INDEX orders_by_date ON orders (shop, created_at DESC, order_id DESC);
CREATE INDEX orders_search ON orders USING gin (shop, search_key gin_trgm_ops);

-- A row of the Print Jobs view. What the view shows and filters by is repeated here, so that a page reads one table.
CREATE TABLE jobs (
    shop text NOT NULL,
    job_id uuid NOT NULL,
    order_id bigint NOT NULL,
    line_item_id bigint NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    step text,
    order_name text NOT NULL,
    customer_name text,
    created_at timestamptz NOT NULL,
    order_date date NOT NULL,
    first_paid_at timestamptz,
    test boolean NOT NULL,
    product_title text NOT NULL,
    variant_title text,
    product_id bigint,
    variant_id bigint,
    sku text,
    quantity int NOT NULL,
    template_id text,
    template_version int,
    recipe text,
    artwork_version int NOT NULL,
    reason_code text,
    reason_detail text,
    queued_at timestamptz NOT NULL,
    completed_at timestamptz,
    -- Since when the job has its status.
    since timestamptz NOT NULL,
    -- Number of the job's newest change in the shop's sequence of changes.
    change_seq bigint NOT NULL,
    search_key text NOT NULL,
    -- Texts, inputs, artwork versions and timeline of the job's page: read whole, never searched.
    detail jsonb NOT NULL,
    PRIMARY KEY (shop, job_id),
    FOREIGN KEY (shop, order_id) REFERENCES orders (shop, order_id) ON DELETE CASCADE
);
CREATE INDEX jobs_by_date ON jobs (shop, created_at DESC, job_id DESC);
CREATE INDEX jobs_by_status ON jobs (shop, status, created_at DESC, job_id DESC);
CREATE INDEX jobs_by_change ON jobs (shop, change_seq);
CREATE INDEX jobs_waiting ON jobs (shop, queued_at) WHERE status = 'pending';
CREATE INDEX jobs_finished ON jobs (shop, completed_at) WHERE status = 'ready';
CREATE INDEX jobs_of_order ON jobs (shop, order_id, line_item_id);
CREATE INDEX jobs_search ON jobs USING gin (shop, search_key gin_trgm_ops);

-- Every file that a snapshot ever named. A row stays when the file is gone, so that its link can say so.
CREATE TABLE files (
    shop text NOT NULL,
    file_id uuid NOT NULL,
    order_id bigint NOT NULL,
    job_id uuid NOT NULL,
    artwork_version int NOT NULL,
    current boolean NOT NULL,
    position int NOT NULL,
    role text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    facts jsonb NOT NULL,
    object_key text NOT NULL,
    state text NOT NULL CHECK (state IN ('live', 'cleared')),
    PRIMARY KEY (shop, file_id)
);
CREATE INDEX files_of_order ON files (shop, order_id);
CREATE INDEX files_of_job ON files (shop, job_id);

-- Numbers of changes are handed out under this row's lock, so that they become visible in their order.
CREATE TABLE change_counters (
    shop text PRIMARY KEY,
    seq bigint NOT NULL
);

CREATE TABLE changes (
    shop text NOT NULL,
    seq bigint NOT NULL,
    order_id bigint NOT NULL,
    job_id uuid NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    step text,
    reason_code text,
    artwork_version int NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (shop, seq)
);
CREATE INDEX changes_of_order ON changes (shop, order_id);

-- migrate:down
DROP TABLE changes;
DROP TABLE change_counters;
DROP TABLE files;
DROP TABLE jobs;
DROP TABLE orders;
