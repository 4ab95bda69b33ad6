"""The recipe `photo`: pictures, stickers and texts on a print-ready sheet."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from printworks_common.failures import Reason
from printworks_common.templates import Area, Output, options_of, profile_input
from printworks_common.templates.layers import TextLayer
from printworks_common.templates.options_photo import PhotoOptions
from printworks_common.templates.template import RASTER_FORMATS

from printworks_render.engine import outputs, preflight
from printworks_render.engine.files import FileSet, spec_line
from printworks_render.engine.geometry import MM_PER_INCH
from printworks_render.engine.inks import CmykInks
from printworks_render.engine.job import Check, RenderedFile, RenderError, RenderJob, RenderReport
from printworks_render.engine.limits import job_bytes
from printworks_render.engine.pieces import Photo, Piece, Vectors, blank, draw_piece
from printworks_render.engine.profiles import Profile, printer_profile
from printworks_render.engine.raster import resized, write_jpeg, write_png, write_tiff, write_webp
from printworks_render.engine.rasterise import page_pixels
from printworks_render.engine.recipes import Recipe
from printworks_render.engine.scene import Scene, area_sheet, build_scene

Raster = NDArray[np.uint8]

_PRINTABLE = RASTER_FORMATS | {"pdf"}


def render(job: RenderJob, out_dir: Path) -> RenderReport:
    """All files of a photo print. See `printworks_render.engine.render`."""
    options = options_of(job.template, PhotoOptions, job.design)
    _check_outputs(job)
    files = FileSet(job, out_dir)
    checks: list[Check] = []
    notes: list[str] = []
    for area in job.template.areas:
        scene = build_scene(job, area, options.sharpen)
        scene_checks = check_scene(scene, job)
        preflight.conclude([check for check in scene_checks if check.code in {"effective_dpi", "missing_glyph"}])
        checks += scene_checks
        checks += _render_area(job, scene, files)
        notes += [note for note in scene.notes if note not in notes]
    report = preflight.conclude(checks)
    first = next(file for file in files.files if file.role == "print")
    return RenderReport(tuple(files.files), report, spec_line(first), job.renderer_version, tuple(notes))


def _check_outputs(job: RenderJob) -> None:
    for output in job.template.outputs:
        if output.role == "print" and output.format in _PRINTABLE:
            continue
        if output.role in {"thumbnail", "preview"} and output.format in {"webp", "jpeg", "png"}:
            continue
        raise RenderError(
            Reason.TEMPLATE_INVALID, f"The recipe photo makes no {output.role} as {output.format.upper()}."
        )
    for area in job.template.areas:
        if not _prints(job, area):
            raise RenderError(Reason.TEMPLATE_INVALID, f"The template has no print output for the area {area.id}.")


def _prints(job: RenderJob, area: Area) -> list[Output]:
    wanted = [one for one in job.template.outputs if one.role == "print" and one.area in {None, area.id}]
    # PDFs first: they need the pixels without the vectors, which are then drawn onto the same pixels.
    return sorted(wanted, key=lambda output: output.format != "pdf")


def check_scene(scene: Scene, job: RenderJob) -> list[Check]:
    """What can be said before anything is drawn: resolution, texts, bleed."""
    limits = job.template.preflight
    checks = [preflight.check_dpi(one.name, one.dpi, limits, customer=one.customer) for one in scene.pictures]
    safe = scene.sheet.canvas.grown(-scene.area.safe_mm)
    for text in scene.texts:
        checks += preflight.check_text(
            text.name,
            text.block.missing,
            text.block.overflows,
            text.block.size_pt,
            limits,
            text.bounds,
            None if text.frame else safe,
        )
    checks.append(preflight.check_bleed(scene.sheet, scene.bleed_covered))
    return checks


def _split(pieces: list[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Leading pixel pieces, and the rest from the first vectors on."""
    for index, piece in enumerate(pieces):
        if isinstance(piece, Vectors):
            return pieces[:index], pieces[index:]
    return pieces, []


