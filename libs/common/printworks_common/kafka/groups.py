"""The consumer groups and what they read: each topic of a group has a dead-letter topic."""

from collections.abc import Mapping
from types import MappingProxyType

from printworks_common.events.topics import Topic

GROUPS: Mapping[str, tuple[Topic, ...]] = MappingProxyType(
    {
        "coordinator": (
            Topic.ORDERS,
            Topic.RENDER_RESULTS,
            Topic.COMMANDS,
            Topic.RETENTION,
            Topic.PRIVACY,
            Topic.RECONCILIATION,
        ),
        "deliverer": (Topic.DELIVERIES,),
        "jobs-api-projector": (
            Topic.PRINT_JOBS,
            Topic.ORDERS,
            Topic.CATALOG,
            Topic.PRIVACY,
            Topic.RECONCILIATION,
            Topic.SHOPIFY_WRITES,
        ),
        # Not a consumer: what the receiver was sent but could not turn into an event lies beside what it publishes.
        "receiver": (Topic.ORDERS,),
        "reconciler": (Topic.ORDER_REREADS, Topic.PRIVACY),
        "retention": (Topic.PRINT_JOBS, Topic.PRIVACY),
        "shopify-writer": (Topic.PRINT_JOBS, Topic.PRIVACY),
        "worker": (Topic.RENDER_REQUESTS,),
    }
)
