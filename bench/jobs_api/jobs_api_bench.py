"""Lists of print jobs over HTTP among 10 thousand, 100 thousand and 1 million, beside their bare SQL in the same run.

200 shops, one of which holds half of all print jobs; it is the one that asks. One API process, a page of 50. "Bare" is
the very statements that the request runs, by asyncpg from this process, as the role of requests: no HTTP, no key, no
models, no JSON. "Without policies" is the same as the owner of the tables, whom no policy binds. Beside them the first
load of the lists in a real Chromium (aim: 1 s with a million behind it). Then: how many snapshots a second one
projector takes, and how long a rebuild of a million would be at that rate.

Ends with status 1 when a plan enters a table without the shop, or filters away more than ten times the page; a search
for a common part of a name may filter away a hundred times the page, for that is ten times faster than to collect all
that have it.
"""

import argparse
import asyncio
import base64
import json
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import printworks_jobs_api
from first_load import first_loads
from plans import Statement, faults
from printworks_common.clock import SystemClock
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.migrations import migrate
from printworks_common.postgres import Pool, close_pool, open_pool
from printworks_common.settings import KafkaSettings, PostgresSettings
from printworks_jobs_api.cursors import Cursor
from printworks_jobs_api.filters import JobFilter, JobSort
from printworks_jobs_api.keys import KeyStore, Scope
from printworks_jobs_api.reading import Reader
from printworks_jobs_api.settings import SCHEMA
from printworks_jobs_api.tenancy import acting_for, open_requests
from printworks_local.stack import StackInfo, StackOptions, start_stack
from projection import projected
from pydantic import SecretStr
from rows import BIG, SMALL, fill

PAGE = 50
SIZES = (10_000, 100_000, 1_000_000)
REQUESTS = {1: 60, 8: 80, 32: 96}
"""Requests of a case by number of clients."""

Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Case:
    """Query parameters and the filter that stands for them. `last`: the page that a cursor just before the end leads
    to."""

    name: str
    parameters: dict[str, str]
    wanted: JobFilter
    last: bool = False


CASES = (
    Case("list", {}, JobFilter()),
    Case("last page by cursor", {}, JobFilter(), last=True),
    Case("status failed", {"status": "failed"}, JobFilter(status=("failed",))),
    Case("status pending", {"status": "pending"}, JobFilter(status=("pending",))),
    Case("reason", {"reason": "resolution_low"}, JobFilter(reason="resolution_low")),
    Case("template", {"template": "template-3"}, JobFilter(template="template-3")),
    Case("product by SKU", {"product": "SKU-17"}, JobFilter(product="SKU-17")),
    Case("product by id", {"product": "900017"}, JobFilter(product="900017")),
    Case("name fragment, common", {"q": "anders"}, JobFilter(q="anders")),
    Case("name fragment, rare", {"q": "avier quint"}, JobFilter(q="avier quint")),
    Case("name in another script", {"q": "παπαδ"}, JobFilter(q="παπαδ")),
    Case("order number", {"q": "104202"}, JobFilter(q="104202")),
)


class Recorder:
    """In a pool's place: runs what it is given and remembers it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.statements: list[Statement] = []

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator["Recorder"]:
        yield self

    async def execute(self, command: str) -> None:
        self.statements.append((command, ()))

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]:
        self.statements.append((query, values))
        return await self._pool.fetch(query, *values)


class Client:
    """One kept connection; an answer other than 200 ends the run."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def get(self, path: str) -> bytes:
        head = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self._key}\r\n\r\n"
        self._writer.write(head.encode())
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await self._reader.readexactly(int(answer.partition("content-length: ")[2].split("\r\n")[0]))
        if not answer.startswith("http/1.1 200"):
            raise SystemExit(f"{path}: {answer.splitlines()[0]} {body[:300].decode()}")
        return body

    def close(self) -> None:
        self._writer.close()


async def times(asks: Sequence[Ask], count: int) -> list[float]:
    """Milliseconds of `count` calls, taken by as many clients as there are `asks`, each one after the other."""
    taken: list[float] = []

    async def one(ask: Ask) -> None:
        for _ in range(count // len(asks)):
            began = time.perf_counter()
            await ask()
            taken.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(one(ask) for ask in asks))
    return taken


