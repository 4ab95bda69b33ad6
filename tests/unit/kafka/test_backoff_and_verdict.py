"""What is done about an error, and how long is waited before the next try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.kafka.backoff import Backoff
from printworks_common.kafka.verdict import Action, judge
from pydantic import BaseModel, ValidationError


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_wait_grows_to_its_limit_and_is_never_short(tries: int, dice: float) -> None:
    backoff = Backoff(first=0.1, longest=10.0)
    full = min(10.0, 0.1 * 2 ** min(tries - 1, 20))
    delay = backoff.delay(tries, dice=lambda: dice)
    assert full / 2 <= delay <= full


def test_two_waiters_do_not_come_back_together() -> None:
    backoff = Backoff(first=1.0, longest=10.0)
    assert backoff.delay(3, dice=lambda: 0.0) == 2.0
    assert backoff.delay(3, dice=lambda: 0.5) == 3.0


def test_what_the_other_side_asks_for_is_kept() -> None:
    assert Backoff(first=0.1, longest=1.0).delay(1, at_least=7.5) == 7.5


def test_missing_ground_is_held_for_ever() -> None:
    verdict = judge(GroundMissingError("No database.", code="database_unreachable"))
    assert (verdict.action, verdict.code) == (Action.HOLD, "database_unreachable")


def test_what_may_pass_is_retried_after_the_time_asked_for() -> None:
    verdict = judge(TransientError("Throttled.", code="throttled", retry_after=3.0))
    assert (verdict.action, verdict.code, verdict.retry_after) == (Action.RETRY, "throttled", 3.0)


def test_poison_is_buried_with_its_reason() -> None:
    verdict = judge(PoisonError("The design cannot be read.", code="design_invalid"))
    assert (verdict.action, verdict.code, verdict.message) == (
        Action.BURY,
        "design_invalid",
        "The design cannot be read.",
    )


@pytest.mark.parametrize("error", [ValueError("ada@example.com"), KeyError("Ada"), TimeoutError("at Ada's")])
def test_what_nobody_foresaw_is_buried_and_its_text_stays_out(error: Exception) -> None:
    verdict = judge(error)
    assert (verdict.action, verdict.code, verdict.foreseen) == (Action.BURY, "unexpected_error", False)
    assert "Ada" not in verdict.message
    assert "ada" not in verdict.message
    assert type(error).__name__ in verdict.message


def test_data_that_does_not_fit_is_buried_without_its_values() -> None:
    class Customer(BaseModel):
        name: int

    with pytest.raises(ValidationError) as caught:
        Customer.model_validate({"name": "Ada Example"})
    verdict = judge(caught.value)
    assert (verdict.action, verdict.code) == (Action.BURY, "unreadable_event")
    assert verdict.message == "The data does not fit Customer: name: int_parsing."
