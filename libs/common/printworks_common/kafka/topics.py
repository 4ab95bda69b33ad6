"""`python -m printworks_common.kafka.topics`: create all topics and dead-letter topics that are missing.

May be run at every deployment: what exists is left as it is.
"""

# ruff: noqa: T201 - a command talks to its terminal

import argparse
import asyncio
import sys

from printworks_common.errors import PrintworksError
from printworks_common.kafka.admin import ensure_topics, plan
from printworks_common.kafka.groups import GROUPS
from printworks_common.settings import KafkaSettings, load


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m printworks_common.kafka.topics", description=__doc__)
    parser.add_argument("--list", action="store_true", help="only print the names, partitions and settings")
    parser.add_argument(
        "--replication-factor", type=int, help="copies of each partition; default: 3, or as many as there are brokers"
    )
    arguments = parser.parse_args()
    if arguments.list:
        for topic in plan(GROUPS):
            settings = " ".join(f"{name}={value}" for name, value in topic.config.items())
            print(f"{topic.name} partitions={topic.partitions} {settings}")
        return 0
    try:
        created = asyncio.run(
            ensure_topics(load(KafkaSettings), GROUPS, replication_factor=arguments.replication_factor)
        )
    except PrintworksError as error:
        print(error, file=sys.stderr)
        return 1
    for name in created:
        print(f"created {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
