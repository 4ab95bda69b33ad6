"""Health at a glance: the few numbers that say whether it works, each with words, so that no colour is needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from printworks_common.shopify import refusals

from printworks_jobs_api.pages import words

LONG_WAIT = timedelta(minutes=10)
"""A print job that waits longer is shown as a worry: a single line takes about a minute."""


LONG_UNWRITTEN = timedelta(minutes=5)
"""An order is written within seconds, unless the shop's points are used up or Shopify does not let us."""

LONG_SINCE_COMPARED = timedelta(hours=36)
"""Counts are nightly: one that is older has been left out."""


@dataclass(frozen=True)
class Tile:
    """One number. `worry` marks what somebody should look at."""

    title: str
    value: str
    note: str = ""
    worry: bool = False


def tiles(
    glance: Mapping[str, Any], last_webhook_at: datetime | None, count: Mapping[str, Any] | None, now: datetime
) -> list[Tile]:
    """What the read model knows of the shop; what it does not know is said as unknown. `count` is the answer to the
    newest count of Shopify's orders."""
    return [
        _failed(glance),
        _waiting(glance, now),
        _speed(glance),
        _webhook(last_webhook_at, now),
        _reconciliation(count, now),
        _shopify_writes(glance, now),
    ]


def _failed(glance: Mapping[str, Any]) -> Tile:
    failed: int = glance["failed"]
    return Tile("Failed, open", f"{failed:,}", "need your eyes" if failed else "nothing to do", worry=failed > 0)


def _waiting(glance: Mapping[str, Any], now: datetime) -> Tile:
    pending: int = glance["pending"]
    if not pending or glance["oldest_waiting"] is None:
        return Tile("Oldest waiting", "None", "no print job is being made")
    waits = now - glance["oldest_waiting"]
    return Tile("Oldest waiting", words.duration(waits), f"{pending:,} in progress", worry=waits > LONG_WAIT)


def _speed(glance: Mapping[str, Any]) -> Tile:
    ready: int = glance["ready_today"]
    title = "Paid to ready, today"
    if not ready or glance["p50_seconds"] is None:
        return Tile(title, "No data yet", "no print job became ready today")
    p50, p95 = (words.duration(timedelta(seconds=round(glance[name], 1))) for name in ("p50_seconds", "p95_seconds"))
    return Tile(title, p50, f"half of {ready:,} were faster; 95 % in {p95}")


def _webhook(last_at: datetime | None, now: datetime) -> Tile:
    if last_at is None:
        return Tile("Last webhook", "None yet", "Shopify has told of no order so far")
    return Tile("Last webhook", f"{words.duration(now - last_at)} ago", "when Shopify last told of an order")


def _reconciliation(count: Mapping[str, Any] | None, now: datetime) -> Tile:
    title = "Orders compared with Shopify"
    if count is None:
        return Tile(title, "Not yet", "the first comparison comes in the night")
    ago = f"{words.duration(now - count['compared_at'])} ago"
    late = now - count["compared_at"] > LONG_SINCE_COMPARED
    found: int = count["missing"] + count["different"]
    if found:
        missing = words.count(count["missing"], "order was missing", "orders were missing")
        different = words.count(count["different"], "was different", "were different")
        parts = [text for text, number in ((missing, count["missing"]), (different, count["different"])) if number]
        return Tile(title, ago, f"{', '.join(parts)}; read again since", worry=True)
    note = f"no difference in {words.count(count['shopify_has'], 'order')}"
    return Tile(title, ago, f"{note}; should be every night" if late else note, worry=late)


def _shopify_writes(glance: Mapping[str, Any], now: datetime) -> Tile:
    title = "Shopify writes waiting"
    waiting: int = glance["unwritten"]
    if not waiting:
        return Tile(title, "None", "tags and metafields are as shown here")
    waits = now - glance["oldest_unwritten"]
    reason: str | None = glance["unwritten_reason"]
    note = f"oldest for {words.duration(waits)}"
    if reason is not None:
        note += f"; {refusals.explain(reason)}"
    return Tile(title, f"{waiting:,}", note, worry=reason is not None or waits > LONG_UNWRITTEN)
