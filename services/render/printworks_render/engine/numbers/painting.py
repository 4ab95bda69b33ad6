"""The whole way from a picture to a numbered painting: cells, paints, facets, borders, numbers.

Deterministic: seeds are fixed, ties go to the lower index. Time and memory depend on the canvas, not on the photo.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from printworks_common.failures import Reason
from printworks_common.templates.options_numbers import NumbersOptions

from printworks_render.engine.colour import ciede2000_matrix, lab_to_srgb, srgb_to_lab
from printworks_render.engine.job import RenderError
from printworks_render.engine.numbers import palette as choice
from printworks_render.engine.numbers.arcs import Arcs, traced
from printworks_render.engine.numbers.cells import Bytes, CellGrid, Floats, grid_for, lab_of, picture_on, planes_of
from printworks_render.engine.numbers.digits import number_shape
from printworks_render.engine.numbers.facets import FacetMap, Planes
from printworks_render.engine.numbers.labels import Spots, spots_of
from printworks_render.engine.numbers.merging import Limits, Patchwork, merged, patchwork, trimmed
from printworks_render.engine.numbers.paints import Paint, mixed_paints, rgbs

_SMOOTH_MM = 0.5
_TOLERANCE_MM = 0.05
_LLOYD_ROUNDS = 6
_THIN = 0.6
"""Parts of a facet that are thinner than this share of the smallest facet are cut off."""
_TRIES = 5
# Smoothing takes a little of the area where a border bends around a facet.
_AREA_RESERVE = 1.03


@dataclass(frozen=True)
class Painting:
    """A numbered painting in millimetres of its canvas.

    cells: the picture on the cell grid, sRGB. paints: in the order of `facets.paint`. font_pt: type size per facet.
    """

    grid: CellGrid
    cells: Bytes
    facets: FacetMap
    arcs: Arcs
    spots: Spots
    paints: tuple[Paint, ...]
    font_pt: NDArray[np.float64]
    smallest: tuple[float, float]

    def painted(self) -> Bytes:
        """The finished painting on the cell grid, sRGB."""
        return rgbs(self.paints)[self.facets.labels]

    def paint_areas(self) -> NDArray[np.float64]:
        """Area of each paint in square millimetres; they sum to the canvas."""
        return np.bincount(self.facets.paint, self.spots.area, len(self.paints)).astype(np.float64)


def smallest_facet(options: NumbersOptions, highest_number: int) -> tuple[float, float]:
    """Radius (mm) and area (mm²) that every facet must have: the options', and never less than the largest number needs
    at its smallest size."""
    radius, area = options.smallest
    needed = max(number_shape(value).radius_mm(options.min_font_pt) for value in range(1, highest_number + 1))
    return max(radius, needed), area


def canvas_grid(width: float, height: float, options: NumbersOptions, paint_set: tuple[Paint, ...]) -> CellGrid:
    """The cells of a canvas of `width` x `height` mm. Raises `RenderError(template_invalid)` when it is smaller than
    one facet."""
    radius, area = _limits(options, paint_set)
    if min(width, height) < 2.5 * radius or width * height < area:
        raise RenderError(Reason.TEMPLATE_INVALID, "The canvas is smaller than the smallest facet that can be painted.")
    return grid_for(width, height, radius)


def _by_set(options: NumbersOptions, paint_set: tuple[Paint, ...]) -> bool:
    return bool(paint_set) and options.numbering == "paint-set"


def _limits(options: NumbersOptions, paint_set: tuple[Paint, ...]) -> tuple[float, float]:
    by_set = _by_set(options, paint_set)
    return smallest_facet(options, max(paint.number for paint in paint_set) if by_set else options.colours)


def paint_picture(rgb: Bytes, grid: CellGrid, options: NumbersOptions, paint_set: tuple[Paint, ...] = ()) -> Painting:
    """Turn the picture, sRGB (h, w, 3), already cropped to the canvas, into a painting on the grid of `canvas_grid`.

    paint_set: the merchant's paints; empty: colours are mixed. Raises `RenderError`.
    """
    radius, area = _limits(options, paint_set)
    cells, planes, labels, colours, chooser = _labelled(rgb, grid, options, paint_set, radius)
    size = grid.size_mm
    reserve = 0.0
    for _ in range(_TRIES):
        # Depth counts from the centres of border cells: half a cell less than the way to the border itself.
        limits = Limits(radius / size - 0.5 + reserve, area * _AREA_RESERVE / size**2)
        rough, depth = merged(patchwork(labels, planes), colours, limits)
        cut = trimmed(rough.facets, depth, _THIN * radius / size)
        patches, depth = merged(patchwork(cut, planes), colours, limits)
        facets, colours, paints = chooser.refit(patches, colours)
        arcs = traced(facets.facets, grid, tolerance_mm=_TOLERANCE_MM)
        depth = depth if facets.count == patches.facets.count else facets.depth()
        spots = spots_of(facets, depth, arcs, grid)
        if ((spots.radius >= radius) & (spots.area >= area)).all():
            break
        labels = facets.labels
        reserve += 0.3
    else:
        raise RenderError(Reason.RENDER_FAILED, "Some facets stayed too small to be painted.")
    used = paints if _by_set(options, paint_set) else number_sequence(paints)
    return Painting(grid, cells, facets, arcs, spots, used, _font_sizes(facets, spots, used, options), (radius, area))


def finished_look(rgb: Bytes, grid: CellGrid, options: NumbersOptions, paint_set: tuple[Paint, ...] = ()) -> Bytes:
    """The finished painting as sRGB cells, without borders and numbers, for a quick preview on a coarse grid."""
    radius, area = _limits(options, paint_set)
    _, planes, labels, colours, chooser = _labelled(rgb, grid, options, paint_set, radius)
    size = grid.size_mm
    limits = Limits(max(1.0, radius / size - 0.5), area / size**2)
    patches, _ = merged(patchwork(labels, planes), colours, limits)
    facets, colours, paints = chooser.refit(patches, colours)
    return rgbs(paints)[facets.labels]


def _labelled(
    rgb: Bytes, grid: CellGrid, options: NumbersOptions, paint_set: tuple[Paint, ...], radius: float
) -> tuple[Bytes, Planes, Bytes, Floats, "_Chooser"]:
    cells, smooth = picture_on(grid, rgb, smooth_mm=_SMOOTH_MM)
    lab = lab_of(smooth)
    chooser = _Chooser(options.colours, paint_set)
    colours = chooser.first(lab)
    window = min(9, 2 * round(0.7 * radius / grid.size_mm) + 1)
    labels = choice.swept(choice.by_table(smooth, colours), len(colours), window)
    planes = planes_of(lab)
    return cells, planes, labels, colours, chooser


def number_sequence(paints: tuple[Paint, ...]) -> tuple[Paint, ...]:
    """The same paints, numbered from 1 in their order."""
    return tuple(Paint(number, paint.code, paint.name, paint.rgb) for number, paint in enumerate(paints, start=1))


def _font_sizes(
    facets: FacetMap, spots: Spots, paints: tuple[Paint, ...], options: NumbersOptions
) -> NDArray[np.float64]:
    per_mm = np.array([number_shape(paint.number).font_pt(1.0) for paint in paints])
    return np.minimum(per_mm[facets.paint] * spots.radius, options.max_font_pt)


class _Chooser:
    """Which colours the facets get: mixed freely, or from a set."""

    def __init__(self, count: int, paint_set: tuple[Paint, ...]) -> None:
        self._count = count
        self._set = paint_set
        self._set_lab = srgb_to_lab(rgbs(paint_set)).astype(np.float32)

    def first(self, lab: Floats) -> Floats:
        if not self._set:
            return choice.free_palette(lab, self._count)
        return self._set_lab[choice.choose_paints(*choice.histogram(lab), self._set_lab, self._count)]

    def refit(self, patches: Patchwork, colours: Floats) -> tuple[FacetMap, Floats, tuple[Paint, ...]]:
        """Fit the colours to the finished facets and each facet to them. Facets that become neighbours of the same
        paint are joined, which only makes them larger."""
        area, means = patches.area, patches.means
        if self._set:
            chosen = choice.choose_paints(means, area, self._set_lab, self._count)
            colours = self._set_lab[chosen]
            paint = ciede2000_matrix(means, colours).argmin(axis=1)
        else:
            chosen = np.zeros(0, dtype=np.intp)
            colours, paint = choice.fitted(means, area, colours, self._count, _LLOYD_ROUNDS)
        used, packed = np.unique(paint, return_inverse=True)
        joined = patches.repainted(packed.astype(np.uint8)).facets
        colours = colours[used]
        if self._set:
            return joined, colours, tuple(self._set[index] for index in chosen[used])
        return joined, colours, mixed_paints(lab_to_srgb(colours))
