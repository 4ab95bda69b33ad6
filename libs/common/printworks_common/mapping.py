"""Product mappings: which template a product, variant or SKU is printed with, and which properties hold what.

A mapping belongs to a shop's catalog (`CatalogKind.MAPPING`); jobs-api checks and publishes it, the coordinator decides
by it.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from printworks_common.events.base import ShopifyId
from printworks_common.events.orders import LineItem
from printworks_common.templates import Name, PropertyMapping
from printworks_common.templates.base import Document


class Mapping(Document):
    """Exactly one of variant_id, sku and product_id says what is mapped."""

    variant_id: ShopifyId | None = None
    sku: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    product_id: ShopifyId | None = None
    template_id: Name
    properties: PropertyMapping = Field(default_factory=PropertyMapping)

    @model_validator(mode="after")
    def _one_target(self) -> "Mapping":
        if sum(target is not None for target in (self.variant_id, self.sku, self.product_id)) != 1:
            raise ValueError("give exactly one of variant_id, sku and product_id")
        return self


def find_mapping(mappings: Iterable[Mapping], line: LineItem) -> Mapping | None:
    """The mapping that is meant for a line item: variant before SKU before product; SKUs are compared exactly."""
    known = list(mappings)
    for wanted in (
        lambda one: one.variant_id is not None and one.variant_id == line.variant_id,
        lambda one: one.sku is not None and one.sku == line.sku,
        lambda one: one.product_id is not None and one.product_id == line.product_id,
    ):
        for mapping in known:
            if wanted(mapping):
                return mapping
    return None
