"""Template and design documents: what is refused, what is pinned, how a line item becomes a design."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_common.templates import (
    Design,
    DesignInvalidError,
    DesignMissingError,
    PropertyMapping,
    TemplateInvalidError,
    design_from_properties,
    embedded_design,
    json_schemas,
    options_of,
    read_design,
    read_template,
    required_inputs,
)
from printworks_common.templates.options_photo import PhotoOptions

BOX = {"x": 5, "y": 5, "width": 40, "height": 10}
PICTURE = "https://cdn.example.com/p.jpg"


def document(**changes: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "id": "mug",
        "name": "Mug",
        "recipe": "photo",
        "areas": [
            {
                "id": "front",
                "canvas": {"width_mm": 100, "height_mm": 80},
                "layers": [
                    {"type": "background", "asset": "paper"},
                    {"type": "photo", "slot": "front"},
                    {"type": "text", "slot": "caption", "box": BOX, "font": {"asset": "brand"}},
                    {"type": "design-stickers", "max_count": 2},
                ],
            },
            {
                "id": "back",
                "canvas": {"width_mm": 100, "height_mm": 80},
                "layers": [
                    {"type": "photo", "slot": "back", "required": False},
                    {"type": "text", "slot": "words", "box": BOX},
                    {"type": "logo", "asset": "logo", "box": BOX},
                ],
            },
        ],
        "outputs": [{"role": "print", "format": "pdf", "profile": "fogra51"}],
    } | changes


TEMPLATE = read_template(document())


def design(**changes: Any) -> Design:
    return read_design({"photos": {"front": {"source": PICTURE}}} | changes)


def test_a_template_survives_json_and_fits_its_published_schema() -> None:
    jsonschema.validate(document(), json_schemas()["template"])
    assert read_template(TEMPLATE.model_dump_json()) == TEMPLATE


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"name": ""}, "name"),
        ({"areas": []}, "areas"),
        ({"outputs": [{"role": "print", "format": "png", "colour": "cmyk"}]}, "outputs.0"),
        ({"outputs": [{"role": "print", "format": "pdf", "name": "{oder}"}]}, "outputs.0.name"),
        ({"outputs": [{"role": "print", "format": "pdf", "name": "../x"}]}, "outputs.0.name"),
        ({"outputs": [{"role": "print", "format": "pdf", "area": "side"}]}, "area side"),
        ({"unknown": 1}, "unknown"),
        ({"options": {"sharpen": 99}}, "sharpen"),
        ({"customer_options": ["speed"]}, "speed"),
    ],
)
def test_an_error_in_a_template_is_named_with_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(TemplateInvalidError) as failure:
        read_template(document(**changes))

    assert failure.value.code == "template_invalid"
    assert place in str(failure.value)


def test_a_sheet_too_large_to_print_is_refused_when_the_template_is_saved() -> None:
    area = {"canvas": {"width_mm": 5000, "height_mm": 5000}, "layers": [{"type": "photo", "slot": "a"}]}

    with pytest.raises(TemplateInvalidError, match="million pixels"):
        read_template(document(areas=[area]))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '"text"', b"\xff\xfe"])
def test_what_is_not_a_template_document_is_a_typed_error(text: str | bytes) -> None:
    with pytest.raises(TemplateInvalidError):
        read_template(text)


@pytest.mark.parametrize(
    "area",
    [
        {"layers": [{"type": "photo", "slot": "a"}] * 61},
        {"layers": [{"type": "text", "text": "a" * 2001, "box": BOX}]},
        {"layers": [{"type": "text", "slot": "a", "box": BOX, "max_length": 2001}]},
        {"layers": [{"type": "text", "slot": "a", "box": BOX, "size_pt": 1e9}]},
        {"layers": [{"type": "design-stickers", "max_count": 51}]},
        {"layers": [{"type": "photo", "slot": "a", "box": BOX | {"width": 1e308}}]},
        {"layers": [{"type": "photo", "slot": "a" * 65}]},
        {"canvas": {"width_mm": 5001, "height_mm": 5}},
        {"canvas": {"width_mm": float("nan"), "height_mm": 5}},
        {"canvas": {"width_mm": float("inf"), "height_mm": 5}},
        {"canvas": {"width_mm": 10**4000, "height_mm": 5}},
        {"dpi": 1201},
    ],
)
def test_a_template_keeps_to_limits_of_layers_sizes_and_texts(area: dict[str, Any]) -> None:
    good = {"canvas": {"width_mm": 100, "height_mm": 80}, "layers": [{"type": "photo", "slot": "a"}]}
    read_template(json.dumps(document(areas=[good])))

    for areas in ([good | area], [good] * 9):
        with pytest.raises(TemplateInvalidError):
            read_template(json.dumps(document(areas=areas)))
    with pytest.raises(TemplateInvalidError, match="longer than 256 KB"):
        read_template(json.dumps(document(areas=[good | area], options={"a": "b" * 300_000})))


STICKER = {"area": "front", "asset": "heart", "x": 1, "y": 1, "width": 9, "height": 9}


@pytest.mark.parametrize(
    "changes",
    [
        {"texts": {"a": {"text": "a" * 2001}}},
        {"texts": {f"a{number}": {"text": "a"} for number in range(41)}},
        {"photos": {f"a{number}": {"source": PICTURE} for number in range(41)}},
        {"photos": {"a": {"source": PICTURE + "a" * 4096}}},
        {"photos": {"a": {"source": "file:///etc/passwd"}}},
        {"photos": {"a": {"source": PICTURE, "rotation": 1e308}}},
        {"stickers": [STICKER] * 51},
        {"stickers": [STICKER | {"width": float("inf")}]},
        {"options": {f"a{number}": 1 for number in range(21)}},
        {"options": {"a": float("nan")}},
        {"options": {"a": json.loads("[" * 500 + "]" * 500)}},
        {"options": {"a": "b" * 300_000}},
        {"texts": {"a": {"text": "a\0"}}},
        {"texts": {"a": {"text": "\ud800"}}},
        {"options": {"a": [{"b": ["\0"]}]}},
        {"options": {"a": {"\0": 1}}},
    ],
)
def test_a_design_keeps_to_limits_and_holds_only_what_can_be_kept(changes: dict[str, Any]) -> None:
    with pytest.raises(DesignInvalidError):
        read_design(json.dumps({"photos": {"front": {"source": PICTURE}}} | changes))


def test_a_template_with_a_character_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(TemplateInvalidError, match="NUL"):
        read_template(document(name="Mug\0"))


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=9)


@given(st.dictionaries(st.text(max_size=9), SCALARS | st.dictionaries(st.text(max_size=9), SCALARS), max_size=5))
def test_json_with_anything_unknown_in_it_is_a_typed_error(value: dict[str, Any]) -> None:
    with pytest.raises(DesignInvalidError):
        read_design(json.dumps(value | {"unknown": 1}))


def test_an_error_in_a_design_never_quotes_the_customer() -> None:
    with pytest.raises(DesignInvalidError) as failure:
        read_design({"photos": {"front": {"source": "ftp://secret.example.com/me.jpg"}}, "texts": {"a": {"text": 5}}})

    assert "secret" not in str(failure.value)


def test_every_input_of_a_job_is_named_once_and_stays_named_so() -> None:
    wanted = required_inputs(
        TEMPLATE, design(stickers=[{"area": "front", "asset": "heart", "x": 1, "y": 1, "width": 9, "height": 9}] * 2)
    )

    assert [(ref.id, ref.kind, ref.source) for ref in wanted] == [
        ("photo:front", "upload", PICTURE),
        ("asset:paper", "asset", "paper"),
        ("font:brand", "font", "brand"),
        ("asset:logo", "asset", "logo"),
        ("asset:heart", "asset", "heart"),
        ("profile:fogra51", "asset", "fogra51"),
    ]


def test_a_picture_that_is_not_required_is_pinned_when_it_is_there() -> None:
    photos = {"front": {"source": PICTURE}, "back": {"source": PICTURE}}

    refs = {ref.id: ref.required for ref in required_inputs(TEMPLATE, design(photos=photos))}

    assert refs["photo:front"] is True
    assert refs["photo:back"] is False


def test_a_missing_picture_and_a_stray_one_are_told_apart() -> None:
    with pytest.raises(DesignMissingError):
        required_inputs(TEMPLATE, Design())
    with pytest.raises(DesignInvalidError):
        required_inputs(TEMPLATE, design(photos={"front": {"source": PICTURE}, "side": {"source": PICTURE}}))


def test_more_stickers_than_the_template_allows_are_refused() -> None:
    sticker = {"area": "front", "asset": "heart", "x": 1, "y": 1, "width": 9, "height": 9}

    with pytest.raises(DesignInvalidError, match="3 stickers"):
        required_inputs(TEMPLATE, design(stickers=[sticker] * 3))


@pytest.mark.parametrize(
    "properties",
    [
        [{"name": "Photo", "value": PICTURE}, {"name": "Text", "value": "Ben"}],
        [["Photo", PICTURE], ["Text", "Ben"]],
        {"Photo": PICTURE, "Text": "Ben"},
        [{"name": " photo\u200b:", "value": f" {PICTURE} "}, {"name": "TEXT", "value": "Ben"}],
    ],
)
def test_properties_of_any_shape_fill_the_first_slots(properties: Any) -> None:
    found = design_from_properties(properties, TEMPLATE)

    assert found.photos["front"].source == PICTURE
    assert found.texts["caption"].text == "Ben"


def test_a_mapping_names_the_property_of_each_slot() -> None:
    mapping = PropertyMapping(photos={"back": "Rear picture"}, texts={"words": "Greeting"})
    properties = {"Photo": PICTURE, "Rear picture": PICTURE + "?2", "Greeting": 2026}

    found = design_from_properties(properties, TEMPLATE, mapping)

    assert found.photos["back"].source == PICTURE + "?2"
    assert found.texts["words"].text == "2026"


def test_labels_told_apart_by_a_zero_width_space_are_two_properties() -> None:
    mapping = PropertyMapping(photos={"front": "Photo", "back": "Photo\u200b"})
    properties = [{"name": "Photo", "value": PICTURE}, {"name": "Photo\u200b", "value": PICTURE + "?2"}]

    for order in (properties, properties[::-1]):
        found = design_from_properties([*order, {"name": "Text", "value": "Ben"}], TEMPLATE, mapping)

        assert found.photos["front"].source == PICTURE
        assert found.photos["back"].source == PICTURE + "?2"


def test_a_design_carried_by_the_line_item_wins_over_its_other_properties() -> None:
    carried = {"photos": {"front": {"source": PICTURE + "?carried", "rotation": 90}}}

    found = design_from_properties({"Photo": PICTURE, "_pw_design": json.dumps(carried)}, TEMPLATE)

    assert found.photos["front"].source == PICTURE + "?carried"
    assert found.photos["front"].rotation == 90


def test_a_link_to_a_design_is_left_to_the_caller() -> None:
    properties = {"_pw_design": "https://example.com/design.json"}

    assert embedded_design(properties) == "https://example.com/design.json"
    with pytest.raises(DesignInvalidError, match="link"):
        design_from_properties(properties, TEMPLATE)


@pytest.mark.parametrize(
    "properties", [None, [], {}, "text", 6, True, [{"name": None, "value": 1}], {"Photo": "p.jpg"}]
)
def test_a_line_item_without_a_usable_picture_is_design_missing(properties: Any) -> None:
    with pytest.raises(DesignMissingError) as failure:
        design_from_properties(properties, TEMPLATE)

    assert failure.value.code == "design_missing"


def test_customers_set_only_the_options_that_the_template_lets_them_set() -> None:
    open_template = read_template(document(customer_options=["sharpen"]))
    chosen = design(options={"sharpen": 1.5})

    assert options_of(open_template, PhotoOptions, chosen).sharpen == 1.5
    with pytest.raises(DesignInvalidError):
        options_of(TEMPLATE, PhotoOptions, chosen)
    with pytest.raises(DesignInvalidError):
        options_of(open_template, PhotoOptions, design(options={"sharpen": "much"}))
