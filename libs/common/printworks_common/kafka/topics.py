"""`python -m printworks_common.kafka.topics`: create all topics and dead-letter topics that are missing.

May be run at every deployment: what exists is left as it is. `--partitions` is for the first creation on a large
installation; it changes no topic that exists.
"""

# ruff: noqa: T201 - a command talks to its terminal

import argparse
import asyncio
import sys
from dataclasses import replace

from printworks_common.errors import PrintworksError
from printworks_common.kafka.admin import create_topics, plan
from printworks_common.kafka.groups import GROUPS
from printworks_common.settings import KafkaSettings, load


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m printworks_common.kafka.topics", description=__doc__)
    parser.add_argument("--list", action="store_true", help="only print the names, partitions and settings")
    parser.add_argument(
        "--replication-factor", type=int, help="copies of each partition; default: 3, or as many as there are brokers"
    )
    parser.add_argument(
        "--partitions", action="append", default=[], type=_partitions, metavar="TOPIC=N",
        help="partitions of one topic instead of the usual number; may be given for several topics",
    )  # fmt: skip
    arguments = parser.parse_args()
    wanted = dict(arguments.partitions)
    topics = [replace(topic, partitions=wanted.pop(topic.name, topic.partitions)) for topic in plan(GROUPS)]
    if wanted:
        parser.error(f"no such topic: {', '.join(sorted(wanted))}")
    if arguments.list:
        for topic in topics:
            settings = " ".join(f"{name}={value}" for name, value in topic.config.items())
            print(f"{topic.name} partitions={topic.partitions} {settings}")
        return 0
    try:
        created = asyncio.run(
            create_topics(load(KafkaSettings), topics, replication_factor=arguments.replication_factor)
        )
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    for name in created:
        print(f"created {name}")
    return 0


def _partitions(text: str) -> tuple[str, int]:
    topic, _, number = text.partition("=")
    if not number.isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError("must be TOPIC=N, such as printworks.orders.v1=48")
    return topic, int(number)


if __name__ == "__main__":
    sys.exit(main())
