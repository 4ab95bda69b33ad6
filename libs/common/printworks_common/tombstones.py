"""Tombstones: what was erased on request, so that no snapshot, replay or re-read brings it back.

Each schema that keeps something of orders has these tables and this function (keep them in one of the service's
migrations, as they stand in `SCHEMA`). A tombstone holds ids and moments only. That of an order is for ever; that of a
shop is for the orders that were created until then, so that a shop which comes back is served anew.

A tombstone is committed before anything is erased. Whoever writes something of an order asks `tombstone` first, inside
the transaction of the write: writers of a shop share a lock that a new tombstone waits for, so a write either was
visible to the erasure or sees the tombstone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from printworks_common.events.control import PrivacyRequested
from printworks_common.events.privacy import PrivacyKind
from printworks_common.postgres import Connection, Pool, ground_errors

SCHEMA = """
CREATE TABLE erased_orders (
    shop text NOT NULL,
    order_id bigint NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (shop, order_id)
);
CREATE TABLE erased_shops (
    shop text PRIMARY KEY,
    until timestamptz NOT NULL
);
CREATE FUNCTION tombstone(wanted_shop text, wanted_order bigint, created timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/' || wanted_shop, 7211));
    IF EXISTS (SELECT FROM erased_shops WHERE shop = wanted_shop AND until >= created) THEN
        RETURN 'shop';
    END IF;
    IF EXISTS (SELECT FROM erased_orders WHERE shop = wanted_shop AND order_id = wanted_order) THEN
        RETURN 'order';
    END IF;
    RETURN NULL;
END
$$;
"""

Tombstone = Literal["order", "shop"] | None

_OF_MANY = """
SELECT tombstone(shop, order_id, created_at) AS found
FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) WITH ORDINALITY AS given (shop, order_id, created_at, place)
ORDER BY place
"""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/' || $1, 7211))"

_ORDERS = """
INSERT INTO erased_orders (shop, order_id, erased_at) SELECT $1, unnest($2::bigint[]), $3 ON CONFLICT DO NOTHING
"""

_SHOP = """
INSERT INTO erased_shops (shop, until) VALUES ($1, $2)
ON CONFLICT (shop) DO UPDATE SET until = greatest(erased_shops.until, excluded.until)
"""


async def tombstone(connection: Connection, shop: str, order_id: int, created_at: datetime) -> Tombstone:
    """Whether the order was erased, by itself or with its shop. Call it in the transaction of what is to be written,
    before any row of the order is locked."""
    return await connection.fetchval("SELECT tombstone($1, $2, $3)", shop, order_id, created_at)


async def tombstones_of(connection: Connection, orders: Sequence[tuple[str, int, datetime]]) -> list[Tombstone]:
    """As `tombstone`, of many at once: shop, order id and creation of each."""
    columns = [list(column) for column in zip(*orders, strict=True)] if orders else [[], [], []]
    return [row["found"] for row in await connection.fetch(_OF_MANY, *columns)]


async def bury(pool: Pool, request: PrivacyRequested) -> None:
    """Write the tombstones of a request, and return when they are durable and no write that began before them is
    under way. Raises GroundMissingError."""
    with ground_errors():
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK, request.shop)
            if request.kind == PrivacyKind.ERASE_SHOP:
                await connection.execute(_SHOP, request.shop, request.requested_at)
            elif request.kind == PrivacyKind.ERASE_CUSTOMER:
                await connection.execute(_ORDERS, request.shop, order_ids(request), request.requested_at)


MAX_ID = 2**63 - 1


def order_ids(request: PrivacyRequested) -> list[int]:
    """The orders of a request as numbers; an id that is no 64-bit number names no order."""
    return [number for one in request.order_ids if (number := int(one)) <= MAX_ID]
