"""Confetti: single drills without a like neighbour among the eight around them. Slow to place, and they read as noise.

A confetti cell is joined to its surroundings in the cheapest way: it takes the colour of a neighbour, or a neighbour
takes its colour. What that costs is the gain in CIEDE2000 of the cell that changes. A cell whose cheapest way costs
more than `limit` stays: it is detail, such as the light in an eye.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.intp]
Costs = NDArray[np.floating[Any]]

_AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
_DY = np.array([dy for dy, _ in _AROUND])
_DX = np.array([dx for _, dx in _AROUND])
_OUTSIDE = -1
_NEVER = np.float32(1e6)
_ROUNDS = 4


def is_confetti(cells: Cells) -> NDArray[np.bool_]:
    """Which cells (rows, columns) have no like neighbour among eight."""
    return _alone(np.pad(cells, 1, constant_values=_OUTSIDE))


def clean(cells: Cells, cost: Costs, limit: float) -> Cells:
    """`cells` (rows, columns) with confetti joined to its surroundings; `cost` (rows, columns, k) per cell and colour.

    Cells three apart cannot disturb each other, so each ninth of the grid is done at once, in a fixed order.
    """
    padded = np.pad(cells, 1, constant_values=_OUTSIDE)
    for _ in range(_ROUNDS):
        changed = 0
        for top in range(3):
            for left in range(3):
                changed += _join(padded, cost, limit, top, left)
        if not changed:
            break
    return padded[1:-1, 1:-1].copy()


def keep_all_colours(cells: Cells, cost: Costs) -> Cells:
    """`cells` with every colour of `cost` (rows, columns, k) in use: a colour that lost its last cell gets back the one
    that suits it best, from a colour that has others left. Needs at least k cells."""
    out = cells.copy().reshape(-1)
    flat = cost.reshape(len(out), -1)
    counts = np.bincount(out, minlength=flat.shape[1])
    everyone = np.arange(len(out))
    for colour in np.flatnonzero(counts == 0):
        price = np.where(counts[out] > 1, flat[:, colour] - flat[everyone, out], _NEVER)
        cell = int(np.argmin(price))
        counts[out[cell]] -= 1
        counts[colour] += 1
        out[cell] = colour
    return out.reshape(cells.shape)


def _alone(padded: Cells) -> NDArray[np.bool_]:
    rows, columns = padded.shape[0] - 2, padded.shape[1] - 2
    inner = padded[1:-1, 1:-1]
    like = np.zeros((rows, columns), dtype=bool)
    for dy, dx in _AROUND:
        like |= padded[1 + dy : 1 + dy + rows, 1 + dx : 1 + dx + columns] == inner
    return ~like


def _join(padded: Cells, cost: Costs, limit: float, top: int, left: int) -> int:
    """Join the confetti of one ninth of the grid, in place; returns how many cells changed."""
    ys, xs = np.nonzero(_alone(padded)[top::3, left::3])
    if not len(ys):
        return 0
    ys, xs = ys * 3 + top + 1, xs * 3 + left + 1
    own = padded[ys, xs]
    near_y, near_x = ys[:, None] + _DY, xs[:, None] + _DX
    near = padded[near_y, near_x]
    outside = near == _OUTSIDE

    safe_y = np.clip(near_y - 1, 0, cost.shape[0] - 1)
    safe_x = np.clip(near_x - 1, 0, cost.shape[1] - 1)
    take = cost[ys[:, None] - 1, xs[:, None] - 1, near] - cost[ys - 1, xs - 1, own][:, None]
    give = cost[safe_y, safe_x, own[:, None]] - cost[safe_y, safe_x, near]
    ways = np.concatenate([np.where(outside, _NEVER, take), np.where(outside, _NEVER, give)], axis=1)
    cheapest = ways.argmin(axis=1)
    worth = ways[np.arange(len(ys)), cheapest] <= limit

    takes = np.flatnonzero(worth & (cheapest < len(_AROUND)))
    padded[ys[takes], xs[takes]] = near[takes, cheapest[takes]]
    gives = np.flatnonzero(worth & (cheapest >= len(_AROUND)))
    which = cheapest[gives] - len(_AROUND)
    padded[near_y[gives, which], near_x[gives, which]] = own[gives]
    return int(worth.sum())
