"""Palettes: the standard table, merchants' tables, and a symbol that belongs to a code for good."""

from pathlib import Path

import pytest
from printworks_common.failures import Reason
from printworks_render.engine.diamond import palette
from printworks_render.engine.diamond.glyphs import INVENTORY
from printworks_render.engine.job import RenderError


def _table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "palette.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_standard_table_has_447_colours_with_a_symbol_of_its_own_each() -> None:
    drills = palette.standard_palette()
    assert len(drills) == 447
    assert len({drill.code for drill in drills}) == len({drill.symbol for drill in drills}) == 447
    assert {drill.symbol for drill in drills} <= set(INVENTORY)


def test_a_code_of_the_standard_table_keeps_its_symbol_in_a_merchants_table(tmp_path: Path) -> None:
    read = palette.read_palette(_table(tmp_path, "code,name,hex\n310,Schwarz,#010101\n666,Rot,#E31D42\n"))
    standard = {drill.code: drill.symbol for drill in palette.standard_palette()}
    assert [drill.symbol for drill in read] == [standard["310"], standard["666"]]


def test_a_new_code_keeps_its_symbol_when_others_come_and_go(tmp_path: Path) -> None:
    few = palette.read_palette(_table(tmp_path, "code,name,hex\nX-17,Glow,#AAFFAA\n310,Black,#000000\n"))
    more = palette.read_palette(
        _table(tmp_path, "code,name,hex\nA1,One,#112233\nX-17,Glow,#AAFFAA\nZ9,Two,#445566\n150,Rose,#AB0249\n")
    )
    assert next(d.symbol for d in few if d.code == "X-17") == next(d.symbol for d in more if d.code == "X-17")


def test_a_merchants_own_symbols_inks_and_stock_are_read(tmp_path: Path) -> None:
    read = palette.read_palette(
        _table(tmp_path, "code,name,hex,symbol,cmyk,stock\n1,One,#FF0000,★,0 100 90 0,5000\n2,Two,#00FF00,,,0\n")
    )
    assert [(d.code, d.symbol, d.cmyk, d.stock) for d in read] == [("1", "★", (0, 100, 90, 0), 5000)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,name\n1,One\n", "hex"),
        ("code,name,hex\n", "column"),
        ("code,name,hex\n1,One,red\n", "line 2"),
        ("code,name,hex\n1,One,#112233\n1,Two,#112234\n", "twice"),
        ("code,name,hex\n,One,#112233\n", "line 2"),
        ("code,name,hex,symbol\n1,One,#112233,@\n", "symbol"),
        ("code,name,hex,symbol\n1,One,#112233,★\n2,Two,#112235,★\n", "★"),
        ("code,name,hex,cmyk\n1,One,#112233,0 0 0 900\n", "range"),
        ("code,name,hex,stock\n1,One,#112233,-4\n", "range"),
        ("code,name,hex\n" + "".join(f"c{n},n,#{n:06x}\n" for n in range(600)), "told apart"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RenderError, match=said) as caught:
        palette.read_palette(_table(tmp_path, text))
    assert caught.value.reason is Reason.TEMPLATE_INVALID


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "palette.csv"
    path.write_bytes(b"\xff\xfe\x00\x01" * 10)
    with pytest.raises(RenderError, match="UTF-8"):
        palette.read_palette(path)
