"""The commands as processes: killed at any moment, asked for a plan, asked for the audit."""

import asyncio
import csv
import io
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from datetime import timedelta

import pytest
from printworks_common.storage import ListedObject
from printworks_retention.audit import BrokenChainError, keys_digest

from tests.integration.retention.conftest import YESTERDAY, Bench

DAYS = 5
ORDERS = int(os.environ.get("PRINTWORKS_TEST_PURGE_ORDERS", "600"))
KILLS = int(os.environ.get("PRINTWORKS_TEST_PURGE_KILLS", "6"))
"""Orders of three objects, and how often their purge is killed; `make retention-kills` takes many more of both."""


async def start(bench: Bench, *arguments: str, **settings: str) -> Process:
    environment = {
        "PATH": os.environ["PATH"],
        "PRINTWORKS_KAFKA_BOOTSTRAP": bench.settings.kafka_bootstrap,
        "PRINTWORKS_POSTGRES_DSN": bench.dsn,
        "PRINTWORKS_S3_ENDPOINT": bench.storage.s3_endpoint,
        "PRINTWORKS_S3_ACCESS_KEY": bench.storage.s3_access_key,
        "PRINTWORKS_S3_SECRET_KEY": bench.storage.s3_secret_key.get_secret_value(),
        "PRINTWORKS_BUCKET": bench.storage.bucket,
        "PRINTWORKS_HTTP_PORT": "0",
        "PRINTWORKS_PURGE_PAUSE_SECONDS": "0",
        "PRINTWORKS_PURGE_CAP_FLOOR": "10000",
        **settings,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "printworks_retention", *arguments, env=environment, stdout=PIPE, stderr=PIPE
    )


async def finish(process: Process) -> tuple[int, str]:
    """Exit code, and what was printed beside the log."""
    output, errors = await asyncio.wait_for(process.communicate(), 90)
    print(output.decode(), errors.decode())
    lines = [line for line in output.decode().splitlines(keepends=True) if '"event"' not in line]
    return process.returncode or 0, "".join(lines)


async def everything(bench: Bench) -> list[ListedObject]:
    return [one async for one in bench.objects.list_versions("orders/")]


async def purged(bench: Bench) -> int:
    return await bench.pool.fetchval("SELECT count(*) FROM orders WHERE purged_at IS NOT NULL")


async def fill(bench: Bench, orders: int) -> None:
    for start_at in range(0, orders, 50):
        await asyncio.gather(
            *(
                bench.order(number, YESTERDAY - timedelta(days=number % DAYS))
                for number in range(start_at + 1, min(start_at + 50, orders) + 1)
            )
        )


async def test_a_purge_that_is_killed_again_and_again_ends_and_its_audit_is_what_the_bucket_has_lost(
    bench: Bench,
) -> None:
    await fill(bench, ORDERS)
    before = await everything(bench)
    chance = random.Random(7)
    killed = 0
    for point in sorted(chance.sample(range(ORDERS), KILLS)):
        process = await start(bench, "once")
        while process.returncode is None and await purged(bench) < point:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.002)
        await asyncio.sleep(chance.uniform(0, 0.01))
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        await finish(process)
    # The last points may be so near to the end that the process has ended before.
    assert killed >= 0.8 * KILLS
    code, _ = await finish(await start(bench, "once"))
    assert code == 0
    assert await everything(bench) == []
    facts = [entry.facts() for entry in await bench.audit()]
    assert sum(one["orders"] for one in facts) == ORDERS
    assert sum(one["objects"] for one in facts) == len(before)
    assert sum(one["bytes"] for one in facts) == sum(one.bytes for one in before)


async def test_the_digest_of_the_audit_is_that_of_the_keys_that_are_gone(bench: Bench) -> None:
    await fill(bench, 10)
    before = await everything(bench)
    await bench.run()
    [entry] = await bench.audit()
    assert entry.facts()["keys_sha256"] == keys_digest((one.key, one.version_id or "") for one in before)


async def test_a_dry_run_prints_counts_and_bytes_by_shop_and_day_and_deletes_nothing(bench: Bench) -> None:
    await bench.order(1, YESTERDAY)
    await bench.order(2, YESTERDAY - timedelta(days=1), files=2)
    code, output = await finish(await start(bench, "once", "--dry-run"))
    assert code == 0
    lines = output.splitlines()
    assert lines[1].split() == ["purge.myshopify.com", str(YESTERDAY - timedelta(days=1)), "1", "2", "14"]
    assert lines[2].split() == ["purge.myshopify.com", str(YESTERDAY), "1", "3", "21"]
    assert lines[3].split() == ["all", "2", "5", "35"]
    assert lines[-1] == "A run would delete this."
    assert len(await everything(bench)) == 5


async def test_a_run_that_the_cap_stops_ends_with_code_3_and_goes_on_when_it_is_approved(bench: Bench) -> None:
    for number in range(1, 6):
        await bench.order(number, YESTERDAY, files=1)
    code, _ = await finish(await start(bench, "once", PRINTWORKS_PURGE_CAP_FLOOR="2"))
    assert (code, len(await everything(bench))) == (3, 5)
    code, _ = await finish(await start(bench, "once", "--approve", "5", PRINTWORKS_PURGE_CAP_FLOOR="2"))
    assert (code, len(await everything(bench))) == (0, 0)


async def test_the_audit_is_printed_as_json_and_csv_and_a_changed_record_is_found(bench: Bench) -> None:
    await bench.order(1, YESTERDAY)
    await bench.run()
    await bench.order(2, YESTERDAY)
    await bench.run()
    code, output = await finish(await start(bench, "audit"))
    records = [json.loads(line) for line in output.splitlines()]
    assert (code, [one["objects"] for one in records]) == (0, [3, 3])
    assert records[1]["previous_hash"] == records[0]["hash"]
    code, output = await finish(await start(bench, "audit", "--format", "csv"))
    assert [row["bytes"] for row in csv.DictReader(io.StringIO(output))] == ["21", "21"]

    with pytest.raises(Exception, match="append-only"):
        await bench.pool.execute("UPDATE audit SET kind = 'walk'")
    await bench.pool.execute("ALTER TABLE audit DISABLE TRIGGER audit_is_append_only")
    await bench.pool.execute("""UPDATE audit SET body = replace(body, '"objects":3', '"objects":2') WHERE seq = 1""")
    with pytest.raises(BrokenChainError):
        await bench.audit()
    code, _ = await finish(await start(bench, "audit"))
    assert code == 1
