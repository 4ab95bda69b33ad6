-- migrate:up
-- A filter that few print jobs meet would otherwise read the whole shop to fill a page.
CREATE INDEX jobs_by_reason ON jobs (shop, reason_code, created_at DESC, job_id DESC) WHERE reason_code IS NOT NULL;
CREATE INDEX jobs_by_template ON jobs (shop, template_id, created_at DESC, job_id DESC);
CREATE INDEX jobs_by_sku ON jobs (shop, sku, created_at DESC, job_id DESC) WHERE sku IS NOT NULL;
CREATE INDEX jobs_by_product ON jobs (shop, product_id) WHERE product_id IS NOT NULL;
CREATE INDEX jobs_by_variant ON jobs (shop, variant_id) WHERE variant_id IS NOT NULL;

-- migrate:down
DROP INDEX jobs_by_variant;
DROP INDEX jobs_by_product;
DROP INDEX jobs_by_sku;
DROP INDEX jobs_by_template;
DROP INDEX jobs_by_reason;
