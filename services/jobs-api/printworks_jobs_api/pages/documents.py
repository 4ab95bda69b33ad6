"""Documents that people write by hand: what is wrong with one, and in which line of it. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

Place = tuple[int | str, ...]


_FIRST = (
    "schema_version", "id", "name", "recipe", "type", "slot", "asset", "role", "sku", "variant_id", "product_id",
    "template_id", "canvas", "orientation", "x", "y", "width", "height",
)  # fmt: skip


_HALVES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Fault:
    """What is wrong at a place. `line` counts from 1, 0 for the document as a whole; `excerpt` is that line."""

    sentence: str
    place: str = ""
    line: int = 0
    excerpt: str = ""


def pretty(document: Mapping[str, Any]) -> str:
    """As it is shown and edited: one value a line. Half a character, which JSON can name and no page can hold, stays
    escaped."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return text if text.isascii() or not _HALVES.search(text) else json.dumps(document, indent=2)


def in_order(value: Any) -> Any:
    """The same document with what names a part before what it is made of: the database keeps no order of members."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        names = sorted(members, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
        return {name: in_order(members[name]) for name in names}
    if isinstance(value, list):
        return [in_order(one) for one in cast("list[Any]", value)]
    return value


def syntax_fault(text: str) -> Fault | None:
    """Where a text stops to be JSON; None for JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        lines = text.splitlines() or [""]
        line = min(error.lineno, len(lines))
        return Fault(f"This is not JSON: {error.msg} (column {error.colno}).", "", line, lines[line - 1].strip())
    except (ValueError, RecursionError):
        return Fault("This is not JSON that can be read.")
    return None


def faults_in(document: Mapping[str, Any], found: Sequence[Mapping[str, str]]) -> list[Fault]:
    """Faults with their lines in `pretty(document)`; `found` as `problems.faults_of` gives them."""
    lines = pretty(document).splitlines()
    faults: list[Fault] = []
    for one in found:
        place: Place = tuple(int(part) if part.isdecimal() else part for part in one["name"].split(".") if part)
        line = line_of(document, place)
        faults.append(Fault(_sentence(one["detail"]), _words(place), line, lines[line - 1].strip()))
    return faults


def line_of(document: Any, place: Place) -> int:
    """The line of a place in `pretty(document)`, or of what comes nearest: a field that is missing has no line, and
    what is only a name for a kind of value does not stand in the document."""
    line = 1
    here = document
    for part in place:
        if isinstance(here, dict) and isinstance(part, str):
            members = cast("dict[str, Any]", here)
            if part not in members:
                continue
            line += 1 + sum(_height(members[name]) for name in _before(list(members), part))
            here = members[part]
        elif isinstance(here, list) and isinstance(part, int):
            items = cast("list[Any]", here)
            if part >= len(items):
                break
            line += 1 + sum(_height(one) for one in items[:part])
            here = items[part]
    return line


def _before(names: list[str], name: str) -> list[str]:
    return names[: names.index(name)]


def _height(value: Any) -> int:
    """Lines of a value in `pretty`."""
    if isinstance(value, dict) and value:
        return 2 + sum(_height(one) for one in cast("dict[str, Any]", value).values())
    if isinstance(value, list) and value:
        return 2 + sum(_height(one) for one in cast("list[Any]", value))
    return 1


def _words(place: Place) -> str:
    """`areas › 1 › dpi`; items are counted from 1, as people do."""
    return " › ".join(str(part + 1) if isinstance(part, int) else part for part in place)


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
