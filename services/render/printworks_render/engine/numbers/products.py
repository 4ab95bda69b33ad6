"""The files of one area: which a template may ask for, and how each is written and checked."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from printworks_common.failures import Reason
from printworks_common.templates import Area, Output, profile_input
from printworks_common.templates.options_numbers import NumbersOptions
from printworks_common.templates.template import RASTER_FORMATS, Format, Role

from printworks_render.engine import preflight
from printworks_render.engine.files import FileSet
from printworks_render.engine.geometry import Sheet
from printworks_render.engine.inks import CmykInks
from printworks_render.engine.job import Check, RenderError, RenderJob
from printworks_render.engine.numbers import checks, documents, quantities
from printworks_render.engine.numbers.painting import Painting
from printworks_render.engine.numbers.source import Source
from printworks_render.engine.outputs import PREVIEW_PX, THUMBNAIL_PX, cmyk_profile, cut_to, document_info
from printworks_render.engine.pdf import DocumentInfo
from printworks_render.engine.profiles import Profile, printer_profile
from printworks_render.engine.raster import shrink, write_jpeg, write_png, write_tiff, write_webp
from printworks_render.engine.scene import Scene

Pixels = NDArray[np.uint8]

_SCREEN_FORMATS: frozenset[Format] = frozenset({"jpeg", "png", "webp"})
_COMPARED_PX = 1200

OFFERED: dict[Role, frozenset[str]] = {
    "print": RASTER_FORMATS - {"webp"} | {"pdf", "svg"},
    "preview": _SCREEN_FORMATS,
    "thumbnail": _SCREEN_FORMATS,
    "chart": _SCREEN_FORMATS,
    "reference": _SCREEN_FORMATS | {"pdf"},
    "legend": frozenset({"pdf", "csv"}),
    "data": frozenset({"csv", "json"}),
}
"""print: the numbered canvas. preview: the same for screens. thumbnail, chart: the finished painting. reference: the
customer's picture; as PDF beside the finished painting. legend: paints and quantities. data: these, and every facet."""

_ALWAYS = (Output(role="preview", format="png"), Output(role="thumbnail", format="webp", quality=82))


def check_outputs(job: RenderJob) -> None:
    """Raises `RenderError(template_invalid)` for a file that this recipe does not make."""
    for output in job.template.outputs:
        if output.format not in OFFERED.get(output.role, frozenset()):
            raise RenderError(
                Reason.TEMPLATE_INVALID, f"Paint by numbers makes no {output.role} as {output.format.upper()}."
            )


