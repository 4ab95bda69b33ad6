"""From a rendered print job to files in the merchant's bucket, seen from the door of its server: coordinator on a real
PostgreSQL, deliverer on a real S3 server."""

import json
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from printworks_common import ids
from printworks_common.catalog import OwnStorage, StoragePlace, storage_seal
from printworks_common.clock import SystemClock
from printworks_common.errors import TransientError
from printworks_common.events.artwork import JobStatus
from printworks_common.events.control import CatalogEntry, CatalogKind, CommandIssued, CommandKind, RetentionBegun
from printworks_common.events.rendering import (
    DeliveryFailed,
    DeliveryFinished,
    DeliveryRequested,
    RenderFinished,
    StoredFile,
)
from printworks_common.events.topics import Topic
from printworks_common.failures import Reason
from printworks_common.postgres import Pool
from printworks_common.sealing import Sealer
from printworks_common.settings import StorageSettings
from printworks_common.storage import ObjectMissingError, ObjectStore
from printworks_common.storage.digests import PART_BYTES
from printworks_local.stack import StackInfo
from printworks_render.coordinator import decisions, transitions
from printworks_render.coordinator.delivering import DeliveredCopies, DeliveryDispatcher, DeliveryLimits
from printworks_render.coordinator.erasure import Erasure
from printworks_render.coordinator.intake import OrderIntake
from printworks_render.coordinator.model import Job, Order, Step
from printworks_render.coordinator.reconciliation import Reconciliation
from printworks_render.coordinator.store import Change, OrderStore
from printworks_render.deliverer.delivery import Deliverer
from printworks_render.deliverer.delivery import DeliveryLimits as CopyLimits
from printworks_render.deliverer.storages import Storages

from tests.integration.coordinator.conftest import ground, map_the_poster
from tests.records import record_of
from tests.s3_recorder import Request, S3Recorder, recorded
from tests.unit.coordinator.examples import line, received

SHOP = "one.myshopify.com"
ORDER = "9007199254740993"
SEALER = Sealer({"k": secrets.token_bytes(32)}, current="k")
PRINT = b"%PDF-1.7 to be printed"
NOTHING_KEPT = timedelta(0)

Result = DeliveryFinished | DeliveryFailed


