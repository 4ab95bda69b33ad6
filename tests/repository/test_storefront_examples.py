"""What docs/storefront.md shows to storefront builders is what Printworks reads."""

import json
import re
from typing import Any

import pytest
from printworks_common.events.orders import LineItem
from printworks_common.mapping import Mapping, find_mapping
from printworks_common.templates import (
    check_design,
    design_from_properties,
    embedded_design,
    json_schemas,
    options_of,
    read_design,
    read_template,
    required_inputs,
)
from printworks_common.templates.options_photo import PhotoOptions
from printworks_local.products import PHOTO
from printworks_local.stack.model import checkout_root

_EXAMPLE = re.compile(r"<!-- example: (?P<name>\w+) -->\n```json\n(?P<text>.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    page = (checkout_root() / "docs" / "storefront.md").read_text(encoding="utf-8")
    return {match["name"]: json.loads(match["text"]) for match in _EXAMPLE.finditer(page)}


def test_the_full_design_fits_its_template(examples: dict[str, Any]) -> None:
    template, design = read_template(examples["template"]), read_design(examples["design"])
    check_design(template, design)
    assert design.template == template.id
    assert options_of(template, PhotoOptions, design).sharpen == design.options["sharpen"]
    assert {one.id for one in required_inputs(template, design)} == {"photo:front", "photo:back", "asset:heart"}


def test_the_full_design_shows_every_field(examples: dict[str, Any]) -> None:
    assert set(examples["design"]) == set(json_schemas()["design"]["properties"])


def test_the_mapping_fits_a_line_item_with_the_properties_shown(examples: dict[str, Any]) -> None:
    mapping = Mapping.model_validate(examples["mapping"])
    line = LineItem(line_item_id="1", sku="PW-PHOTO", quantity=1, current_quantity=1)
    assert find_mapping([mapping], line) is mapping
    design = design_from_properties(examples["properties"], read_template(PHOTO.template), mapping.properties)
    assert design.photos["photo"].source == "https://cdn.example.com/uploads/7f3a.jpg"
    assert design.texts["text"].text == "Happy birthday, Ida"


def test_without_named_properties_the_conventions_hold(examples: dict[str, Any]) -> None:
    design = design_from_properties(examples["properties"], read_template(PHOTO.template))
    assert set(design.photos) == {"photo"}
    assert set(design.texts) == {"text"}


def test_a_design_on_the_line_item_makes_it_customised_without_a_mapping(examples: dict[str, Any]) -> None:
    text = json.dumps(examples["design"])
    assert embedded_design([("_pw_design", text)]) == text
    assert embedded_design(examples["properties"]) is None
