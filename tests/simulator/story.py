"""What happens to an order on Shopify: what customers and merchants do, and what is told of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from printworks_common.events.orders import LineItem, OrderReceived, Property
from printworks_render.coordinator.decisions import PAID

from tests.simulator.pictures import USUAL_FATES, Fate, address
from tests.simulator.world import World

MAPPED, LATER_MAPPED, PLAIN = "PW-PHOTO", "PW-LATER", "MUG"
TEMPLATE = "poster"


def template() -> dict[str, object]:
    box = {"x": 0, "y": 0, "width": 100, "height": 150}
    layer = {"type": "photo", "slot": "photo", "box": box}
    return {
        "schema_version": 1,
        "id": TEMPLATE,
        "name": "Poster",
        "recipe": "photo",
        "areas": [{"id": "front", "canvas": {"width_mm": 100, "height_mm": 150}, "layers": [layer]}],
        "outputs": [{"role": "print", "format": "pdf"}],
    }


@dataclass
class LineOnShopify:
    line_item_id: str
    sku: str
    picture: str | None
    quantity: int = 1

    def item(self) -> LineItem:
        return _item(self.line_item_id, self.sku, self.picture, self.quantity)


@lru_cache(1024)
def _item(line_item_id: str, sku: str, picture: str | None, quantity: int) -> LineItem:
    return LineItem(
        line_item_id=line_item_id,
        title="Poster",
        sku=sku,
        product_id="900",
        variant_id="901",
        quantity=max(1, quantity),
        current_quantity=quantity,
        properties=() if picture is None else (Property(name="Photo", value=picture),),
    )


@dataclass
class Truth:
    """The order as Shopify has it."""

    shop: str
    order_id: str
    created_at: datetime
    updated_at: datetime
    status: str = "pending"
    cancelled_at: datetime | None = None
    paid_at: datetime | None = None
    customer: str = "A. Customer"
    lines: list[LineOnShopify] = field(default_factory=list[LineOnShopify])

    @property
    def to_print(self) -> bool:
        return self.status in PAID and self.cancelled_at is None

    def body(self, cause: str, *, from_api: bool = False) -> OrderReceived:
        return OrderReceived(
            shop=self.shop,
            order_id=self.order_id,
            name=f"#{self.order_id}",
            created_at=self.created_at,
            updated_at=self.updated_at,
            cancelled_at=self.cancelled_at,
            financial_status=self.status,
            customer_name=self.customer,
            line_items=tuple(one.item() for one in self.lines),
            read_from="admin_api" if from_api else "webhook",
            cause=cause,
        )


CHANGES = (
    "another picture", "another picture", "quantity", "line removed", "line restored", "line added", "part refunded",
    "refunded", "cancelled", "customer renamed", "only touched",
)  # fmt: skip

KIND_OF_LINES = (MAPPED,) * 6 + (LATER_MAPPED, PLAIN)


class Shopper:
    """Makes an order and changes it, by chance."""

    def __init__(self, world: World, shop: str, order_id: str) -> None:
        self._world = world
        self._pictures = 0
        now = world.now().replace(microsecond=0)
        # Near midnight and well before it: dates are of UTC, and a payment may come a day after the order.
        created = now - timedelta(seconds=world.random.choice((5, 60, 40_000)))
        self.truth = Truth(shop, order_id, created, now)
        for _ in range(world.random.choice((1, 1, 1, 2, 3))):
            self._add_line()

    def _add_line(self) -> None:
        number = len(self.truth.lines)
        sku = self._world.random.choice(KIND_OF_LINES)
        picture = None if sku == PLAIN or self._world.chance(0.04) else self._picture()
        self.truth.lines.append(LineOnShopify(f"{int(self.truth.order_id) * 10 + number}", sku, picture))

    def _picture(self) -> str:
        self._pictures += 1
        fate: Fate = self._world.random.choice(USUAL_FATES)
        return address(f"{self.truth.shop}/{self.truth.order_id}", self._pictures, fate)

    def pay(self) -> None:
        self.truth.status = self._world.random.choice(("paid", "paid", "paid", "partially_refunded"))
        self._touched("paid")
        self.truth.paid_at = self.truth.updated_at

    def change(self, kind: str | None = None) -> None:
        """One change that a person makes: this one, or any."""
        truth, random = self.truth, self._world.random
        kind = kind or random.choice(CHANGES)
        line = random.choice(truth.lines)
        match kind:
            case "another picture":
                if line.picture is not None:
                    line.picture = self._picture()
            case "quantity" | "part refunded":
                line.quantity = random.randint(1, 3)
                if kind == "part refunded" and truth.status == "paid":
                    truth.status = "partially_refunded"
            case "line removed":
                line.quantity = 0
            case "line restored":
                line.quantity = 1
            case "line added":
                self._add_line()
            case "refunded":
                truth.status = "refunded" if truth.status in PAID else truth.status
            case "cancelled":
                truth.cancelled_at = truth.cancelled_at or self._world.now().replace(microsecond=0)
            case "customer renamed":
                truth.customer = f"B. Customer {random.randint(1, 9)}"
            case _:
                pass
        self._touched(kind)

    def _touched(self, kind: str) -> None:
        """Shopify's `updated_at` has seconds: two changes within one have the same."""
        now = self._world.now().replace(microsecond=0)
        self.truth.updated_at = max(self.truth.updated_at, now)
        lines = [(one.sku, one.quantity, one.picture) for one in self.truth.lines]
        self._world.tell(f"order: {kind}", f"{self.truth.status} {lines}" if self._world.story is not None else "")

    def resurrected(self) -> OrderReceived:
        """A body that says nothing of the cancellation, and is newer: it must not bring the order back."""
        self._world.tell("order: a newer body without its cancellation")
        self.truth.updated_at = max(
            self.truth.updated_at + timedelta(seconds=1), self._world.now().replace(microsecond=0)
        )
        return replace(self.truth, cancelled_at=None).body("orders/updated")
