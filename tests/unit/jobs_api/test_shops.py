"""Days of a shop begin and end in its own time zone."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from printworks_jobs_api.shops import ShopFacts, facts_of, zone_of

ZONES = ["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu"]


def facts(zone: str) -> ShopFacts:
    return ShopFacts(zone=zone_of(zone))


def test_a_day_of_a_shop_in_berlin_begins_before_utc_midnight() -> None:
    assert facts("Europe/Berlin").midnight(date(2026, 11, 26)) == datetime(2026, 11, 25, 23, tzinfo=UTC)


def test_the_day_of_the_change_to_summer_time_has_23_hours() -> None:
    shop = facts("Europe/Berlin")
    assert shop.end_of(date(2026, 3, 29)) - shop.midnight(date(2026, 3, 29)) == timedelta(hours=23)


@given(st.dates(), st.sampled_from(ZONES))
def test_every_day_that_can_be_written_has_a_begin_and_an_end(day: date, zone: str) -> None:
    shop = facts(zone)
    assert shop.midnight(day) <= shop.end_of(day)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.sampled_from(ZONES))
def test_a_moment_lies_within_its_own_day(moment: datetime, zone: str) -> None:
    shop = facts(zone)
    today = shop.today(moment)
    assert shop.midnight(today) <= moment < shop.end_of(today)


def test_a_zone_that_nobody_knows_counts_as_utc() -> None:
    for name in ("Mars/Olympus", "../../etc/passwd", "", None):
        assert zone_of(name).key == "UTC"
    assert facts_of(None).zone.key == "UTC"
