"""Within a version of an event type only optional fields may be added."""

from typing import Any, Literal

import pytest
from printworks_common.events.compatibility import breaking_changes
from pydantic import BaseModel, Field


class Part(BaseModel):
    name: str
    count: int = 1


class Released(BaseModel):
    order_id: str = Field(pattern=r"^[0-9]+$")
    parts: tuple[Part, ...] = ()
    status: Literal["pending", "ready"] | None = None


def changes(newer: type[BaseModel]) -> list[str]:
    return breaking_changes(Released.model_json_schema(), newer.model_json_schema())


def test_the_same_schema_is_compatible() -> None:
    assert changes(Released) == []


def test_an_optional_field_may_be_added() -> None:
    class Newer(Released):
        note: str | None = None
        more: tuple[Part, ...] = ()

    assert changes(Newer) == []


def test_an_optional_field_may_be_added_to_a_part() -> None:
    class NewPart(Part):
        colour: str = "white"

    class Newer(Released):
        parts: tuple[NewPart, ...] = ()  # pyright: ignore[reportIncompatibleVariableOverride] - the change under test

    assert changes(Newer) == []


def test_descriptions_titles_and_defaults_may_change() -> None:
    class Newer(Released):
        """Says more."""

        order_id: str = Field(pattern=r"^[0-9]+$", description="Shopify's id.", title="Order")

    assert changes(Newer) == []


def test_a_required_field_may_not_be_added() -> None:
    class Newer(Released):
        note: str

    assert changes(Newer) == ["$.note: was added as required"]


def test_an_optional_field_may_not_become_required() -> None:
    class Newer(Released):
        parts: tuple[Part, ...] = Field()

    assert changes(Newer) == ["$.parts: became required"]


def test_a_required_field_may_not_become_optional_because_older_readers_need_it() -> None:
    class Newer(Released):
        order_id: str = Field("1", pattern=r"^[0-9]+$")

    assert changes(Newer) == ["$.order_id: became optional"]


def test_limits_may_not_change() -> None:
    class Newer(Released):
        order_id: str = Field(pattern=r"^[0-9]{1,20}$")

    assert changes(Newer) == ["$.order_id.pattern: ^[0-9]+$ became ^[0-9]{1,20}$"]


def test_a_closed_list_of_values_may_not_grow() -> None:
    class Newer(Released):
        status: Literal["pending", "ready", "failed"] | None = None  # pyright: ignore[reportIncompatibleVariableOverride] - the change under test

    assert changes(Newer) == ["$.status.anyOf[0].enum: ['pending', 'ready'] became ['pending', 'ready', 'failed']"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ({"type": "string"}, {"type": "integer"}, "$.a.type: string became integer"),
        ({"type": "string"}, {"type": "string", "maxLength": 3}, "$.a.maxLength: was added"),
        ({"type": "string", "maxLength": 3}, {"type": "string"}, "$.a.maxLength: was removed"),
        ({"anyOf": [{"type": "string"}]}, {"anyOf": []}, "$.a.anyOf: [{'type': 'string'}] became []"),
    ],
)
def test_types_and_limits_of_a_field_stay(old: dict[str, Any], new: dict[str, Any], fault: str) -> None:
    before, after = ({"type": "object", "properties": {"a": schema}} for schema in (old, new))
    assert breaking_changes(before, after) == [fault]


def test_a_field_may_not_be_removed() -> None:
    before = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert breaking_changes(before, {"type": "object"}) == ["$.a: was removed"]


def test_a_change_inside_a_part_that_refers_to_itself_is_found_once() -> None:
    def tree(kind: str) -> dict[str, Any]:
        node = {"properties": {"value": {"type": kind}, "children": {"items": {"$ref": "#/$defs/Node"}}}}
        return {"$defs": {"Node": node}, "properties": {"root": {"$ref": "#/$defs/Node"}}}

    assert breaking_changes(tree("string"), tree("integer")) == ["$.root.value.type: string became integer"]
