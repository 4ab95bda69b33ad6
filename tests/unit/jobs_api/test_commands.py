"""What may be asked of a print job in which state."""

import pytest
from printworks_common.events.control import CommandKind
from printworks_jobs_api.commands import Outcome, check_possible, nothing_to_do
from printworks_jobs_api.idempotency import fingerprint
from printworks_jobs_api.problems import ProblemError

POSSIBLE = {
    CommandKind.RETRY: {"failed", "pending"},
    CommandKind.RERENDER: {"failed", "pending", "ready"},
    CommandKind.CANCEL: {"failed", "pending", "ready", "cancelled"},
    CommandKind.REPLACE_INPUT: {"failed", "pending", "ready"},
}
STATES = ("pending", "ready", "failed", "cancelled", "cleared")


@pytest.mark.parametrize("kind", POSSIBLE)
@pytest.mark.parametrize("state", STATES)
def test_each_command_is_possible_in_its_states_only(kind: CommandKind, state: str) -> None:
    if state in POSSIBLE[kind]:
        check_possible(kind, state)
        return
    with pytest.raises(ProblemError) as refused:
        check_possible(kind, state)
    assert refused.value.status == 409


@pytest.mark.parametrize("kind", [CommandKind.RETRY, CommandKind.RERENDER, CommandKind.REPLACE_INPUT])
def test_a_cleared_job_says_that_its_inputs_have_expired(kind: CommandKind) -> None:
    with pytest.raises(ProblemError) as refused:
        check_possible(kind, "cleared")
    assert refused.value.code == "inputs_expired"


@pytest.mark.parametrize("state", ["ready", "cancelled"])
def test_a_job_that_is_not_failed_is_not_retryable(state: str) -> None:
    with pytest.raises(ProblemError) as refused:
        check_possible(CommandKind.RETRY, state)
    assert refused.value.code == "not_retryable"


def test_a_retry_of_a_job_at_work_is_accepted_without_a_command() -> None:
    assert nothing_to_do(CommandKind.RETRY, "pending") is Outcome.ALREADY_RUNNING
    assert nothing_to_do(CommandKind.RETRY, "failed") is None


def test_a_state_of_a_newer_version_is_left_to_the_coordinator() -> None:
    check_possible(CommandKind.RETRY, "resting")
    assert nothing_to_do(CommandKind.RETRY, "resting") is None


def test_requests_are_the_same_by_method_path_and_body() -> None:
    same = fingerprint("POST", "/a", {"x": 1, "y": 2})
    assert same == fingerprint("POST", "/a", {"y": 2, "x": 1})
    assert same != fingerprint("POST", "/b", {"x": 1, "y": 2})
    assert same != fingerprint("POST", "/a", {"x": 1})