def _render_area(job: RenderJob, scene: Scene, files: FileSet) -> list[Check]:
    sheet, limits = scene.sheet, job.template.preflight
    base, above = _split(scene.pieces)
    canvas = blank(sheet)
    for piece in base:
        draw_piece(canvas, sheet, piece, scene.notes)
    preview_output = outputs.preview_output(job, scene.area)
    max_px = preview_output.max_px or outputs.PREVIEW_PX
    small = sheet.at_longest(max_px)
    intended = resized(canvas, small.pixels)
    for piece in above:
        draw_piece(intended, small, piece, scene.notes)
    written: list[tuple[Output, Path]] = []
    drawn = False
    for output in _prints(job, scene.area):
        if output.format != "pdf" and not drawn:
            for piece in above:
                draw_piece(canvas, sheet, piece, scene.notes)
            drawn = True
        path = files.path(output, scene.area.id)
        _write(job, scene, output, path, canvas, above)
        written.append((output, path))
    del canvas
    checks: list[Check] = []
    shown: Raster | None = None
    shown_exact = False
    for output, path in written:
        space = "sRGB" if output.colour == "srgb" else "CMYK"
        files.add(
            path,
            "print",
            output.format,
            area=scene.area.id,
            pixels=sheet.pixels,
            sheet=sheet,
            dpi=sheet.dpi,
            colour_space=space,
        )
        if output.format == "pdf":
            checks += preflight.check_pdf(path, [sheet], sheet.dpi)
            pixels = page_pixels(path, max(small.pixels))
        else:
            found, pixels = preflight.check_raster(path, sheet, output.colour, max_px)
            checks += found
        if output.colour == "srgb":
            checks.append(
                preflight.check_similarity(
                    "print_as_composed", pixels, intended, limits, f"The {output.format.upper()} and the composition"
                )
            )
        # PDFium shows CMYK without its profile, so the preview comes from another file where there is one.
        exact = output.format != "pdf" or output.colour == "srgb"
        if shown is None or (exact and not shown_exact):
            shown, shown_exact = pixels, exact
    if shown is not None:
        checks.append(preflight.check_not_blank(shown, limits))
        checks.append(outputs.write_pictures(job, scene.area, sheet, shown, files))
    return checks


def _profile(job: RenderJob, output: Output) -> Profile | None:
    if output.profile is None:
        return None
    path = job.inputs.get(profile_input(output.profile))
    if path is None or not path.exists():
        raise RenderError(Reason.ASSET_MISSING, f"The colour profile {output.profile} is not there.")
    return printer_profile(path.read_bytes(), output.profile)


def _write(job: RenderJob, scene: Scene, output: Output, path: Path, canvas: Raster, above: list[Piece]) -> None:
    profile = _profile(job, output)
    inks = CmykInks(profile or outputs.cmyk_profile()) if output.colour == "cmyk" else None
    if output.format == "pdf":
        outputs.write_pdf(job, scene, output, path, canvas, above, profile, inks)
        return
    pixels = inks.convert(canvas) if inks else canvas
    data = inks.profile.data if inks else None
    dpi = scene.sheet.dpi
    match output.format:
        case "tiff":
            write_tiff(path, pixels, dpi, data)
        case "jpeg":
            write_jpeg(path, pixels, dpi, output.quality, data)
        case "png":
            write_png(path, pixels, dpi)
        case _:
            write_webp(path, pixels, output.quality)


def preview(job: RenderJob, out_dir: Path, max_px: int) -> list[RenderedFile]:
    """See `printworks_render.engine.preview`."""
    options = options_of(job.template, PhotoOptions, job.design)
    files = FileSet(job, out_dir)
    for area in job.template.areas:
        scene = build_scene(job, area, options.sharpen)
        sheet = scene.sheet.at_longest(max_px)
        canvas = blank(sheet)
        for piece in scene.pieces:
            draw_piece(canvas, sheet, piece, scene.notes)
        path = files.path_for("{order}-{line}-{area}-preview", "preview", "jpeg", area.id)
        write_jpeg(path, canvas, sheet.dpi, outputs.PREVIEW_QUALITY)
        files.add(path, "preview", "jpeg", area=area.id, pixels=sheet.pixels, dpi=sheet.dpi, colour_space="sRGB")
    return files.files


def memory_bytes(job: RenderJob) -> int:
    """See `printworks_render.engine.memory_bytes`."""
    sources: list[tuple[Path, tuple[int, int] | None]] = []
    sheets = [area_sheet(job, area) for area in job.template.areas]
    for area in job.template.areas:
        # Texts are vectors: they need no memory, and setting them takes longer than all the rest of this.
        layers = [layer for layer in area.layers if not isinstance(layer, TextLayer)]
        scene = build_scene(job, area.model_copy(update={"layers": layers}))
        scale = scene.sheet.dpi / MM_PER_INCH
        for piece in scene.pieces:
            if isinstance(piece, Photo):
                want = (
                    round(piece.size[0] * scale / piece.cut.width),
                    round(piece.size[1] * scale / piece.cut.height),
                )
                sources.append((piece.path, want))
    return job_bytes(sources, sheets)


RECIPE = Recipe(render=render, preview=preview, memory_bytes=memory_bytes)
