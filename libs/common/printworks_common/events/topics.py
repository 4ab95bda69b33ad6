"""The topics: names, partitions, how long they keep what they carry.

Topics with personal data keep it for 7 days in small segments and are never compacted.
"""

from dataclasses import dataclass
from enum import StrEnum

DAY_MS = 24 * 60 * 60 * 1000


class Topic(StrEnum):
    ORDERS = "printworks.orders.v1"
    ORDER_REREADS = "printworks.order-rereads.v1"
    RENDER_REQUESTS = "printworks.render-requests.v1"
    RENDER_RESULTS = "printworks.render-results.v1"
    DELIVERIES = "printworks.deliveries.v1"
    PRINT_JOBS = "printworks.print-jobs.v1"
    ARTWORK = "printworks.artwork.v1"
    COMMANDS = "printworks.commands.v1"
    CATALOG = "printworks.catalog.v1"
    PRIVACY = "printworks.privacy.v1"
    RETENTION = "printworks.retention.v1"
    RECONCILIATION = "printworks.reconciliation.v1"
    SHOPIFY_WRITES = "printworks.shopify-writes.v1"


@dataclass(frozen=True)
class TopicSpec:
    """How a topic is created. `partitions` is the default for a small installation; never change it on a live topic."""

    topic: Topic
    partitions: int
    retention_ms: int
    personal_data: bool
    compacted: bool = False

    def config(self) -> dict[str, str]:
        """Broker-side settings of the topic."""
        if self.compacted:
            return {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1"}
        settings = {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}
        if self.personal_data:
            # Retention removes whole closed segments only: a small, quickly rolled segment keeps the promise of 7 days.
            settings |= {"segment.bytes": str(64 * 1024 * 1024), "segment.ms": str(DAY_MS // 4)}
        return settings


TOPICS: dict[Topic, TopicSpec] = {
    spec.topic: spec
    for spec in (
        TopicSpec(Topic.ORDERS, 12, 7 * DAY_MS, personal_data=True),
        TopicSpec(Topic.ORDER_REREADS, 6, 7 * DAY_MS, personal_data=False),
        TopicSpec(Topic.RENDER_REQUESTS, 12, 7 * DAY_MS, personal_data=True),
        TopicSpec(Topic.RENDER_RESULTS, 12, 7 * DAY_MS, personal_data=False),
        TopicSpec(Topic.DELIVERIES, 6, 7 * DAY_MS, personal_data=False),
        TopicSpec(Topic.PRINT_JOBS, 12, 7 * DAY_MS, personal_data=True),
        TopicSpec(Topic.ARTWORK, 12, 30 * DAY_MS, personal_data=False),
        TopicSpec(Topic.COMMANDS, 6, 7 * DAY_MS, personal_data=False),
        TopicSpec(Topic.CATALOG, 1, -1, personal_data=False, compacted=True),
        TopicSpec(Topic.PRIVACY, 1, 7 * DAY_MS, personal_data=True),
        TopicSpec(Topic.RETENTION, 6, 30 * DAY_MS, personal_data=False),
        TopicSpec(Topic.RECONCILIATION, 3, 7 * DAY_MS, personal_data=False),
        TopicSpec(Topic.SHOPIFY_WRITES, 6, 7 * DAY_MS, personal_data=False),
    )
}


def dead_letter_topic(topic: str, group: str) -> str:
    """Dead letters of one consumer group: `<topic>.<group>.dlq`."""
    return f"{topic}.{group}.dlq"
