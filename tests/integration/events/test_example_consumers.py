"""The consumers of docs/events do what they say: repeats, late records and unknown types change nothing."""

import asyncio
import json
import secrets
import sys
from pathlib import Path
from typing import Any

import pytest
from printworks_common.events.envelope import OutgoingRecord
from printworks_common.events.topics import Topic
from printworks_common.kafka.admin import ensure_topics
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.settings import KafkaSettings
from printworks_local.stack import Stack
from printworks_local.stack.kafka_distribution import obtain
from printworks_local.stack.model import checkout_root

EVENTS = checkout_root() / "docs" / "events"
LIMIT_SECONDS = 120


def record(order_id: str, version: int, status: str | None, *, kind: str | None = None) -> OutgoingRecord:
    """The committed example with another order, version and status."""
    example = json.loads((EVENTS / "examples" / "printworks.order-artwork.changed.v1.json").read_text())
    payload: dict[str, Any] = {**example["payload"], "order_id": order_id, "version": version, "artwork_status": status}
    payload["artwork_files"] = payload["artwork_files"] if status == "ready" else []
    headers = {**example["headers"], "ce_type": kind or example["headers"]["ce_type"]}
    return OutgoingRecord(Topic.ARTWORK, f"{payload['shop']}/{order_id}", json.dumps(payload).encode(), headers)


def told(lines: bytes, order: str) -> list[tuple[str | None, int]]:
    """Status and number of files that a consumer told of an order, one after the other."""
    found = [json.loads(line) for line in lines.splitlines()]
    return [(one["status"], len(one["files"])) for one in found if one["order"] == order]


@pytest.mark.parametrize("language", ["python", "java"])
async def test_a_consumer_tells_each_change_of_an_order_once(stack: Stack, topic_prefix: str, language: str) -> None:
    settings = KafkaSettings(kafka_bootstrap=stack.info.kafka_bootstrap)
    await ensure_topics(settings, GROUPS)
    order = str(secrets.randbelow(10**15))
    producer = KafkaProducer(settings)
    await producer.start()
    await producer.send_many(
        [
            record(order, 1, "pending"),
            record(order, 1, "pending"),
            record(order, 3, "ready"),
            record(order, 2, "failed"),
            record(order, 9, "ready", kind="printworks.something-new.v1"),
            record(order, 4, None),
        ]
    )
    command = command_of(language, checkout_root(), settings.kafka_bootstrap, f"{topic_prefix}fulfilment")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    lines = b""
    try:
        assert process.stdout is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            while len(told(lines, order)) < 3:
                line = await process.stdout.readline()
                assert line, "the consumer ended"
                lines += line
    finally:
        process.kill()
        await process.wait()
        await producer.stop()
    assert told(lines, order) == [("pending", 0), ("ready", 1), (None, 0)]


def command_of(language: str, root: Path, bootstrap: str, group: str) -> list[str]:
    folder = EVENTS / "consumers"
    if language == "python":
        return [sys.executable, str(folder / "artwork_consumer.py"), bootstrap, group]
    kafka = obtain(root)
    return [str(kafka.java), "-cp", kafka.class_path, str(folder / "ArtworkConsumer.java"), bootstrap, group]
