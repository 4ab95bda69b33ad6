"""What happens to an order, as steps on Shopify. Pure but for its random generator."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from printworks_local.pictures import own_picture
from printworks_local.products import PHOTO_PROPERTY, TEXT_PROPERTY, Product
from printworks_local.shopify.webhooks import make_customer, make_line, make_order
from printworks_local.traffic import OTHER_TAG, SMALL


class Kind(StrEnum):
    PAID = "paid"
    PAID_LATER = "paid later"
    NEVER_PAID = "never paid"
    NOT_CUSTOMISED = "not customised"
    MORE_OF_A_LINE = "more of a line"
    LINE_ADDED = "line added"
    LINE_REMOVED = "line removed"
    LINE_REFUNDED = "line refunded"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


WEIGHTS = {
    Kind.PAID: 40, Kind.PAID_LATER: 12, Kind.NEVER_PAID: 5, Kind.NOT_CUSTOMISED: 5, Kind.MORE_OF_A_LINE: 6,
    Kind.LINE_ADDED: 7, Kind.LINE_REMOVED: 6, Kind.LINE_REFUNDED: 6, Kind.REFUNDED: 5, Kind.CANCELLED: 8,
}  # fmt: skip

OLD_SHARE = 0.04
"""Orders that were created hours ago, and whose first webhooks arrive after everything else."""

OLDEST_HOURS = 20


@dataclass(frozen=True)
class Step:
    """A change on Shopify: the method of `ShopControl` that makes it, and the topics that tell of it."""

    method: str
    topics: tuple[str, ...]
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Story:
    order_id: int
    kind: Kind
    body: dict[str, Any]
    """Of the order as it was created; its first webhooks carry it."""
    first_topics: tuple[str, ...]
    steps: tuple[Step, ...]
    old: bool


class Stories:
    """Makes stories, the same for the same seed. `addresses` are those of customers' pictures; with several products
    each line item is of one of them. `sizes` are the numbers of customised lines that orders may have, each as likely;
    without them one order in five has two."""

    def __init__(
        self,
        seed: int | str,
        addresses: Sequence[str],
        now: datetime,
        *,
        products: Sequence[Product] = (SMALL,),
        sizes: Sequence[int] = (),
        old_share: float = OLD_SHARE,
    ) -> None:
        self._chance = random.Random(seed)
        self._addresses = addresses
        self._now = now
        self._products = products
        self._sizes = sizes
        self._old_share = old_share

    def make(self, order_id: int) -> Story:
        chance = self._chance
        kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        old = chance.random() < self._old_share
        lines = [self._line(order_id, place) for place in range(self._lines_of(kind))]
        paid = kind not in {Kind.PAID_LATER, Kind.NEVER_PAID}
        ago = timedelta(hours=chance.uniform(1, OLDEST_HOURS)) if old else timedelta(0)
        body = make_order(
            order_id,
            f"#{order_id}",
            line_items=[*lines, plain_line(order_id)] if chance.random() < 0.3 or not lines else lines,
            customer=make_customer(order_id) if chance.random() < 0.95 else None,
            financial_status="paid" if paid else "pending",
            created_at=self._now - ago,
            tags=OTHER_TAG if order_id % 3 == 0 else "",
        )
        first = ("orders/create", "orders/paid") if paid else ("orders/create",)
        return Story(order_id, kind, body, first, self._steps(kind, order_id), old)

    def _lines_of(self, kind: Kind) -> int:
        if kind is Kind.NOT_CUSTOMISED:
            return 0
        needs_two = kind in {Kind.LINE_REMOVED, Kind.LINE_REFUNDED}
        if self._sizes:
            size = self._chance.choice(self._sizes)
            return max(2, size) if needs_two else size
        return 2 if needs_two or self._chance.random() < 0.2 else 1

    def _line(self, order_id: int, place: int) -> dict[str, Any]:
        number = self._chance.randrange(len(self._products)) if len(self._products) > 1 else 0
        product = self._products[number]
        address = self._addresses[(order_id + place) % len(self._addresses)]
        # A picture that comes to another line item is another file, also where both customers took the same one.
        properties = {PHOTO_PROPERTY: own_picture(address, order_id * 10 + place)}
        if product.takes_text:
            properties[TEXT_PROPERTY] = f"No. {order_id}"
        return make_line(
            order_id * 10 + place, product.sku, title=product.title, quantity=1 + place, properties=properties,
            product_id=7_000_000_500 + number, variant_id=8_000_000_500 + number,
        )  # fmt: skip

    def _steps(self, kind: Kind, order_id: int) -> tuple[Step, ...]:
        first, second = order_id * 10, order_id * 10 + 1
        edited = ("orders/edited", "orders/updated")
        match kind:
            case Kind.PAID_LATER:
                return (Step("edit", ("orders/paid", "orders/updated"), {"set": {"financial_status": "paid"}}),)
            case Kind.MORE_OF_A_LINE:
                return (Step("edit", edited, {"lines": {str(first): {"quantity": 3, "current_quantity": 3}}}),)
            case Kind.LINE_ADDED:
                return (Step("edit", edited, {"add_lines": [self._line(order_id, 5)]}),)
            case Kind.LINE_REMOVED:
                return (Step("edit", edited, {"lines": {str(second): {"current_quantity": 0}}}),)
            case Kind.LINE_REFUNDED:
                refunded = [{"line_item_id": second, "quantity": 2}]
                return (Step("refund", ("refunds/create", "orders/updated"), {"line_items": refunded}),)
            case Kind.REFUNDED:
                refunded = [{"line_item_id": first, "quantity": 1}]
                whole = {"line_items": refunded, "financial_status": "refunded"}
                return (Step("refund", ("refunds/create", "orders/updated"), whole),)
            case Kind.CANCELLED:
                return (Step("cancel", ("orders/cancelled", "orders/updated")),)
            case _:
                return ()


def plain_line(order_id: int) -> dict[str, Any]:
    """A line item that nothing is mapped to."""
    return make_line(
        order_id * 10 + 9, "MUG-WHITE", title="White mug", product_id=7_000_000_900, variant_id=8_000_000_900
    )
