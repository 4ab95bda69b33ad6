"""What the doctor says: sentences with a verdict, none with a secret."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from printworks_common.errors import PrintworksError

LIMIT_SECONDS = 30.0
"""A part that says nothing for so long does not answer."""


class Verdict(StrEnum):
    GOOD = "ok"
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    part: str
    verdict: Verdict
    sentence: str

    def __str__(self) -> str:
        return f"{self.verdict:<5} {self.part:<9} {self.sentence}"


Findings = AsyncIterator[Finding]
Look = Callable[[], Findings]


def good(part: str, sentence: str) -> Finding:
    return Finding(part, Verdict.GOOD, sentence)


def note(part: str, sentence: str) -> Finding:
    return Finding(part, Verdict.NOTE, sentence)


def wrong(part: str, sentence: str) -> Finding:
    return Finding(part, Verdict.WRONG, sentence)


def said(part: str, error: PrintworksError) -> Finding:
    """An error of ours as a finding: its sentence and its code."""
    return wrong(part, f"{error} ({error.code})")


async def tried(part: str, what: Callable[[], Awaitable[Finding | None]]) -> Finding | None:
    """One look that may fail with an error of ours."""
    try:
        return await what()
    except PrintworksError as error:
        return said(part, error)
