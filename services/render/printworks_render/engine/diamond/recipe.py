"""The recipe `diamond-painting`: a canvas to be covered with drills, and all that belongs to the kit."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from printworks_common.failures import Reason
from printworks_common.templates import Area, Output, options_of, palette_input, photo_input, profile_input
from printworks_common.templates.options_diamond import DiamondOptions

from printworks_render.engine import outputs, preflight
from printworks_render.engine.diamond import checks as kit_checks
from printworks_render.engine.diamond import sheets
from printworks_render.engine.diamond.chart_pdf import write_chart_pdf
from printworks_render.engine.diamond.facets import finished
from printworks_render.engine.diamond.grid_raster import paint_grid
from printworks_render.engine.diamond.paging import PatternPage
from printworks_render.engine.diamond.palette import Drill, read_palette, standard_palette
from printworks_render.engine.diamond.pattern_pdf import PAPERS, PatternLayout, write_pattern_pdf
from printworks_render.engine.diamond.scene import Kit, canvas_layer, grid_on, make_kit
from printworks_render.engine.diamond.workbook import write_workbook
from printworks_render.engine.files import FileSet, spec_line
from printworks_render.engine.geometry import MM_PER_INCH, Rect, Sheet
from printworks_render.engine.inks import CmykInks
from printworks_render.engine.job import Check, RenderedFile, RenderError, RenderJob, RenderReport
from printworks_render.engine.limits import job_bytes
from printworks_render.engine.pdf import PdfWriter
from printworks_render.engine.photo import check_scene
from printworks_render.engine.pieces import Fill, blank, draw_piece
from printworks_render.engine.profiles import Profile, printer_profile
from printworks_render.engine.raster import shrink, write_jpeg, write_png, write_tiff
from printworks_render.engine.rasterise import page_pixels
from printworks_render.engine.recipes import Recipe
from printworks_render.engine.scene import area_sheet

Raster = NDArray[np.uint8]

_MADE: frozenset[tuple[str, str]] = frozenset(
    {
        ("print", "pdf"),
        ("print", "png"),
        ("print", "tiff"),
        ("print", "jpeg"),
        ("pattern", "pdf"),
        ("pattern", "xlsx"),
        ("pattern", "csv"),
        ("legend", "csv"),
        ("chart", "pdf"),
        ("reference", "png"),
        ("reference", "jpeg"),
        ("preview", "jpeg"),
        ("preview", "png"),
        ("preview", "webp"),
        ("thumbnail", "jpeg"),
        ("thumbnail", "png"),
        ("thumbnail", "webp"),
    }
)
_PATTERN_BYTES = 125 << 20
"""Costs of cells and colours, documents and tables of a canvas of 240,000 drills with 120 colours."""

_SEEN_PIXELS_PER_DRILL = 18

Written = list[tuple[Output, Path]]


def render(job: RenderJob, out_dir: Path) -> RenderReport:
    """All files of a kit. See `printworks_render.engine.render`."""
    options = options_of(job.template, DiamondOptions, job.design)
    _check_outputs(job)
    palette = _palette(job, options)
    files = FileSet(job, out_dir)
    checks: list[Check] = []
    notes: list[str] = []
    facts: dict[str, object] = {}
    drills: list[str] = []
    for area in job.template.areas:
        kit = make_kit(job, area, options, palette)
        before = check_scene(kit.scene, job) + kit_checks.before_drawing(kit, job.template.preflight)
        preflight.conclude([check for check in before if check.code in {"effective_dpi", "missing_glyph"}])
        checks += before
        checks += _render_area(job, kit, files)
        notes += [note for note in kit.scene.notes if note not in notes]
        facts[area.id] = _facts(kit)
        drills.append(f"{kit.pattern.columns} × {kit.pattern.rows} drills, {len(kit.pattern.drills)} colours")
    report = preflight.conclude(checks)
    first = next(file for file in files.files if file.role == "print")
    spec = f"{spec_line(first)} · {' · '.join(drills)}"
    return RenderReport(tuple(files.files), report, spec, job.renderer_version, tuple(notes), {"areas": facts})


def _check_outputs(job: RenderJob) -> None:
    for output in job.template.outputs:
        if (output.role, output.format) not in _MADE:
            raise RenderError(
                Reason.TEMPLATE_INVALID,
                f"The recipe diamond-painting makes no {output.role} as {output.format.upper()}.",
            )
    for area in job.template.areas:
        if not any(one.role == "print" and one.area in {None, area.id} for one in job.template.outputs):
            raise RenderError(Reason.TEMPLATE_INVALID, f"The template has no print output for the area {area.id}.")


def _palette(job: RenderJob, options: DiamondOptions) -> Sequence[Drill]:
    if options.palette_asset is None:
        return standard_palette()
    path = job.inputs.get(palette_input(options.palette_asset))
    if path is None or not path.exists():
        raise RenderError(Reason.ASSET_MISSING, f"The palette {options.palette_asset} is not there.")
    palette = read_palette(path)
    if len(palette) < options.colours:
        raise RenderError(
            Reason.TEMPLATE_INVALID,
            f"The palette has {len(palette)} colours that can be delivered; {options.colours} are asked for.",
        )
    return palette


def _kit_facts(job: RenderJob, kit: Kit) -> sheets.KitFacts:
    return sheets.KitFacts(
        order_name=job.order.order_name,
        document_date=job.order.document_date,
        drill=kit.options.drill,
        pitch=kit.options.pitch,
        width=kit.place.width,
        height=kit.place.height,
        spare=kit.options.spare_share,
        bag_size=kit.options.bag_size,
        producer=f"Printworks {job.renderer_version}",
        test=job.order.test,
    )


def _facts(kit: Kit) -> dict[str, object]:
    pattern = kit.pattern
    return {
        "columns": pattern.columns,
        "rows": pattern.rows,
        "drill": kit.options.drill,
        "pitch_mm": kit.options.pitch,
        "cells": int(pattern.cells.size),
        "colours": [
            {
                "code": need.drill.code,
                "symbol": need.drill.symbol,
                "cells": need.cells,
                "drills": need.drills,
                "bags": need.bags,
            }
            for need in kit.needs
        ],
    }


def _render_area(job: RenderJob, kit: Kit, files: FileSet) -> list[Check]:
    area = kit.scene.area
    layout = PatternLayout(kit.options.paper, kit.options.pattern_cell_mm, kit.options.overlap_cells)
    pages = layout.pages(kit.pattern)
    wanted = [one for one in job.template.outputs if one.area in {None, area.id}]
    written = _write_documents(job, kit, wanted, layout, pages, files)
    shown: Raster | None = None
    prints = [one for one in wanted if one.role == "print"]
    if any(one.format != "pdf" for one in prints):
        canvas = draw_canvas(kit, kit.scene.sheet)
        written += [(one, _write_raster(job, kit, one, canvas, files)) for one in prints if one.format != "pdf"]
        shown = _reduced(canvas, _preview_px(job, area))
        del canvas
    written += [(one, _write_pdf(job, kit, one, files)) for one in prints if one.format == "pdf"]
    if shown is None:
        path = next(path for output, path in written if output.role == "print")
        shown = shrink(_seen_pdf(kit, path), _preview_px(job, area))
    checks = [outputs.write_pictures(job, area, kit.scene.sheet, shown, files)]
    checks.append(preflight.check_not_blank(shown, job.template.preflight))
    for output, path in written:
        checks += _check_written(job, kit, output, path, pages, layout, shown)
    return checks


def _reduced(canvas: Raster, max_px: int) -> Raster:
    """The canvas with its longest side at most `max_px`: halved by area, and below a factor of two bilinear, where
    that reads every pixel too. A quarter of the time of averaging odd areas, and as sharp."""
    while max(canvas.shape[:2]) >= 2 * max_px:
        rows, columns = canvas.shape[0] // 2, canvas.shape[1] // 2
        even = canvas[: 2 * rows, : 2 * columns]
        canvas = np.asarray(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    scale = max_px / max(canvas.shape[:2])
    if scale >= 1:
        return canvas.copy()
    size = max(1, round(canvas.shape[1] * scale)), max(1, round(canvas.shape[0] * scale))
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _preview_px(job: RenderJob, area: Area) -> int:
    return outputs.preview_output(job, area).max_px or outputs.PREVIEW_PX


def draw_canvas(kit: Kit, sheet: Sheet) -> Raster:
    """The medium's pixels: the grid by its tiles, every other piece as in all recipes."""
    pieces = kit.scene.pieces
    canvas = blank(sheet)
    first = pieces[0] if pieces else None
    # White paper is white already.
    white = isinstance(first, Fill) and first.colour.lower() == "#ffffff"
    options = kit.options
    for piece in pieces[1:] if white else pieces:
        if piece is kit.grid:
            is_round = options.drill == "round"
            paint_grid(canvas, sheet, kit.place, kit.pattern, round_drills=is_round, lines=options.grid_lines)
        else:
            draw_piece(canvas, sheet, piece, kit.scene.notes)
    return canvas


