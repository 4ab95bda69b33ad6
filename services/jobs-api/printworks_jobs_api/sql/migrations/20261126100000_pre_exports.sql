-- migrate:up
-- An export is a list of files with their places in ZIP archives: nothing is copied, nothing personal stands in it.
CREATE TABLE exports (
    shop text NOT NULL,
    export_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('preparing', 'ready', 'failed')),
    wanted jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    ready_at timestamptz,
    expires_at timestamptz NOT NULL,
    jobs_matched int NOT NULL,
    jobs_done int NOT NULL DEFAULT 0,
    jobs_without_files int NOT NULL DEFAULT 0,
    files int NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    -- The print job after which preparing goes on, and which process does so until when.
    after_created timestamptz,
    after_job uuid,
    leased_until timestamptz,
    PRIMARY KEY (shop, export_id)
);
CREATE INDEX exports_to_prepare ON exports (created_at) WHERE status = 'preparing';
CREATE INDEX exports_by_end ON exports (expires_at);

-- An archive: its files one behind the other, then its directory, then its end.
CREATE TABLE export_parts (
    shop text NOT NULL,
    export_id uuid NOT NULL,
    part int NOT NULL,
    files int NOT NULL,
    content_bytes bigint NOT NULL,
    directory_bytes bigint NOT NULL,
    -- Of paths and digests of the files: the same archive has the same one. Missing while files are added.
    fingerprint text,
    PRIMARY KEY (shop, export_id, part),
    FOREIGN KEY (shop, export_id) REFERENCES exports (shop, export_id) ON DELETE CASCADE
);

-- A line of the manifest: a file with its place, or a print job without files.
CREATE TABLE export_lines (
    shop text NOT NULL,
    export_id uuid NOT NULL,
    position int NOT NULL,
    line jsonb NOT NULL,
    path text,
    -- Paths with the same key are one file on some file system.
    path_key text,
    file_id uuid,
    part int,
    content_offset bigint,
    directory_offset bigint,
    bytes bigint,
    crc32 bigint,
    sha256 text,
    -- {"key"} in the hosted bucket, {"endpoint", "bucket", "key"} in the shop's own.
    place jsonb,
    PRIMARY KEY (shop, export_id, position),
    FOREIGN KEY (shop, export_id) REFERENCES exports (shop, export_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX export_lines_by_path ON export_lines (shop, export_id, path_key) WHERE path_key IS NOT NULL;
CREATE INDEX export_lines_of_part ON export_lines (shop, export_id, part, content_offset) WHERE part IS NOT NULL;

-- migrate:down
DROP TABLE export_lines;
DROP TABLE export_parts;
DROP TABLE exports;
