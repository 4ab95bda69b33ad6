"""The flow of one delivery: open the shop's bucket, copy each file to its final key, tell the result.

A copy is a put or a completed multipart upload, so no half file ever lies under a key. What is there already with our
digest is left as it is: a delivery that comes twice copies nothing the second time. Any end is told to the coordinator,
which decides about another try.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from printworks_common import ids, tracing
from printworks_common.catalog import OwnStorage, StoragePlace
from printworks_common.clock import Clock
from printworks_common.errors import PoisonError, TransientError
from printworks_common.events.envelope import encode
from printworks_common.events.rendering import (
    DeliveredFile,
    DeliveryFailed,
    DeliveryFinished,
    DeliveryRequested,
    StoredFile,
)
from printworks_common.failures import Reason
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.logs import get_logger
from printworks_common.own_storage import connection_of, object_keys, other_names, public_url
from printworks_common.sealing import Sealer
from printworks_common.storage import (
    Content,
    MerchantBucket,
    ObjectExistsError,
    ObjectMissingError,
    ObjectStore,
    SourceGoneError,
)

from printworks_render.deliverer import metrics
from printworks_render.deliverer.storages import Storages

SOURCE = "printworks/render/deliverer"

log = get_logger(__name__)


@dataclass(frozen=True)
class DeliveryLimits:
    """seconds: how long all files of a print job may take; allow_private_addresses: for tests and demonstrations."""

    seconds: float = 1500.0
    allow_private_addresses: bool = False


@dataclass
class _Buckets:
    """Buckets of one shop that are open for one delivery, each once."""

    shop: str
    sealer: Sealer | None
    allow_private_addresses: bool
    open: dict[tuple[str, str], MerchantBucket] = field(default_factory=dict[tuple[str, str], MerchantBucket])

    def at(self, place: StoragePlace) -> MerchantBucket:
        where = place.endpoint, place.bucket
        if where not in self.open:
            self.open[where] = MerchantBucket(
                connection_of(place, self.shop, self.sealer), allow_private_addresses=self.allow_private_addresses
            )
        return self.open[where]


class Deliverer:
    def __init__(
        self,
        storages: Storages,
        objects: ObjectStore,
        producer: KafkaProducer,
        clock: Clock,
        sealer: Sealer | None,
        limits: DeliveryLimits,
    ) -> None:
        self._storages = storages
        self._objects = objects
        self._producer = producer
        self._clock = clock
        self._sealer = sealer
        self._limits = limits

    async def handle(self, record: Record) -> None:
        """Deliver one print job. Raises `PoisonError` for an unknown event, `TransientError` before its setting has
        reached us, `GroundMissingError` without the hosted bucket."""
        if record.event_type != DeliveryRequested.type_name:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        request = record.decode(DeliveryRequested)
        result = await self.deliver(request)
        metrics.DELIVERIES.labels(outcome=getattr(result, "reason_code", "delivered")).inc()
        await self._producer.send(
            encode(
                result,
                event_id=ids.event_id(result.type_name, request.job_id, request.artwork_version, request.attempt),
                source=SOURCE,
                time=result.finished_at,
                traceparent=tracing.current_traceparent(),
            )
        )

    async def deliver(self, request: DeliveryRequested) -> DeliveryFinished | DeliveryFailed:
        """Copy the files of a print job. Raises what passes and is not the merchant's, as `handle`."""
        with metrics.DELIVERY_SECONDS.time():
            try:
                async with asyncio.timeout(self._limits.seconds):
                    files = await self._copy(request)
            except TimeoutError:
                return self._failed(request, Reason.STORAGE_UNREACHABLE, "The files took too long.")
            except (PoisonError, TransientError) as error:
                reason = reason_of(error)
                if reason is None:
                    raise
                return self._failed(request, reason, str(error))
        return DeliveryFinished(
            shop=request.shop,
            order_id=request.order_id,
            job_id=request.job_id,
            artwork_version=request.artwork_version,
            attempt=request.attempt,
            files=files,
            finished_at=self._clock.now(),
        )

    async def _copy(self, request: DeliveryRequested) -> tuple[DeliveredFile, ...]:
        storage = self._storages.active(request.shop, at_least=request.storage_version)
        keys = object_keys(storage, request)
        async with self._buckets(request.shop) as buckets:
            target = buckets.at(storage)
            delivered: list[DeliveredFile] = []
            # One after the other: a delivery holds one part in memory, however many files there are.
            for file in request.files:
                content = self._content(file, storage, buckets)
                key = await _copied(target, content, keys[file.file_id], file)
                metrics.BYTES.inc(file.bytes)
                delivered.append(
                    DeliveredFile(
                        file_id=file.file_id,
                        endpoint=storage.endpoint,
                        bucket=storage.bucket,
                        key=key,
                        public_url=public_url(storage, key),
                    )
                )
        return tuple(delivered)

    @asynccontextmanager
    async def _buckets(self, shop: str) -> AsyncGenerator[_Buckets]:
        buckets = _Buckets(shop, self._sealer, self._limits.allow_private_addresses)
        try:
            yield buckets
        finally:
            for bucket in buckets.open.values():
                await bucket.close()

    def _content(self, file: StoredFile, storage: OwnStorage, buckets: _Buckets) -> Content:
        """Where a file is read: in the hosted bucket, or in the shop's own where it was delivered before.

        Raises SourceGoneError for a bucket that the setting has forgotten.
        """
        read, key = self._objects.read_part, file.key
        if file.delivered is not None:
            place = storage.place(file.delivered.endpoint, file.delivered.bucket)
            if place is None:
                raise SourceGoneError("lies in a bucket that is no longer known")
            read, key = buckets.at(place).read_part, file.delivered.key
        return Content(read, key, file.bytes, file.sha256, file.crc32, file.media_type)

    def _failed(self, request: DeliveryRequested, reason: str, detail: str) -> DeliveryFailed:
        log.warning("delivery_failed", shop=request.shop, job_id=str(request.job_id), code=reason)
        return DeliveryFailed(
            shop=request.shop,
            order_id=request.order_id,
            job_id=request.job_id,
            artwork_version=request.artwork_version,
            attempt=request.attempt,
            reason_code=reason,
            detail=detail,
            finished_at=self._clock.now(),
        )


async def _copied(target: MerchantBucket, content: Content, plain: str, file: StoredFile) -> str:
    """Copy a file to the first of its names under which nothing else lies. Returns that key.

    Raises PoisonError `storage_setting_wrong` when all are taken.
    """
    for key in other_names(plain, file):
        try:
            await target.deliver(content, key, begun=lambda _: metrics.MULTIPART.inc())
        except ObjectExistsError:
            continue
        return key
    reason = Reason.STORAGE_SETTING_WRONG
    raise PoisonError("Other files lie under all names that this one could have.", code=reason)


def reason_of(error: PoisonError | TransientError) -> str | None:
    """The merchant's reason for an error of a delivery; None for what passes and is not the merchant's."""
    if isinstance(error, SourceGoneError):
        return Reason.FILES_GONE
    if isinstance(error, ObjectMissingError):
        # Seen by a HEAD or GET right after its put: the store says that it has it, and then that it has not.
        return Reason.STORAGE_DAMAGED
    if error.code in set(Reason):
        return error.code
    return Reason.STORAGE_REFUSED if isinstance(error, PoisonError) else None