def _write_raster(job: RenderJob, kit: Kit, output: Output, canvas: Raster, files: FileSet) -> Path:
    path = files.path(output, kit.scene.area.id)
    sheet = kit.scene.sheet
    inks = _inks(job, output)
    pixels = inks.convert(canvas) if inks else canvas
    profile = inks.profile.data if inks else None
    match output.format:
        case "tiff":
            write_tiff(path, pixels, sheet.dpi, profile)
        case "jpeg":
            write_jpeg(path, pixels, sheet.dpi, output.quality, profile)
        case _:
            write_png(path, pixels, sheet.dpi)
    files.add(
        path,
        "print",
        output.format,
        area=kit.scene.area.id,
        pixels=sheet.pixels,
        sheet=sheet,
        dpi=sheet.dpi,
        colour_space="CMYK" if inks else "sRGB",
    )
    return path


def _write_pdf(job: RenderJob, kit: Kit, output: Output, files: FileSet) -> Path:
    """The canvas as vectors: nothing in it has a resolution, but for the merchant's logo."""
    path = files.path(output, kit.scene.area.id)
    scene = kit.scene
    inks = _inks(job, output)
    writer = PdfWriter(outputs.document_info(job, scene.area.id), _profile(job, output), inks)
    page = writer.page(scene.sheet)
    for piece in scene.pieces:
        outputs.draw_on_page(writer, page, piece, scene.notes)
    writer.save(path)
    space = "CMYK" if inks else "sRGB"
    files.add(path, "print", "pdf", area=scene.area.id, sheet=scene.sheet, colour_space=space)
    return path


