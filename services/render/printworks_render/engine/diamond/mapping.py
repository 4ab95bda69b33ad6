"""From cells to drills: the nearest chosen colour by exact CIEDE2000, with or without error diffusion.

Error diffusion passes a share (`strength`) of what a cell is off by on to cells that come later, with the weights of
Floyd and Steinberg (1976): seen from afar the drills mix to the picture's colour. The error is counted in CIELAB: of
linear light, encoded sRGB and CIELAB the last leaves the least difference after blurring, whichever of the three the
blur is done in.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.colour import ciede2000_matrix, ciede2000_pairs

Floats = NDArray[np.floating[Any]]
Cells = NDArray[np.intp]

_TOO_FAR = np.float32(1000)

_LARGEST_ERROR = 10.0
"""Longest error vector, in CIELAB units, that a cell takes over: where no drill comes near the picture's colour the
error would grow without end and spill over the next edge."""

_REACH, _REACH_OF_STRENGTH = 4.0, 16.0
"""A cell takes no colour that is farther from its own than the nearest is, by more than these CIELAB units (the second
times the strength): mixing skin from sand and orange is right from afar, but the orange dots are what people see."""


def costs(cells: Floats, colours: Floats) -> NDArray[np.float32]:
    """CIEDE2000 of every cell (rows, columns, 3) to every colour (k, 3), as (rows, columns, k)."""
    rows, columns = cells.shape[:2]
    return ciede2000_matrix(cells.reshape(-1, 3), colours).reshape(rows, columns, len(colours))


def diffuse(cells: Floats, colours: Floats, strength: float) -> tuple[Cells, NDArray[np.float32]]:
    """Drills for `cells` (rows, columns, 3) out of `colours` (k, 3), both CIELAB; `strength` from 0 to 1.

    Returns the index of the colour of each cell, (rows, columns), and the CIEDE2000 of every colour to what each cell
    asked for, its own colour and the error of earlier cells: (rows, columns, k); far more for one out of its reach.

    Cells on the line column + 2 row = t depend only on earlier lines, so a whole line is decided at once; the buffers
    are stored by line. The result is that of the plain loop from left to right and top to bottom.
    """
    rows, columns = cells.shape[:2]
    lines = columns + 2 * (rows - 1)
    wanted = np.zeros((lines + 3, rows + 1, 3), dtype=np.float32)
    for row in range(rows):
        wanted[2 * row : 2 * row + columns, row] = cells[row]
    own = wanted[:lines, :rows].copy()
    index = np.empty((rows, columns), dtype=np.intp)
    palette = np.asarray(colours, dtype=np.float32)
    share = np.float32(strength / 16)
    reach = np.float32(_REACH + _REACH_OF_STRENGTH * strength)
    cost, within = _reached(np.asarray(cells, dtype=np.float32), palette, reach)
    for line in range(lines):
        low, high = max(0, (line - columns + 2) // 2), min(rows - 1, line // 2) + 1
        here = wanted[line, low:high]
        error = here - own[line, low:high]
        length = np.sqrt((error * error).sum(axis=1, keepdims=True))
        error *= np.minimum(np.float32(1), np.float32(_LARGEST_ERROR) / np.maximum(length, np.float32(1e-6)))
        np.add(own[line, low:high], error, out=here)
        row = np.arange(low, high)
        distances = cost[row, line - 2 * row]
        cell, colour = np.nonzero(within[row, line - 2 * row])
        distances[cell, colour] = ciede2000_pairs(here[cell], palette[colour])
        nearest = distances.argmin(axis=1)
        index[row, line - 2 * row] = nearest
        cost[row, line - 2 * row] = distances
        off = (here - palette[nearest]) * share
        wanted[line + 1, low:high] += 7 * off
        wanted[line + 1, low + 1 : high + 1] += 3 * off
        wanted[line + 2, low + 1 : high + 1] += 5 * off
        wanted[line + 3, low + 1 : high + 1] += off
    return index, cost


def _reached(
    own: NDArray[np.float32], palette: NDArray[np.float32], reach: np.float32
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """For cells (..., 3) and colours (k, 3), each of shape (..., k): far more than any CIEDE2000, growing with the
    distance in CIELAB; and which colours are in reach of which cells, commonly a fifth."""
    apart = np.zeros((*own.shape[:-1], len(palette)), dtype=np.float32)
    for axis in range(3):
        along = own[..., axis, None] - palette[:, axis]
        along *= along
        apart += along
    np.sqrt(apart, out=apart)
    within = apart <= apart.min(axis=-1, keepdims=True) + reach
    apart += _TOO_FAR
    return apart, within
