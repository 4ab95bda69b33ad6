"""The projector: snapshots become rows; replay, duplicates and old versions change nothing."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from printworks_common.errors import PoisonError
from printworks_common.events.envelope import encode
from printworks_common.events.print_jobs import OrderSnapshot
from printworks_common.kafka.record import Record
from printworks_jobs_api.intake import Intake

from tests.integration.jobs_api.parts import BEGIN, OTHER_SHOP, SHOP, Api, Making, stored_file

_KEYS = {"orders": "order_id", "jobs": "job_id", "files": "file_id", "changes": "seq", "change_counters": "shop"}


async def dump(api: Api) -> dict[str, list[dict[str, Any]]]:
    """Everything that the projector writes."""
    return {
        table: [dict(row) for row in await api.pool.fetch(f"SELECT * FROM {table} ORDER BY shop, {key}")]
        for table, key in _KEYS.items()
    }


def story() -> list[OrderSnapshot]:
    """An order with two lines: one fails and is retried, both get ready, at the end all is cleared."""
    making = Making()
    making.job("1")
    making.job("2", product_title="Kit")
    snapshots = [making.snapshot()]
    making.failed("1")
    snapshots.append(making.snapshot())
    making.job("1", status="pending", step="pinning", reason_code=None)
    snapshots.append(making.snapshot())
    for line in ("1", "2"):
        job = making.jobs[line].job_id
        making.ready(
            line, stored_file(job, "print", line.encode()), stored_file(job, "thumbnail", b"t" + line.encode())
        )
    snapshots.append(making.snapshot())
    for line in ("1", "2"):
        artwork = tuple(one.model_copy(update={"files": ()}) for one in making.jobs[line].artwork)
        making.job(line, status="cleared", artwork=artwork)
    snapshots.append(making.snapshot())
    return snapshots


def record_of(snapshot: OrderSnapshot, **headers: str) -> Record:
    out = encode(snapshot, event_id="e", source="test", time=BEGIN)
    return Record(
        topic=out.topic, partition=0, offset=0, timestamp=0, key=out.key, value=out.value,
        headers=out.headers | headers,
    )  # fmt: skip


async def test_a_snapshot_becomes_an_order_with_jobs_files_and_changes(api: Api) -> None:
    for snapshot in story()[:4]:
        await api.projector.handle(record_of(snapshot))
    rows = await dump(api)
    assert [order["version"] for order in rows["orders"]] == [4]
    assert {job["status"] for job in rows["jobs"]} == {"ready"}
    assert {(file["state"], file["current"]) for file in rows["files"]} == {("live", True)}
    assert [change["status"] for change in rows["changes"]] == [
        "pending",
        "pending",
        "failed",
        "pending",
        "ready",
        "ready",
    ]
    assert [change["seq"] for change in rows["changes"]] == [1, 2, 3, 4, 5, 6]


async def test_a_replay_from_the_beginning_changes_nothing(api: Api) -> None:
    for snapshot in story():
        await api.projector.apply(snapshot)
    before = await dump(api)
    for snapshot in story():
        assert await api.projector.apply(snapshot) is False
    assert await dump(api) == before


@pytest.mark.parametrize("seed", range(5))
async def test_duplicates_and_disorder_end_in_the_same_rows(api: Api, seed: int) -> None:
    for snapshot in story():
        await api.projector.apply(snapshot)
    straight = await dump(api)
    await api.pool.execute("TRUNCATE orders, jobs, files, changes, change_counters")
    mixed = story() * 3
    random.Random(seed).shuffle(mixed)
    for snapshot in mixed:
        await api.projector.apply(snapshot)
    rows = await dump(api)
    assert rows["orders"] == straight["orders"]
    without_number = [{k: v for k, v in job.items() if k != "change_seq"} for job in rows["jobs"]]
    assert without_number == [{k: v for k, v in job.items() if k != "change_seq"} for job in straight["jobs"]]
    assert all(file["state"] == "cleared" for file in rows["files"])


async def test_files_that_are_no_longer_listed_are_cleared_and_stay_known(api: Api) -> None:
    for snapshot in story():
        await api.projector.apply(snapshot)
    rows = await dump(api)
    assert len(rows["files"]) == 4
    assert {(file["state"], file["current"]) for file in rows["files"]} == {("cleared", False)}


async def test_a_job_that_is_no_longer_listed_is_no_job(api: Api) -> None:
    making = Making()
    making.job("1")
    making.job("2")
    await api.project(making)
    del making.jobs["2"]
    await api.project(making)
    assert [job["line_item_id"] for job in (await dump(api))["jobs"]] == [1]


async def test_each_shop_counts_its_own_changes(api: Api) -> None:
    for shop in (SHOP, OTHER_SHOP):
        making = Making(shop=shop)
        making.job()
        await api.project(making)
    assert [(row["shop"], row["seq"]) for row in (await dump(api))["changes"]] == [(SHOP, 1), (OTHER_SHOP, 1)]


async def test_characters_that_a_database_cannot_hold_do_not_stop_an_order(api: Api) -> None:
    making = Making(name="#1\x00", customer="A\x00da")
    making.job(product_title="Print\x00", reason_detail="x\x00")
    await api.project(making)
    [job] = (await dump(api))["jobs"]
    assert (job["customer_name"], job["product_title"]) == ("Ada", "Print")


async def test_what_is_no_snapshot_is_poison(api: Api) -> None:
    [first, *_] = story()
    intake = Intake({OrderSnapshot.type_name: api.projector.handle})
    with pytest.raises(PoisonError) as foreign:
        await intake.handle(record_of(first, ce_type="printworks.other.v1"))
    assert foreign.value.code == "unknown_event_type"
    broken = record_of(first)
    value = json.dumps(json.loads(broken.value) | {"version": "x"}).encode()
    with pytest.raises(PoisonError):
        await api.projector.handle(replace(broken, value=value))
    huge = first.model_copy(update={"order_id": "9" * 20})
    with pytest.raises(PoisonError):
        await api.projector.apply(huge)
