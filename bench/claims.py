"""What a dispatcher of renders costs while much waits: milliseconds of each claim among 100, 10,000 and 100,000 jobs of
two shops, beside one that ranks all that wait. Claims are rolled back, so that each finds the same.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import printworks_render
from printworks_common.migrations import migrate
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import PostgresSettings
from printworks_local.stack import StackOptions, start_stack
from printworks_render.coordinator.store import SQL
from pydantic import SecretStr

from tests.integration.coordinator.test_backlog import ADD_BACKLOG

SIZES = (100, 10_000, 100_000)
CLAIMS = 50
MINUTE = timedelta(minutes=1)
DISPATCHERS: dict[str, tuple[str, Sequence[Any]]] = {
    "claim_pinning": ("pinning", (8, 4, MINUTE)),
    "choose_releases": ("queued", (8, 4, True)),
    "claim_deliveries": ("delivering", (8, 4, MINUTE)),
}

RANKED_WHOLE = """
WITH ranked AS (
    SELECT job_id, urgent, queued_at, row_number() OVER (PARTITION BY shop ORDER BY urgent DESC, queued_at) AS turn
    FROM jobs WHERE step = $1 AND (not_before IS NULL OR not_before <= now())
        AND (claimed_until IS NULL OR claimed_until <= now())
)
SELECT j.job_id FROM jobs j JOIN ranked r USING (job_id) WHERE r.turn <= 4
ORDER BY r.urgent DESC, r.turn, r.queued_at LIMIT 8 FOR UPDATE OF j SKIP LOCKED
"""


async def milliseconds(pool: Pool, query: str, values: Sequence[Any]) -> float:
    """The median of a claim's time."""
    times: list[float] = []
    async with pool.acquire() as connection:
        for _ in range(CLAIMS):
            claim = connection.transaction()
            await claim.start()
            began = time.perf_counter()
            await connection.fetch(query, *values)
            times.append((time.perf_counter() - began) * 1000)
            await claim.rollback()
    return statistics.median(times)


async def main() -> None:
    async with start_stack(StackOptions(label="bench-claims")) as stack:
        dsn = await stack.create_database("bench_claims")
        await migrate(dsn, "render", Path(printworks_render.__file__).parent / "sql" / "migrations")
        pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(dsn)), schema="render")
        print(f"{'waiting':>8}  {'claim':<18}{'ms':>8}{'all ranked, ms':>16}")
        for size in SIZES:
            for name, (step, values) in DISPATCHERS.items():
                await pool.execute("TRUNCATE jobs, orders CASCADE")
                await pool.execute(ADD_BACKLOG, step, size)
                await pool.execute("ANALYZE jobs")
                ours = await milliseconds(pool, SQL[name], values)
                ranked = await milliseconds(pool, RANKED_WHOLE, (step,))
                print(f"{size:>8,}  {name:<18}{ours:>8.2f}{ranked:>16.2f}", flush=True)
        await close_pool(pool)


if __name__ == "__main__":
    asyncio.run(main())
