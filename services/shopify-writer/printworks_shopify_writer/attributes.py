"""Order attributes: for each line item a link to its page, and the texts that came inside a design document. Pure.

`orderUpdate` overwrites the whole list, so what is ours has to be told from what is not by the list alone. Ours is a
link of a line's page under a label such as `Artwork 1: Poster`, and every key of the form `Artwork 1 › Name`.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Attribute = tuple[str, str]
"""Key and value."""

MAX_ATTRIBUTES = 250
"""Attributes of an order that we fill it up to. Shopify documents this number for carts, and none for orders."""
MAX_KEY = 100
MAX_TEXT = 1000
"""Characters of a key and of a text of ours; longer ones are cut."""

_LINK = re.compile(r"https?://[^/\s]+(?:/[^\s]*)?/lines/[A-Za-z0-9_-]{40,}")
_LABEL = re.compile(r"Artwork \d+(?::.*| \(\d+\))?", re.DOTALL)
_TEXT = re.compile(r"Artwork \d+ › .*", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """A line item whose artwork is ready. `number`: its place among the order's customised line items, from 1."""

    number: int
    title: str
    url: str
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        return f"Artwork {self.number}"


@dataclass(frozen=True)
class Merged:
    """The whole list to write, and how many of our attributes found no place in it."""

    attributes: tuple[Attribute, ...]
    left_out: int = 0


def wanted(lines: Iterable[Line]) -> tuple[Attribute, ...]:
    """The attributes of these lines: all links first, so that a full list loses texts and not links."""
    lines = tuple(lines)
    links = [(f"{line.label}: {line.title}"[:MAX_KEY].rstrip(" :"), line.url) for line in lines]
    texts = [(f"{line.label} › {name}"[:MAX_KEY].rstrip(), _cut(value)) for line in lines for name, value in line.texts]
    return tuple(links + texts)


def merged(present: Sequence[Attribute], ours: Sequence[Attribute]) -> Merged:
    """What stands on the order with our part replaced. Others keep their places, ours follow with keys of their own."""
    others = [one for one in present if not _is_ours(one)]
    taken = {key for key, _ in others}
    room = max(0, MAX_ATTRIBUTES - len(others))
    kept: list[Attribute] = []
    for key, value in ours[:room]:
        free = _free(key, taken)
        taken.add(free)
        kept.append((free, value))
    return Merged((*others, *kept), left_out=len(ours) - len(kept))


def differs(present: Sequence[Attribute], target: Merged) -> bool:
    """Whether the list has to be written. The order of attributes says nothing."""
    return sorted(present) != sorted(target.attributes)


def fingerprint(ours: Sequence[Attribute]) -> str:
    """Recognises the same attributes later without keeping their texts."""
    return hashlib.sha256(json.dumps(list(ours)).encode()).hexdigest()


def read(raw: Iterable[dict[str, Any]]) -> tuple[Attribute, ...]:
    """`customAttributes` of an answer. A missing value is an empty one: the input has no other way to say it."""
    return tuple((one["key"], one["value"] or "") for one in raw)


def _is_ours(attribute: Attribute) -> bool:
    key, value = attribute
    return _TEXT.match(key) is not None or (_LABEL.fullmatch(key) is not None and _LINK.fullmatch(value) is not None)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _free(key: str, taken: set[str]) -> str:
    """The key itself, or with a number behind it where another attribute has it."""
    number, free = 2, key
    while free in taken:
        suffix = f" ({number})"
        free = key[: MAX_KEY - len(suffix)] + suffix
        number += 1
    return free
