"""What is to be done about an error of a handler. Pure."""

from dataclasses import dataclass
from enum import Enum

from pydantic import ValidationError

from printworks_common.errors import GroundMissingError, PoisonError, TransientError
from printworks_common.kafka.record import describe


class Action(Enum):
    RETRY = "retry"
    """It may pass: again after a while, within a budget."""
    HOLD = "hold"
    """The ground is missing: again for ever, and not ready meanwhile."""
    BURY = "bury"
    """It will not pass: dead letter."""


@dataclass(frozen=True)
class Verdict:
    """`code` and `message` are free of personal data; `retry_after` is seconds the other side has asked for."""

    action: Action
    code: str
    message: str
    retry_after: float = 0.0
    foreseen: bool = True


def judge(error: BaseException) -> Verdict:
    """Decide by the class of the error. What nobody foresaw is poison; its text stays out, it may be personal."""
    match error:
        case GroundMissingError():
            return Verdict(Action.HOLD, error.code, str(error))
        case TransientError():
            return Verdict(Action.RETRY, error.code, str(error), retry_after=error.retry_after or 0.0)
        case PoisonError():
            return Verdict(Action.BURY, error.code, str(error))
        case ValidationError():
            return Verdict(Action.BURY, "unreadable_event", f"The data does not fit {error.title}: {describe(error)}.")
        case _:
            return Verdict(
                Action.BURY, "unexpected_error", f"Unexpected {type(error).__name__} in the handler.", foreseen=False
            )
