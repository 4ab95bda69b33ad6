"""Records as a broker would hand them over."""

from collections.abc import Callable

import pytest
from aiokafka import ConsumerRecord
from printworks_common.kafka.record import Record

MakeRecord = Callable[..., Record]


@pytest.fixture
def make_record() -> MakeRecord:
    def make(
        value: bytes | None = b"{}",
        *,
        key: bytes | None = b"shop/1",
        headers: tuple[tuple[str, bytes | None], ...] = (),
        topic: str = "printworks.orders.v1",
        offset: int = 7,
    ) -> Record:
        message: ConsumerRecord[bytes, bytes] = ConsumerRecord(
            topic=topic,
            partition=3,
            offset=offset,
            timestamp=1_790_000_000_123,
            timestamp_type=0,
            key=key,  # pyright: ignore[reportArgumentType] - may be None on the wire, aiokafka's stub says otherwise
            value=value,  # pyright: ignore[reportArgumentType] - as above
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            headers=headers,  # pyright: ignore[reportArgumentType] - as above
        )
        return Record.of(message)

    return make
