"""What an order on Shopify is to look like, and what has to be done to get it there. Pure.

`artwork_status` is the authority and is written by compare-and-set; tags have no such thing, so they are added and
removed by name and read back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

STATUSES = ("pending", "ready", "failed")

Status = Literal["pending", "ready", "failed"]

MAX_LIST_ITEMS = 128
"""Shopify's limit of a `list.url`."""

STATUS_KEY = "artwork_status"
FILES_KEY = "artwork_files"


@dataclass(frozen=True)
class Target:
    """The order as it shall be. `status` None: nothing of ours is left on it."""

    status: Status | None
    files: tuple[str, ...]


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
    """The order as it was when we last looked."""

    tags: frozenset[str]
    status: Metafield | None
    files: Metafield | None


@dataclass(frozen=True)
class Plan:
    """What to send. Empty in every part: the order is as it shall be."""

    set_metafields: tuple[Mapping[str, Any], ...]
    delete_keys: tuple[str, ...]
    add_tags: tuple[str, ...]
    remove_tags: tuple[str, ...]

    @property
    def empty(self) -> bool:
        return not (self.set_metafields or self.delete_keys or self.add_tags or self.remove_tags)


FRESH = Seen(tags=frozenset(), status=None, files=None)
"""An order on which we never wrote. If that is wrong, compare-and-set says so."""


def plan(target: Target, seen: Seen, names: Names, owner: str, files_value: str) -> Plan:
    """The way from what was seen to the target. `files_value` is the JSON text of the list of links."""
    sets: list[Mapping[str, Any]] = []
    deletes: list[str] = []
    if target.status is None:
        if seen.status is not None:
            deletes.append(STATUS_KEY)
    elif seen.status is None or seen.status.value != names.tag(target.status):
        sets.append(_input(owner, names, STATUS_KEY, "single_line_text_field", names.tag(target.status), seen.status))
    if target.status == "ready" and target.files:
        if seen.files is None or seen.files.value != files_value:
            sets.append(_input(owner, names, FILES_KEY, "list.url", files_value, seen.files))
    elif seen.files is not None:
        deletes.append(FILES_KEY)
    wanted = {names.tag(target.status)} if target.status else set[str]()
    present = {tag.casefold(): tag for tag in seen.tags}
    add = [tag for tag in wanted if tag.casefold() not in present]
    remove = [tag for tag in names.all_tags() if tag not in wanted and tag.casefold() in present]
    return Plan(tuple(sets), tuple(deletes), tuple(sorted(add)), tuple(sorted(remove)))


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
    """What an answer says about the order (fields of `documents.ORDER_STATE`)."""
    return Seen(
        tags=frozenset(order["tags"]), status=_metafield(order.get("status")), files=_metafield(order.get("files"))
    )


def _metafield(raw: Mapping[str, Any] | None) -> Metafield | None:
    return Metafield(raw["value"], raw["compareDigest"]) if raw else None


def is_stale(errors: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a metafield was changed by somebody else since we looked."""
    return any(error.get("code") in {"STALE_OBJECT", "INVALID_COMPARE_DIGEST"} for error in errors)
