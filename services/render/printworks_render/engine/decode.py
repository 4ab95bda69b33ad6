"""Safe decoding of customers' pictures: by content, by Pillow alone, within limits of our own, to sRGB.

A picture is either right or a typed failure: a truncated file never becomes half a picture. It runs inside the render
process, which has a memory and a time limit of its own; the limits here keep it far from them.
"""

import io
import struct
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image, ImageCms, ImageFile, UnidentifiedImageError
from printworks_common.failures import Reason

from printworks_render.engine.job import RenderError
from printworks_render.engine.memory import at_most
from printworks_render.engine.profiles import SRGB, default_cmyk
from printworks_render.engine.sniff import Format, declared_size, sniff
from printworks_render.engine.structure import check_structure

MAX_BYTES = 100 << 20
"""Largest file that is read."""
MAX_PIXELS = 100_000_000
"""Most pixels that are decoded; a JPEG with more is decoded reduced."""
MAX_PIXELS_OF = {Format.WEBP: 50_000_000, Format.HEIC: 50_000_000, Format.AVIF: 50_000_000}
"""Where a decoder holds the picture three or four times over, with 10 bits and full chroma in two bytes a sample: with
it a render stays below 1 GB."""
MAX_TRANSPARENT_HEIC_PIXELS = 40_000_000
"""The decoder also holds the alpha twice."""
MAX_REDUCIBLE_PIXELS = 500_000_000
"""Most pixels of a baseline JPEG, which the decoder can reduce while reading."""
MAX_PROGRESSIVE_PIXELS = 64_000_000
"""A progressive JPEG holds all its coefficients (6 bytes per pixel at worst) however much it is reduced."""
DECODER_BYTES = 900 << 20
"""More than a decoder needs for any of these. It finds in the coded data how large the picture is, which need not be
what the file says: an AVIF of 35 KB that says 16 × 16 pixels took 1.1 GB, and may take more."""
MAX_SIDE = 65_500
MAX_TEXT_BYTES = 4 << 20
_BAND_PIXELS = 1 << 20

_PILLOW_FORMATS = {
    Format.JPEG: ["JPEG"],
    Format.PNG: ["PNG"],
    Format.WEBP: ["WEBP"],
    Format.AVIF: ["AVIF"],
    Format.HEIC: ["HEIF"],
    Format.TIFF: ["TIFF"],
    Format.GIF: ["GIF"],
    Format.BMP: ["BMP"],
}

# Pillow's own guard is a module variable that warns here and raises at twice the value; ours is checked on the header,
# before anything is decoded.
Image.MAX_IMAGE_PIXELS = MAX_REDUCIBLE_PIXELS
ImageFile.LOAD_TRUNCATED_IMAGES = False
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pi_heif.options.DECODE_THREADS = 1
pi_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True)
class PictureInfo:
    """What the header says. `size` is the upright width and height in pixels."""

    format: Format
    size: tuple[int, int]
    animated: bool
    progressive: bool
    plain: bool
    """Grey or RGB of 8 bits, not to be turned while it is read: needs no second copy while it is decoded."""


@dataclass
class Picture:
    """A decoded picture in sRGB.

    image: mode RGB or RGBA, as it is stored in the file. orientation: EXIF value 1 to 8 that makes it upright.
    size: upright width and height of the file's picture, also when `image` was decoded reduced.
    """

    image: Image.Image
    orientation: int
    size: tuple[int, int]
    info: PictureInfo
    notes: list[str] = field(default_factory=list[str])

    @property
    def transparent(self) -> bool:
        return self.image.mode == "RGBA"


def inspect(path: Path) -> PictureInfo:
    """Read the header only. Raises `RenderError` as `decode` does."""
    with _opened(path) as (image, kind):
        return _info(image, kind)


def decode(path: Path, want: tuple[int, int] | None = None) -> Picture:
    """Decode a picture to sRGB.

    want: upright width and height in pixels that the whole picture is needed at; a JPEG at least twice as large is
    decoded reduced, never below this. Raises `RenderError` with `upload_missing`, `upload_unsupported`,
    `upload_too_large` or `upload_corrupt`.
    """
    with _opened(path) as (image, kind):
        info = _info(image, kind)
        notes: list[str] = []
        if info.animated:
            notes.append("The picture is animated; its first frame is printed.")
            image.seek(0)
        _reduce(image, info, want, _orientation(image), notes)
        profile = image.info.get("icc_profile")
        with at_most(DECODER_BYTES):
            image.load()
        # Asked anew: Pillow turns a TIFF upright while it loads it, and then says so.
        orientation = _orientation(image)
        picture = _to_srgb(image, profile if isinstance(profile, bytes) else None, notes)
        if picture is not image:
            image.close()  # its pixels would lie beside those of what follows
    if picture.mode == "RGBA":
        lowest, highest = picture.getchannel("A").getextrema()
        if highest == 0:
            raise RenderError(Reason.UPLOAD_CORRUPT, "The picture is fully transparent; there is nothing to print.")
        if lowest == 255:
            picture = picture.convert("RGB")
    return Picture(picture, orientation, info.size, info, notes)


