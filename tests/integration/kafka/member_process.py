"""A member of a group as a process of its own, to be killed.

Arguments: bootstrap, group, topic, file for effects, seconds of work per record.
"""

import asyncio
import os
import sys

from printworks_common.kafka.consumer import ConsumerLoop
from printworks_common.kafka.limits import ConsumerLimits
from printworks_common.kafka.producer import KafkaProducer
from printworks_common.kafka.record import Record
from printworks_common.settings import KafkaSettings


async def main(bootstrap: str, group: str, topic: str, effects: str, seconds: float) -> None:
    settings = KafkaSettings(kafka_bootstrap=bootstrap)  # pyright: ignore[reportCallIssue] - the rest has defaults
    producer = KafkaProducer(settings)
    await producer.start()

    def note(word: str, record: Record) -> None:
        with open(effects, "a", encoding="utf-8") as file:
            file.write(f"{word} {record.key} {record.value.decode()} {os.getpid()}\n")

    async def handle(record: Record) -> None:
        note("begun", record)
        await asyncio.sleep(seconds)
        note("done", record)

    limits = ConsumerLimits(
        session_timeout=6.0, rebalance_timeout=4.0, rebalance_drain=1.0, commit_every=0.2, drain=5.0
    )
    loop = ConsumerLoop(
        settings, group=group, topics=[topic], handler=handle, producer=producer, parallel=8, limits=limits
    )
    await loop.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5], seconds=float(sys.argv[5])))
