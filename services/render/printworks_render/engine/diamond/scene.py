"""A kit's canvas: where its drill grid lies, its pattern, and the layers that only this recipe draws."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from printworks_common.failures import Reason
from printworks_common.templates import Area, photo_input
from printworks_common.templates.design import PhotoChoice
from printworks_common.templates.layers import CanvasLayer, GridCoordinatesLayer, Layer, LegendLayer
from printworks_common.templates.options_diamond import DiamondOptions

from printworks_render.engine.content import Content
from printworks_render.engine.decode import decode, inspect
from printworks_render.engine.diamond.cells import Window, draw_cells
from printworks_render.engine.diamond.key import LegendLayout, draw_legend, legend_layout
from printworks_render.engine.diamond.labels import draw_label
from printworks_render.engine.diamond.palette import Drill
from printworks_render.engine.diamond.pattern import Pattern, Pixels, Quantity, make_pattern, quantities
from printworks_render.engine.geometry import PT_PER_MM, Rect, Sheet, box_on
from printworks_render.engine.job import RenderError, RenderJob
from printworks_render.engine.pieces import Piece, Vectors
from printworks_render.engine.resample import Cut, cover_cut, paste
from printworks_render.engine.scene import Scene, build_scene, rect

_OVERSAMPLING = 3
_TEXT_GAP_MM = 1.0


@dataclass
class Kit:
    """One area of a job: its scene, and what the recipe puts into it. `place` is the grid in canvas millimetres."""

    scene: Scene
    options: DiamondOptions
    place: Rect
    pattern: Pattern
    needs: list[Quantity]
    source: tuple[int, int]
    """Pixels of the part of the customer's picture that is shown."""
    grid: Piece
    legends: list[LegendLayout] = field(default_factory=list[LegendLayout])


def make_kit(job: RenderJob, area: Area, options: DiamondOptions, palette: Sequence[Drill]) -> Kit:
    """Build an area. Raises `RenderError` for an unusable picture or template."""
    painter = _Painter(job, options, palette)
    scene = build_scene(job, area, painter=painter)
    return painter.kit(scene)


class _Painter:
    """Adds the layers of this recipe to a scene, in the order of the template."""

    def __init__(self, job: RenderJob, options: DiamondOptions, palette: Sequence[Drill]) -> None:
        self._job = job
        self._options = options
        self._palette = palette
        self._kit: Kit | None = None
        self._legends: list[tuple[LegendLayer, Rect]] = []

    def __call__(self, scene: Scene, layer: Layer) -> bool:
        match layer:
            case CanvasLayer():
                if self._kit is not None:
                    raise _invalid(f"The area {scene.area.id} has two canvas layers.")
                self._kit = self._canvas(scene, layer)
                scene.pieces.append(self._kit.grid)
            case LegendLayer():
                box = box_on(rect(layer.box), scene.area, scene.sheet)
                self._legends.append((layer, box))
                scene.pieces.append(Vectors(lambda content: self._draw_legend(content, layer, box), box))
            case GridCoordinatesLayer():
                place = grid_place(scene, self._options)[0]
                bounds = place.grown(_TEXT_GAP_MM + layer.size_pt / PT_PER_MM * 3)
                scene.pieces += _coordinate_strips(place, bounds, self._options.pitch, layer)
            case _:
                return False
        return True

    def kit(self, scene: Scene) -> Kit:
        if self._kit is None:
            raise _invalid(f"The area {scene.area.id} has no canvas layer for the picture.")
        count = len(self._kit.needs)
        self._kit.legends = [legend_layout(count, box, one.columns, one.size_pt) for one, box in self._legends]
        return self._kit

    def _canvas(self, scene: Scene, layer: CanvasLayer) -> Kit:
        options = self._options
        place, rows, columns = grid_place(scene, options)
        picture, source, notes = _picture(self._job, layer, place, (rows, columns))
        scene.notes.extend(notes)
        pattern = make_pattern(
            picture, (rows, columns), self._palette, options.colours, options.dithering, options.confetti
        )
        if len(pattern.drills) < options.colours:
            scene.notes.append(f"The picture has too few colours: {len(pattern.drills)} are used of {options.colours}.")
        window = Window(0, rows, 0, columns, place.x, place.y, options.pitch)
        is_round, lines = options.drill == "round", options.grid_lines

        def draw(content: Content) -> None:
            draw_cells(content, pattern, window, round_drills=is_round, lines=lines)

        needs = quantities(pattern, options.spare_share, options.bag_size)
        return Kit(scene, options, place, pattern, needs, source, Vectors(draw, place))

    def _draw_legend(self, content: Content, layer: LegendLayer, box: Rect) -> None:
        kit = self._kit
        if kit is not None:
            layout = legend_layout(len(kit.needs), box, layer.columns, layer.size_pt)
            draw_legend(content, kit.needs, box, layout)


def canvas_layer(area: Area) -> CanvasLayer:
    """The area's layer for the drill grid. Raises `RenderError(template_invalid)` when there is none."""
    for layer in area.layers:
        if isinstance(layer, CanvasLayer):
            return layer
    raise _invalid(f"The area {area.id} has no canvas layer for the picture.")


