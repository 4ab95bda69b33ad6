"""Orders and catalogs to decide about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from printworks_common.events.orders import LineItem, OrderReceived, Property
from printworks_render.coordinator.model import CatalogTemplate, ShopCatalog

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SHOP = "example.myshopify.com"


def template(name: str = "poster") -> dict[str, Any]:
    return {
        "schema_version": 1,
        "id": name,
        "name": "Poster",
        "recipe": "photo",
        "areas": [
            {
                "id": "front",
                "canvas": {"width_mm": 100, "height_mm": 150},
                "layers": [{"type": "photo", "slot": "photo", "box": {"x": 0, "y": 0, "width": 100, "height": 150}}],
            }
        ],
        "outputs": [{"role": "print", "format": "pdf"}],
    }


def catalog(**mappings: str) -> ShopCatalog:
    """A catalog with the template `poster`; keyword arguments map SKUs to templates, `_` for `-`."""
    targets = mappings or {"PW_PHOTO": "poster"}
    return ShopCatalog(
        templates={"poster": CatalogTemplate(template_id="poster", version=3, body=template())},
        mappings=tuple({"sku": sku.replace("_", "-"), "template_id": name} for sku, name in targets.items()),
    )


def line(number: int, *, sku: str | None = "PW-PHOTO", quantity: int = 1, **properties: str) -> LineItem:
    if not properties and sku is not None:
        properties = {"Photo": f"https://cdn.example.com/{number}.jpg"}
    return LineItem(
        line_item_id=str(number),
        title="Poster",
        sku=sku,
        product_id="900",
        variant_id="901",
        quantity=max(quantity, 1),
        current_quantity=quantity,
        properties=tuple(Property(name=name, value=value) for name, value in properties.items()),
    )


def received(*lines: LineItem, minutes: int = 0, paid: bool = True, **changes: Any) -> OrderReceived:
    """An order as it came in, `minutes` after the first one."""
    values: dict[str, Any] = {
        "shop": SHOP,
        "order_id": "9007199254740993",
        "name": "#1001",
        "created_at": NOW,
        "updated_at": NOW + timedelta(minutes=minutes),
        "financial_status": "paid" if paid else "pending",
        "customer_name": "Åsa Öberg",
        "line_items": lines,
    }
    return OrderReceived(**(values | changes))
