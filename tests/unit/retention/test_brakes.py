"""When so much is due that a fault is more likely than a busy day."""

import pytest
from printworks_retention.brakes import Balance, Cap, over_cap

CAP = Cap(floor=500, share=0.1)


@pytest.mark.parametrize(
    ("balance", "stops"),
    [
        (Balance(due=500, live=500, usual_day=None, days_since=0), False),  # a small installation may empty itself
        (Balance(due=501, live=600, usual_day=None, days_since=0), True),
        (Balance(due=1_100, live=100_000, usual_day=None, days_since=0), False),
        (Balance(due=10_001, live=100_000, usual_day=5_000, days_since=1), True),
        (Balance(due=5_000, live=100_000, usual_day=1_000, days_since=1), False),  # a flash sale of 90 days ago
        (Balance(due=5_001, live=100_000, usual_day=1_000, days_since=1), True),
        (Balance(due=9_000, live=100_000, usual_day=1_000, days_since=2), False),  # two days of it, after an outage
        (Balance(due=0, live=0, usual_day=None, days_since=0), False),
    ],
)
def test_the_cap(balance: Balance, stops: bool) -> None:
    assert over_cap(balance, CAP) is stops