def grid_place(scene: Scene, options: DiamondOptions) -> tuple[Rect, int, int]:
    """Where the grid lies, and its rows and columns: as many whole drills as the layer's box holds, in its middle."""
    layer = canvas_layer(scene.area)
    return grid_on(scene.area, scene.sheet, layer, options)


def grid_on(area: Area, sheet: Sheet, layer: CanvasLayer, options: DiamondOptions) -> tuple[Rect, int, int]:
    """As `grid_place`, for a sheet."""
    box = sheet.canvas if layer.box is None else box_on(rect(layer.box), area, sheet)
    pitch = options.pitch
    columns, rows = int(box.width / pitch + 1e-6), int(box.height / pitch + 1e-6)
    if columns < 2 or rows < 2:
        raise _invalid("The canvas is too small for the drills.")
    width, height = columns * pitch, rows * pitch
    return Rect(box.centre[0] - width / 2, box.centre[1] - height / 2, width, height), rows, columns


def _picture(
    job: RenderJob, layer: CanvasLayer, place: Rect, grid: tuple[int, int]
) -> tuple[Pixels, tuple[int, int], list[str]]:
    """The shown part of the customer's picture, a few pixels per cell; the pixels it has itself; notes."""
    choice = job.design.photos.get(layer.slot)
    if choice is None:
        raise RenderError(Reason.DESIGN_MISSING, f"The design has no picture for {layer.slot}.")
    path = job.inputs.get(photo_input(layer.slot)) or Path()
    size = inspect(path).size
    turns = quarter_turns(choice)
    aspect = place.width / place.height if turns % 2 == 0 else place.height / place.width
    cut = shown_part(choice, layer, size, aspect)
    rows, columns = grid
    target = np.full((rows * _OVERSAMPLING, columns * _OVERSAMPLING, 3), 255, dtype=np.uint8)
    across, down = (columns, rows) if turns % 2 == 0 else (rows, columns)
    want = round(across * _OVERSAMPLING / cut.width), round(down * _OVERSAMPLING / cut.height)
    picture = decode(path, want)
    paste(target, picture, cut, filters=choice.filters or layer.filters, quarter_turns=turns)
    return target, (round(cut.width * size[0]), round(cut.height * size[1])), picture.notes


def quarter_turns(choice: PhotoChoice) -> int:
    """The customer's rotation in quarter turns clockwise: a drill grid is upright, so other angles are refused."""
    rotation = (choice.rotation or 0.0) % 360
    if rotation % 90:
        raise RenderError(Reason.DESIGN_INVALID, "A picture for drills can be turned by quarter turns only.")
    return int(rotation // 90)


def shown_part(choice: PhotoChoice, layer: CanvasLayer, size: tuple[int, int], aspect: float) -> Cut:
    """The part of the upright picture that covers a grid of this aspect (width / height)."""
    if choice.crop is not None:
        crop = choice.crop
        within = Cut(crop.x, crop.y, min(1.0, crop.x + crop.width), min(1.0, crop.y + crop.height))
        return cover_cut(size, within, aspect, ((within.left + within.right) / 2, (within.top + within.bottom) / 2))
    focus = choice.focus or layer.focus
    return cover_cut(size, Cut(), aspect, (focus.x, focus.y))


def _coordinate_strips(place: Rect, bounds: Rect, pitch: float, layer: GridCoordinatesLayer) -> list[Piece]:
    """Numbers of every so many columns and rows on all four sides, as one piece for each side."""
    columns, rows = round(place.width / pitch), round(place.height / pitch)
    across = [number for number in range(1, columns + 1) if number % layer.every == 0]
    down = [number for number in range(1, rows + 1) if number % layer.every == 0]
    ascent = layer.size_pt / PT_PER_MM * 0.72

    def columns_at(baseline: float, content: Content) -> None:
        for number in across:
            x = place.x + (number - 0.5) * pitch
            draw_label(content, str(number), x, baseline, layer.size_pt, align="center")

    def rows_at(x: float, align: str, content: Content) -> None:
        for number in down:
            y = place.y + (number - 0.5) * pitch + ascent / 2
            draw_label(content, str(number), x, y, layer.size_pt, align="left" if align == "left" else "right")

    top = Rect(bounds.x, bounds.y, bounds.width, place.y - bounds.y)
    bottom = Rect(bounds.x, place.bottom, bounds.width, bounds.bottom - place.bottom)
    left = Rect(bounds.x, place.y, place.x - bounds.x, place.height)
    right = Rect(place.right, place.y, bounds.right - place.right, place.height)
    return [
        Vectors(lambda content: columns_at(place.y - _TEXT_GAP_MM, content), top),
        Vectors(lambda content: columns_at(place.bottom + _TEXT_GAP_MM + ascent, content), bottom),
        Vectors(lambda content: rows_at(place.x - _TEXT_GAP_MM, "right", content), left),
        Vectors(lambda content: rows_at(place.right + _TEXT_GAP_MM, "left", content), right),
    ]


def _invalid(sentence: str) -> RenderError:
    return RenderError(Reason.TEMPLATE_INVALID, sentence)
