"""Choosing exactly k drill colours for a picture, jointly: which k of the palette serve all cells best together.

This is the k-median problem on palette colours with CIEDE2000 as distance: a greedy start, then swaps of one chosen
against one other colour as long as they help (Teitz and Bart 1968; the bookkeeping of best and second best is that of
FastPAM, Schubert and Rousseeuw 2019). Snapping k-means centres to the palette one by one instead loses colours, since
two centres may snap to the same one, and serves the picture worse.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.colour import ciede2000_matrix

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.intp]

_BIN = 3.0
_MAX_SAMPLES = 1000
_MAX_SWAPS = 400
# A swap must improve the sum by this share: guards against endless trading of equal values in single precision.
_WORTH = 1e-5


def choose(cells: Floats, palette: Floats, count: int, power: float = 1.0) -> Ints:
    """Indices of `count` colours of `palette` (m, 3), sorted, that serve `cells` (n, 3) best; both CIELAB.

    Minimises the sum of CIEDE2000 to the nearest chosen colour to the `power`: above 1 a few badly served cells weigh
    more. Raises ValueError when the palette has fewer than `count` colours or `count` is not positive.
    """
    if not 0 < count <= len(palette):
        raise ValueError(f"{count} colours cannot be chosen from {len(palette)}")
    samples, weights = sample(cells)
    cost = ciede2000_matrix(samples, palette)
    if power != 1.0:
        cost = cost ** np.float32(power)
    chosen = _greedy(cost, weights, count)
    return np.sort(_swap(cost, weights, chosen))


def sample(cells: Floats) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Mean colours (s, 3) and weights (s,) that stand for the cells: one for each occupied box of a Lab raster whose
    boxes grow until at most 1,000 are occupied."""
    width = _BIN
    while True:
        boxes = np.floor(cells / width).astype(np.int64) + 1024
        keys = (boxes[:, 0] << 24) | (boxes[:, 1] << 12) | boxes[:, 2]
        _, inverse, weights = np.unique(keys, return_inverse=True, return_counts=True)
        if len(weights) <= _MAX_SAMPLES:
            break
        width *= 1.15
    sums = np.stack([np.bincount(inverse, weights=cells[:, axis]) for axis in range(3)], axis=1)
    return sums / weights[:, None], weights.astype(np.float32)


def _greedy(cost: NDArray[np.float32], weights: NDArray[np.float32], count: int) -> Ints:
    first = int(np.argmin(weights @ cost))
    chosen = [first]
    nearest = cost[:, first].copy()
    for _ in range(count - 1):
        gain = weights @ np.maximum(nearest[:, None] - cost, 0)
        gain[chosen] = -1.0
        best = int(np.argmax(gain))
        chosen.append(best)
        np.minimum(nearest, cost[:, best], out=nearest)
    return np.array(chosen, dtype=np.intp)


def _swap(cost: NDArray[np.float32], weights: NDArray[np.float32], chosen: Ints) -> Ints:
    """Improve `chosen` by swaps until none helps."""
    if len(chosen) == cost.shape[1]:
        return chosen
    rows = np.arange(len(cost))
    for _ in range(_MAX_SWAPS):
        own = cost[:, chosen]
        nearest = np.argmin(own, axis=1)
        best = own[rows, nearest]
        own[rows, nearest] = np.inf
        second = own.min(axis=1) if len(chosen) > 1 else np.full_like(best, np.inf)

        order = np.argsort(nearest, kind="stable")
        ends = np.flatnonzero(np.diff(nearest[order], prepend=-1))
        served = nearest[order][ends]
        by_colour, b, w = cost[order], best[order, None], weights[order, None]
        gain = np.maximum(b - by_colour, 0)
        gain *= w
        everywhere = gain.sum(axis=0)
        # What the cells of a colour pay when it leaves and the candidate comes, without the gain counted above.
        pay = np.minimum(by_colour, second[order, None])
        pay -= b
        pay *= w
        pay += gain
        change = np.zeros((len(chosen), cost.shape[1]), dtype=np.float32)
        change[served] = np.add.reduceat(pay, ends, axis=0)
        change -= everywhere
        change[:, chosen] = np.inf
        leaves, comes = np.unravel_index(int(np.argmin(change)), change.shape)
        if change[leaves, comes] >= -_WORTH * float(weights @ best):
            break
        chosen[leaves] = comes
    return chosen