def p50_p95(taken: list[float]) -> tuple[float, float]:
    ordered = sorted(taken)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.95)]


async def near_the_end(pool: Pool, shop: str) -> str:
    """The cursor after which the last page begins."""
    row = await pool.fetchrow(
        f"SELECT created_at, job_id FROM jobs WHERE shop = $1 ORDER BY created_at, job_id OFFSET {PAGE - 1} LIMIT 1",
        shop,
    )
    if row is None:
        raise SystemExit("There is less than a page.")
    return Cursor(JobSort.NEWEST_ORDER.value, row["created_at"], str(row["job_id"])).encode()


async def statements_of(pool: Pool, case: Case, shop: str, cursor: str | None) -> list[Statement]:
    recorder = Recorder(pool)
    reader = Reader(cast("Pool", recorder), SystemClock())
    await reader.jobs(shop, case.wanted, sort=JobSort.NEWEST_ORDER, cursor=cursor, limit=PAGE)
    return recorder.statements


def without_policies(statement: Statement) -> Statement:
    query, values = statement
    return query.replace("FROM searched_", "FROM "), values


class Bench:
    def __init__(self, pool: Pool, requests: Pool, port: int, key: str, levels: Sequence[int]) -> None:
        self._pool = pool
        self._requests = requests
        self._levels = levels
        self._clients = [Client(port, key) for _ in range(max(levels))]
        self.alone: dict[tuple[str, int], float] = {}
        """p95 of the fewest clients by case and size."""
        self.wrong: list[str] = []

    async def measure(self, size: int) -> None:
        print(
            f"\n{size:,} print jobs      p50 / p95 in ms, API beside bare SQL; last: p50 of bare SQL without policies"
        )
        print(f"  {'':<24}" + "".join(f"{f'{clients} clients':>36}" for clients in self._levels))
        for case in CASES:
            cursor = await near_the_end(self._pool, BIG) if case.last else None
            await self._look_at_plans(case, size, cursor)
            await self._measure_case(case, size, cursor)

    async def _look_at_plans(self, case: Case, size: int, cursor: str | None) -> None:
        small = await near_the_end(self._pool, SMALL) if case.last and size > SIZES[0] else None
        for shop, place in ((BIG, cursor), (SMALL, small)):
            with acting_for(shop):
                statements = await statements_of(self._requests, case, shop, place)
                queries = [one for one in statements if not one[0].startswith("SET ")]
                found_by_statement = [await faults(self._requests, one, PAGE) for one in queries]
            for found in found_by_statement:
                self.wrong += [f"{size:,} print jobs, {case.name}, {shop}: {one}" for one in found]

    async def _measure_case(self, case: Case, size: int, cursor: str | None) -> None:
        parameters = case.parameters | {"limit": str(PAGE)} | ({} if cursor is None else {"cursor": cursor})
        path = f"/v1/print-jobs?{urlencode(parameters)}"
        with acting_for(BIG):
            statements = await statements_of(self._requests, case, BIG, cursor)
            line = f"  {case.name:<24}"
            for clients in self._levels:
                count = REQUESTS[clients]
                api = p50_p95(await self._over_http(path, clients, count))
                sql = await self._bare(self._requests, statements, clients, count)
                if clients == self._levels[0]:
                    self.alone[case.name, size] = api[1]
                line += f"{api[0]:9.1f} /{api[1]:7.1f} {sql[0]:8.1f} /{sql[1]:7.1f}"
            plain = [without_policies(one) for one in statements]
            free = await self._bare(self._pool, plain, self._levels[0], REQUESTS[self._levels[0]])
        print(f"{line}{free[0]:9.1f}", flush=True)

    async def _bare(self, pool: Pool, statements: Sequence[Statement], clients: int, count: int) -> tuple[float, float]:
        async def bare() -> None:
            async with pool.acquire() as connection:
                for query, values in statements:
                    await connection.fetch(query, *values)

        await times([bare] * clients, clients * 2)
        return p50_p95(await times([bare] * clients, count))

    async def _over_http(self, path: str, clients: int, count: int) -> list[float]:
        # Opened for each case: the server ends connections that have been idle for a while.
        asking = self._clients[:clients]
        await asyncio.gather(*(client.open() for client in asking))
        asks: list[Ask] = [lambda client=client: client.get(path) for client in asking]
        await times(asks, clients * 2)
        taken = await times(asks, count)
        for client in asking:
            client.close()
        return taken

    def conclude(self, sizes: Sequence[int]) -> None:
        print(f"\np95 with {self._levels[0]} client, largest beside smallest (aims: 1.3 times, 50 ms)")
        for case in CASES:
            first, last = self.alone[case.name, sizes[0]], self.alone[case.name, sizes[-1]]
            print(f"  {case.name:<24}{first:8.1f} ms {last:8.1f} ms {last / first:6.2f} times")


