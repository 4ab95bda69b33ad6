"""`python -m printworks_common.kafka.replay`: put dead letters back on the topic they came from.

Without `--yes` it only shows what it would do. A replayed record has its original key, value and headers; the dead
letter itself stays until its topic's retention ends, so running the command twice replays twice (handlers are
idempotent). All consumer groups of the topic see the record again.
"""

# ruff: noqa: T201 - a command talks to its terminal

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime

from printworks_common.errors import PrintworksError
from printworks_common.kafka.connection import KafkaConnection
from printworks_common.kafka.deadletter import PREFIX, original_headers
from printworks_common.kafka.producer import KafkaProducer, within_limit
from printworks_common.kafka.record import Record
from printworks_common.kafka.whole import begin, missing_ground, whole_topic_consumer
from printworks_common.settings import KafkaSettings, load


@dataclass(frozen=True)
class Wanted:
    """Which dead letters; what is None matches all."""

    key: str | None = None
    code: str | None = None
    since: datetime | None = None

    def matches(self, record: Record) -> bool:
        return (
            (self.key is None or record.key == self.key)
            and (self.code is None or record.headers.get(f"{PREFIX}error_code") == self.code)
            and (self.since is None or record.time >= self.since)
        )


async def dead_letters(settings: KafkaConnection, topic: str) -> AsyncGenerator[Record]:
    """All records of a topic up to its end as it is now. Raises GroundMissingError."""
    consumer = whole_topic_consumer(settings)
    try:
        for partition, end in (await begin(consumer, topic)).items():
            while await consumer.position(partition) < end:
                with missing_ground():
                    batch = (await consumer.getmany(partition, timeout_ms=1000)).get(partition, [])
                for message in batch:
                    if message.offset < end:
                        yield Record.of(message)
    finally:
        await within_limit(consumer.stop(), 5.0)


async def replay(
    settings: KafkaConnection, topic: str, wanted: Wanted, *, most: int, dry_run: bool, tell: Callable[[str], None]
) -> int:
    """Replay at most `most` matching dead letters of `topic`, oldest first in each partition. Returns how many."""
    producer = KafkaProducer(settings)
    if not dry_run:
        await producer.start()
    count = 0
    try:
        async for record in dead_letters(settings, topic):
            if count >= most:
                tell(f"stopped at {most}; there are more")
                break
            target = record.headers.get(f"{PREFIX}topic")
            if target is None or not wanted.matches(record):
                continue
            if ":" in target:
                tell(f"left {record.offset} {record.key}: it came from {target}, not from a topic")
                continue
            if not dry_run:
                await producer.send_raw(target, record.raw_key, record.raw_value, original_headers(record.raw_headers))
            count += 1
            reason = record.headers.get(f"{PREFIX}error_code", "")
            tell(f"{'would replay' if dry_run else 'replayed'} {record.offset} {record.key} ({reason}) to {target}")
    finally:
        await producer.stop()
    return count


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m printworks_common.kafka.replay", description=__doc__)
    parser.add_argument("topic", help="dead-letter topic, <topic>.<group>.dlq")
    parser.add_argument("--yes", action="store_true", help="do it; without, only show what would be done")
    parser.add_argument("--max", type=int, default=100, help="at most so many records (default 100)")
    parser.add_argument("--key", help="only records with this key, for example shop/order")
    parser.add_argument("--code", help="only records with this error code")
    parser.add_argument("--since", type=datetime.fromisoformat, help="only dead letters since, 2026-11-01T00:00:00Z")
    arguments = parser.parse_args()
    if arguments.since is not None and arguments.since.tzinfo is None:
        parser.error("--since needs a time zone, for example 2026-11-01T00:00:00Z")
    wanted = Wanted(key=arguments.key, code=arguments.code, since=arguments.since)
    try:
        count = asyncio.run(
            replay(
                load(KafkaSettings), arguments.topic, wanted, most=arguments.max, dry_run=not arguments.yes, tell=print
            )
        )
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{count} {'replayed' if arguments.yes else 'to replay; repeat with --yes'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
