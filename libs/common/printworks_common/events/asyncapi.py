"""The AsyncAPI 3.0 document of all topics, from the models and the table of topics. Pure.

Source: AsyncAPI 3.0.0 and its Kafka bindings 0.5.0.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from printworks_common.events.base import Event
from printworks_common.events.envelope import JSON, SCHEMA_BASE
from printworks_common.events.topics import Topic, TopicSpec

BINDING_VERSION = "0.5.0"

KEYS: Mapping[Topic, str] = {
    Topic.RENDER_REQUESTS: "Id of the print job.",
    Topic.CATALOG: "`shop/kind/id`; the newest record of a key is kept for ever.",
    Topic.PRIVACY: "`shop`",
    Topic.RECONCILIATION: "`shop`",
}
ORDER_KEY = "`shop/order`: all records of an order are in order."

PURPOSES: Mapping[Topic, str] = {
    Topic.ORDERS: "Orders as Shopify has them, trimmed: no address, e-mail or phone.",
    Topic.ORDER_REREADS: "Orders that have to be read again through the Admin API.",
    Topic.RENDER_REQUESTS: "Template snapshot and pinned inputs of one artwork version to be made.",
    Topic.RENDER_RESULTS: "Files with sha256, size, dimensions, DPI and preflight; or a typed failure.",
    Topic.DELIVERIES: "Files to be copied to the shop's own storage.",
    Topic.PRINT_JOBS: "Full internal snapshots: names, texts, timeline.",
    Topic.ARTWORK: "Public: how far the artwork of each order is. No customer name, no texts, no source URLs.",
    Topic.COMMANDS: "Retry, re-render, cancel, replace an input, deliver again.",
    Topic.CATALOG: "Templates, mappings, storage settings (sealed), retention period, holds. Compacted.",
    Topic.PRIVACY: "Erase a customer or a shop, export a customer.",
    Topic.RETENTION: "What was purged.",
    Topic.RECONCILIATION: "Which orders Shopify has in a window, and what is held here.",
    Topic.SHOPIFY_WRITES: "What has become of writing an order's artwork status and files on Shopify.",
}


def document(
    models: Mapping[str, type[Event]],
    topics: Mapping[Topic, TopicSpec],
    groups: Mapping[str, Sequence[Topic]],
    examples: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The document as plain data. `examples` has `headers` and `payload` per event type."""
    by_topic = {topic: [name for name, model in models.items() if model.topic == topic] for topic in topics}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:printworks:events",
        "info": {
            "title": "Printworks events",
            "version": "1.0.0",
            "description": (
                "From a paid Shopify order to print-ready files. CloudEvents 1.0 in Kafka binary mode. Delivery is at "
                "least once: a repeat has the same `ce_id`; of snapshots, the one with the higher `version` holds. "
                f"For integrations: `{Topic.ARTWORK}`. The other topics are between Printworks' own services."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka-secure",
                "description": "The operator's brokers.",
                "variables": {"bootstrap": {"description": "host:port of a broker", "default": "kafka:9093"}},
            }
        },
        "channels": {_name(topic): _channel(spec, by_topic[topic]) for topic, spec in topics.items()},
        "operations": {
            **{f"send_{_name(topic)}": _operation("send", topic, by_topic[topic]) for topic in topics},
            **{
                f"receive_{_name(topic)}_by_{group.replace('-', '_')}": _operation(
                    "receive", topic, by_topic[topic], group
                )
                for group, read in groups.items()
                for topic in read
            },
        },
        "components": {
            "messages": {name: _message(model, examples[name]) for name, model in models.items()},
            "messageTraits": {"cloudEvent": {"headers": _headers()}},
        },
    }


def _name(topic: str) -> str:
    return topic.replace(".", "_").replace("-", "_")


def _channel(spec: TopicSpec, types: Sequence[str]) -> dict[str, Any]:
    config = spec.config()
    described: dict[str, Any] = {"cleanup.policy": [config["cleanup.policy"]]}
    if "retention.ms" in config:
        described["retention.ms"] = int(config["retention.ms"])
    return {
        "address": str(spec.topic),
        "description": PURPOSES[spec.topic],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in types},
        "bindings": {
            "kafka": {
                "topic": str(spec.topic),
                "partitions": spec.partitions,
                "topicConfiguration": described,
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _operation(action: str, topic: Topic, types: Sequence[str], group: str | None = None) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{_name(topic)}"},
        "messages": [{"$ref": f"#/channels/{_name(topic)}/messages/{name}"} for name in types],
    }
    if group is not None:
        operation["bindings"] = {
            "kafka": {"groupId": {"type": "string", "enum": [group]}, "bindingVersion": BINDING_VERSION}
        }
    return operation


def _message(model: type[Event], example: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": model.type_name,
        "title": model.__name__,
        "summary": inspect.cleandoc(model.__doc__ or "").split("\n", 1)[0],
        "contentType": JSON,
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {"$ref": f"./schemas/{model.type_name}.json"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": KEYS.get(Topic(model.topic), ORDER_KEY)},
                "bindingVersion": BINDING_VERSION,
            }
        },
        "examples": [{"headers": dict(example["headers"]), "payload": example["payload"]}],
    }


def _headers() -> dict[str, Any]:
    def text(description: str, **more: Any) -> dict[str, Any]:
        return {"type": "string", "description": description, **more}

    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "content-type"],
        "properties": {
            "ce_specversion": text("CloudEvents version.", const="1.0"),
            "ce_id": text("Deterministic: the same event has the same id, however often it is sent."),
            "ce_type": text("Name of the payload's schema; its version stands at the end."),
            "ce_source": text("The publishing role, `printworks/ingest/receiver`."),
            "ce_subject": text("What the event is about, as a rule the key."),
            "ce_time": text("When it was published.", format="date-time"),
            "ce_dataschema": text(f"Identifier of the schema, below {SCHEMA_BASE}; a name, not a place to fetch from."),
            "content-type": text("Media type of the value.", const=JSON),
            "traceparent": text("W3C trace context: one order is one trace."),
        },
    }