@dataclass
class Bench:
    """The delivering step with its parts, and a shop whose bucket lies behind the recording door."""

    store: OrderStore
    pool: Pool
    objects: ObjectStore
    door: S3Recorder
    settings: StorageSettings
    bucket: str
    prefix: str = field(default_factory=lambda: f"orders/2026-11-20/{SHOP}/{secrets.token_hex(6)}/")
    storages: Storages = field(default_factory=Storages)
    version: int = 0

    def __post_init__(self) -> None:
        clock = SystemClock()
        self.dispatcher = DeliveryDispatcher(
            self.store, self.pool, ground(self.objects, topic=Topic.DELIVERIES), clock, DeliveryLimits()
        )
        self.intake = OrderIntake(
            self.store, Reconciliation(self.pool, clock), Erasure(self.store, self.pool, self.objects, clock), clock
        )

    async def set_storage(self, **changes: Any) -> OwnStorage:
        """Save the setting, as coordinator and deliverer hear of it."""
        storage = OwnStorage.model_validate(
            {
                "endpoint": self.door.url,
                "region": "us-east-1",
                "bucket": self.bucket,
                "addressing": "path",
                "access_key": self.settings.s3_access_key,
                "secret_key": SEALER.seal(self.settings.s3_secret_key.get_secret_value(), storage_seal(SHOP)),
                "path_template": "{order}/{role}.{ext}",
                **changes,
            }
        )
        self.version += 1
        entry = CatalogEntry(
            shop=SHOP, kind=CatalogKind.STORAGE, entry_id="default", version=self.version,
            body=storage.model_dump(mode="json"), changed_at=datetime.now(UTC),
        )  # fmt: skip
        await self.store.put_catalog(entry)
        await self.storages.keep(record_of(entry))
        return storage

    def deliverer(self, sealer: Sealer | None = SEALER, *, seconds: float = 60) -> Deliverer:
        limits = CopyLimits(seconds=seconds, allow_private_addresses=True)
        return Deliverer(self.storages, self.objects, None, SystemClock(), sealer, limits)  # pyright: ignore[reportArgumentType] (results are not sent)

    async def rendered(self, content: bytes = PRINT, *, order_id: str = ORDER, lines: int = 1) -> Order:
        """An order whose files were rendered, with print file and thumbnail in the hosted bucket."""
        catalog = await self.store.catalog(SHOP)
        order = received(*(line(number + 1) for number in range(lines)), shop=SHOP, order_id=order_id)
        taken = decisions.take_in(None, order, catalog, datetime.now(UTC))
        saved = await self.store.change(SHOP, order_id, lambda _: Change(taken.order))
        assert saved is not None
        for job in saved.jobs:
            await self.finish(job, content, order_id=order_id)
        return await self.order(order_id)

    async def finish(self, job: Job, content: bytes = PRINT, *, order_id: str = ORDER) -> None:
        def queue(order: Order | None) -> Change | None:
            assert order is not None
            known = order.job(job.job_id)
            assert known is not None
            pinned = transitions.inputs_pinned(known, known.inputs, datetime.now(UTC))
            return Change(order.with_job(transitions.released(pinned, datetime.now(UTC), timedelta(minutes=5))))

        await self.store.change(SHOP, order_id, queue)
        files = [await self.hosted(job, "print", content), await self.hosted(job, "thumbnail", b"small")]
        now = datetime.now(UTC)
        result = RenderFinished(
            shop=SHOP, order_id=order_id, job_id=job.job_id, artwork_version=job.artwork_version, attempt=1,
            renderer_version="1", files=tuple(files), started_at=now, finished_at=now, render_ms=1,
        )  # fmt: skip
        await self.intake.handle(record_of(result))

    async def hosted(self, job: Job, role: str, content: bytes) -> StoredFile:
        key = f"{self.prefix}{job.job_id}/{job.artwork_version}/{role}.pdf"
        stored = await self.objects.put_bytes(key, content, "application/pdf")
        return StoredFile(
            file_id=ids.file_id(job.job_id, job.artwork_version, role, stored.sha256), role=role, name=f"{role}.pdf",
            format="pdf", media_type="application/pdf", bytes=stored.bytes, sha256=stored.sha256, crc32=stored.crc32,
            key=key,
        )  # fmt: skip

    async def asked(self) -> list[DeliveryRequested]:
        """Dispatch, and take what is to be published to `deliveries`."""
        await self.dispatcher.dispatch()
        rows = await self.pool.fetch(
            "DELETE FROM outbox WHERE topic = 'printworks.deliveries.v1' RETURNING id, convert_from(value, 'UTF8') AS v"
        )
        return [
            DeliveryRequested.model_validate(json.loads(row["v"])) for row in sorted(rows, key=lambda one: one["id"])
        ]

    async def deliver(
        self, sealer: Sealer | None = SEALER, *, seconds: float = 60
    ) -> list[DeliveryFinished | DeliveryFailed]:
        """One round: ask, copy, take the results in."""
        results = [await self.deliverer(sealer, seconds=seconds).deliver(one) for one in await self.asked()]
        for result in results:
            await self.intake.handle(record_of(result))
        return results

    async def command(self, job: Job, kind: CommandKind) -> None:
        now = datetime.now(UTC)
        issued = CommandIssued(
            shop=SHOP, order_id=ORDER, command_id=UUID(bytes=secrets.token_bytes(16)), job_id=job.job_id, kind=kind,
            issued_by="key-1", issued_at=now,
        )  # fmt: skip
        await self.intake.handle(record_of(issued))

    async def order(self, order_id: str = ORDER) -> Order:
        order = await self.store.order(SHOP, order_id)
        assert order is not None
        return order

    async def job(self) -> Job:
        return (await self.order()).jobs[0]

    def seen(self) -> list[tuple[str, str]]:
        """What the merchant's server was asked, without its bucket's name."""
        return [(one.method, one.path.removeprefix(f"/{self.bucket}/")) for one in self.door.requests]


@pytest.fixture
async def bench(
    store: OrderStore, pool: Pool, stack_info: StackInfo, new_bucket: Callable[[], Awaitable[str]]
) -> AsyncGenerator[Bench]:
    settings = StorageSettings.model_validate(
        {
            "s3_endpoint": stack_info.s3_endpoint,
            "s3_access_key": stack_info.s3_access_key,
            "s3_secret_key": stack_info.s3_secret_key,
            "bucket": stack_info.bucket,
        }
    )
    objects = ObjectStore(settings)
    await map_the_poster(store, SHOP)
    async with recorded(settings.s3_endpoint) as door:
        made = Bench(store, pool, objects, door, settings, await new_bucket())
        yield made
        await objects.delete_prefix(made.prefix)
    await objects.close()


async def merchant_has(bench: Bench, key: str) -> bytes:
    """An object of the merchant's bucket, read past the door."""
    settings = bench.settings.model_copy(update={"bucket": bench.bucket})
    theirs = ObjectStore(settings)
    try:
        return await theirs.get_bytes(key, limit=2 * PART_BYTES)
    finally:
        await theirs.close()


