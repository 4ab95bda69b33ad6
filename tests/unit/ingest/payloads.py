"""Webhook bodies made from Shopify's JSON Schemas (tests/data/webhook_schemas)."""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "data" / "webhook_schemas" / "orders.json.gz"

LONGEST_LIST = 3
LARGEST_ID = 2**63 - 1

FORMATS = {
    "date-time": "2026-11-20T12:00:00-05:00",
    "uri": "https://example.com/a?b=c",
    "email": "somebody@example.com",
    "ipv4": "192.0.2.1",
}


def schemas() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """API version, topic and schema of every webhook about an order."""
    kept = json.loads(gzip.decompress(DATA.read_bytes()))
    for version, topics in kept["topics"].items():
        for topic, name in topics.items():
            yield version, topic, kept["schemas"][name]


def payload(schema: dict[str, Any], chance: random.Random) -> Any:
    """A value that the schema allows: any of its types, optional fields there or not."""
    if "anyOf" in schema:
        return payload(chance.choice(schema["anyOf"]), chance)
    kinds = schema.get("type", "string")
    kind = chance.choice(kinds) if isinstance(kinds, list) else kinds
    match kind:
        case "object":
            needed = set(schema.get("required", ()))
            fields = schema.get("properties", {}).items()
            return {name: payload(one, chance) for name, one in fields if name in needed or chance.random() < 0.5}
        case "array":
            items = schema.get("items", False)
            return [payload(items, chance) for _ in range(chance.randint(0, LONGEST_LIST))] if items else []
        case "integer":
            return chance.choice([0, 1, 3, chance.randint(1, LARGEST_ID)])
        case "number":
            return chance.choice([0, 12.5, -1])
        case "boolean":
            return chance.random() < 0.5
        case "null":
            return None
        case _:
            return FORMATS.get(schema.get("format", ""), chance.choice(["", "text", "Žluťoučký kůň", "12.90"]))
