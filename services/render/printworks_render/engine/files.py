"""Finished files: their names, their hashes, their entries in the report."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from printworks_common.templates import Output
from printworks_common.templates.template import Format, Role

from printworks_render.engine.geometry import Sheet
from printworks_render.engine.job import MEDIA_TYPES, SUFFIXES, RenderedFile, RenderJob

_HASH_BLOCK = 1 << 20


def safe_part(text: str) -> str:
    """A part of a file name: letters, digits, `._-`; everything else becomes `-`. Order names are merchants' texts."""
    plain = unicodedata.normalize("NFKD", text)
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", "".join(char for char in plain if not unicodedata.combining(char)))
    return kept.strip("-. ")[:60] or "x"


def file_name(job: RenderJob, pattern: str, role: str, file_format: str, area: str = "") -> str:
    """The name of an output after its pattern, with the suffix of its format."""
    values = {
        "order": safe_part(job.order.order_name),
        "line": safe_part(job.order.line_item_id),
        "area": safe_part(area) if area else "all",
        "role": role,
        "template": safe_part(job.template.id),
    }
    stem = pattern
    for key, value in values.items():
        stem = stem.replace("{" + key + "}", value)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.") or role
    return f"{stem[:100]}.{SUFFIXES.get(file_format, file_format)}"


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


@dataclass
class FileSet:
    """The files of a job in `out_dir`. Names are unique: a second of the same name gets `-2`."""

    job: RenderJob
    out_dir: Path
    files: list[RenderedFile] = field(default_factory=list[RenderedFile])
    _names: set[str] = field(default_factory=set[str])

    def path(self, output: Output, area: str = "") -> Path:
        """Where to write an output."""
        return self.path_for(output.name, output.role, output.format, area)

    def path_for(self, pattern: str, role: Role, file_format: Format, area: str = "") -> Path:
        name = file_name(self.job, pattern, role, file_format, area)
        stem, dot, suffix = name.rpartition(".")
        number = 2
        while name in self._names:
            name = f"{stem}-{number}{dot}{suffix}"
            number += 1
        self._names.add(name)
        return self.out_dir / name

    def add(
        self,
        path: Path,
        role: Role,
        file_format: Format,
        *,
        area: str | None = None,
        pixels: tuple[int, int] | None = None,
        sheet: Sheet | None = None,
        dpi: float | None = None,
        colour_space: str = "-",
        pages: int = 1,
    ) -> RenderedFile:
        """Enter a file that has been written. `sheet` gives the trimmed size and the bleed."""
        entry = RenderedFile(
            role=role,
            name=path.name,
            format=file_format,
            media_type=MEDIA_TYPES[file_format],
            path=path,
            bytes=path.stat().st_size,
            sha256=sha256_of(path),
            area=area,
            width_px=pixels[0] if pixels else None,
            height_px=pixels[1] if pixels else None,
            width_mm=round(sheet.trim.width, 3) if sheet else None,
            height_mm=round(sheet.trim.height, 3) if sheet else None,
            dpi=dpi,
            colour_space=colour_space,
            bleed_mm=sheet.bleed if sheet else 0.0,
            pages=pages,
        )
        self.files.append(entry)
        return entry


def spec_line(file: RenderedFile) -> str:
    """One line for people, such as `300 DPI · 4960 × 7016 · PDF · sRGB · 3 mm bleed`."""
    parts: list[str] = []
    if file.dpi is not None:
        parts.append(f"{file.dpi:g} DPI")
    if file.width_px is not None and file.height_px is not None:
        parts.append(f"{file.width_px} × {file.height_px}")
    elif file.width_mm is not None and file.height_mm is not None:
        parts.append(f"{file.width_mm:g} × {file.height_mm:g} mm")
    parts.append(file.format.upper())
    if file.colour_space != "-":
        parts.append(file.colour_space)
    parts.append(f"{file.bleed_mm:g} mm bleed" if file.bleed_mm else "no bleed")
    return " · ".join(parts)
