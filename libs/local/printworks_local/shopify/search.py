"""Shopify's search syntax, as far as orders are searched by it.

`field:value`, `field:>=value`, quotes, implicit AND, OR, a leading minus or NOT. Known oddities are kept: an unknown
field is dropped with a warning, and an unquoted value is cut at its first colon.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:(?P<word>OR|AND|NOT)(?=\s|$)
    |(?P<minus>-)?(?P<field>\w+):(?P<op>>=|<=|>|<|=)?(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s]+))
    |(?P<text>\S+))""",
    re.VERBOSE,
)
_TIMES = ("updated_at", "created_at", "processed_at")
_EXACT = ("financial_status", "name", "test", "id", "status", "tag")


@dataclass(frozen=True)
class Term:
    field: str
    op: str
    value: str
    negated: bool


@dataclass(frozen=True)
class ParsedQuery:
    """`groups` are alternatives (OR) of terms that must all hold; `warnings` as in Shopify's `extensions.search`."""

    groups: list[list[Term]]
    warnings: list[dict[str, str]]

    def matches(self, entry: dict[str, Any]) -> bool:
        return any(all(_holds(term, entry) for term in group) for group in self.groups)


def parse_query(text: str | None) -> ParsedQuery:
    """Parse a search query of orders; nothing in it is an error, as at Shopify."""
    groups: list[list[Term]] = [[]]
    warnings: list[dict[str, str]] = []
    negate = False
    for token in _TOKEN.finditer(text or ""):
        word = token["word"]
        if word == "OR":
            groups.append([])
        elif word == "NOT":
            negate = True
        elif token["field"]:
            term = _term(token, negate, warnings)
            negate = False
            if term:
                groups[-1].append(term)
        elif token["text"]:
            warnings.append(_warning("default", f"`{token['text']}` is not searched by the stand-in."))
    return ParsedQuery(groups, warnings)


def _term(token: re.Match[str], negate: bool, warnings: list[dict[str, str]]) -> Term | None:
    name, op = token["field"], token["op"] or "="
    quoted = token["double"] if token["double"] is not None else token["single"]
    value: str = quoted if quoted is not None else token["bare"]
    if quoted is None and ":" in value:
        warnings.append(_warning(name, f"Input `{value}` contains unexpected character `:`."))
        value = value.split(":", 1)[0]
    if name not in (*_TIMES, *_EXACT):
        warnings.append(_warning(name, "Invalid search field for this query."))
        return None
    if name in _TIMES and _time(value) is None:
        warnings.append(_warning(name, f"Input `{value}` is not an accepted value."))
        return None
    return Term(name, op, value, negate or bool(token["minus"]))


def _warning(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message, "code": "invalid_field"}


@lru_cache(maxsize=65536)
def _time(value: str) -> datetime | None:
    """A time; one without an offset is UTC, one cut after the hour means that hour."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d", value):
        value += ":00:00"
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "=": lambda a, b: a == b,
}


def _holds(term: Term, entry: dict[str, Any]) -> bool:
    return _compare(term, entry) is not term.negated


def _compare(term: Term, entry: dict[str, Any]) -> bool:
    wanted = term.value.casefold()
    if term.field in _TIMES:
        present, limit = _time(entry.get(term.field) or ""), _time(term.value)
        return present is not None and limit is not None and _COMPARE[term.op](present, limit)
    if term.field == "id":
        return _COMPARE[term.op](int(entry["id"]), int(wanted)) if wanted.isdigit() else False
    if term.field == "tag":
        return wanted in (tag.casefold() for tag in entry["tags"])
    if term.field == "status":
        return wanted in ("any", "*", _status(entry))
    if term.field == "test":
        return (wanted == "true") is bool(entry.get("test"))
    return str(entry.get(term.field) or "").casefold().lstrip("#") == wanted.lstrip("#")


def _status(entry: dict[str, Any]) -> str:
    if entry.get("cancelled_at"):
        return "cancelled"
    return "closed" if entry.get("closed_at") else "open"
