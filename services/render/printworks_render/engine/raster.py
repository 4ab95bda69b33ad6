"""Writers of raster files: TIFF, PNG, JPEG, WebP, and the streams of pictures inside a PDF.

All take pixels as numpy arrays (height, width[, channels]) of uint8 and write the same bytes for the same pixels: no
date, no software name. TIFF and PNG are written in bands with ISA-L's deflate, which is three times as fast as zlib's
level 1 at a better ratio; its level 3 is slower than level 2 and no smaller. The file's size is known only at the end,
memory stays at one band.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image

from printworks_render.engine.bands import in_order
from printworks_render.engine.geometry import MM_PER_INCH
from printworks_render.engine.profiles import SRGB

Pixels = NDArray[np.uint8]

_BAND_BYTES = 4 << 20
_DEFLATE_LEVEL = 2
_PNG_COLOUR = {1: 0, 3: 2, 4: 6}
_444 = int(cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)


def deflate(data: bytes | memoryview) -> bytes:
    """A zlib stream."""
    return isal_zlib.compress(data, _DEFLATE_LEVEL)


def _bands(pixels: Pixels, rows: int) -> Iterator[Pixels]:
    for top in range(0, pixels.shape[0], rows):
        yield pixels[top : top + rows]


def _band_rows(pixels: Pixels) -> int:
    return max(1, _BAND_BYTES // max(1, pixels[0].nbytes))


def _left_differences(band: Pixels) -> memoryview:
    """Each sample minus its left neighbour's (TIFF predictor 2)."""
    result = np.empty(band.shape, dtype=np.uint8)
    result[:, 0] = band[:, 0]
    np.subtract(band[:, 1:], band[:, :-1], out=result[:, 1:])
    return result.data.cast("B")


def _packed_differences(band: Pixels) -> bytes:
    return deflate(_left_differences(band))


def write_tiff(path: Path, pixels: Pixels, dpi: float, profile: bytes | None = None) -> None:
    """Baseline TIFF 6.0, deflate with horizontal predictor, in strips.

    Channels: 1 grey, 3 sRGB, 4 CMYK. `profile` None embeds sRGB for three channels.
    """
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    height, width = pixels.shape[:2]
    if profile is None and channels == 3:
        profile = SRGB
    rows = _band_rows(pixels)
    with path.open("wb") as out:
        out.write(b"II*\0\0\0\0\0")
        offsets: list[int] = []
        counts: list[int] = []
        for data in in_order(_packed_differences, _bands(pixels, rows)):
            offsets.append(out.tell())
            counts.append(len(data))
            out.write(data)
            if out.tell() % 2:
                out.write(b"\0")
        directory = _TiffDirectory(out.tell())
        resolution = struct.pack("<II", round(dpi * 1000), 1000)
        directory.add(256, "I", width)
        directory.add(257, "I", height)
        directory.add(258, "H", *([8] * channels))
        directory.add(259, "H", 8)
        directory.add(262, "H", {1: 1, 3: 2, 4: 5}[channels])
        directory.add(273, "I", *offsets)
        directory.add(277, "H", channels)
        directory.add(278, "I", rows)
        directory.add(279, "I", *counts)
        directory.add_raw(282, 5, 1, resolution)
        directory.add_raw(283, 5, 1, resolution)
        directory.add(284, "H", 1)
        directory.add(296, "H", 2)
        directory.add(317, "H", 2)
        if channels == 4:
            directory.add(332, "H", 1)
        if profile is not None:
            directory.add_raw(34675, 7, len(profile), profile)
        start = directory.start
        out.write(directory.encoded())
        out.seek(4)
        out.write(struct.pack("<I", start))


class _TiffDirectory:
    """Image file directory with its out-of-line values in front, little endian."""

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self._values = bytearray()
        self._entries: list[bytes] = []

    def add(self, tag: int, kind: Literal["H", "I"], *values: int) -> None:
        code = 3 if kind == "H" else 4
        self.add_raw(tag, code, len(values), struct.pack(f"<{len(values)}{kind}", *values))

    def add_raw(self, tag: int, code: int, count: int, data: bytes) -> None:
        head = struct.pack("<HHI", tag, code, count)
        if len(data) <= 4:
            self._entries.append(head + data.ljust(4, b"\0"))
            return
        self._entries.append(head + struct.pack("<I", self._offset + len(self._values)))
        self._values += data + b"\0" * (len(data) % 2)

    @property
    def start(self) -> int:
        return self._offset + len(self._values)

    def encoded(self) -> bytes:
        body = struct.pack("<H", len(self._entries)) + b"".join(self._entries) + b"\0\0\0\0"
        return bytes(self._values) + body


