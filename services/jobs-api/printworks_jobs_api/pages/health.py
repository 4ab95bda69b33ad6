"""Health at a glance: the few numbers that say whether it works, each with words, so that no colour is needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from printworks_jobs_api.pages import words

LONG_WAIT = timedelta(minutes=10)
"""A print job that waits longer is shown as a worry: a single line takes about a minute."""


@dataclass(frozen=True)
class Tile:
    """One number. `worry` marks what somebody should look at."""

    title: str
    value: str
    note: str = ""
    worry: bool = False


def tiles(glance: Mapping[str, Any], last_webhook_at: datetime | None, now: datetime) -> list[Tile]:
    """What the read model knows of the shop; what it does not know is said as unknown."""
    return [_failed(glance), _waiting(glance, now), _speed(glance), _webhook(last_webhook_at, now)]


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
