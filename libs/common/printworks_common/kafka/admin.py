"""Topics: created when they are missing, never changed when they are there."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from printworks_common.errors import GroundMissingError, PoisonError
from printworks_common.events.topics import DAY_MS, TOPICS, Topic, dead_letter_topic
from printworks_common.kafka.connection import KafkaConnection, client_options
from printworks_common.kafka.producer import MAX_RECORD_BYTES, within_limit

DEAD_LETTER_DAYS = 7
HEADERS_BYTES = 64 * 1024
"""Room above the largest record for the headers that a dead letter gets in addition."""


@dataclass(frozen=True)
class TopicPlan:
    name: str
    partitions: int
    config: Mapping[str, str]


def plan(groups: Mapping[str, Collection[str]]) -> list[TopicPlan]:
    """All topics of Printworks, and a dead-letter topic for each topic of each consumer group. Pure.

    A dead letter is the whole record, so it is kept like personal data: 7 days in small segments, never compacted.
    """
    plans = [
        TopicPlan(str(spec.topic), spec.partitions, {**spec.config(), "max.message.bytes": str(MAX_RECORD_BYTES)})
        for spec in TOPICS.values()
    ]
    for group, topics in sorted(groups.items()):
        plans.extend(
            TopicPlan(
                dead_letter_topic(Topic(topic), group),
                1,
                {
                    "cleanup.policy": "delete",
                    "retention.ms": str(DEAD_LETTER_DAYS * DAY_MS),
                    "segment.bytes": str(64 * 1024 * 1024),
                    "segment.ms": str(DAY_MS // 4),
                    "max.message.bytes": str(MAX_RECORD_BYTES + HEADERS_BYTES),
                },
            )
            for topic in sorted(topics)
        )
    return plans


async def ensure_topics(
    settings: KafkaConnection,
    groups: Mapping[str, Collection[str]],
    *,
    replication_factor: int | None = None,
    timeout: float = 30.0,
) -> list[str]:
    """Create what is missing of `plan(groups)`; returns the names of the topics that were created.

    Three copies of each partition, or as many as there are brokers. Raises GroundMissingError when the brokers do not
    answer, PoisonError (`topic_refused`) when they refuse a topic.
    """
    return await create_topics(settings, plan(groups), replication_factor=replication_factor, timeout=timeout)


async def create_topics(
    settings: KafkaConnection,
    plans: Collection[TopicPlan],
    *,
    replication_factor: int | None = None,
    timeout: float = 30.0,
) -> list[str]:
    """Create those topics that do not exist; see `ensure_topics`."""
    client = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=int(timeout * 1000))
    try:
        await client.start()
        present = set(await client.list_topics())
        missing = [topic for topic in plans if topic.name not in present]
        if not missing:
            return []
        copies = replication_factor or min(3, len((await client.describe_cluster())["brokers"]))
        if copies == 0:
            # It answers, and none has registered yet: for a moment when a cluster starts.
            raise GroundMissingError("No broker is there to hold a topic.", code="broker_unreachable")
        # Acknowledged by all in-sync replicas means nothing while one alone may be all of them.
        durable = {"min.insync.replicas": "2"} if copies >= 3 else {}
        response = await client.create_topics(
            [
                NewTopic(topic.name, topic.partitions, copies, topic_configs={**topic.config, **durable})
                for topic in missing
            ],
            timeout_ms=int(timeout * 1000),
        )
        created = _created(response.to_object()["topic_errors"])
        await _led(client, created, timeout)
        return created
    except (KafkaError, OSError) as error:
        raise GroundMissingError(
            f"The brokers do not answer: {type(error).__name__}.", code="broker_unreachable"
        ) from error
    finally:
        await within_limit(client.close(), 5.0)


async def _led(client: AIOKafkaAdminClient, topics: Collection[str], timeout: float) -> None:
    """Wait until every partition has a leader: before that a client finds no topic, or nobody to write to."""
    waiting = set(topics)
    async with asyncio.timeout(timeout):
        while waiting:
            for topic in await client.describe_topics(sorted(waiting)):
                leaders = [partition["leader"] for partition in topic["partitions"]]
                if topic["error_code"] == 0 and leaders and -1 not in leaders:
                    waiting.discard(topic["topic"])
            if waiting:
                await asyncio.sleep(0.05)


def _created(results: Collection[Mapping[str, Any]]) -> list[str]:
    created: list[str] = []
    for result in results:
        name, error = result["topic"], for_code(result["error_code"])
        if error is NoError:
            created.append(name)
        elif error is not TopicAlreadyExistsError:  # another process may have been faster
            reason = result.get("error_message") or error.__name__
            raise PoisonError(f"The brokers refuse the topic {name}: {reason}", code="topic_refused")
    return created