def write_png(path: Path, pixels: Pixels, dpi: float, palette: Pixels | None = None) -> None:
    """PNG of grey, RGB, RGBA or, with `palette` (n, 3), indexed pixels; tagged sRGB, with its density."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    height, width = pixels.shape[:2]
    colour = 3 if palette is not None else _PNG_COLOUR[channels]
    density = round(dpi / MM_PER_INCH * 1000)
    with path.open("wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n")
        out.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)))
        out.write(_chunk(b"sRGB", b"\0"))
        out.write(_chunk(b"pHYs", struct.pack(">IIB", density, density, 1)))
        if palette is not None:
            out.write(_chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
        packer = isal_zlib.compressobj(_DEFLATE_LEVEL)
        above = np.zeros(pixels[0].nbytes, dtype=np.uint8)
        for band in _bands(pixels, _band_rows(pixels)):
            rows = band.reshape(band.shape[0], -1)
            out.write(_chunk(b"IDAT", packer.compress(_png_rows(rows, None if palette is not None else above))))
            above = rows[-1]
        out.write(_chunk(b"IDAT", packer.flush()))
        out.write(_chunk(b"IEND", b""))


def _png_rows(rows: Pixels, above: Pixels | None) -> memoryview:
    """Rows of samples, each with its filter byte in front: none for palette indices (`above` None), else Up, which
    leaves mostly zeros of flat areas and of drawings, and is as good as Sub for photographs."""
    result = np.empty((rows.shape[0], rows.shape[1] + 1), dtype=np.uint8)
    if above is None:
        result[:, 0] = 0
        result[:, 1:] = rows
    else:
        result[:, 0] = 2
        np.subtract(rows[0], above, out=result[0, 1:])
        np.subtract(rows[1:], rows[:-1], out=result[1:, 1:])
    return result.data.cast("B")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg_bytes(pixels: Pixels, quality: int) -> bytes:
    """Bare JPEG without colour subsampling: grey, RGB, or CMYK (Adobe's inverted form, as PDF readers expect it with a
    Decode array)."""
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        from io import BytesIO

        buffer = BytesIO()
        Image.fromarray(pixels, mode="CMYK").save(buffer, "JPEG", quality=quality, subsampling=0)
        return buffer.getvalue()
    if pixels.ndim == 2:
        return _encoded_jpeg(pixels, quality)
    if not (pixels.flags.writeable and pixels.flags.c_contiguous):
        return _encoded_jpeg(np.ascontiguousarray(pixels[..., ::-1]), quality)
    # The encoder wants BGR. Swapping in place and back costs less memory than a second canvas.
    _swap_channels(pixels)
    try:
        return _encoded_jpeg(pixels, quality)
    finally:
        _swap_channels(pixels)


def _encoded_jpeg(pixels: Pixels, quality: int) -> bytes:
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _444]
    ok, data = cv2.imencode(".jpg", pixels, settings)
    if not ok:
        raise ValueError("the JPEG encoder refused the picture")
    return data.tobytes()


def _swap_channels(pixels: Pixels) -> None:
    for band in _bands(pixels, _band_rows(pixels)):
        band[:] = cv2.cvtColor(band, cv2.COLOR_RGB2BGR)


def write_jpeg(path: Path, pixels: Pixels, dpi: float, quality: int, profile: bytes | None = None) -> None:
    """JPEG with density and profile. Channels: 1 grey, 3 sRGB, 4 CMYK; `profile` None embeds sRGB for three."""
    data = jpeg_bytes(pixels, quality)
    if profile is None and pixels.ndim == 3 and pixels.shape[2] == 3:
        profile = SRGB
    with path.open("wb") as out:
        out.write(b"\xff\xd8")
        out.write(_segment(0xE0, b"JFIF\0\x01\x02\x01" + struct.pack(">HHBB", round(dpi), round(dpi), 0, 0)))
        if profile is not None:
            size = 65_519
            parts = [profile[at : at + size] for at in range(0, len(profile), size)]
            for number, part in enumerate(parts, start=1):
                out.write(_segment(0xE2, b"ICC_PROFILE\0" + bytes([number, len(parts)]) + part))
        out.write(memoryview(data)[_after_jfif(data) :])


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _after_jfif(data: bytes) -> int:
    """Where the rest of the file begins, after the start marker and the encoder's own JFIF segment."""
    if data[2:4] == b"\xff\xe0":
        return 4 + int.from_bytes(data[4:6], "big")
    return 2


def write_webp(path: Path, pixels: Pixels, quality: int) -> None:
    """Lossy WebP of RGB pixels, taken as sRGB."""
    Image.fromarray(pixels).save(path, "WEBP", quality=quality, method=2, exif=b"", icc_profile=SRGB)


def shrink(pixels: Pixels, max_px: int) -> Pixels:
    """Area-averaged so that the longest side is at most `max_px`; never enlarged."""
    height, width = pixels.shape[:2]
    factor = max_px / max(height, width)
    if factor >= 1:
        return pixels
    return resized(pixels, (max(1, round(width * factor)), max(1, round(height * factor))))


def resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Area-averaged to exactly this width and height, as a new array."""
    return np.array(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
