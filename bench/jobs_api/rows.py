"""Print jobs of 200 shops, one of which holds half, written straight into the read model's tables by the database."""

from itertools import product

from printworks_common.postgres import Pool
from printworks_jobs_api.search import fold

SHOPS = 200
BIG, SMALL = "shop-0.myshopify.com", "shop-7.myshopify.com"

_FIRST = (
    "Ada", "Jörg", "Zoë", "Łukasz", "Siobhán", "Mehmet", "Nguyễn", "Olga", "Çelik", "Ørjan", "Xavier", "Yuki",
    "Иван", "Анна", "Ελένη", "Γιώργος", "佐藤", "王小明", "김민준", "محمد", "דוד", "अनीता", "สมชาย", "Tamás",
    "Beatriz", "Chidi", "Dmitri", "Esme", "Farah", "Gunnar", "Hana", "Ines",
)  # fmt: skip
_LAST = (
    "Andersson", "Müller", "O’Brien", "Quintero", "Yılmaz", "García", "Novák", "Petrov", "Иванова", "Παπαδοπούλου",
    "田中", "陳", "박", "الحسن", "כהן", "शर्मा", "ใจดี", "Nagy", "Silva", "Okafor", "Smirnov", "Watson", "Haddad",
    "Lindqvist", "Kaya", "Ferreira", "Blažek", "Zieliński", "Dubois", "Rossi", "Jansen", "Nielsen", "Virtanen",
    "Kowalski", "Horvat", "Popescu", "Ivanov", "Schmidt", "Moreau", "Costa", "Murphy", "Kelly", "Walsh", "Byrne",
    "Tanaka", "Suzuki", "Nakamura", "Sato", "Kim", "Lee", "Park", "Choi", "Singh", "Kumar", "Gupta", "Patel",
    "Nguyen", "Tran", "Pham", "Hoang", "Diaz", "Torres", "Reyes", "Cruz",
)  # fmt: skip
NAMES = [f"{first} {last}" for first, last in product(_FIRST, _LAST)]

_DROPPED = (
    "orders_by_date", "orders_search", "jobs_by_status", "jobs_by_change", "jobs_waiting", "jobs_finished",
    "jobs_search", "files_of_order",
)  # fmt: skip
"""Indexes that are made again after the rows: row by row, the two of trigrams alone would take most of the time."""

_ROWS = """
CREATE TEMP VIEW wanted AS
SELECT i, CASE WHEN i % 2 = 0 THEN 0 ELSE 1 + (i / 2) % {other_shops} END AS shop_number,
       timestamptz '2025-09-01T00:00:00Z' + i * interval '37 seconds' AS at,
       md5('job' || i)::uuid AS job_id, hashint8(i) & 1023 AS dice, hashint8(i * 31) & 65535 AS other_dice
FROM generate_series({first}::bigint, {last}::bigint) AS i;
CREATE TEMP VIEW told AS
SELECT w.*, 'shop-' || w.shop_number || '.myshopify.com' AS shop, n.name, n.key AS name_key, 100000 + w.i AS number,
       CASE WHEN dice < 20 THEN 'failed' WHEN dice < 40 THEN 'pending' WHEN dice < 60 THEN 'cancelled'
            ELSE 'ready' END AS status
FROM wanted AS w JOIN bench_names AS n ON n.n = w.other_dice % {names};
INSERT INTO orders
    (shop, order_id, order_gid, order_name, version, created_at, order_date, first_paid_at, retention_date,
     customer_name, financial_status, test, artwork_status, search_key, occurred_at)
SELECT shop, i, 'gid://shopify/Order/' || i, '#' || number, 1, at, at::date, at, at::date + 90, name, 'paid', false,
       status, ' #' || number || ' ' || number || ' | ' || name_key, at
FROM told;
INSERT INTO jobs
    (shop, job_id, order_id, line_item_id, version, status, step, order_name, customer_name, created_at, order_date,
     first_paid_at, test, product_title, variant_title, product_id, variant_id, sku, quantity, template_id,
     template_version, recipe, artwork_version, reason_code, queued_at, completed_at, since, change_seq, search_key,
     detail)
SELECT shop, job_id, i, i, 1, status, CASE status WHEN 'pending' THEN 'rendering' END, '#' || number, name, at,
       at::date, at, false, 'Photo print', '42 × 59 cm', 900000 + other_dice % 200, 910000 + other_dice % 1000,
       'SKU-' || other_dice % 200, 1, 'template-' || other_dice % 20, 1, 'photo', 1,
       CASE WHEN status = 'failed' THEN (ARRAY['upload_missing', 'resolution_low', 'upload_corrupt'])[1 + dice % 3] END,
       at, CASE status WHEN 'pending' THEN NULL ELSE at + interval '34 seconds' END, at, i,
       ' #' || number || ' ' || number || ' | ' || name_key,
       '{{"texts": [{{"name": "Text", "value": "For Ada"}}], "inputs": [], "timeline": [], "artwork": []}}'
FROM told;
INSERT INTO files
    (shop, file_id, order_id, job_id, artwork_version, current, position, role, name, media_type, bytes, sha256, facts,
     object_key, state)
SELECT shop, md5(role || i)::uuid, i, job_id, 1, true, position, role, number || '-' || role, type, 1000000,
       repeat(md5(role || i), 2),
       '{{"format": "pdf", "width_px": 4960, "height_px": 7016, "dpi": 300, "colour_space": "sRGB"}}',
       'orders/' || i || '/' || role, 'live'
FROM told, (VALUES ('print', 0, 'application/pdf'), ('thumbnail', 1, 'image/webp')) AS kinds (role, position, type)
WHERE status = 'ready';
DROP VIEW told, wanted;
"""


async def fill(pool: Pool, have: int, want: int) -> None:
    """Grow the read model from `have` to `want` print jobs, one an order, about two files each."""
    async with pool.acquire() as connection:
        await connection.execute("CREATE TEMP TABLE IF NOT EXISTS bench_names (n int PRIMARY KEY, name text, key text)")
        await connection.execute("TRUNCATE bench_names")
        names = [(number, name, fold(name)) for number, name in enumerate(NAMES)]
        await connection.copy_records_to_table("bench_names", records=names, schema_name="pg_temp")
        found = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexname = ANY ($1)",
            list(_DROPPED),
        )
        for index in found:
            await connection.execute(f"DROP INDEX {index['indexname']}")
        rows = _ROWS.format(other_shops=SHOPS - 1, first=have, last=want - 1, names=len(NAMES))
        await connection.execute(rows, timeout=600)
        for index in found:
            await connection.execute(index["indexdef"], timeout=600)
        await connection.execute("VACUUM ANALYZE", timeout=600)
