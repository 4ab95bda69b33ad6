"""The merchant's paint set: what is read, and what is refused with the line that is wrong."""

from pathlib import Path

import numpy as np
import pytest
from printworks_render.engine import RenderError
from printworks_render.engine.numbers.paints import mixed_paints, read_paints

GOOD = "code,name,hex,stock\nA1,White,#FFFFFF,\nA2,Black,000000,5\nA3,Red,#C00000,0\nA4,Blue,#0000C0,\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "paints.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_set_keeps_its_order_and_its_numbers(tmp_path: Path) -> None:
    paints = read_paints(write(tmp_path, GOOD))
    assert [(one.number, one.code, one.rgb) for one in paints] == [
        (1, "A1", (255, 255, 255)),
        (2, "A2", (0, 0, 0)),
        (4, "A4", (0, 0, 192)),
    ]


def test_a_file_from_excel_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "paints.csv"
    path.write_bytes(GOOD.encode("utf-8-sig"))
    assert len(read_paints(path)) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is missing, or there are no lines"),
        ("code,name\nA,White\n", "column hex"),
        ("code,name,hex\nA,White,#FFF\n", "line 2"),
        ("code,name,hex\nA,White,#FFFFFF\n,Black,#000000\n", "line 3"),
        ("code,name,hex\nA,White,#FFFFFF\nA,Black,#000000\n", "stands twice"),
        ("code,name,hex,stock\nA,White,#FFFFFF,0\n", "in stock"),
        ("code,name,hex\n" + "".join(f"A{i},x,#000000\n" for i in range(1001)), "at most"),
    ],
)
def test_a_wrong_set_is_an_error_of_the_template(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RenderError, match=says) as caught:
        read_paints(write(tmp_path, text))
    assert caught.value.reason == "template_invalid"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "paints.csv"
    path.write_bytes(b"\xff\xfe\x00code")
    with pytest.raises(RenderError, match="UTF-8"):
        read_paints(path)


def test_mixed_paints_are_named_by_their_colour() -> None:
    (paint,) = mixed_paints(np.array([[1, 171, 255]], dtype=np.uint8))
    assert (paint.number, paint.code, paint.hex) == (1, "#01ABFF", "#01abff")
