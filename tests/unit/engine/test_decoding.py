"""Customers' pictures: every odd one comes out right, every damaged or hostile one fails with the right code."""

import io
import resource
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from printworks_common.failures import Reason
from printworks_render.engine.decode import Picture, decode, inspect
from printworks_render.engine.job import RenderError
from printworks_render.engine.resample import Cut, picture_pixels
from skimage.color import deltaE_ciede2000, rgb2lab

from tests.unit.engine import corpus

GOOD = corpus.good()
BAD = corpus.bad()
TOO_MANY_PARTS = corpus.of_too_many_parts()
CUTTABLE = corpus.truncatable()
HEADS = [b"", *(content[:24] for content in CUTTABLE.values())]
WHITE = (255, 255, 255)


def upright(picture: Picture) -> NDArray[np.uint8]:
    return picture_pixels(picture, picture.size, Cut(), WHITE)


def outcome(path: Path) -> str:
    """The code of the failure, or `upload_printed`."""
    try:
        decode(path)
    except RenderError as failure:
        return failure.reason
    return "upload_printed"


def difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(deltaE_ciede2000(rgb2lab(first), rgb2lab(second)).mean())


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", GOOD)
def test_an_odd_picture_comes_out_upright_and_in_its_own_colours(name: str, tmp_path: Path) -> None:
    content, reference = GOOD[name]

    shown = upright(decode(put(tmp_path, name, content)))

    assert shown.shape == reference.shape
    assert difference(shown, reference) < 2.0


@pytest.mark.parametrize("name", BAD)
def test_a_hostile_or_foreign_file_fails_with_its_code(name: str, tmp_path: Path) -> None:
    content, code = BAD[name]

    with pytest.raises(RenderError) as failure:
        decode(put(tmp_path, name, content))

    assert failure.value.reason == code
    assert str(tmp_path) not in failure.value.detail
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1 << 20  # kilobytes


@pytest.mark.parametrize("name", TOO_MANY_PARTS)
def test_a_file_of_countless_parts_is_refused_before_it_is_decoded(name: str, tmp_path: Path) -> None:
    with pytest.raises(RenderError) as failure:
        decode(put(tmp_path, name, TOO_MANY_PARTS[name]))

    assert failure.value.reason is Reason.UPLOAD_CORRUPT
    assert "made of too many" in failure.value.detail


def test_how_many_frames_follow_the_first_costs_nothing(tmp_path: Path) -> None:
    still = corpus.encoded(corpus.image().quantize(256), "GIF")
    frame = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    path = put(tmp_path, "film.gif", still[:-1] + frame * 700_000 + b";")
    before = time.process_time()

    assert decode(path).info.animated
    assert time.process_time() - before < 0.5


@pytest.mark.parametrize("tenth", range(1, 10))
@pytest.mark.parametrize("name", CUTTABLE)
def test_a_truncated_picture_is_a_failure_and_never_half_a_picture(name: str, tenth: int, tmp_path: Path) -> None:
    whole = CUTTABLE[name]

    with pytest.raises(RenderError) as failure:
        decode(put(tmp_path, f"cut.{name}", whole[: len(whole) * tenth // 10]))

    assert failure.value.reason in {Reason.UPLOAD_CORRUPT, Reason.UPLOAD_UNSUPPORTED}


def test_a_missing_file_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(RenderError) as failure:
        decode(tmp_path / "gone.jpg")

    assert failure.value.reason is Reason.UPLOAD_MISSING


def test_an_animation_gives_its_first_frame_and_a_note(tmp_path: Path) -> None:
    picture = decode(put(tmp_path, "a.webp", GOOD["animated.webp"][0]))

    assert picture.info.animated
    assert picture.notes == ["The picture is animated; its first frame is printed."]


def test_a_jpeg_twice_too_large_is_decoded_reduced_and_never_below_what_is_needed(tmp_path: Path) -> None:
    path = put(tmp_path, "large.jpg", corpus.jpeg(corpus.image().resize((1600, 1200))))

    assert decode(path, (400, 300)).image.size == (400, 300)
    assert decode(path, (401, 300)).image.size == (800, 600)
    assert decode(path, (1600, 1200)).image.size == (1600, 1200)
    assert decode(path, (400, 300)).size == (1600, 1200)


def test_the_header_alone_gives_the_upright_size(tmp_path: Path) -> None:
    assert inspect(put(tmp_path, "a.jpg", corpus.oriented(6))).size == (corpus.WIDTH, corpus.HEIGHT)


def test_transparent_parts_show_what_lies_below(tmp_path: Path) -> None:
    alpha = corpus.opaque()
    alpha[:, : corpus.WIDTH // 2] = 0
    picture = decode(put(tmp_path, "a.png", corpus.encoded(corpus.with_alpha(alpha), "PNG")))

    shown = picture_pixels(picture, picture.size, Cut(), (1, 2, 3))

    assert (shown[:, : corpus.WIDTH // 2] == (1, 2, 3)).all()
    assert (shown[:, corpus.WIDTH // 2 :] == corpus.chart()[:, corpus.WIDTH // 2 :]).all()


def test_metadata_of_the_customer_does_not_reach_the_decoded_pixels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "private words"
    picture = decode(put(tmp_path, "a.jpg", corpus.jpeg(exif=exif.tobytes())))
    buffer = io.BytesIO()

    Image.fromarray(upright(picture)).save(buffer, "PNG")

    assert b"private words" not in buffer.getvalue()


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=400), head=st.sampled_from(HEADS))
def test_any_bytes_either_decode_or_fail_with_a_code(
    content: bytes, head: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = put(tmp_path_factory.mktemp("any"), "any", head + content)

    assert outcome(path).startswith("upload_")


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_flipped_bytes_either_decode_or_fail_with_a_code(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = bytearray(data.draw(st.sampled_from(list(CUTTABLE.values()))))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = put(tmp_path_factory.mktemp("flip"), "flipped", bytes(whole))

    assert outcome(path).startswith("upload_")
