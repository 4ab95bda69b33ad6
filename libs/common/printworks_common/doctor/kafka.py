"""Kafka: the brokers answer, topics are there as the code wants them, the role may read and join its group.

Whether a role may write is not tried: a record would stay.
"""

import asyncio
import ssl
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    for_code,
)

from printworks_common.doctor.findings import LIMIT_SECONDS, Finding, Findings, good, note, wrong
from printworks_common.kafka.admin import TopicPlan, plan
from printworks_common.kafka.connection import KafkaConnection, client_options
from printworks_common.kafka.groups import GROUPS
from printworks_common.kafka.producer import within_limit
from printworks_common.kafka.whole import whole_topic_consumer

PART = "kafka"

COMPARED = ("cleanup.policy", "retention.ms", "max.message.bytes")
"""Settings of a topic on which promises rest."""


async def look(
    settings: KafkaConnection, group: str | None, groups: Mapping[str, Collection[str]] = GROUPS
) -> Findings:
    """Findings about the brokers, all topics, and the consumer group of the role."""
    try:
        client = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=int(LIMIT_SECONDS * 1000))
    except (OSError, ssl.SSLError) as error:
        yield wrong(PART, f"a certificate or key cannot be read: {type(error).__name__}")
        return
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await client.start()
        brokers = (await client.describe_cluster())["brokers"]
        yield good(PART, f"{settings.kafka_bootstrap} answers; brokers: {len(brokers)}")
        for finding in await _topics(client, len(brokers), groups):
            yield finding
        if group is not None:
            yield await _group(client, group)
            yield await _reading(settings, group)
    except (KafkaError, OSError, TimeoutError) as error:
        yield wrong(
            PART,
            f"the brokers at {settings.kafka_bootstrap} do not answer ({type(error).__name__}): address, security "
            f"protocol {settings.kafka_security_protocol}, user and password, certificates?",
        )
    finally:
        await within_limit(client.close(), 5.0)


async def _topics(client: AIOKafkaAdminClient, brokers: int, groups: Mapping[str, Collection[str]]) -> list[Finding]:
    wanted = {topic.name: topic for topic in plan(groups)}
    described = {topic["topic"]: topic for topic in await client.describe_topics(sorted(wanted))}
    there = {name: topic for name, topic in described.items() if topic["error_code"] == 0}
    errors = {name: for_code(topic["error_code"]) for name, topic in described.items()}
    hidden = [name for name, error in errors.items() if error is TopicAuthorizationFailedError]
    missing = sorted(set(wanted) - set(there) - set(hidden))
    findings: list[Finding] = []
    if missing:
        findings.append(
            wrong(PART, f"topics are missing: {', '.join(missing)}; run `python -m printworks_common.kafka.topics`")
        )
    else:
        findings.append(good(PART, f"{len(there)} topics are there"))
    if hidden:
        findings.append(note(PART, f"{len(hidden)} topics are not for this user to see"))
    for name, topic in sorted(there.items()):
        partitions = topic["partitions"]
        leaderless = [one["partition"] for one in partitions if one["leader"] == -1]
        if leaderless:
            findings.append(wrong(PART, f"{name}: partitions without a leader: {leaderless}"))
        copies = min(len(one["replicas"]) for one in partitions)
        if copies < min(3, brokers):
            findings.append(note(PART, f"{name} has {copies} copies of a partition on {brokers} brokers"))
    return findings + await _configurations(client, wanted, sorted(there))


async def _configurations(
    client: AIOKafkaAdminClient, wanted: Mapping[str, TopicPlan], names: Collection[str]
) -> list[Finding]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    findings: list[Finding] = []
    for response in await client.describe_configs(asked):
        for resource in response.to_object()["resources"]:
            if resource["error_code"] != 0:
                return [note(PART, "settings of topics cannot be read: no right to describe them")]
            name = resource["resource_name"]
            entries = resource["config_entries"]
            actual: dict[str, Any] = {entry["config_names"]: entry["config_value"] for entry in entries}
            for key in COMPARED:
                value = wanted[name].config.get(key)
                if value is not None and actual.get(key) not in (None, value):
                    findings.append(wrong(PART, f"{name}: {key} is {actual[key]}, not {value}"))
    return findings or [good(PART, "retention, compaction and record size of the topics are as they must be")]


async def _group(client: AIOKafkaAdminClient, group: str) -> Finding:
    try:
        await client.list_consumer_group_offsets(group)
    except GroupAuthorizationFailedError:
        return wrong(PART, f"the user may not join the group {group}")
    except KafkaError as error:
        return note(PART, f"the group {group} cannot be looked at now: {type(error).__name__}")
    return good(PART, f"the group {group} may be joined")


async def _reading(settings: KafkaConnection, group: str) -> Finding:
    """Reads what lies in the group's topics, without a group: positions of others are not touched."""
    consumer = whole_topic_consumer(settings)
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await consumer.start()
            consumer.subscribe(list(GROUPS[group]))
            await consumer.getmany(timeout_ms=1000, max_records=1)
    except TopicAuthorizationFailedError as error:
        return wrong(PART, f"the user may not read: {', '.join(sorted(map(str, error.args[0])))}")
    except (KafkaError, TimeoutError) as error:
        return wrong(PART, f"the topics of the group {group} cannot be read: {type(error).__name__}")
    finally:
        await within_limit(consumer.stop(), 5.0)
    return good(PART, f"the topics of the group {group} can be read")
