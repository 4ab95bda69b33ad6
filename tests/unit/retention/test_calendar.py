"""When hosted files go: never before their day."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from printworks_retention.calendar import clocks_agree, is_due, keep_until, order_prefix

days = st.dates(date(2024, 1, 1), date(2032, 12, 31))


def test_an_order_is_due_from_midnight_utc_of_the_day_after() -> None:
    day = date(2028, 2, 29)
    assert not is_due(day, date(2027, 12, 1), datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC))
    assert is_due(day, date(2027, 12, 1), datetime(2028, 3, 1, tzinfo=UTC))


@given(days, st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31), timezones=st.timezones()))
def test_no_time_zone_makes_anything_due_early(day: date, now: datetime) -> None:
    assert is_due(day, day - timedelta(days=90), now) == (now.astimezone(UTC).date() > day)


def test_an_order_that_was_never_paid_is_never_due() -> None:
    assert not is_due(None, date(2020, 1, 1), datetime(2030, 1, 1, tzinfo=UTC))


def test_an_order_from_the_future_is_an_error_and_never_due() -> None:
    assert not is_due(date(2026, 1, 1), date(2031, 1, 1), datetime(2030, 1, 1, tzinfo=UTC))


def test_a_last_day_before_the_order_is_an_error_and_never_due() -> None:
    assert not is_due(date(2026, 1, 1), date(2026, 1, 2), datetime(2030, 1, 1, tzinfo=UTC))


@given(told=days, paid=days, ordered=days, period=st.none() | st.integers(1, 3650))
def test_no_period_keeps_files_shorter_than_was_told_or_shorter_than_the_period(
    told: date, paid: date, ordered: date, period: int | None
) -> None:
    last = keep_until(told, ordered, paid, period)
    assert last is not None
    assert last >= told
    if period is not None:
        assert last - max(ordered, paid) >= timedelta(days=period)


def test_what_was_never_paid_has_no_last_day_whatever_the_period() -> None:
    assert keep_until(None, date(2026, 1, 1), None, 30) is None


def test_clocks_more_than_five_minutes_apart_do_not_agree() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert clocks_agree(now, now + timedelta(minutes=5))
    assert not clocks_agree(now, now - timedelta(days=100))


def test_everything_of_an_order_lies_below_a_prefix_that_no_other_order_shares() -> None:
    one = order_prefix(date(2026, 11, 20), "example.myshopify.com", "12")
    other = order_prefix(date(2026, 11, 20), "example.myshopify.com", "123")
    assert one == "orders/2026-11-20/example.myshopify.com/12/"
    assert not other.startswith(one)
