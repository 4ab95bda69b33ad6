"""What Postgres does for a statement: whether it reads other shops' rows, or many rows to show a few."""

import json
from collections.abc import Iterator
from typing import Any

from printworks_common.postgres import Pool

Statement = tuple[str, tuple[Any, ...]]

_BY_INDEX = ("Index Scan", "Index Only Scan", "Bitmap Index Scan")

MOST_FILTERED = 10
"""So many times the rows of a page may be read and thrown away."""

MOST_SEARCHED = 100
"""By a search: reading by date until a page is full of a common name's rows."""


async def faults(pool: Pool, statement: Statement, page: int) -> list[str]:
    """Run the statement under EXPLAIN ANALYZE. Empty: each table is entered by an index with the shop in its
    condition, and no more rows than `MOST_FILTERED` pages are filtered away, `MOST_SEARCHED` by a search."""
    query, values = statement
    most = page * (MOST_SEARCHED if " LIKE " in query else MOST_FILTERED)
    explained = await pool.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}", *values, timeout=120)
    plan = explained if isinstance(explained, list) else json.loads(explained)
    found: list[str] = []
    for node in _nodes(plan[0]["Plan"]):
        kind: str = node["Node Type"]
        index = node.get("Index Name", node.get("Relation Name", ""))
        read = (node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)) * node.get("Actual Loops", 1)
        # A table without a row is read whole by every planner.
        if kind == "Seq Scan" and read:
            found.append(f"reads all of {index}")
        elif kind in _BY_INDEX and "shop" not in node.get("Index Cond", ""):
            found.append(f"reads {index} without the shop")
        removed = node.get("Rows Removed by Filter", 0) * node.get("Actual Loops", 1)
        if removed > most:
            found.append(f"{kind} {index} filters {removed:.0f} rows away".replace("  ", " "))
    return found


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