@contextmanager
def _opened(path: Path) -> Generator[tuple[Image.Image, Format]]:
    """The picture opened by the reader that fits its content; every failure of a decoder becomes a typed one."""
    kind = _checked_format(path)
    try:
        # Odd metadata is no reason to refuse a picture, and the warnings would quote it.
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=_PILLOW_FORMATS[kind]) as image:
            yield image, kind
    except (RenderError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise RenderError(Reason.UPLOAD_TOO_LARGE, "The picture has too many pixels.") from error
    except UnidentifiedImageError as error:
        raise RenderError(Reason.UPLOAD_CORRUPT, f"The {kind.label} file is damaged.") from error
    # Decoders raise nearly everything on damaged files (struct.error, IndexError, SyntaxError, EOFError, …). What is
    # caught here was raised while reading this one file, so the file is the reason.
    except Exception as error:
        raise RenderError(Reason.UPLOAD_CORRUPT, f"The {kind.label} file is damaged or incomplete.") from error


def _checked_format(path: Path) -> Format:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError as error:
        raise RenderError(Reason.UPLOAD_MISSING, "The picture is not there.") from error
    if size == 0:
        raise RenderError(Reason.UPLOAD_CORRUPT, "The picture file is empty.")
    if size > MAX_BYTES:
        raise RenderError(
            Reason.UPLOAD_TOO_LARGE, f"The file has {size >> 20} MB; at most {MAX_BYTES >> 20} MB are read."
        )
    kind = sniff(head)
    declared = declared_size(head, kind)
    limit = MAX_PIXELS_OF.get(kind, MAX_PIXELS)
    if declared is not None and (declared[0] * declared[1] > limit or max(declared) > MAX_SIDE):
        raise _too_large(declared, limit)
    check_structure(path, kind)
    return kind


def _too_large(size: tuple[int, int], limit: int) -> RenderError:
    return RenderError(
        Reason.UPLOAD_TOO_LARGE,
        f"The picture has {size[0]} × {size[1]} pixels; at most {limit // 1_000_000} million are printed.",
    )


def _info(image: Image.Image, kind: Format) -> PictureInfo:
    width, height = image.size
    progressive = bool(image.info.get("progressive") or image.info.get("progression"))
    limit = MAX_PIXELS_OF.get(kind, MAX_PIXELS)
    if kind is Format.JPEG:
        limit = MAX_PROGRESSIVE_PIXELS if progressive else MAX_REDUCIBLE_PIXELS
    elif kind is Format.HEIC and image.mode == "RGBA":
        limit = MAX_TRANSPARENT_HEIC_PIXELS
    if width < 1 or height < 1:
        raise RenderError(Reason.UPLOAD_CORRUPT, "The picture has no pixels.")
    if width * height > limit or max(width, height) > MAX_SIDE:
        raise _too_large((width, height), limit)
    text = image.info.get("exif", b"")
    if isinstance(text, bytes) and len(text) > MAX_TEXT_BYTES:
        raise RenderError(Reason.UPLOAD_TOO_LARGE, "The picture carries too much metadata.")
    orientation = _orientation(image)
    # Of a TIFF, Pillow gives the upright size.
    upright = (height, width) if orientation >= 5 and kind is not Format.TIFF else (width, height)
    # A JPEG with several pictures (MPO) holds depth maps and previews beside the photo, a HEIC others of a series: no
    # animation, and the one to show need not be the first. Whether there is a second frame is asked for, not how many:
    # to count those of a GIF is to read all of them.
    still = kind in {Format.JPEG, Format.TIFF, Format.HEIC}
    animated = not still and bool(getattr(image, "is_animated", False))
    turned = kind is Format.TIFF and orientation > 1
    plain = image.mode in {"RGB", "L"} and "transparency" not in image.info and not turned
    return PictureInfo(kind, upright, animated, progressive, plain)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; anything else, and damaged EXIF, counts as upright."""
    try:
        value = image.getexif().get(0x0112, 1)
    except (SyntaxError, ValueError, TypeError, KeyError, IndexError, OSError, struct.error):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _reduce(
    image: Image.Image, info: PictureInfo, want: tuple[int, int] | None, orientation: int, notes: list[str]
) -> None:
    """Let the JPEG decoder reduce by 2, 4 or 8 where the picture is that much larger than needed or allowed."""
    if info.format is not Format.JPEG:
        return
    width, height = image.size
    target = (width, height)
    if want is not None:
        target = (want[1], want[0]) if orientation >= 5 else want
    if width * height > MAX_PIXELS:
        # Half, a quarter or an eighth in each direction: the least reduction that is allowed.
        steps = next(step for step in (2, 4, 8) if width * height / step**2 <= MAX_PIXELS)
        target = (min(target[0], width // steps), min(target[1], height // steps))
        notes.append(f"The picture has {width} × {height} pixels and was reduced while reading.")
    if target[0] < width and target[1] < height:
        image.draft(None, (max(1, target[0]), max(1, target[1])))


def _to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """RGB or RGBA in sRGB from any mode that Pillow gives for the allowed formats."""
    image = _eight_bit(image)
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif image.mode in {"L", "RGB"} and "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode in {"1", "LA", "La", "PA", "RGBa", "RGBX", "YCbCr", "HSV"}:
        image = image.convert({"1": "L", "LA": "LA"}.get(image.mode, "RGBA" if "a" in image.mode.lower() else "RGB"))
    if image.mode == "CMYK" and profile is None:
        profile = default_cmyk().data
    if profile is not None:
        converted = _by_profile(image, profile)
        if converted is not None:
            return converted
        if image.mode == "CMYK":
            return _by_profile(image, default_cmyk().data) or image.convert("RGB")
    if image.mode == "LAB":
        return ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        ) or image.convert("RGB")
    if image.mode in {"RGB", "RGBA"}:
        return image
    return image.convert("RGBA" if "A" in image.mode else "RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey pictures of more than 8 bits are scaled to 8, which Pillow's own conversion would clip."""
    if not image.mode.startswith("I;16") and image.mode not in {"I", "F"}:
        return image
    full = 65535.0
    if image.mode in {"I", "F"}:
        top = max(float(band.max(initial=0.0)) for _, band in _bands(image))
        full = 1.0 if image.mode == "F" and top <= 1.0 else 255.0 if top <= 255 else max(65535.0, top)
    scaled = np.empty((image.height, image.width), dtype=np.uint8)
    for row, band in _bands(image):
        scaled[row : row + len(band)] = np.rint(np.clip(band / full, 0, 1) * 255)
    image.close()  # up to four bytes a pixel, beside which there is no room for what follows
    return Image.fromarray(scaled)


def _bands(image: Image.Image) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Values of a grey picture with the first row of each band: as a whole they would need eight bytes a pixel, twice.
    What is no number counts as 0."""
    rows = max(1, _BAND_PIXELS // image.width)
    for row in range(0, image.height, rows):
        band = image.crop((0, row, image.width, min(row + rows, image.height)))
        yield row, np.nan_to_num(np.asarray(band).astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _by_profile(image: Image.Image, data: bytes) -> Image.Image | None:
    """Converted to sRGB; None when the profile is broken or made for another kind of picture, and is to be ignored."""
    space = {"L": "GRAY", "LA": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK", "LAB": "Lab"}.get(image.mode)
    if len(data) < 132 or space is None or data[16:20].decode("latin-1").strip() != space or is_srgb(data):
        return None
    alpha = image.getchannel("A") if image.mode == "LA" else None
    source = image.getchannel("L") if image.mode == "LA" else image
    mode = "RGBA" if source.mode == "RGBA" else "RGB"
    try:
        found = ImageCms.ImageCmsProfile(io.BytesIO(data))
        transform = ImageCms.buildTransform(
            found,
            ImageCms.ImageCmsProfile(io.BytesIO(SRGB)),
            source.mode,
            mode,
            renderingIntent=ImageCms.Intent(ImageCms.getDefaultIntent(found)),
        )
        if source.mode == mode:
            ImageCms.applyTransform(source, transform, inPlace=True)
            return source
        result = ImageCms.applyTransform(source, transform)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    if result is not None and alpha is not None:
        result.putalpha(alpha)
    return result


def is_srgb(data: bytes) -> bool:
    """Whether a profile is sRGB by what it does, whatever its name: converting would change nothing."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        transform = ImageCms.buildTransform(
            profile, ImageCms.ImageCmsProfile(io.BytesIO(SRGB)), "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return False
    steps = np.array([0, 16, 32, 64, 128, 192, 255], dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    converted = ImageCms.applyTransform(Image.fromarray(cube), transform)
    return int(np.abs(np.asarray(converted).astype(np.int16) - cube).max()) <= 1
