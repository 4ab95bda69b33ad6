"""What PostgreSQL does for a query."""

from collections.abc import Iterator
from typing import Any

from printworks_common.postgres import Pool


async def rows_read(pool: Pool, query: str, *values: Any) -> int:
    """Most rows that a step of the query's plan reads, those that it throws away included. What functions read is not
    among them."""
    [explained] = await pool.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}", *values)
    return max(
        round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in _nodes(explained["Plan"])
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)
