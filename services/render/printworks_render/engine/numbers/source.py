"""The customer's picture on the cells of the canvas: decoded safely, cropped, turned and filtered."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from printworks_common.failures import Reason
from printworks_common.templates import photo_input
from printworks_common.templates.layers import CanvasLayer
from printworks_common.templates.template import Area

from printworks_render.engine.decode import inspect
from printworks_render.engine.geometry import MM_PER_INCH, Rect, Sheet, box_on
from printworks_render.engine.job import RenderError, RenderJob
from printworks_render.engine.numbers.cells import CellGrid
from printworks_render.engine.pieces import Photo, blank, draw_piece
from printworks_render.engine.resample import Cut, cover_cut, turned_extent
from printworks_render.engine.scene import PlacedPicture, rect


@dataclass(frozen=True)
class Source:
    """The picture of a canvas and its place on the sheet."""

    photo: Photo
    placed: PlacedPicture
    box: Rect


def canvas_layer(area: Area) -> CanvasLayer:
    layers = [layer for layer in area.layers if isinstance(layer, CanvasLayer)]
    if len(layers) != 1:
        raise RenderError(Reason.TEMPLATE_INVALID, f"The area {area.id} needs exactly one layer of the type canvas.")
    return layers[0]


def source_of(job: RenderJob, area: Area, sheet: Sheet) -> Source:
    """Reads the picture's header only. Raises `RenderError`."""
    layer = canvas_layer(area)
    box = box_on(rect(layer.box), area, sheet) if layer.box is not None else sheet.canvas
    chosen = job.design.photos.get(layer.slot)
    path = job.inputs.get(photo_input(layer.slot))
    if chosen is None:
        raise RenderError(Reason.DESIGN_MISSING, f"The design has no picture for {layer.slot}.")
    if path is None:
        raise RenderError(Reason.UPLOAD_MISSING, f"The picture for {layer.slot} is not there.")
    size = inspect(path).size
    rotation = chosen.rotation or 0.0
    within, focus = Cut(), (chosen.focus or layer.focus)
    middle = (focus.x, focus.y)
    if chosen.crop is not None:
        crop = chosen.crop
        within = Cut(crop.x, crop.y, min(1.0, crop.x + crop.width), min(1.0, crop.y + crop.height))
        middle = ((within.left + within.right) / 2, (within.top + within.bottom) / 2)
    extent = turned_extent(box.width, box.height, rotation)
    cut = cover_cut(size, within, extent[0] / extent[1], middle)
    at_origin = Rect(0.0, 0.0, box.width, box.height)
    photo = Photo(path, cut, at_origin, extent, rotation, chosen.filters or layer.filters)
    dpi = cut.width * size[0] / (extent[0] / MM_PER_INCH)
    return Source(photo, PlacedPicture(f"photo:{layer.slot}", dpi, size, customer=True), box)


def picture_cells(source: Source, grid: CellGrid, notes: list[str]) -> NDArray[np.uint8]:
    """sRGB (rows, columns, 3) on the grid; transparent parts are white. Raises `RenderError`."""
    dpi = grid.columns / grid.width * MM_PER_INCH
    sheet = Sheet(grid.width, grid.height, dpi=dpi)
    pixels = blank(sheet)
    draw_piece(pixels, sheet, source.photo, notes)
    if pixels.shape[:2] == (grid.rows, grid.columns):
        return pixels
    return np.asarray(cv2.resize(pixels, (grid.columns, grid.rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
