"""Recipe `paint-by-numbers`: all files of a job, its preview, and the memory that it needs."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from printworks_common.failures import Reason
from printworks_common.templates import Area, Output, options_of, palette_input, profile_input
from printworks_common.templates.layers import CanvasLayer, Layer, LegendLayer
from printworks_common.templates.options_numbers import NumbersOptions

from printworks_render.engine.decode import inspect
from printworks_render.engine.files import FileSet, spec_line
from printworks_render.engine.geometry import Sheet, box_on
from printworks_render.engine.inks import CmykInks
from printworks_render.engine.job import Check, Level, PreflightReport, RenderedFile, RenderError, RenderJob, RenderReport
from printworks_render.engine.numbers import checks, documents, quantities
from printworks_render.engine.numbers.cells import CellGrid
from printworks_render.engine.numbers.drawing import canvas_piece
from printworks_render.engine.numbers.legend import legend_piece
from printworks_render.engine.numbers.paints import Paint, read_paints
from printworks_render.engine.numbers.painting import Painting, canvas_grid, finished_look, paint_picture
from printworks_render.engine.numbers.source import Source, picture_cells, source_of
from printworks_render.engine.pdf import DocumentInfo
from printworks_render.engine.profiles import Profile, default_cmyk, printer_profile
from printworks_render.engine.raster import shrink, write_jpeg, write_png, write_tiff, write_webp
from printworks_render.engine.recipes import Recipe
from printworks_render.engine.scene import Scene, area_sheet, build_scene, rect

Pixels = NDArray[np.uint8]

THUMBNAIL_PX = 512
PREVIEW_PX = 2400
_PREVIEW_CELLS = 700
_BASE_BYTES = 260_000_000
_BYTES_PER_CELL = 110
_BYTES_PER_PRINT_PIXEL = 7
_BYTES_PER_SOURCE_PIXEL = 8


@dataclass
class _Work:
    """One area under way."""

    job: RenderJob
    area: Area
    options: NumbersOptions
    source: Source
    scene: Scene
    painting: Painting
    needs: list[quantities.Need]
    files: FileSet
    checks: list[Check] = field(default_factory=list[Check])
    _print: Pixels | None = None
    _pdf: bytes | None = None

    @property
    def sheet(self) -> Sheet:
        return self.scene.sheet

    @property
    def info(self) -> DocumentInfo:
        order = self.job.order
        return DocumentInfo(
            f"Paint by numbers {order.order_name}", order.document_date, f"Printworks {self.job.renderer_version}"
        )

    def pdf(self) -> bytes:
        """The canvas template in sRGB; the raster file and the preview are drawn from it."""
        if self._pdf is None:
            self._pdf = documents.canvas_pdf(self.scene, self.info)
        return self._pdf

    def print_pixels(self) -> Pixels:
        if self._print is None:
            self._print = documents.page_rgb(self.pdf(), self.sheet.pixels)
        return self._print


def render(job: RenderJob, out_dir: Path) -> RenderReport:
    """All files of the job. Raises `RenderError`, with `preflight_failed` when a finished file does not pass."""
    options = options_of(job.template, NumbersOptions, job.design)
    files = FileSet(job, out_dir)
    found: list[Check] = []
    facts: dict[str, object] = {}
    notes: list[str] = []
    for area in job.template.areas:
        work = _started(job, area, options, files)
        _write_area(work)
        _check_area(work)
        found += work.checks
        notes += [note for note in work.scene.notes if note not in notes]
        facts[area.id] = quantities.facts(work.painting, work.needs)
    report = PreflightReport(tuple(found))
    if report.level is Level.FAIL:
        first = report.failures()[0]
        raise RenderError(Reason.PREFLIGHT_FAILED, f"{first.sentence} Measured: {first.measured}.", report)
    main = next((file for file in files.files if file.role == "print"), files.files[0])
    return RenderReport(tuple(files.files), report, spec_line(main), job.renderer_version, tuple(notes), facts)


def _paint_set(job: RenderJob, options: NumbersOptions) -> tuple[Paint, ...]:
    if options.palette_asset is None:
        return ()
    path = job.inputs.get(palette_input(options.palette_asset))
    if path is None:
        raise RenderError(Reason.ASSET_MISSING, f"The paint set {options.palette_asset} is not there.")
    return read_paints(path)


def _started(job: RenderJob, area: Area, options: NumbersOptions, files: FileSet) -> _Work:
    """Paint the picture of an area and lay out its sheet."""
    sheet = area_sheet(job, area)
    source = source_of(job, area, sheet)
    paint_set = _paint_set(job, options)
    grid = canvas_grid(source.box.width, source.box.height, options, paint_set)
    notes: list[str] = []
    painting = paint_picture(picture_cells(source, grid, notes), grid, options, paint_set)
    needs = quantities.needs_of(painting, options)

    def painter(scene: Scene, layer: Layer) -> bool:
        match layer:
            case CanvasLayer():
                scene.pieces.append(canvas_piece(painting, source.box, options))
                scene.pictures.append(source.placed)
            case LegendLayer():
                box = box_on(rect(layer.box), area, scene.sheet)
                scene.pieces.append(legend_piece(layer, box, needs, options.pot_ml))
            case _:
                return False
        return True

    scene = build_scene(job, area, painter=painter)
    scene.notes += notes
    if len(painting.paints) < options.colours:
        scene.notes.append(f"The picture has {len(painting.paints)} colours; {options.colours} were asked for.")
    return _Work(job, area, options, source, scene, painting, needs, files)


def _write_area(work: _Work) -> None:
    outputs = [output for output in work.job.template.outputs if output.area in {None, work.area.id}]
    for role, file_format in (("preview", "jpeg"), ("thumbnail", "webp")):
        if not any(output.role == role for output in outputs):
            outputs.append(Output.model_validate({"role": role, "format": file_format}))
    for output in outputs:
        _write(work, output)


def _write(work: _Work, output: Output) -> None:
    match output.role, output.format:
        case "print", "pdf":
            _write_print_pdf(work, output)
        case "print", "svg":
            path = work.files.path(output, work.area.id)
            documents.canvas_svg(work.scene, path, work.info.title)
            work.files.add(path, "print", "svg", area=work.area.id, sheet=work.sheet, colour_space="sRGB")
            work.checks += checks.check_svg(path, work.sheet, work.painting)
        case "print", "tiff" | "png" | "jpeg":
            _write_raster(work, output, work.print_pixels(), work.sheet.dpi)
        case "preview", "jpeg" | "png" | "webp":
            _write_raster(work, output, shrink(work.print_pixels(), output.max_px or PREVIEW_PX), None)
        case "thumbnail", "jpeg" | "png" | "webp":
            _write_raster(work, output, shrink(work.painting.painted(), output.max_px or THUMBNAIL_PX), None)
        case "reference", "jpeg" | "png" | "webp":
            _write_raster(work, output, shrink(work.painting.cells, output.max_px or PREVIEW_PX), None)
        case "chart", "jpeg" | "png" | "webp":
            _write_raster(work, output, shrink(work.painting.painted(), output.max_px or PREVIEW_PX), None)
        case "reference", "pdf":
            path = work.files.path(output, work.area.id)
            painting = work.painting
            sheet = documents.reference_pdf(
                path, work.info, work.job.order.order_name, painting.cells, painting.painted()
            )
            work.files.add(path, "reference", "pdf", area=work.area.id, sheet=sheet, colour_space="sRGB")
        case "legend", "pdf":
            path = work.files.path(output, work.area.id)
            sheet = documents.legend_pdf(
                path, work.info, work.job.order.order_name, work.needs, work.options.pot_ml
            )
            work.files.add(path, "legend", "pdf", area=work.area.id, sheet=sheet, colour_space="sRGB")
        case ("legend" | "data"), "csv":
            path = work.files.path(output, work.area.id)
            quantities.write_csv(path, work.needs)
            work.files.add(path, output.role, "csv", area=work.area.id)
        case "data", "json":
            path = work.files.path(output, work.area.id)
            quantities.write_json(path, work.painting, work.needs)
            work.files.add(path, "data", "json", area=work.area.id)
        case _:
            raise RenderError(
                Reason.TEMPLATE_INVALID,
                f"Paint by numbers has no output {output.role} in the format {output.format}.",
            )


def _write_print_pdf(work: _Work, output: Output) -> None:
    path = work.files.path(output, work.area.id)
    profile = _profile(work.job, output)
    if profile is None and output.colour == "srgb":
        document = work.pdf()
    else:
        inks = CmykInks(profile or default_cmyk()) if output.colour == "cmyk" else None
        document = documents.canvas_pdf(work.scene, work.info, profile, inks)
    path.write_bytes(document)
    space = "CMYK" if output.colour == "cmyk" else "sRGB"
    work.files.add(path, "print", "pdf", area=work.area.id, sheet=work.sheet, colour_space=space)
    work.checks += checks.check_pdf(path, work.sheet)
    work.checks += checks.check_numbers(
        document, work.painting, work.sheet, work.source.box, work.options.min_font_pt
    )


def _profile(job: RenderJob, output: Output) -> Profile | None:
    if output.profile is None:
        return None
    path = job.inputs.get(profile_input(output.profile))
    if path is None:
        raise RenderError(Reason.ASSET_MISSING, f"The colour profile {output.profile} is not there.")
    return printer_profile(path.read_bytes(), output.profile)


def _write_raster(work: _Work, output: Output, pixels: Pixels, dpi: float | None) -> None:
    """dpi: of a print; None for pictures on screens."""
    path = work.files.path(output, work.area.id)
    density = dpi or 72.0
    profile: bytes | None = None
    space = "sRGB"
    if output.colour == "cmyk":
        inks = CmykInks(_profile(work.job, output) or default_cmyk())
        pixels, profile, space = inks.convert(pixels), inks.profile.data, "CMYK"
    match output.format:
        case "tiff":
            write_tiff(path, pixels, density, profile)
        case "png":
            write_png(path, pixels, density)
        case "webp":
            write_webp(path, pixels, output.quality)
        case _:
            write_jpeg(path, pixels, density, output.quality, profile)
    size = pixels.shape[1], pixels.shape[0]
    sheet = work.sheet if dpi else None
    work.files.add(
        path, output.role, output.format, area=work.area.id, pixels=size, sheet=sheet, dpi=dpi, colour_space=space
    )
    if dpi:
        work.checks += checks.check_raster(path, work.sheet, shrink(work.print_pixels(), 600))


def _check_area(work: _Work) -> None:
    work.checks += checks.check_facets(work.painting, work.needs)
    work.checks.append(checks.check_picture(work.source.placed))
    for text in work.scene.texts:
        if text.block.missing:
            report = PreflightReport((checks.ok("glyphs", False, " ".join(text.block.missing), "0", "A character cannot be shown."),))
            raise RenderError(Reason.FONT_MISSING_GLYPH, f"The text {text.name} has characters without a glyph.", report)
        if text.block.overflows:
            work.checks.append(checks.ok("text_fits", False, text.name, "its box", "A text is too long for its box."))


def preview(job: RenderJob, out_dir: Path, max_px: int) -> list[RenderedFile]:
    """The finished painting of each area, on coarser cells than the print."""
    options = options_of(job.template, NumbersOptions, job.design)
    files = FileSet(job, out_dir)
    for area in job.template.areas:
        source = source_of(job, area, area_sheet(job, area))
        box = source.box
        longest = max(box.width, box.height)
        cells = min(_PREVIEW_CELLS, max_px)
        grid = CellGrid(
            max(8, round(box.width / longest * cells)), max(8, round(box.height / longest * cells)), box.width, box.height
        )
        look = finished_look(picture_cells(source, grid, []), grid, options, _paint_set(job, options))
        path = files.path_for("{order}-{line}-{area}-{role}", "preview", "jpeg", area.id)
        write_jpeg(path, look, 72.0, 90)
        files.add(
            path, "preview", "jpeg", area=area.id, pixels=(look.shape[1], look.shape[0]), colour_space="sRGB"
        )
    return files.files


def memory_bytes(job: RenderJob) -> int:
    """Bound from the headers alone: cells by the canvas, pixels of the print, pixels of the photo."""
    options = options_of(job.template, NumbersOptions, job.design)
    most = 0
    for area in job.template.areas:
        sheet = area_sheet(job, area)
        source = source_of(job, area, sheet)
        grid = canvas_grid(source.box.width, source.box.height, options, _paint_set(job, options))
        width, height = sheet.pixels
        pixels = inspect(source.photo.path).size
        most = max(
            most,
            _BASE_BYTES
            + grid.columns * grid.rows * _BYTES_PER_CELL
            + width * height * _BYTES_PER_PRINT_PIXEL
            + pixels[0] * pixels[1] * _BYTES_PER_SOURCE_PIXEL,
        )
    return most


RECIPE = Recipe(render=render, preview=preview, memory_bytes=memory_bytes)
