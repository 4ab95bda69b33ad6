-- migrate:up
-- A page of a product's or a variant's print jobs is read in order instead of sorting all of them.
DROP INDEX jobs_by_product;
DROP INDEX jobs_by_variant;
CREATE INDEX jobs_by_product ON jobs (shop, product_id, created_at DESC, job_id DESC) WHERE product_id IS NOT NULL;
CREATE INDEX jobs_by_variant ON jobs (shop, variant_id, created_at DESC, job_id DESC) WHERE variant_id IS NOT NULL;

-- migrate:down
DROP INDEX jobs_by_product;
DROP INDEX jobs_by_variant;
CREATE INDEX jobs_by_product ON jobs (shop, product_id) WHERE product_id IS NOT NULL;
CREATE INDEX jobs_by_variant ON jobs (shop, variant_id) WHERE variant_id IS NOT NULL;