async def test_a_job_is_ready_when_its_files_lie_in_the_merchants_bucket(bench: Bench) -> None:
    await bench.set_storage()
    order = await bench.rendered()
    assert (order.artwork_status, order.jobs[0].step) == ("pending", Step.DELIVERING)
    [result] = await bench.deliver()
    assert isinstance(result, DeliveryFinished)
    order = await bench.order()
    assert (order.artwork_status, order.jobs[0].status) == ("ready", JobStatus.READY)
    assert await merchant_has(bench, "1001/print.pdf") == PRINT
    assert bench.seen() == [("HEAD", "1001/print.pdf"), ("PUT", "1001/print.pdf"), ("HEAD", "1001/print.pdf")]


async def test_a_delivery_that_comes_twice_puts_nothing_the_second_time(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    [request] = await bench.asked()
    first = await bench.deliverer().deliver(request)
    bench.door.requests.clear()
    again = await bench.deliverer().deliver(request)
    assert isinstance(first, DeliveryFinished)
    assert isinstance(again, DeliveryFinished)
    assert again.files == first.files
    assert {method for method, _ in bench.seen()} == {"HEAD", "GET"}


async def test_a_large_file_goes_in_parts_and_appears_whole(bench: Bench) -> None:
    await bench.set_storage()
    content = secrets.token_bytes(PART_BYTES + 1000)
    await bench.rendered(content)
    [result] = await bench.deliver()
    assert isinstance(result, DeliveryFinished)
    assert await merchant_has(bench, "1001/print.pdf") == content
    assert [method for method, _ in bench.seen()].count("PUT") == 2


async def test_the_hosted_copy_goes_after_success_and_thumbnails_stay(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    [request] = await bench.asked()
    copies = DeliveredCopies(bench.pool, bench.objects, NOTHING_KEPT)
    assert await copies.dispatch() == 0
    await bench.intake.handle(record_of(await bench.deliverer().deliver(request)))
    assert await DeliveredCopies(bench.pool, bench.objects, timedelta(hours=1)).dispatch() == 0
    assert await bench.objects.get_bytes(request.files[0].key) == PRINT
    assert await copies.dispatch() == 1
    with pytest.raises(ObjectMissingError):
        await bench.objects.get_bytes(request.files[0].key)
    thumbnail = next(file for file in (await bench.job()).artwork[0].files if file.role == "thumbnail")
    assert await bench.objects.get_bytes(thumbnail.key) == b"small"
    assert await copies.dispatch() == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((403, "AccessDenied"), Reason.STORAGE_REFUSED),
        ((404, "NoSuchBucket"), Reason.STORAGE_BUCKET_MISSING),
        ((507, "XMinioStorageFull"), Reason.STORAGE_FULL),
        ((400, "AuthorizationHeaderMalformed"), Reason.STORAGE_SETTING_WRONG),
    ],
)
async def test_a_bucket_that_refuses_fails_the_job_with_its_reason_and_a_retry_only_delivers(
    bench: Bench, answer: tuple[int, str], reason: Reason
) -> None:
    await bench.set_storage()
    bench.door.instead = lambda request: answer if request.method == "PUT" else None
    await bench.rendered()
    await bench.deliver()
    failed = await bench.job()
    assert (failed.status, failed.reason_code) == (JobStatus.FAILED, reason)

    bench.door.instead = lambda _: None
    await bench.command(failed, CommandKind.RETRY)
    await bench.deliver()
    ready = await bench.job()
    assert (ready.status, ready.attempt) == (JobStatus.READY, failed.attempt)
    assert await merchant_has(bench, "1001/print.pdf") == PRINT