@dataclass
class AreaFiles:
    """An area, painted and laid out. The print's pixels are drawn from the finished PDF, once, when they are needed."""

    job: RenderJob
    area: Area
    options: NumbersOptions
    source: Source
    scene: Scene
    painting: Painting
    needs: list[quantities.Need]
    files: FileSet
    resolution: Check
    _rasters: list[tuple[Path, Output]] = field(default_factory=list[tuple[Path, Output]])
    _print: Pixels | None = None
    _pdf: bytes | None = None

    def write(self) -> list[Check]:
        """Write all files of the area; returns the checks of the finished ones."""
        outputs = [output for output in self.job.template.outputs if output.area in {None, self.area.id}]
        outputs += [one for one in _ALWAYS if not any(output.role == one.role for output in outputs)]
        found = [self.resolution]
        for output in outputs:
            found += self._write(output)
        return found + self._check_rasters()

    @property
    def _sheet(self) -> Sheet:
        return self.scene.sheet

    @property
    def _info(self) -> DocumentInfo:
        return document_info(self.job, f"paint by numbers {self.area.id}")

    def _document(self) -> bytes:
        """The canvas template in sRGB; raster file and preview are drawn from it."""
        if self._pdf is None:
            self._pdf = documents.canvas_pdf(self.scene, self._info)
        return self._pdf

    def _print_pixels(self) -> Pixels:
        if self._print is None:
            self._print = documents.page_rgb(self._document(), self._sheet.pixels)
        return self._print

    def _write(self, output: Output) -> list[Check]:
        match output.role, output.format:
            case "print", "pdf":
                return self._write_pdf(output)
            case "print", "svg":
                path = self.files.path(output, self.area.id)
                documents.canvas_svg(self.scene, path, self._info.title)
                self._add(path, output, sheet=self._sheet)
                return checks.check_svg(path, self._sheet, self.painting)
            case "print", _:
                self._write_raster(output)
            case "preview", _:
                whole = cut_to(self._print_pixels(), self._sheet, self._sheet.trim)
                self._write_picture(output, shrink(whole, output.max_px or PREVIEW_PX))
            case "thumbnail", _:
                self._write_picture(output, shrink(self.painting.painted(), output.max_px or THUMBNAIL_PX))
            case "chart", _:
                self._write_picture(output, shrink(self.painting.painted(), output.max_px or PREVIEW_PX))
            case "reference", "pdf":
                path = self.files.path(output, self.area.id)
                sheet = documents.reference_pdf(
                    path, self._info, self.job.order.order_name, self.painting.cells, self.painting.painted()
                )
                self._add(path, output, sheet=sheet)
                return preflight.check_pdf(path, [sheet])
            case "reference", _:
                self._write_picture(output, shrink(self.painting.cells, output.max_px or PREVIEW_PX))
            case "legend", "pdf":
                path = self.files.path(output, self.area.id)
                name, pot = self.job.order.order_name, self.options.pot_ml
                sheet = documents.legend_pdf(path, self._info, name, self.needs, pot)
                self._add(path, output, sheet=sheet)
                return preflight.check_pdf(path, [sheet])
            case _, "csv":
                path = self.files.path(output, self.area.id)
                quantities.write_csv(path, self.needs)
                self.files.add(path, output.role, "csv", area=self.area.id)
            case _:
                path = self.files.path(output, self.area.id)
                quantities.write_json(path, self.painting, self.needs)
                self.files.add(path, output.role, "json", area=self.area.id)
        return []

    def _add(self, path: Path, output: Output, *, sheet: Sheet) -> None:
        space = "CMYK" if output.colour == "cmyk" else "sRGB"
        self.files.add(path, output.role, output.format, area=self.area.id, sheet=sheet, colour_space=space)

    def _write_pdf(self, output: Output) -> list[Check]:
        path = self.files.path(output, self.area.id)
        profile = self._profile(output)
        if profile is None and output.colour == "srgb":
            document = self._document()
        else:
            inks = CmykInks(profile or cmyk_profile()) if output.colour == "cmyk" else None
            document = documents.canvas_pdf(self.scene, self._info, profile, inks)
        path.write_bytes(document)
        self._add(path, output, sheet=self._sheet)
        return [
            *preflight.check_pdf(path, [self._sheet]),
            *checks.check_numbers(path, self.painting, self._sheet, self.source.box, self.options.min_font_pt),
        ]

    def _profile(self, output: Output) -> Profile | None:
        if output.profile is None:
            return None
        path = self.job.inputs.get(profile_input(output.profile))
        if path is None or not path.exists():
            raise RenderError(Reason.ASSET_MISSING, f"The colour profile {output.profile} is not there.")
        return printer_profile(path.read_bytes(), output.profile)

    def _write_raster(self, output: Output) -> None:
        """The canvas at the sheet's resolution."""
        path = self.files.path(output, self.area.id)
        pixels, profile = self._print_pixels(), None
        if output.colour == "cmyk":
            inks = CmykInks(self._profile(output) or cmyk_profile())
            pixels, profile = inks.convert(pixels), inks.profile.data
        match output.format:
            case "tiff":
                write_tiff(path, pixels, self._sheet.dpi, profile)
            case "png":
                write_png(path, pixels, self._sheet.dpi)
            case _:
                write_jpeg(path, pixels, self._sheet.dpi, output.quality, profile)
        self.files.add(
            path,
            "print",
            output.format,
            area=self.area.id,
            pixels=self._sheet.pixels,
            sheet=self._sheet,
            dpi=self._sheet.dpi,
            colour_space="CMYK" if output.colour == "cmyk" else "sRGB",
        )
        self._rasters.append((path, output))

    def _write_picture(self, output: Output, pixels: Pixels) -> None:
        """A picture for screens."""
        path = self.files.path(output, self.area.id)
        match output.format:
            case "png":
                write_png(path, pixels, 72.0)
            case "webp":
                write_webp(path, pixels, output.quality)
            case _:
                write_jpeg(path, pixels, 72.0, output.quality)
        size = (pixels.shape[1], pixels.shape[0])
        self.files.add(path, output.role, output.format, area=self.area.id, pixels=size, colour_space="sRGB")

    def _check_rasters(self) -> list[Check]:
        limits = self.job.template.preflight
        shown = shrink(self._print_pixels(), _COMPARED_PX)
        # Files are opened again one at a time; the print's own pixels on top would double the memory of the job.
        self._print = None
        found = [preflight.check_not_blank(shown, limits)]
        for path, output in self._rasters:
            checked, pixels = preflight.check_raster(path, self._sheet, output.colour, _COMPARED_PX)
            found += checked
            if output.colour == "srgb":
                what = f"The {output.format.upper()} and the PDF"
                found.append(preflight.check_similarity("print_as_composed", pixels, shown, limits, what))
        return found
