"""The bucket of requests of a key: a burst at once, then a steady rate, and nobody pays for another."""

from printworks_jobs_api.limits import RateLimiter


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_a_steady_rate() -> None:
    time = Time()
    limiter = RateLimiter(2, 3, now=time)
    assert [limiter.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    time.now = 0.25
    assert limiter.wait("a") == 0.25
    time.now = 0.5
    assert limiter.wait("a") == 0
    assert limiter.wait("b") == 0


def test_a_quiet_key_saves_no_more_than_a_burst() -> None:
    time = Time()
    limiter = RateLimiter(100, 2, now=time)
    limiter.wait("a")
    time.now = 1000
    assert [limiter.wait("a") > 0 for _ in range(3)] == [False, False, True]


def test_what_is_remembered_is_bounded() -> None:
    limiter = RateLimiter(1, 1, now=Time())
    for number in range(10_050):
        limiter.wait(str(number))
    assert len(limiter._buckets) == 10_000
