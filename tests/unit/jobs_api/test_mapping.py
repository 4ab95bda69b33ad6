"""Product mappings: which one is meant for a line item."""

import pytest
from printworks_common.events.orders import LineItem
from printworks_common.mapping import Mapping, find_mapping
from pydantic import ValidationError

BY_VARIANT = Mapping(variant_id="11", template_id="by-variant")
BY_SKU = Mapping(sku="PW-PHOTO", template_id="by-sku")
BY_PRODUCT = Mapping(product_id="1", template_id="by-product")
ALL = (BY_PRODUCT, BY_SKU, BY_VARIANT)


def line(**changes: str | None) -> LineItem:
    ids = {"product_id": "1", "variant_id": "11", "sku": "PW-PHOTO"} | changes
    return LineItem.model_validate({"line_item_id": "5", "quantity": 1, "current_quantity": 1, **ids})


@pytest.mark.parametrize("mappings", [ALL, ALL[::-1]])
def test_the_variant_wins_over_the_sku_and_the_sku_over_the_product(mappings: tuple[Mapping, ...]) -> None:
    assert find_mapping(mappings, line()) is BY_VARIANT
    assert find_mapping(mappings, line(variant_id="12")) is BY_SKU
    assert find_mapping(mappings, line(variant_id="12", sku="OTHER")) is BY_PRODUCT
    assert find_mapping(mappings, line(variant_id="12", sku="OTHER", product_id="2")) is None


def test_a_line_without_variant_sku_or_product_matches_nothing() -> None:
    assert find_mapping(ALL, line(variant_id=None, sku=None, product_id=None)) is None


def test_skus_are_compared_exactly() -> None:
    assert find_mapping([BY_SKU], line(sku="pw-photo")) is None


@pytest.mark.parametrize("target", [{}, {"sku": "a", "product_id": "1"}, {"sku": ""}, {"variant_id": "x"}])
def test_a_mapping_names_exactly_one_target(target: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Mapping.model_validate({"template_id": "poster", **target})
