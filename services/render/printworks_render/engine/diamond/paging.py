"""Dividing a pattern into pages that overlap, as evenly as whole cells allow."""

from dataclasses import dataclass

import numpy as np

from printworks_render.engine.diamond.pattern import Pattern


@dataclass(frozen=True)
class PatternPage:
    """A page of the pattern. It shows rows `top` to `bottom` and columns `left` to `right` (ends excluded); what lies
    from `own_bottom` and `own_right` on is repeated on the next page. `row` and `column` are its place on the map."""

    number: int
    row: int
    column: int
    top: int
    left: int
    own_bottom: int
    own_right: int
    bottom: int
    right: int

    def own_counts(self, pattern: Pattern) -> list[int]:
        """Cells of each drill on this page, without those that it repeats."""
        part = pattern.cells[self.top : self.own_bottom, self.left : self.own_right]
        counts: list[int] = np.bincount(part.reshape(-1), minlength=len(pattern.drills)).tolist()
        return counts


def spans(length: int, room: int, overlap: int) -> list[tuple[int, int, int]]:
    """(start, own end, shown end) of the pages along one side of `length` cells, of which a page shows at most `room`.

    Raises ValueError when nothing but overlap would fit.
    """
    if room >= length:
        return [(0, length, length)]
    if room <= overlap:
        raise ValueError(f"a page of {room} cells cannot repeat {overlap}")
    pages = -(-(length - overlap) // (room - overlap))
    step = -(-(length - overlap) // pages)
    starts = [step * page for page in range(pages)]
    ends = [*starts[1:], length]
    return [(start, end, min(length, end + overlap)) for start, end in zip(starts, ends, strict=True)]


def divide(rows: int, columns: int, room: tuple[int, int], overlap: int) -> list[PatternPage]:
    """Pages from left to right and top to bottom; `room` is rows and columns that fit on one."""
    down, across = spans(rows, room[0], overlap), spans(columns, room[1], overlap)
    places = [(row, column) for row in range(len(down)) for column in range(len(across))]
    return [
        PatternPage(
            number=number,
            row=row,
            column=column,
            top=down[row][0],
            left=across[column][0],
            own_bottom=down[row][1],
            own_right=across[column][1],
            bottom=down[row][2],
            right=across[column][2],
        )
        for number, (row, column) in enumerate(places, start=1)
    ]
