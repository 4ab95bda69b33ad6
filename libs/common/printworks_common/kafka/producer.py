"""The producer: idempotent, acknowledged by all in-sync replicas, or an error that says what to do."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerEpoch,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerClosed,
    ProducerFenced,
    RecordListTooLargeError,
    UnknownProducerId,
)

from printworks_common.errors import GroundMissingError, PoisonError
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.kafka.connection import KafkaConnection, client_options

MAX_RECORD_BYTES = 8 * 1024 * 1024
"""An order with a thousand line items is a few MB as JSON; topics are created with the same limit."""

_SPENT = (OutOfOrderSequenceNumber, UnknownProducerId, InvalidProducerEpoch, ProducerFenced, ProducerClosed)
"""After one of these an idempotent producer of aiokafka never recovers by itself (aiokafka #1017)."""

_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)

T = TypeVar("T")


def _not_acknowledged(topic: str) -> GroundMissingError:
    return GroundMissingError(
        f"The broker did not acknowledge a record for {topic} in time.", code="broker_not_acknowledging"
    )


class KafkaProducer:
    """Sends records and returns when they are durable.

    Records with the same key that are sent one after the other (each awaited, or in one `send_many`) stay in order.
    `acknowledge_within` is the time in seconds after which a send gives up. The record may still arrive later: a caller
    that tries again publishes the same event id a second time, which consumers recognise.
    """

    def __init__(self, settings: KafkaConnection, *, acknowledge_within: float = 20.0) -> None:
        self._settings = settings
        self._acknowledge_within = acknowledge_within
        self._client: AIOKafkaProducer | None = None
        self._replacing = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Raises GroundMissingError (`broker_unreachable`) when no broker answers; call it again then."""
        self._client = await self._connect()

    async def stop(self, *, within: float = 10.0) -> None:
        """Flush and close, in at most `within` seconds: without a broker a flush would wait for ever."""
        client, self._client = self._client, None
        if client is not None:
            await _close(client, within)

    async def send(self, record: OutgoingRecord) -> None:
        """Publish one record; returns when all in-sync replicas have it.

        Raises GroundMissingError when the broker does not acknowledge in time, PoisonError (`record_too_large`) when
        the record can never be accepted.
        """
        await self.send_many((record,))

    async def send_many(self, records: Sequence[OutgoingRecord]) -> None:
        """Publish records together, in order per key; returns when all are durable. Raises as `send`.

        After an error some of them may have been published; to send all of them again is right.
        """
        for record in records:
            _check_size(record.topic, record.key, record.value)
        await self._deliver(
            [
                (record.topic, record.key.encode(), record.value, [(k, v.encode()) for k, v in record.headers.items()])
                for record in records
            ]
        )

    async def send_raw(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
    ) -> None:
        """Publish bytes exactly as given, for dead letters and their replay. Raises as `send`."""
        await self._deliver([(topic, key, value, list(headers))])

    async def _deliver(self, messages: Sequence[tuple[str, bytes | None, bytes | None, list[Any]]]) -> None:
        if not messages:
            return
        client = self._client
        if client is None:
            raise GroundMissingError("The producer is not connected.", code="broker_unreachable")
        deadline = asyncio.get_running_loop().time() + self._acknowledge_within
        acknowledgements: list[asyncio.Future[Any]] = []
        topic = ""
        try:
            for topic, key, value, headers in messages:
                # Until `send` returns, the record is not in a batch yet: cancelling it here is safe.
                async with asyncio.timeout_at(deadline):
                    future = await client.send(topic, value=value, key=key, headers=headers)
                future.add_done_callback(_retrieve)
                acknowledgements.append(future)
            # Not wait_for: it would cancel futures that belong to a batch.
            _, missing = await asyncio.wait(
                acknowledgements, timeout=max(0.0, deadline - asyncio.get_running_loop().time())
            )
            if missing:
                raise _not_acknowledged(topic)
            for future in acknowledgements:
                future.result()
        except TimeoutError as error:
            raise _not_acknowledged(topic) from error
        except _TOO_LARGE as error:
            raise _too_large(topic) from error
        except _SPENT as error:
            await self._replace(client)
            raise _not_acknowledged(topic) from error
        except KafkaError as error:
            raise _not_acknowledged(topic) from error

    async def _connect(self) -> AIOKafkaProducer:
        client = AIOKafkaProducer(
            **client_options(self._settings),
            acks="all",
            enable_idempotence=True,
            # No lingering: while one request is under way the next batch fills by itself, and each of the four hops of
            # an order would pay for it.
            linger_ms=0,
            max_request_size=MAX_RECORD_BYTES + 64 * 1024,
            request_timeout_ms=10_000,
            retry_backoff_ms=100,
        )
        try:
            async with asyncio.timeout(self._acknowledge_within):
                await client.start()
        except (KafkaError, TimeoutError, OSError) as error:
            await _close(client, 5.0)
            raise GroundMissingError("No Kafka broker can be reached.", code="broker_unreachable") from error
        except BaseException:
            await _close(client, 5.0)
            raise
        return client

    async def _replace(self, spent: AIOKafkaProducer) -> None:
        async with self._replacing:
            if self._client is spent:
                self._client = await self._connect()
                await _close(spent, 1.0)


def _check_size(topic: str, key: str, value: bytes) -> None:
    if len(key) + len(value) > MAX_RECORD_BYTES:
        raise _too_large(topic)


def _too_large(topic: str) -> PoisonError:
    return PoisonError(
        f"A record for {topic} is larger than {MAX_RECORD_BYTES} bytes and cannot be published.",
        code="record_too_large",
    )


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Mark the outcome as seen: after a time-out nobody else would, and asyncio would complain."""
    if not future.cancelled():
        future.exception()


async def within_limit(coroutine: Awaitable[T], seconds: float) -> bool:
    """Await something that is known to hang at times. Returns False when it was given up or failed; never raises."""
    task = asyncio.ensure_future(coroutine)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)
        return False
    return not task.cancelled() and task.exception() is None


async def _close(client: AIOKafkaProducer, seconds: float) -> None:
    if not await within_limit(client.stop(), seconds):
        # stop() waits for its batches first; without a broker they never leave, and sockets and tasks would stay.
        await within_limit(client._sender.close(), 1.0)
        await within_limit(client.client.close(), 1.0)
