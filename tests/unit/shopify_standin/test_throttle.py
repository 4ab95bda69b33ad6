"""The point bucket of an app in a shop."""

from printworks_local.shopify.throttle import PointBucket


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_holds_twenty_seconds_of_its_rate_and_refuses_more() -> None:
    bucket = PointBucket(100, Clock())
    assert bucket.take(2000)
    assert not bucket.take(1)


def test_points_come_back_with_time_and_never_above_the_maximum() -> None:
    clock = Clock()
    bucket = PointBucket(100, clock)
    bucket.take(2000)
    assert bucket.seconds_until(50) == 0.5
    clock.now = 0.5
    assert bucket.take(50)
    clock.now = 1000
    assert bucket.available == 2000


def test_what_was_not_used_is_given_back() -> None:
    bucket = PointBucket(100, Clock())
    bucket.take(500)
    bucket.give_back(400)
    assert bucket.status() == {"maximumAvailable": 2000, "currentlyAvailable": 1900, "restoreRate": 100}
