"""What goes into the engine and what comes out: plain values, no Kafka, no storage, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from printworks_common.failures import Reason
from printworks_common.templates import Design, Template
from printworks_common.templates.template import Format, Role

MEDIA_TYPES: dict[str, str] = {
    "pdf": "application/pdf",
    "tiff": "image/tiff",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "json": "application/json",
}

SUFFIXES: dict[str, str] = {"jpeg": "jpg", "tiff": "tif"}


class RenderError(Exception):
    """The job cannot be rendered. `reason` is the stable code, `detail` a sentence without customers' data.

    `report` holds the finished checks when the reason is `preflight_failed`, `font_missing_glyph` or
    `upload_low_resolution`.
    """

    def __init__(self, reason: Reason, detail: str, report: "PreflightReport | None" = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.report = report


@dataclass(frozen=True)
class OrderFacts:
    """What of the order is printed. `document_date` stands in documents and comes from the request."""

    order_name: str
    line_item_id: str
    document_date: date
    quantity: int = 1
    test: bool = False
    """A test order: every file carries a watermark."""
    link: str | None = None
    """What the QR code says; None: the order's name and the line item's id."""


@dataclass(frozen=True)
class RenderJob:
    """One print job. `inputs` maps the ids of `required_inputs(template, design)` to local files."""

    template: Template
    design: Design
    inputs: Mapping[str, Path]
    order: OrderFacts
    renderer_version: str


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One preflight check. `code` is stable; `measured` and `limit` carry units; `sentence` is for the merchant."""

    code: str
    level: Level
    measured: str
    limit: str
    sentence: str


@dataclass(frozen=True)
class PreflightReport:
    checks: tuple[Check, ...] = ()

    @property
    def level(self) -> Level:
        levels = {check.level for check in self.checks}
        return Level.FAIL if Level.FAIL in levels else Level.WARN if Level.WARN in levels else Level.OK

    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.level is Level.FAIL)


@dataclass(frozen=True)
class RenderedFile:
    """A finished file. Sizes in millimetres are those of the trimmed sheet; pixels are None for vector files.

    colour_space: `sRGB`, `CMYK`, `Gray`, or `-` for data. pages: of a PDF, else 1.
    """

    role: Role
    name: str
    format: Format
    media_type: str
    path: Path
    bytes: int
    sha256: str
    area: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    dpi: float | None = None
    colour_space: str = "-"
    bleed_mm: float = 0.0
    pages: int = 1


@dataclass(frozen=True)
class RenderReport:
    """Result of a job that is ready: files, checks (none of them failed), and what the merchant may want to know."""

    files: tuple[RenderedFile, ...]
    preflight: PreflightReport
    spec: str
    """One line such as `300 DPI · 4960 × 7016 · PDF · sRGB · 3 mm bleed`."""
    renderer_version: str
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Figures of the recipe, such as counts per colour: JSON values."""
