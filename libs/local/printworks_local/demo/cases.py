"""The orders of the demo: what a shop sees on an ordinary day, and what must come of each."""

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from printworks_local.pictures import PictureServer
from printworks_local.products import PHOTO, PHOTO_PROPERTY, PRODUCTS, TEXT_PROPERTY, Product
from printworks_local.shopify.webhooks import make_customer, make_line, make_order

READY = "ready"
NOTHING = "nothing"

FIRST_ORDER = 5_600_000_001_001
LINES_PER_ORDER = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One order. `broken_picture` is the name under which its picture is missing at first."""

    story: str
    body: dict[str, Any]
    expected: str
    customised: int
    deliveries: int = 1
    broken_picture: str | None = None
    own_storage: bool = False
    """The shop has a bucket of its own by then: the files have to lie in it."""

    @property
    def order_id(self) -> int:
        return int(self.body["id"])

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def titles(self) -> str:
        return ", ".join(str(line["title"]) for line in self.body["line_items"])


class _Counter:
    """Numbers orders and their lines."""

    def __init__(self) -> None:
        self.orders = 0

    def order(self, lines: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
        order_id = FIRST_ORDER + self.orders
        for place, line in enumerate(lines):
            number = order_id * LINES_PER_ORDER + place
            line |= {"id": number, "admin_graphql_api_id": f"gid://shopify/LineItem/{number}"}
        self.orders += 1
        customer = make_customer(7_100_000_001 + self.orders, *_NAMES[self.orders % len(_NAMES)])
        return make_order(order_id, f"#{1000 + self.orders}", line_items=lines, customer=customer, **fields)


_NAMES = (("Ada", "Muster"), ("Zoë", "Beispiel"), ("Jürgen", "Probe"), ("Mei", "Sample"))
"""Invented customers."""


def make_cases(pictures: PictureServer, photos: list[Path]) -> list[Case]:
    """Put the photographs on the picture server and make the orders. The ones of which nothing may come stand first,
    so that they have the longest time to do wrong."""
    counter = _Counter()
    addresses = cycle([pictures.put_file(photo) for photo in photos])

    def customised(product: Product, text: str = "", picture: str | None = None) -> dict[str, Any]:
        properties = {PHOTO_PROPERTY: picture or next(addresses)}
        if product.takes_text and text:
            properties[TEXT_PROPERTY] = text
        number = PRODUCTS.index(product)
        return make_line(
            0,
            product.sku,
            title=product.title,
            properties=properties,
            product_id=7_000_000_001 + number,
            variant_id=8_000_000_001 + number,
        )

    def plain() -> dict[str, Any]:
        return make_line(0, "MUG-WHITE", title="White mug", product_id=7_000_000_900, variant_id=8_000_000_900)

    kinds = [PRODUCTS[place % len(PRODUCTS)] for place in range(3)]
    dead = "lost-upload.jpg"
    return [
        Case("nothing customised", counter.order([plain()]), NOTHING, 0),
        Case("not paid", counter.order([customised(PHOTO)], financial_status="pending"), NOTHING, 0),
        Case("one line", counter.order([customised(PHOTO, "Greetings from the coast")]), READY, 1),
        Case("three products", counter.order([customised(kind, "Our summer") for kind in kinds]), READY, 3),
        Case("only some lines customised", counter.order([plain(), customised(PHOTO, "For Mum")]), READY, 1),
        Case("the same webhook three times", counter.order([customised(PHOTO, "Once only")]), READY, 1, deliveries=3),
        Case(
            "dead link, repaired, retried",
            counter.order([customised(PHOTO, "Found again", pictures.url(dead))]),
            READY,
            1,
            broken_picture=dead,
        ),
        Case("into the shop's own bucket", counter.order([customised(PHOTO, "Ours")]), READY, 1, own_storage=True),
    ]
