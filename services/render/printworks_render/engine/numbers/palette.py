"""Choice of the paints: free colours, or a subset of the merchant's paint set, chosen jointly.

Free: k-means in CIELAB on a regular sample of the cells, later centred again on the finished facets. From a set: the
subset with the least total CIEDE2000 over the picture's colours, found by adding greedily and then exchanging while it
helps, which beats taking the nearest paint of each cluster.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from printworks_render.engine.colour import ciede2000_matrix
from printworks_render.engine.numbers.cells import Bytes, Floats, lab_of

SAMPLES = 16_000
_SEED = 20
_ROUNDS = 12
_HISTOGRAM = 600
_TOLD_APART = 1.5
_LEVELS = 64
_EXCHANGES = 60
_BLOCK = 1 << 15


def sample(lab: Floats) -> Floats:
    """About `SAMPLES` colours from the picture at regular distances; the stride shares no factor with the row."""
    flat = lab.reshape(-1, 3)
    stride = max(1, len(flat) // SAMPLES)
    while stride > 1 and np.gcd(stride, lab.shape[1]) > 1:
        stride -= 1
    return np.ascontiguousarray(flat[::stride])


def free_palette(lab: Floats, count: int) -> Floats:
    """At most `count` colours (n, 3) in CIELAB, fewer when the picture has fewer; darkest first."""
    colours = sample(lab)
    distinct = np.unique(np.rint(colours * 2).astype(np.int16), axis=0)
    if len(distinct) <= count:
        return _dark_first(np.asarray(distinct / 2, dtype=np.float32))
    cv2.setRNGSeed(_SEED)
    criteria = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, _ROUNDS, 0.1)
    no_labels: Any = None
    _, _, centres = cv2.kmeans(colours, count, no_labels, criteria, 1, cv2.KMEANS_PP_CENTERS)
    return _dark_first(np.asarray(centres, dtype=np.float32))


def _dark_first(colours: Floats) -> Floats:
    return np.ascontiguousarray(colours[np.lexsort((colours[:, 2], colours[:, 1], colours[:, 0]))])


def fitted(
    means: Floats, area: NDArray[np.float64], colours: Floats, count: int, rounds: int
) -> tuple[Floats, NDArray[np.intp]]:
    """Colours fitted to facets by their mean colours (n, 3) and areas (Lloyd), and the colour of each facet.

    Starts from `colours`; one that no facet uses moves to the facet that is shown worst, so that as many colours are
    used as the facets allow, at most `count`. Darkest first.
    """
    for _ in range(rounds):
        paint = nearest(means[None], colours)[0].astype(np.intp)
        weight = np.bincount(paint, area, len(colours))
        sums = np.stack([np.bincount(paint, means[:, axis] * area, len(colours)) for axis in range(3)], axis=1)
        used = weight > 0
        colours = (sums[used] / weight[used, None]).astype(np.float32)
        missing = count - len(colours)
        if missing > 0:
            colours = np.concatenate([colours, _worst(means, area, colours, missing)])
    colours = _dark_first(colours)
    return colours, nearest(means[None], colours)[0].astype(np.intp)


def _worst(means: Floats, area: NDArray[np.float64], colours: Floats, count: int) -> Floats:
    """Mean colours of the facets that the colours show worst, one after the other."""
    found: list[Floats] = []
    error = ((means[:, None] - colours[None]) ** 2).sum(axis=2).min(axis=1)
    for _ in range(count):
        at = int((error * area).argmax())
        if error[at] <= _TOLD_APART**2:
            break
        found.append(means[at])
        error = np.minimum(error, ((means - means[at]) ** 2).sum(axis=1))
    return np.asarray(found, dtype=np.float32).reshape(-1, 3)


def choose_paints(colours: Floats, weights: NDArray[np.floating[Any]], paints: Floats, count: int) -> NDArray[np.intp]:
    """Indices (ascending) of the `count` paints (m, 3) that together show the colours (n, 3) best; all in CIELAB."""
    if len(paints) <= count:
        return np.arange(len(paints))
    if len(colours) > _HISTOGRAM:
        order = np.argsort(-weights, kind="stable")[:_HISTOGRAM]
        colours, weights = colours[order], weights[order]
    share = (weights / weights.sum()).astype(np.float32)
    cost = ciede2000_matrix(colours, paints) * share[:, None]
    chosen: list[int] = []
    best = np.full(len(colours), np.inf, dtype=np.float32)
    for _ in range(count):
        totals = np.minimum(cost, best[:, None]).sum(axis=0)
        totals[chosen] = np.inf
        chosen.append(int(totals.argmin()))
        best = np.minimum(best, cost[:, chosen[-1]])
    return np.sort(_exchanged(cost, chosen))


def _exchanged(cost: Floats, chosen: list[int]) -> NDArray[np.intp]:
    """Replace one paint by another as long as the total falls."""
    for _ in range(_EXCHANGES):
        inside = cost[:, chosen]
        total = float(inside.min(axis=1).sum())
        best_total, swap = total, None
        for place in range(len(chosen)):
            without = np.delete(inside, place, axis=1).min(axis=1)
            totals = np.minimum(cost, without[:, None]).sum(axis=0)
            totals[chosen] = np.inf
            candidate = int(totals.argmin())
            if totals[candidate] < best_total * (1 - 1e-5):
                best_total, swap = float(totals[candidate]), (place, candidate)
        if swap is None:
            break
        chosen[swap[0]] = swap[1]
    return np.asarray(chosen, dtype=np.intp)


def histogram(lab: Floats) -> tuple[Floats, Floats]:
    """Colours that stand for the picture, with their shares."""
    colours = sample(lab)
    keys, inverse, counts = np.unique(
        np.rint(colours / 4).astype(np.int16), axis=0, return_inverse=True, return_counts=True
    )
    sums = np.stack([np.bincount(inverse.ravel(), colours[:, axis], len(keys)) for axis in range(3)], axis=1)
    means = (sums / counts[:, None]).astype(np.float32)
    return means, (counts / counts.sum()).astype(np.float32)


def nearest(lab: Floats, palette: Floats) -> Bytes:
    """Index of the nearest palette colour (CIELAB, Euclidean) per cell (h, w)."""
    flat = lab.reshape(-1, 3)
    out = np.empty(len(flat), dtype=np.uint8)
    half = (palette * palette).sum(axis=1) / 2
    for start in range(0, len(flat), _BLOCK):
        scores = palette @ flat[start : start + _BLOCK].T
        scores -= half[:, None]
        out[start : start + _BLOCK] = scores.argmax(axis=0)
    return out.reshape(lab.shape[:2])


def by_table(rgb: Bytes, palette: Floats) -> Bytes:
    """As `nearest`, for sRGB bytes (h, w, 3), by a table of 64 levels per channel: four times as fast for a picture,
    and no coarser than the noise of a photo."""
    level = (np.arange(_LEVELS) * (256 // _LEVELS) + 128 // _LEVELS).astype(np.uint8)
    red, green, blue = np.meshgrid(level, level, level, indexing="ij")
    table = nearest(lab_of(np.stack([red, green, blue], axis=-1).reshape(_LEVELS, -1, 3)), palette).ravel()
    coarse = rgb >> 2
    index = coarse[..., 0].astype(np.int32)
    index <<= 6
    index |= coarse[..., 1]
    index <<= 6
    index |= coarse[..., 2]
    return table[index]


def swept(labels: Bytes, count: int, window: int) -> Bytes:
    """Mode filter: each cell takes the commonest label of the `window` x `window` cells around it; the lower index on
    a draw. Removes specks and threads that are thinner than half of the window."""
    out = np.zeros_like(labels)
    most = np.zeros_like(labels)
    for index in range(count):
        mine = (labels == index).view(np.uint8)
        share = np.asarray(cv2.boxFilter(mine, -1, (window, window), normalize=False), dtype=np.uint8)
        np.putmask(out, share > most, np.uint8(index))
        np.maximum(share, most, out=most)
    return out