async def test_a_bucket_that_does_not_answer_is_tried_again_before_the_job_fails(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    bench.door.instead = lambda _: (503, "SlowDown")
    tries = 0
    while (await bench.job()).status is JobStatus.PENDING:
        tries += 1
        await bench.deliver()
        assert await bench.asked() == []
        await bench.pool.execute("UPDATE jobs SET not_before = now() WHERE not_before IS NOT NULL")
    assert tries == 4
    assert (await bench.job()).reason_code == Reason.STORAGE_UNREACHABLE


async def test_files_that_take_too_long_are_given_up(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered(secrets.token_bytes(2 * PART_BYTES))
    bench.door.bytes_per_second = PART_BYTES
    [result] = await bench.deliver(seconds=0.3)
    assert isinstance(result, DeliveryFailed)
    assert result.reason_code == Reason.STORAGE_UNREACHABLE


async def test_an_address_that_pictures_may_not_come_from_is_no_place_for_files_either(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    [request] = await bench.asked()
    limits = CopyLimits(allow_private_addresses=False)
    result = await Deliverer(bench.storages, bench.objects, None, SystemClock(), SEALER, limits).deliver(request)  # pyright: ignore[reportArgumentType]
    assert isinstance(result, DeliveryFailed)
    assert result.reason_code == Reason.STORAGE_ADDRESS_REFUSED
    assert bench.seen() == []


async def test_without_the_sealing_key_nothing_is_sent(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    other = Sealer({"k": b"0" * 32}, current="k")
    [result] = await bench.deliver(other)
    assert isinstance(result, DeliveryFailed)
    assert result.reason_code == Reason.STORAGE_CREDENTIALS_UNREADABLE
    assert bench.seen() == []


async def test_hosted_files_that_are_gone_are_rendered_anew(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    [request] = await bench.asked()
    await bench.objects.delete_batch([request.files[0].key])
    await bench.intake.handle(record_of(await bench.deliverer().deliver(request)))
    failed = await bench.job()
    assert failed.reason_code == Reason.FILES_GONE
    await bench.command(failed, CommandKind.RETRY)
    assert (await bench.job()).step == Step.PINNING


async def test_a_name_that_something_else_has_taken_is_left_alone(bench: Bench) -> None:
    await bench.set_storage(path_template="{role}.{ext}")
    theirs = ObjectStore(bench.settings.model_copy(update={"bucket": bench.bucket}))
    await theirs.put_bytes("print.pdf", b"the merchant's own", "application/pdf")
    await theirs.close()
    await bench.rendered()
    [result] = await bench.deliver()
    assert isinstance(result, DeliveryFinished)
    assert await merchant_has(bench, "print.pdf") == b"the merchant's own"
    assert await merchant_has(bench, result.files[0].key) == PRINT


async def test_a_storage_that_was_switched_off_meanwhile_leaves_the_files_hosted(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    await bench.set_storage(active=False)
    assert await bench.deliver() == []
    job = await bench.job()
    assert job.status is JobStatus.READY
    assert [file.delivered for file in job.artwork[0].files] == [None, None]
    assert bench.seen() == []


async def test_a_setting_that_has_not_reached_the_deliverer_is_waited_for(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    [request] = await bench.asked()
    with pytest.raises(TransientError) as raised:
        await bench.deliverer().deliver(request.model_copy(update={"storage_version": 99}))
    assert raised.value.code == "setting_not_read"


async def test_orders_from_before_the_setting_are_delivered_when_somebody_asks(bench: Bench) -> None:
    job = (await bench.rendered()).jobs[0]
    assert job.status is JobStatus.READY
    await bench.set_storage()
    assert await bench.asked() == []
    await bench.command(job, CommandKind.REDELIVER)
    assert (await bench.job()).status is JobStatus.READY
    await bench.deliver()
    again = await bench.job()
    assert (again.status, again.step) == (JobStatus.READY, None)
    assert await merchant_has(bench, "1001/print.pdf") == PRINT


async def test_from_one_bucket_to_the_next_the_files_are_read_where_they_lie(
    bench: Bench, new_bucket: Callable[[], Awaitable[str]]
) -> None:
    before = await bench.set_storage()
    await bench.rendered()
    await bench.deliver()
    await DeliveredCopies(bench.pool, bench.objects, NOTHING_KEPT).dispatch()
    first, bench.bucket = bench.bucket, await new_bucket()
    await bench.set_storage(earlier=[before.model_dump(include=set(StoragePlace.model_fields))])
    await bench.command(await bench.job(), CommandKind.REDELIVER)
    [result] = await bench.deliver()
    assert isinstance(result, DeliveryFinished)
    assert await merchant_has(bench, "1001/print.pdf") == PRINT
    bench.bucket = first
    assert await merchant_has(bench, "1001/print.pdf") == PRINT


async def test_late_results_change_nothing(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    [request] = await bench.asked()
    finished = await bench.deliverer().deliver(request)
    late = DeliveryFailed(
        **request.model_dump(include={"shop", "order_id", "job_id", "artwork_version"}), attempt=0,
        reason_code=Reason.STORAGE_FULL, finished_at=datetime.now(UTC),
    )  # fmt: skip
    await bench.intake.handle(record_of(late))
    assert (await bench.job()).status is JobStatus.PENDING
    await bench.command(await bench.job(), CommandKind.CANCEL)
    await bench.intake.handle(record_of(finished))
    assert (await bench.job()).status is JobStatus.CANCELLED


async def test_no_shop_takes_all_the_room_and_a_lost_delivery_is_asked_for_again(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered(lines=6)
    first = await bench.asked()
    assert len(first) == DeliveryLimits().per_shop
    assert await bench.asked() == []
    await bench.pool.execute(
        "UPDATE jobs SET claimed_until = now(), queued_at = queued_at - interval '1 s' WHERE claimed_until IS NOT NULL"
    )
    # The lost ones, whose turn it was first, count as a try and come after a pause, behind those that had waited.
    assert await bench.asked() == []
    second = await bench.asked()
    assert len(second) == DeliveryLimits().per_shop
    assert {one.job_id for one in second}.isdisjoint({one.job_id for one in first})
    await bench.pool.execute(
        "UPDATE jobs SET claimed_until = NULL, "
        "not_before = CASE WHEN not_before IS NULL THEN now() + interval '1 hour' ELSE now() END"
    )
    again = await bench.asked()
    assert {(one.job_id, one.attempt) for one in again} == {(one.job_id, 2) for one in first}


async def test_while_the_hosted_store_is_away_a_delivery_without_an_end_is_no_failure(
    bench: Bench, away: ObjectStore
) -> None:
    await bench.set_storage()
    await bench.rendered()
    [first] = await bench.asked()
    held = DeliveryDispatcher(
        bench.store, bench.pool, ground(away, topic=Topic.DELIVERIES), SystemClock(), DeliveryLimits()
    )
    for _ in range(2):
        await bench.pool.execute("UPDATE jobs SET claimed_until = now()")
        assert await held.dispatch() == 1  # claimed again, and not asked for
        assert await bench.asked() == []
    assert (await bench.job()).tries == 0

    await bench.pool.execute("UPDATE jobs SET claimed_until = now()")
    assert await bench.asked() == []
    assert ((await bench.job()).tries, first.attempt) == (1, 1)


async def test_clearing_keeps_what_lies_in_the_merchants_bucket(bench: Bench) -> None:
    await bench.set_storage()
    await bench.rendered()
    await bench.deliver()
    now = datetime.now(UTC)
    begun = RetentionBegun(shop=SHOP, order_id=ORDER, run_id=UUID(int=1), keep_until=now.date(), begun_at=now)
    await bench.intake.handle(record_of(begun))
    job = await bench.job()
    assert job.status is JobStatus.CLEARED
    assert [file.role for file in job.artwork[0].files] == ["print"]


async def test_credentials_that_could_delete_are_used_to_put_look_and_read_alone(bench: Bench) -> None:
    """The merchant's bucket has keys like ours; deliveries succeed, fail, break off and come again, and hosted copies
    and whole orders are cleared. Its server is never asked to delete an object, nor for a list."""
    await bench.set_storage(path_template="orders/{date}/{line}-{role}.{ext}")
    theirs = ObjectStore(bench.settings.model_copy(update={"bucket": bench.bucket}))
    await theirs.put_bytes(f"{bench.prefix}old/1/print.pdf", b"looks like ours", "application/pdf")
    broken = 0

    def sometimes(request: Request) -> tuple[int, str] | None:
        nonlocal broken
        if request.method == "PUT" and "partNumber" in request.query and broken < 2:
            broken += 1
            return 500, "InternalError"
        return None

    bench.door.instead = sometimes
    await bench.rendered(secrets.token_bytes(PART_BYTES + 5))
    for _ in range(4):
        await bench.deliver()
        await bench.pool.execute("UPDATE jobs SET not_before = now() WHERE not_before IS NOT NULL")
    assert (await bench.job()).status is JobStatus.READY
    await bench.command(await bench.job(), CommandKind.REDELIVER)
    await bench.deliver()
    assert await DeliveredCopies(bench.pool, bench.objects, NOTHING_KEPT).dispatch() == 1
    await bench.intake.cleared(SHOP, ORDER, datetime.now(UTC))
    await bench.objects.delete_prefix(bench.prefix)

    asked = {(one.method, tuple(sorted(one.query))) for one in bench.door.requests}
    assert asked <= {
        ("HEAD", ()), ("PUT", ()), ("GET", ()), ("POST", ("uploads",)), ("PUT", ("partNumber", "uploadId")),
        ("POST", ("uploadId",)), ("DELETE", ("uploadId",)),
    }  # fmt: skip
    assert not [one for one in bench.door.requests if one.deletes]
    assert await theirs.get_bytes(f"{bench.prefix}old/1/print.pdf") == b"looks like ours"
    await theirs.close()