@asynccontextmanager
async def api_process(info: StackInfo, dsn: str) -> AsyncGenerator[int]:
    """The API as a process of its own, on a port that it has chosen."""
    environment = {
        "PRINTWORKS_KAFKA_BOOTSTRAP": info.kafka_bootstrap,
        "PRINTWORKS_POSTGRES_DSN": dsn,
        "PRINTWORKS_S3_ENDPOINT": info.s3_endpoint,
        "PRINTWORKS_S3_ACCESS_KEY": info.s3_access_key,
        "PRINTWORKS_S3_SECRET_KEY": info.s3_secret_key,
        "PRINTWORKS_BUCKET": info.bucket,
        "PRINTWORKS_PUBLIC_URL": "http://print.example",
        "PRINTWORKS_FILE_LINK_KEYS": "k1:" + base64.b64encode(b"1" * 32).decode(),
        "PRINTWORKS_SESSION_KEY": base64.b64encode(b"s" * 32).decode(),
        "PRINTWORKS_HTTP_HOST": "127.0.0.1",
        "PRINTWORKS_HTTP_PORT": "0",
        "PRINTWORKS_REQUESTS_PER_SECOND": "100000",
        "PRINTWORKS_REQUESTS_BURST": "1000000",
        "PRINTWORKS_LOG_FORMAT": "json",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "printworks_jobs_api", "api", env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output = cast("asyncio.StreamReader", process.stdout)
    reading: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(60):
            port = await _port(output)
        reading = asyncio.create_task(output.read())
        yield port
    finally:
        process.terminate()
        await process.wait()
        if reading is not None:
            await reading


async def _port(output: asyncio.StreamReader) -> int:
    said: list[str] = []
    async for raw in output:
        said.append(raw.decode())
        if '"started"' in said[-1]:
            return int(json.loads(said[-1])["port"])
    raise SystemExit("The API has not started:\n" + "".join(said[-20:]))


async def run(info: StackInfo, dsn: str, sizes: Sequence[int], levels: Sequence[int], snapshots: int) -> list[str]:
    await migrate(dsn, SCHEMA, Path(printworks_jobs_api.__file__).parent / "sql" / "migrations")
    await ensure_topics(KafkaSettings(kafka_bootstrap=info.kafka_bootstrap), GROUPS)
    pool = await open_pool(PostgresSettings(postgres_dsn=SecretStr(dsn)), schema=SCHEMA)
    requests = await open_requests(PostgresSettings(postgres_dsn=SecretStr(dsn)))
    key = await KeyStore(pool, SystemClock()).create(BIG, tuple(Scope), name="bench")
    have = 0
    async with api_process(info, dsn) as port:
        bench = Bench(pool, requests, port, key.text, levels)
        for size in sizes:
            began = time.perf_counter()
            await fill(pool, have, size)
            have = size
            print(f"\n({size:,} print jobs written in {time.perf_counter() - began:.0f} s)")
            await bench.measure(size)
            await first_loads(port, key.text)
        bench.conclude(sizes)
    await projected(pool, snapshots)
    await close_pool(requests)
    await close_pool(pool)
    return bench.wrong


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--clients", type=int, nargs="+", default=list(REQUESTS), choices=list(REQUESTS), metavar="N")
    parser.add_argument("--snapshots", type=int, default=5_000)
    chosen = parser.parse_args()
    async with start_stack(StackOptions(label="bench-jobs-api")) as stack:
        dsn = await stack.create_database("bench_jobs_api")
        wrong = await run(stack.info, dsn, chosen.jobs, chosen.clients, chosen.snapshots)
    print(
        "\nplans: "
        + ("each enters by the shop, none filters away more than ten pages, a search a hundred" if not wrong else "")
    )
    for one in wrong:
        print(f"  {one}")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    asyncio.run(main())
