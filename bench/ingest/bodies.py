"""Order bodies of realistic sizes (12 to 45 kB): the shapes of tests/data/webhooks, with more lines and fresh ids."""

import json
import random
from pathlib import Path
from typing import Any

WEBHOOKS = Path(__file__).parents[2] / "tests" / "data" / "webhooks"
SMALLEST, LARGEST = 12_000, 45_000
FIRST_ORDER = 6_300_000_000_000
TOPICS = ("orders/create", "orders/paid", "orders/paid", "orders/updated")
NOT_WHOLE = "include-fields"
"""In the name of the one body that is cut down to a few fields."""

Sample = tuple[str, bytes]
"""Topic and raw body."""


def mixed(count: int, seed: int = 4) -> list[Sample]:
    """Bodies of all sizes between the smallest and the largest."""
    chance = random.Random(seed)
    return [_body(number, chance, chance.uniform(SMALLEST + 2_000, LARGEST)) for number in range(count)]


def of_size(size: int, count: int, seed: int = 4) -> list[Sample]:
    """Bodies of about one size."""
    chance = random.Random(seed)
    return [_body(number, chance, size + 1_000) for number in range(count)]


def _shapes() -> list[dict[str, Any]]:
    rows = [json.loads(row) for row in (WEBHOOKS / "manifest.jsonl").read_text().splitlines()]
    whole = [row["file"] for row in rows if row["topic"].startswith("orders/") and NOT_WHOLE not in row["file"]]
    shapes = [json.loads((WEBHOOKS / name).read_bytes()) for name in whole]
    return [shape for shape in shapes if shape.get("line_items")]


SHAPES = _shapes()


def _body(number: int, chance: random.Random, size: float) -> Sample:
    """An order with as many lines as fit into `size` bytes."""
    order = json.loads(json.dumps(chance.choice([one for one in SHAPES if len(_dump(one)) < size])))
    order_id = FIRST_ORDER + number
    order |= {"id": order_id, "admin_graphql_api_id": f"gid://shopify/Order/{order_id}", "name": f"#{number}"}
    pattern = order["line_items"]
    order["line_items"] = []
    length = len(_dump(order))
    while True:
        line = _line(chance.choice(pattern), order_id, len(order["line_items"]))
        length += len(_dump(line)) + 1
        if length > size and order["line_items"]:
            return chance.choice(TOPICS), _dump(order)
        order["line_items"].append(line)


def _line(pattern: dict[str, Any], order_id: int, place: int) -> dict[str, Any]:
    line = json.loads(json.dumps(pattern))
    line["id"] = order_id * 100 + place
    line["admin_graphql_api_id"] = f"gid://shopify/LineItem/{line['id']}"
    if place % 2 == 0:
        line["properties"] = [
            {"name": "Photo", "value": f"https://uploads.example.com/{order_id}/{place}/a-photo-of-somebody.jpg"},
            {"name": "Text", "value": f"No. {order_id}"},
            {"name": "_preview", "value": f"https://uploads.example.com/{order_id}/{place}/preview.png"},
        ]
    return line


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
