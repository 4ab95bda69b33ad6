"""How much memory a job may need: the bound that the worker sets, and that the tests hold the recipes to."""

from collections.abc import Sequence
from pathlib import Path

from printworks_render.engine.decode import MAX_PIXELS, PictureInfo, inspect
from printworks_render.engine.geometry import Sheet
from printworks_render.engine.sniff import Format

BASE_BYTES = 150 << 20
"""Interpreter, libraries, fonts, profiles, bands."""

BYTES_PER_SOURCE_PIXEL = 4.5
"""Pillow keeps RGB in 4 bytes per pixel; decoders hold a few rows more."""

BYTES_PER_TARGET_PIXEL = 4.5
"""Canvas in 3 bytes, encoders' output and bands on top."""

EXTRA_BYTES_PER_SOURCE_PIXEL = {
    # Decoded frames are copied out of the decoder as a whole; those of more than 8 bits have two bytes a sample there.
    Format.HEIC: 10.5,
    Format.AVIF: 9.0,
    Format.WEBP: 10.0,
    Format.GIF: 6.0,
}
PROGRESSIVE_BYTES_PER_PIXEL = 6.0
"""A progressive JPEG holds all coefficients, two bytes for each of three samples."""
CONVERTED_BYTES_PER_PIXEL = 4.5
"""CMYK, 16-bit, palette and transparent pictures exist twice while they are converted."""


def source_bytes(info: PictureInfo, want: tuple[int, int] | None = None) -> int:
    """The most memory for decoding a picture. want: as for `decode`."""
    width, height = info.size
    pixels = width * height
    reduction = 1
    if info.format is Format.JPEG:
        while reduction < 8 and (
            pixels / reduction**2 > MAX_PIXELS
            or (want is not None and width >= 2 * reduction * want[0] and height >= 2 * reduction * want[1])
        ):
            reduction *= 2
    decoded = pixels / reduction**2
    extra = pixels * PROGRESSIVE_BYTES_PER_PIXEL if info.progressive else 0.0
    extra += pixels * EXTRA_BYTES_PER_SOURCE_PIXEL.get(info.format, 0.0)
    if not info.plain:
        extra += decoded * CONVERTED_BYTES_PER_PIXEL
    return int(decoded * BYTES_PER_SOURCE_PIXEL + extra)


def job_bytes(sources: Sequence[tuple[Path, tuple[int, int] | None]], sheets: Sequence[Sheet]) -> int:
    """Bound for a job that decodes one source at a time and makes one sheet at a time."""
    source = max((source_bytes(inspect(path), want) for path, want in sources), default=0)
    target = max((sheet.pixels[0] * sheet.pixels[1] for sheet in sheets), default=0)
    return int(BASE_BYTES + source + target * BYTES_PER_TARGET_PIXEL)
