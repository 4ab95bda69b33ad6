"""From the properties of a line item to a design: by a mapping, or by a design that the line item carries itself."""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from printworks_common.templates.base import Document, Name
from printworks_common.templates.design import Design, PhotoChoice, TextChoice, check_design, read_design
from printworks_common.templates.errors import DesignInvalidError, DesignMissingError, problems
from printworks_common.templates.template import Template

DESIGN_PROPERTY = "_pw_design"
PHOTO_PROPERTY = "Photo"
TEXT_PROPERTY = "Text"

PropertyName = Annotated[str, Field(min_length=1, max_length=255)]


class PropertyMapping(Document):
    """Which property holds what: slot to property name.

    A slot that is not named here is looked up in the property of its own name; the first photo slot also in `Photo`,
    the first text slot also in `Text`.
    """

    design: PropertyName = DESIGN_PROPERTY
    photos: dict[Name, PropertyName] = Field(default_factory=dict)
    texts: dict[Name, PropertyName] = Field(default_factory=dict)


UNMAPPED = PropertyMapping()
"""Of a product without a mapping of its own."""


def pairs(properties: Any) -> list[tuple[str, str]]:
    """The properties of a line item as (name, value), from any of the shapes in which Shopify's clients give them:
    `[{name, value}]`, `[[name, value]]`, an object, null; numbers and booleans become text, empty values are left out.
    Anything else has no properties.
    """
    items: Any = properties.items() if isinstance(properties, Mapping) else properties
    if not isinstance(items, Iterable) or isinstance(items, str):
        return []
    found: list[tuple[str, str]] = []
    for item in items:
        if isinstance(item, Mapping):
            name, value = item.get("name", item.get("key")), item.get("value")
        elif isinstance(item, list | tuple) and len(item) == 2:
            name, value = item
        else:
            continue
        if name is None or value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if text.strip():
            found.append((str(name), text))
    return found


def same_name(name: str) -> str:
    """Form in which property names are compared: case, width, spaces, trailing colon and invisible characters do not
    count. Storefronts make labels unique with zero-width spaces."""
    visible = name
    if not name.isascii():  # ASCII is normalised already, and none of it is a character of format
        plain = unicodedata.normalize("NFKC", name)
        visible = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return " ".join(visible.split()).rstrip(":").strip().casefold()


def embedded_design(properties: Any, mapping: PropertyMapping | None = None) -> str | None:
    """The value of the property that carries a whole design: JSON, or an http(s) link to it, or None."""
    return _Lookup(properties).get((mapping or UNMAPPED).design)


def design_from_properties(properties: Any, template: Template, mapping: PropertyMapping | None = None) -> Design:
    """The design of a line item, complete for the template.

    A design that the line item carries as JSON wins; a link to one has to be fetched by the caller and read with
    `read_design`. Raises `DesignMissingError` when the property of a required picture or text is missing or is not a
    link, `DesignInvalidError` when a carried design is wrong.
    """
    mapping = mapping or UNMAPPED
    lookup = _Lookup(properties)
    carried = lookup.get(mapping.design)
    if carried is not None:
        if carried.strip().startswith(("http://", "https://")):
            raise DesignInvalidError("The line item carries a link to a design, not the design itself.")
        design = read_design(carried)
        check_design(template, design)
        return design
    design = _mapped(lookup, template, mapping)
    check_design(template, design)
    return design


class _Lookup:
    """Properties by name; of two with the same name the last one counts, as in Shopify's own form handling.

    A label written exactly as it is asked for goes before others that compare equal: `Photo` and `Photo\u200b` of one
    line item are two properties, and a mapping can name either.
    """

    def __init__(self, properties: Any) -> None:
        found = pairs(properties)
        self._exact = dict(found)
        self._values = {same_name(name): value for name, value in found}

    def get(self, *names: str | None) -> str | None:
        for name in names:
            if name is None:
                continue
            value = self._exact.get(name, self._values.get(same_name(name)))
            if value is not None:
                return value
        return None


def _mapped(lookup: _Lookup, template: Template, mapping: PropertyMapping) -> Design:
    photos: dict[str, PhotoChoice] = {}
    for index, slot in enumerate(template.photo_slots()):
        value = lookup.get(mapping.photos.get(slot), slot, PHOTO_PROPERTY if index == 0 else None)
        if value is None:
            if slot in template.required_photo_slots():
                wanted = mapping.photos.get(slot) or (PHOTO_PROPERTY if index == 0 else slot)
                raise DesignMissingError(f"The line item has no property {wanted!r}, which should hold the picture.")
            continue
        try:
            photos[slot] = PhotoChoice(source=value.strip())
        except ValidationError as error:
            raise DesignMissingError(
                f"The property for the picture {slot} does not hold a link that starts with https://."
            ) from error
    texts: dict[str, TextChoice] = {}
    for index, slot in enumerate(template.text_slots()):
        value = lookup.get(mapping.texts.get(slot), slot, TEXT_PROPERTY if index == 0 else None)
        if value is not None:
            try:
                texts[slot] = TextChoice(text=value)
            except ValidationError as error:
                raise DesignInvalidError(f"The text for {slot} cannot be used: {problems(error)}.") from error
    return Design(photos=photos, texts=texts)
