"""Mutated bytes for a few seconds; `make fuzz` does it for as long as it is given."""

import random
from pathlib import Path

import pytest

from tests import fuzz

SEED = 20_260_101


def read_or_fail(content: bytes) -> None:
    """A reader that does not refuse what is none of its own."""
    content.decode()


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


@pytest.mark.asyncio
async def test_strangers_bytes_are_answered_or_refused_and_a_reader_that_fails_is_found(tmp_path: Path) -> None:
    seeded = {"defect": (fuzz.reader(read_or_fail), [b"plain text"])}

    outcome = await fuzz.fuzz(3, SEED, tmp_path, seeded)

    assert [found for found in outcome.found if not found.startswith("defect: UnicodeDecodeError")] == []
    assert outcome.found
    assert min(outcome.tried.values()) > 0
    for content in contents(tmp_path):
        with pytest.raises(UnicodeDecodeError):
            read_or_fail(content)


def test_a_seed_makes_the_same_bytes_again() -> None:
    first, second = ([fuzz.mutated(b"{}" * 9, [b"[]"], dice) for _ in range(50)] for dice in map(random.Random, (7, 7)))

    assert first == second
