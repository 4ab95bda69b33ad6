"""Symbols in a PDF, as a font of one-em glyphs, and the ink that each needs on its drill's colour."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.colour import contrast_ratio
from printworks_render.engine.content import FontResource
from printworks_render.engine.diamond.glyphs import BLANK, CORNERS, INVENTORY
from printworks_render.engine.diamond.palette import Drill, rgbs
from printworks_render.engine.fonts import Face

INKS: tuple[tuple[int, int, int], ...] = ((0, 0, 0), (255, 255, 255))
"""Black and white; an ink is an index into this."""

CAP_HEIGHT = 0.6
"""Height of the lowest symbols, in parts of the cell."""

LINE_WIDTH = 0.085
"""Width of the thinnest lines, in parts of the cell."""


def share_of_cell(*, round_drills: bool) -> float:
    """Size of a symbol's square in parts of the cell: smaller on round drills, so that nothing is cut off."""
    return 0.8 if round_drills else 1.0


# Glyph 0 is the font's `.notdef`.
_GIDS = {symbol: number for number, symbol in enumerate((BLANK, CORNERS, *INVENTORY), start=1)}


@cache
def symbol_face() -> Face:
    """The symbols as a font."""
    data = resources.files("printworks_render.engine.diamond").joinpath("data/symbols.ttf").read_bytes()
    return Face(data, "PrintworksSymbols")


def inks(drills: Iterable[Drill]) -> NDArray[np.intp]:
    """Index of the ink for each drill, (n,): the one of more contrast."""
    colours = rgbs(drills)
    ratios = [contrast_ratio(colours, np.array(ink, dtype=np.uint8)) for ink in INKS]
    return np.argmax(np.stack(ratios), axis=0)


def codes(font: FontResource, drills: Sequence[Drill]) -> list[str]:
    """Codes of the drills' symbols in a document's font; copied text gives the symbol's character."""
    return [font.code(_GIDS[drill.symbol], drill.symbol) for drill in drills]


def blank_code(font: FontResource) -> str:
    return font.code(_GIDS[BLANK], BLANK)


def corners_code(font: FontResource) -> str:
    return font.code(_GIDS[CORNERS], "")


def symbol_of_gid(gid: int) -> str | None:
    """The symbol of a glyph; None for blank, corners and `.notdef`."""
    position = gid - 3
    return INVENTORY[position] if 0 <= position < len(INVENTORY) else None
