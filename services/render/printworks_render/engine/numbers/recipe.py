"""Recipe `paint-by-numbers`: all files of a job, its preview, and the memory that it needs."""

from pathlib import Path

from printworks_common.failures import Reason
from printworks_common.templates import Area, options_of, palette_input
from printworks_common.templates.layers import CanvasLayer, Layer, LegendLayer
from printworks_common.templates.options_numbers import NumbersOptions

from printworks_render.engine import preflight
from printworks_render.engine.decode import inspect
from printworks_render.engine.files import FileSet, spec_line
from printworks_render.engine.geometry import Rect, Sheet, box_on
from printworks_render.engine.job import (
    Check,
    Level,
    PreflightReport,
    RenderedFile,
    RenderError,
    RenderJob,
    RenderReport,
)
from printworks_render.engine.limits import source_bytes
from printworks_render.engine.numbers import checks, quantities
from printworks_render.engine.numbers.cells import CellGrid
from printworks_render.engine.numbers.drawing import canvas_piece
from printworks_render.engine.numbers.legend import legend_piece
from printworks_render.engine.numbers.painting import canvas_grid, finished_look, paint_picture
from printworks_render.engine.numbers.paints import Paint, read_paints
from printworks_render.engine.numbers.products import AreaFiles, check_outputs
from printworks_render.engine.numbers.source import picture_cells, source_of
from printworks_render.engine.outputs import PREVIEW_QUALITY
from printworks_render.engine.raster import write_jpeg
from printworks_render.engine.recipes import Recipe
from printworks_render.engine.scene import Scene, area_sheet, build_scene, rect

_PREVIEW_CELLS = 700
_BASE_BYTES = 230 << 20
_BYTES_PER_CELL = 110
_BYTES_PER_PRINT_PIXEL = 6.5


def render(job: RenderJob, out_dir: Path) -> RenderReport:
    """See `printworks_render.engine.render`."""
    options = options_of(job.template, NumbersOptions, job.design)
    check_outputs(job)
    files = FileSet(job, out_dir)
    found: list[Check] = []
    facts: dict[str, object] = {}
    notes: list[str] = []
    for area in job.template.areas:
        work = painted(job, area, options, files)
        found += _check_scene(job, work.scene)
        found += work.write()
        found += checks.check_facets(work.painting, work.needs)
        notes += [note for note in work.scene.notes if note not in notes]
        facts[area.id] = quantities.facts(work.painting, work.needs)
    report = preflight.conclude(found)
    first = next((file for file in files.files if file.role == "print"), files.files[0])
    return RenderReport(tuple(files.files), report, spec_line(first), job.renderer_version, tuple(notes), facts)


def _paint_set(job: RenderJob, options: NumbersOptions) -> tuple[Paint, ...]:
    if options.palette_asset is None:
        return ()
    path = job.inputs.get(palette_input(options.palette_asset))
    if path is None or not path.exists():
        raise RenderError(Reason.ASSET_MISSING, f"The paint set {options.palette_asset} is not there.")
    return read_paints(path)


def painted(job: RenderJob, area: Area, options: NumbersOptions, files: FileSet) -> AreaFiles:
    """Paint the picture of an area and lay out its sheet."""
    source = source_of(job, area, area_sheet(job, area))
    resolution = checks.check_picture(source.placed)
    if resolution.level is Level.FAIL:
        raise RenderError(Reason.UPLOAD_LOW_RESOLUTION, resolution.sentence, PreflightReport((resolution,)))
    paint_set = _paint_set(job, options)
    grid = canvas_grid(source.box.width, source.box.height, options, paint_set)
    notes: list[str] = []
    painting = paint_picture(picture_cells(source, grid, notes), grid, options, paint_set)
    needs = quantities.needs_of(painting, options)

    def painter(scene: Scene, layer: Layer) -> bool:
        match layer:
            case CanvasLayer():
                scene.pieces.append(canvas_piece(painting, source.box, options))
            case LegendLayer():
                scene.pieces.append(
                    legend_piece(layer, box_on(rect(layer.box), area, scene.sheet), needs, options.pot_ml)
                )
            case _:
                return False
        return True

    scene = build_scene(job, area, painter=painter)
    scene.notes += notes
    if len(painting.paints) < options.colours:
        scene.notes.append(f"The canvas has {len(painting.paints)} paints; the picture has no use for more.")
    return AreaFiles(job, area, options, source, scene, painting, needs, files, resolution)


def _check_scene(job: RenderJob, scene: Scene) -> list[Check]:
    """Texts and library pictures of the frame."""
    limits = job.template.preflight
    found = [preflight.check_dpi(one.name, one.dpi, limits, customer=False) for one in scene.pictures]
    safe = scene.sheet.canvas.grown(-scene.area.safe_mm)
    for text in scene.texts:
        block = text.block
        inside: Rect | None = None if text.frame else safe
        found += preflight.check_text(
            text.name, block.missing, block.overflows, block.size_pt, limits, text.bounds, inside
        )
    preflight.conclude([check for check in found if check.code == "missing_glyph"])
    return found


def preview(job: RenderJob, out_dir: Path, max_px: int) -> list[RenderedFile]:
    """The finished painting of each area, on coarser cells than the print."""
    options = options_of(job.template, NumbersOptions, job.design)
    paint_set = _paint_set(job, options)
    files = FileSet(job, out_dir)
    for area in job.template.areas:
        source = source_of(job, area, area_sheet(job, area))
        grid = _preview_grid(source.box, min(_PREVIEW_CELLS, max_px))
        look = finished_look(picture_cells(source, grid, []), grid, options, paint_set)
        sheet = Sheet(source.box.width, source.box.height, dpi=grid.columns / source.box.width * 25.4)
        path = files.path_for("{order}-{line}-{area}-preview", "preview", "jpeg", area.id)
        write_jpeg(path, look, sheet.dpi, PREVIEW_QUALITY)
        size = look.shape[1], look.shape[0]
        files.add(path, "preview", "jpeg", area=area.id, pixels=size, dpi=sheet.dpi, colour_space="sRGB")
    return files.files


def _preview_grid(box: Rect, cells: int) -> CellGrid:
    longest = max(box.width, box.height)
    columns, rows = (max(8, round(side / longest * cells)) for side in (box.width, box.height))
    return CellGrid(columns, rows, box.width, box.height)


def memory_bytes(job: RenderJob) -> int:
    """See `printworks_render.engine.memory_bytes`. The photo is gone before the print's pixels exist."""
    options = options_of(job.template, NumbersOptions, job.design)
    paint_set = _paint_set(job, options)
    most = 0.0
    for area in job.template.areas:
        sheet = area_sheet(job, area)
        source = source_of(job, area, sheet)
        grid = canvas_grid(source.box.width, source.box.height, options, paint_set)
        cut = source.photo.cut
        want = round(grid.columns / cut.width), round(grid.rows / cut.height)
        photo = source_bytes(inspect(source.photo.path), want)
        width, height = sheet.pixels
        most = max(
            most, grid.columns * grid.rows * _BYTES_PER_CELL + max(photo, width * height * _BYTES_PER_PRINT_PIXEL)
        )
    return int(_BASE_BYTES + most)


RECIPE = Recipe(render=render, preview=preview, memory_bytes=memory_bytes)
