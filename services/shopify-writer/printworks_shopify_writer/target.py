"""What an order on Shopify is to look like, and what has to be done to get it there. Pure.

`artwork_status` is the authority and is written by compare-and-set; tags have no such thing, so they are added and
removed by name and read back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from printworks_shopify_writer import attributes
from printworks_shopify_writer.attributes import Attribute

STATUSES = ("pending", "ready", "failed")

Status = Literal["pending", "ready", "failed"]

MAX_LIST_ITEMS = 128
MAX_ITEM_BYTES = 2048
"""Shopify's limits of a `list.url`."""

STATUS_KEY = "artwork_status"
FILES_KEY = "artwork_files"
STATUS_TYPE = "single_line_text_field"
FILES_TYPE = "list.url"


@dataclass(frozen=True)
class Target:
    """The order as it shall be. `status` None: nothing of ours is left on it, attributes aside.

    `attributes` None: they are not to be written now.
    """

    status: Status | None
    files: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] | None = None


@dataclass(frozen=True)
class Names:
    """How tags and metafields are called in this installation."""

    tag_prefix: str
    namespace: str

    def tag(self, status: str) -> str:
        return f"{self.tag_prefix}{status}"

    def all_tags(self) -> list[str]:
        return [self.tag(status) for status in STATUSES]


@dataclass(frozen=True)
class Metafield:
    value: str
    digest: str


@dataclass(frozen=True)
class Seen:
    """The order as it was when we last looked. `attributes` None: not looked at."""

    tags: frozenset[str]
    status: Metafield | None
    files: Metafield | None
    attributes: tuple[Attribute, ...] | None = None


@dataclass(frozen=True)
class Plan:
    """What to send. Empty in every part: the order is as it shall be."""

    set_metafields: tuple[Mapping[str, Any], ...] = ()
    delete_keys: tuple[str, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] | None = None
    """The whole list, as `orderUpdate` overwrites it."""
    left_out: int = 0
    """Attributes for which the order has no room."""

    @property
    def empty(self) -> bool:
        return self.mutations == 0

    @property
    def mutations(self) -> int:
        parts = (self.set_metafields, self.delete_keys, self.add_tags, self.remove_tags, self.attributes is not None)
        return sum(1 for part in parts if part)


FRESH = Seen(tags=frozenset(), status=None, files=None)
"""An order on which we never wrote. If that is wrong, compare-and-set says so."""


def listed_files(files: tuple[str, ...], list_url: str | None) -> tuple[str, ...]:
    """What `artwork_files` holds: the links, or one link to the list of them where a metafield has no room."""
    fits = len(files) <= MAX_LIST_ITEMS and all(len(link.encode()) <= MAX_ITEM_BYTES for link in files)
    if fits or list_url is None:
        return files[:MAX_LIST_ITEMS]
    return (list_url,)


def plan(target: Target, seen: Seen, names: Names, owner: str) -> Plan:
    """The way from what was seen to the target. `owner`: gid of the order."""
    sets: list[Mapping[str, Any]] = []
    deletes: list[str] = []
    if target.status is None:
        if seen.status is not None:
            deletes.append(STATUS_KEY)
    elif seen.status is None or seen.status.value != names.tag(target.status):
        sets.append(_input(owner, names, STATUS_KEY, STATUS_TYPE, names.tag(target.status), seen.status))
    if target.status == "ready" and target.files:
        if seen.files is None or not _same_list(seen.files.value, target.files):
            sets.append(_input(owner, names, FILES_KEY, FILES_TYPE, json.dumps(list(target.files)), seen.files))
    elif seen.files is not None:
        deletes.append(FILES_KEY)
    wanted = {names.tag(target.status)} if target.status else set[str]()
    present = {tag.casefold(): tag for tag in seen.tags}
    add = [tag for tag in wanted if tag.casefold() not in present]
    remove = [tag for tag in names.all_tags() if tag not in wanted and tag.casefold() in present]
    whole, left_out = _attributes(target, seen)
    return Plan(tuple(sets), tuple(deletes), tuple(sorted(add)), tuple(sorted(remove)), whole, left_out)


def _attributes(target: Target, seen: Seen) -> tuple[tuple[Attribute, ...] | None, int]:
    if target.attributes is None or seen.attributes is None:
        return None, 0
    merged = attributes.merged(seen.attributes, target.attributes)
    return (merged.attributes if attributes.differs(seen.attributes, merged) else None), merged.left_out


def _same_list(text: str, files: tuple[str, ...]) -> bool:
    """Compared as lists: how Shopify writes the JSON text of a list is up to Shopify."""
    try:
        return json.loads(text) == list(files)
    except ValueError:
        return False


def _input(owner: str, names: Names, key: str, kind: str, value: str, before: Metafield | None) -> Mapping[str, Any]:
    return {
        "ownerId": owner,
        "namespace": names.namespace,
        "key": key,
        "type": kind,
        "value": value,
        "compareDigest": before.digest if before else None,
    }


def seen_after(order: Mapping[str, Any]) -> Seen:
    """What an answer says about the order (fields of `documents.order_state`)."""
    listed = order.get("customAttributes")
    return Seen(
        tags=frozenset(order["tags"]),
        status=_metafield(order.get("status")),
        files=_metafield(order.get("files")),
        attributes=None if listed is None else attributes.read(listed),
    )


def _metafield(raw: Mapping[str, Any] | None) -> Metafield | None:
    return Metafield(raw["value"], raw["compareDigest"]) if raw else None


def memory(seen: Seen, names: Names) -> dict[str, Any]:
    """What to remember of an order: our own tags and digests. What others wrote is not ours to keep."""
    ours = {tag.casefold() for tag in names.all_tags()}
    return {
        "tags": sorted(tag for tag in seen.tags if tag.casefold() in ours),
        "status": _remember(seen.status),
        "files": _remember(seen.files),
    }


def remembered(kept: Mapping[str, Any] | None) -> Seen:
    """What `memory` kept. It may be out of date: compare-and-set and the reading back tell."""
    if kept is None:
        return FRESH
    return Seen(
        tags=frozenset(kept["tags"]),
        status=Metafield(**kept["status"]) if kept["status"] else None,
        files=Metafield(**kept["files"]) if kept["files"] else None,
    )


def _remember(metafield: Metafield | None) -> dict[str, str] | None:
    return {"value": metafield.value, "digest": metafield.digest} if metafield else None
