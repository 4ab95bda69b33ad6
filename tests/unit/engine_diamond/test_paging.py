"""The pattern's pages cover every cell once, and repeat what the overlap says."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from printworks_render.engine.diamond import paging, palette
from printworks_render.engine.diamond.pattern import Pattern


@given(length=st.integers(1, 700), room=st.integers(8, 120), overlap=st.integers(0, 7))
def test_pages_along_a_side_own_every_cell_once_and_fit(length: int, room: int, overlap: int) -> None:
    spans = paging.spans(length, room, overlap)
    owned = [cell for start, own_end, _ in spans for cell in range(start, own_end)]
    assert owned == list(range(length))
    for start, own_end, end in spans:
        assert start < own_end <= end <= length
        assert end - start <= room
    for (_, own_end, end), (start, _, _) in pairwise(spans):
        assert start == own_end
        assert end == min(length, own_end + overlap)


def test_counts_of_the_pages_add_up_to_the_pattern() -> None:
    cells = np.random.default_rng(1).integers(0, 5, (73, 91)).astype(np.uint8)
    made = Pattern(cells, palette.standard_palette()[:5])
    pages = paging.divide(73, 91, (30, 40), 3)
    total = np.sum([page.own_counts(made) for page in pages], axis=0)
    np.testing.assert_array_equal(total, made.counts())
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