def _profile(job: RenderJob, output: Output) -> Profile | None:
    if output.profile is None:
        return None
    path = job.inputs.get(profile_input(output.profile))
    if path is None or not path.exists():
        raise RenderError(Reason.ASSET_MISSING, f"The colour profile {output.profile} is not there.")
    return printer_profile(path.read_bytes(), output.profile)


def _inks(job: RenderJob, output: Output) -> CmykInks | None:
    if output.colour != "cmyk":
        return None
    return CmykInks(_profile(job, output) or outputs.cmyk_profile())


def _write_documents(
    job: RenderJob,
    kit: Kit,
    wanted: Sequence[Output],
    layout: PatternLayout,
    pages: Sequence[PatternPage],
    files: FileSet,
) -> Written:
    """Pattern, key, chart and reference picture, as far as the template asks for them."""
    facts = _kit_facts(job, kit)
    area = kit.scene.area.id
    written: Written = []
    for output in wanted:
        if output.role not in {"pattern", "legend", "chart", "reference"}:
            continue
        path = files.path(output, area)
        sheet: Sheet | None = None
        count, pixels, space = 1, None, "-"
        match output.role, output.format:
            case "pattern", "pdf":
                count = write_pattern_pdf(path, kit.pattern, kit.needs, facts, layout)
                sheet, space = layout.sheet(kit.pattern), "sRGB"
            case "pattern", "xlsx":
                write_workbook(path, kit.pattern, kit.needs, pages, facts)
            case "pattern", "csv":
                sheets.write_pattern_csv(path, kit.pattern)
            case "legend", "csv":
                sheets.write_colours_csv(path, kit.needs)
            case "chart", "pdf":
                sheet, space = chart_sheet(kit.options), "sRGB, CMYK"
                count = write_chart_pdf(path, kit.needs, facts, sheet, _profile(job, output))
            case _:
                pixels = _write_reference(path, kit, output)
                space = "sRGB"
        files.add(
            path, output.role, output.format, area=area, pixels=pixels, sheet=sheet, colour_space=space, pages=count
        )
        written.append((output, path))
    return written


def chart_sheet(options: DiamondOptions) -> Sheet:
    """The paper of the colour chart: that of the pattern, upright; A3 is too large for a list."""
    width, height = PAPERS["a4" if options.paper == "a3" else options.paper]
    return Sheet(width, height)


