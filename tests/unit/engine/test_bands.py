"""Bands worked on side by side come in order, few at a time, and what goes wrong in one is told."""

import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from printworks_render.engine.bands import in_order
from printworks_render.engine.decode import Picture, PictureInfo
from printworks_render.engine.resample import Cut, picture_pixels
from printworks_render.engine.sniff import Format


@pytest.fixture(params=[1, 2, 64], ids="{} cores".format)
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    cores: int = request.param
    monkeypatch.setattr(os, "cpu_count", lambda: cores)


@given(st.lists(st.integers(), max_size=20))
def test_results_are_in_the_order_of_the_items(items: list[int]) -> None:
    assert list(in_order(lambda item: item * 2, items)) == [item * 2 for item in items]


@pytest.mark.usefixtures("cores")
def test_few_bands_are_held_at_a_time() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item

    results = in_order(work, range(100))
    next(results)
    assert len(begun) <= 4
    assert list(results) == list(range(1, 100))


@pytest.mark.usefixtures("cores")
def test_the_first_failure_ends_the_rest() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise MemoryError
        return item

    with pytest.raises(MemoryError):
        list(in_order(work, range(100)))
    assert len(begun) <= 7


def test_two_cores_work_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    both = threading.Barrier(2, timeout=20)
    assert list(in_order(lambda _item: both.wait() >= 0, range(4))) == [True] * 4


def test_a_picture_is_the_same_on_one_core_and_on_two(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    info = PictureInfo(Format.PNG, (1200, 900), animated=False, progressive=False, plain=True)
    picture = Picture(Image.fromarray(pixels), 6, (900, 1200), info)
    drawn: list[NDArray[np.uint8]] = []
    for cores in (1, 2):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        drawn.append(picture_pixels(picture, (1500, 2000), Cut(), (255, 255, 255)))
    assert np.array_equal(drawn[0], drawn[1])
