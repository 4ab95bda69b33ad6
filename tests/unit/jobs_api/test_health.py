"""Health at a glance: what each number says, and when it is a worry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from printworks_jobs_api.pages.health import Tile, tiles

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
QUIET = {
    "failed": 0, "pending": 0, "oldest_waiting": None, "ready_today": 0, "p50_seconds": None, "p95_seconds": None,
    "unwritten": 0, "oldest_unwritten": None, "unwritten_reason": None,
}  # fmt: skip
EQUAL = {"shopify_has": 1204, "missing": 0, "different": 0, "compared_at": NOW - timedelta(hours=6)}


def shown(*, last_webhook_at: datetime | None = None, count: dict[str, Any] | None = None, **glance: Any) -> list[Tile]:
    return tiles(QUIET | glance, last_webhook_at, count, NOW)


def test_what_is_not_known_yet_is_said_so_and_is_no_worry() -> None:
    assert [one.value for one in shown()] == ["0", "None", "No data yet", "None yet", "Not yet", "None"]
    assert not any(one.worry for one in shown())


def test_failures_and_long_waits_are_worries() -> None:
    failed, waiting, *_ = shown(failed=3, pending=2, oldest_waiting=NOW - timedelta(minutes=11))
    assert (failed.value, failed.worry) == ("3", True)
    assert (waiting.value, waiting.note, waiting.worry) == ("11 min", "2 in progress", True)
    assert not shown(pending=1, oldest_waiting=NOW - timedelta(minutes=9))[1].worry


def test_todays_speed_is_told_by_half_and_by_nearly_all() -> None:
    speed = shown(ready_today=80, p50_seconds=34.0, p95_seconds=125.0)[2]
    assert (speed.value, speed.note) == ("34 s", "half of 80 were faster; 95 % in 2 min")


@pytest.mark.parametrize(
    ("count", "note", "worry"),
    [
        ({}, "no difference in 1,204 orders", False),
        ({"missing": 1}, "1 order was missing; read again since", True),
        ({"missing": 2, "different": 3}, "2 orders were missing, 3 were different; read again since", True),
        ({"compared_at": NOW - timedelta(hours=40)}, "no difference in 1,204 orders; should be every night", True),
    ],
)
def test_the_last_comparison_tells_its_difference(count: dict[str, Any], note: str, worry: bool) -> None:
    tile = shown(count=EQUAL | count)[4]
    assert (tile.note, tile.worry) == (note, worry)


def test_orders_that_wait_for_shopify_are_a_worry_when_they_wait_long_or_are_refused() -> None:
    since: dict[str, Any] = {"unwritten": 3, "oldest_unwritten": NOW - timedelta(seconds=20)}
    soon = shown(**since)[-1]
    assert (soon.title, soon.value, soon.note, soon.worry) == ("Shopify writes waiting", "3", "oldest for 20 s", False)
    assert shown(unwritten=1, oldest_unwritten=NOW - timedelta(minutes=6))[-1].worry
    refused = shown(**since, unwritten_reason="token_refused")[-1]
    assert refused.worry
    assert (
        refused.note
        == "oldest for 20 s; Shopify refuses the credentials of Printworks. The app may have been uninstalled."
    )
