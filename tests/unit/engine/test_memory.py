"""How much memory the process may take while a decoder is at work."""

import resource

import pytest
from printworks_render.engine.memory import at_most

LARGE = 128 << 20


def test_what_goes_beyond_the_bound_is_not_to_be_had() -> None:
    with at_most(LARGE // 2), pytest.raises(MemoryError):
        bytearray(LARGE)


def test_the_bound_ends_with_what_it_was_for() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)

    with pytest.raises(KeyError), at_most(LARGE // 2):
        raise KeyError

    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert len(bytearray(LARGE)) == LARGE


def test_a_bound_that_is_there_is_never_widened() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    narrow = 64 << 30
    resource.setrlimit(resource.RLIMIT_AS, (narrow, hard))
    try:
        with at_most(narrow * 2):
            assert resource.getrlimit(resource.RLIMIT_AS) == (narrow, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
