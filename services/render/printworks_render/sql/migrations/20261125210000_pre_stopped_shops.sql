-- migrate:up
-- Shops that have uninstalled the app: their jobs wait, and go on where they stood when the shop is back.
CREATE VIEW stopped_shops AS
SELECT shop FROM catalog
WHERE kind = 'installation' AND entry_id = 'app' AND NOT deleted AND body -> 'installed' = 'false'::jsonb;

-- migrate:down
DROP VIEW stopped_shops;