def _write_reference(path: Path, kit: Kit, output: Output) -> tuple[int, int]:
    """What the finished painting looks like; returns its pixels."""
    width, height = _picture_size(kit.place, output.max_px or outputs.PREVIEW_PX)
    pixels = finished(kit.pattern, width, height, round_drills=kit.options.drill == "round")
    dpi = width / (kit.place.width / MM_PER_INCH)
    if output.format == "png":
        write_png(path, pixels, dpi)
    else:
        write_jpeg(path, pixels, dpi, output.quality)
    return width, height


def _picture_size(place: Rect, max_px: int) -> tuple[int, int]:
    scale = max_px / max(place.width, place.height)
    return max(1, round(place.width * scale)), max(1, round(place.height * scale))


def _check_written(
    job: RenderJob,
    kit: Kit,
    output: Output,
    path: Path,
    pages: Sequence[PatternPage],
    layout: PatternLayout,
    shown: Raster,
) -> list[Check]:
    """A finished file, opened again."""
    sheet, limits = kit.scene.sheet, job.template.preflight
    checks = kit_checks.check_file(kit, output, path, pages, watermarked=job.order.test)
    seen: Raster | None = None
    match output.role, output.format:
        case "print", "pdf":
            checks += preflight.check_pdf(path, [sheet])
            seen = _seen_pdf(kit, path)
        case "print", _:
            found, seen = preflight.check_raster(path, sheet, output.colour, max(shown.shape[:2]))
            checks += found
        case "pattern", "pdf":
            paper = layout.sheet(kit.pattern)
            checks += preflight.check_pdf(path, [paper] * _page_count(path))
        case "chart", "pdf":
            checks += preflight.check_pdf(path, [chart_sheet(kit.options)] * _page_count(path))
        case _:
            pass
    if seen is not None and output.colour == "srgb":
        what = f"The {output.format.upper()} and the preview"
        # At one pixel for each drill: below that, readers differ in how they smooth the symbols.
        drills = round(max(sheet.media.width, sheet.media.height) / kit.options.pitch)
        seen, expected = shrink(seen, drills), shrink(shown, drills)
        checks.append(preflight.check_similarity("print_as_composed", seen, expected, limits, what))
    return checks


def _seen_pdf(kit: Kit, path: Path) -> Raster:
    """The canvas as a PDF reader shows it, with enough pixels for each drill that its symbol has its true weight."""
    sheet = kit.scene.sheet
    longest = max(sheet.media.width, sheet.media.height)
    return page_pixels(path, min(max(sheet.pixels), round(longest / kit.options.pitch * _SEEN_PIXELS_PER_DRILL)))


def _page_count(path: Path) -> int:
    import pikepdf

    with pikepdf.open(path) as pdf:
        return len(pdf.pages)


def preview(job: RenderJob, out_dir: Path, max_px: int) -> list[RenderedFile]:
    """The finished painting of each area. See `printworks_render.engine.preview`."""
    options = options_of(job.template, DiamondOptions, job.design)
    palette = _palette(job, options)
    files = FileSet(job, out_dir)
    for area in job.template.areas:
        kit = make_kit(job, area, options, palette)
        width, height = _picture_size(kit.place, max_px)
        pixels = finished(kit.pattern, width, height, round_drills=options.drill == "round")
        path = files.path_for("{order}-{line}-{area}-preview", "preview", "jpeg", area.id)
        dpi = width / (kit.place.width / MM_PER_INCH)
        write_jpeg(path, pixels, dpi, outputs.PREVIEW_QUALITY)
        files.add(path, "preview", "jpeg", area=area.id, pixels=(width, height), dpi=dpi, colour_space="sRGB")
    return files.files


def memory_bytes(job: RenderJob) -> int:
    """See `printworks_render.engine.memory_bytes`."""
    options = options_of(job.template, DiamondOptions, job.design)
    sheets_made = [area_sheet(job, area) for area in job.template.areas]
    sources: list[tuple[Path, tuple[int, int] | None]] = []
    for area, sheet in zip(job.template.areas, sheets_made, strict=True):
        layer = canvas_layer(area)
        _, rows, columns = grid_on(area, sheet, layer, options)
        path = job.inputs.get(photo_input(layer.slot))
        if path is not None:
            sources.append((path, (columns, rows)))
    return job_bytes(sources, sheets_made) + _PATTERN_BYTES


RECIPE = Recipe(render=render, preview=preview, memory_bytes=memory_bytes)
