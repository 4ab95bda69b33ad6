"""The point budget of a shop."""

from hypothesis import given
from hypothesis import strategies as st
from printworks_common.shopify.throttle import Budget

BUCKET = Budget(maximum=1000, available=100, restore_rate=50, seen_at=10.0)


def test_points_come_back_with_time_up_to_the_maximum() -> None:
    assert BUCKET.at(12.0) == 200
    assert BUCKET.at(1000.0) == 1000


def test_what_is_missing_is_waited_for() -> None:
    assert BUCKET.wait(100, 10.0) == 0
    assert BUCKET.wait(150, 10.0) == 1.0


def test_a_cost_above_the_maximum_waits_for_a_full_bucket_and_not_for_ever() -> None:
    assert BUCKET.wait(5000, 10.0) == 18.0


@given(st.floats(1, 1000), st.floats(0, 100))
def test_after_the_wait_the_points_are_there(cost: float, passed: float) -> None:
    now = 10.0 + passed
    after = now + BUCKET.wait(cost, now)
    assert BUCKET.at(after) >= cost - 1e-6


def test_spending_counts_before_the_answer_is_here() -> None:
    assert BUCKET.spend(60, 10.0).at(10.0) == 40
