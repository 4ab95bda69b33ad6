"""Putting a decoded picture onto pixels: cut, scaled, turned, filtered, sharpened, in bands of bounded memory."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, cos, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from printworks_common.templates.layers import Filters

from printworks_render.engine.bands import in_order
from printworks_render.engine.decode import Picture
from printworks_render.engine.filters import apply_filters

Pixels = NDArray[np.uint8]

_BAND_PIXELS = 750_000
_BLEND_PIXELS = 100_000
_MAX_SHARPEN_SIGMA = 2.0


@dataclass(frozen=True)
class Cut:
    """Part of an upright picture, as fractions of its width and height."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def cover_cut(size: tuple[int, int], within: Cut, aspect: float, focus: tuple[float, float]) -> Cut:
    """The largest part of `within` that has the aspect (width / height), as near to the focus as the edges allow.

    size: upright pixels of the whole picture. focus: fractions of the whole picture.
    """
    width, height = within.width * size[0], within.height * size[1]
    if width / height > aspect:
        width = height * aspect
    else:
        height = width / aspect
    w, h = min(width / size[0], within.width), min(height / size[1], within.height)
    left = min(max(focus[0] - w / 2, within.left), within.right - w)
    top = min(max(focus[1] - h / 2, within.top), within.bottom - h)
    return Cut(left, top, left + w, top + h)


def turned_extent(width: float, height: float, degrees: float) -> tuple[float, float]:
    """Width and height of the upright rectangle that a rectangle of this size fills when turned."""
    c, s = abs(cos(radians(degrees))), abs(sin(radians(degrees)))
    return width * c + height * s, width * s + height * c


def paste(
    target: Pixels,
    picture: Picture,
    cut: Cut,
    *,
    filters: Filters | None = None,
    sharpen: float = 0.0,
    opacity: float = 1.0,
    quarter_turns: int = 0,
) -> None:
    """Draw a part of the picture so that it fills `target` (h, w, 3), a view of the canvas, in place.

    quarter_turns: clockwise. sharpen: strength of an unsharp mask, used only where the picture is scaled up.
    Transparent parts leave the target as it is.
    """
    view = _stored_view(target, picture.orientation, quarter_turns)
    height, width = view.shape[:2]
    box = _stored_box(picture, cut)
    image = picture.image.convert("RGBa") if picture.transparent else picture.image
    scale = min(width / (box[2] - box[0]), height / (box[3] - box[1]))
    sigma = min(0.5 * scale, _MAX_SHARPEN_SIGMA) if sharpen > 0 and scale > 1.05 and not picture.transparent else 0.0
    margin = ceil(3 * sigma)
    rows = max(16, _BAND_PIXELS // width)

    def draw(top: int) -> None:
        bottom = min(top + rows, height)
        first, last = max(0, top - margin), min(height, bottom + margin)
        band = _scaled(image, box, (width, height), first, last)
        if filters is not None and not filters.neutral:
            band = apply_filters(band, filters)
        if sigma > 0:
            band = _sharpened(band, sigma, sharpen)
        blend(view[top:bottom], band[top - first : bottom - first], opacity)

    for _ in in_order(draw, range(0, height, rows)):
        pass


def _scaled(
    image: Image.Image, box: tuple[float, float, float, float], size: tuple[int, int], first: int, last: int
) -> Pixels:
    """Rows `first` to `last` of the box scaled to `size`; the filter reads beyond the rows, so bands have no seams."""
    left, top, right, bottom = box
    step = (bottom - top) / size[1]
    rows = (left, max(0.0, top + first * step), right, min(float(image.height), top + last * step))
    if (round(rows[2] - rows[0]), last - first) == (size[0], round(rows[3] - rows[1])) and _whole(rows):
        part = image.crop((round(rows[0]), round(rows[1]), round(rows[2]), round(rows[3])))
    else:
        # Lanczos keeps detail when reducing; enlarged, it rings where bicubic does not.
        enlarged = size[0] > right - left
        kernel = Image.Resampling.BICUBIC if enlarged else Image.Resampling.LANCZOS
        part = image.resize((size[0], last - first), kernel, box=rows)
    return np.asarray(part, dtype=np.uint8)


def _whole(values: tuple[float, ...]) -> bool:
    return all(abs(value - round(value)) < 1e-9 for value in values)


def _sharpened(band: Pixels, sigma: float, strength: float) -> Pixels:
    soft = cv2.GaussianBlur(band, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.addWeighted(band, 1 + strength, soft, -strength, 0), dtype=np.uint8)


def blend(target: Pixels, band: Pixels, opacity: float) -> None:
    """Write a band, RGB or premultiplied RGBA, over the target, in place."""
    if band.shape[2] == 3 and opacity >= 1:
        target[:] = band
        return
    rows = max(1, _BLEND_PIXELS // band.shape[1])
    for top in range(0, band.shape[0], rows):
        part = band[top : top + rows]
        if part.shape[2] == 4 and not part[..., 3].any():
            continue
        under = target[top : top + rows]
        colour = part[..., :3].astype(np.uint16)
        alpha = part[..., 3:].astype(np.uint16) if part.shape[2] == 4 else np.full_like(colour[..., :1], 255)
        if opacity < 1:
            level = np.uint16(round(opacity * 255))
            colour, alpha = (colour * level + 127) // 255, (alpha * level + 127) // 255
        shown = under * (255 - alpha)
        shown += 127
        shown //= 255
        shown += colour
        under[:] = np.minimum(shown, 255, out=shown)


# EXIF orientation to what undoes it: the upright target as the stored picture lies in it. All are views, not copies.
_UNDO: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda view: view,
    2: lambda view: view[:, ::-1],
    3: lambda view: view[::-1, ::-1],
    4: lambda view: view[::-1],
    5: lambda view: view.transpose(1, 0, 2),
    6: lambda view: np.rot90(view, 1),
    7: lambda view: view[::-1, ::-1].transpose(1, 0, 2),
    8: lambda view: np.rot90(view, -1),
}


def _stored_view(target: Pixels, orientation: int, quarter_turns: int) -> Pixels:
    """The target seen as the picture is stored: writing to it turns the picture upright, and by quarter turns."""
    return _UNDO[orientation](np.rot90(target, quarter_turns % 4))


def _stored_box(picture: Picture, cut: Cut) -> tuple[float, float, float, float]:
    """The cut in pixels of the picture as it is stored."""
    left, top, right, bottom = cut.left, cut.top, cut.right, cut.bottom
    match picture.orientation:
        case 2:
            left, right = 1 - right, 1 - left
        case 3:
            left, top, right, bottom = 1 - right, 1 - bottom, 1 - left, 1 - top
        case 4:
            top, bottom = 1 - bottom, 1 - top
        case 5:
            left, top, right, bottom = top, left, bottom, right
        case 6:
            left, top, right, bottom = top, 1 - right, bottom, 1 - left
        case 7:
            left, top, right, bottom = 1 - bottom, 1 - right, 1 - top, 1 - left
        case 8:
            left, top, right, bottom = 1 - bottom, left, 1 - top, right
        case _:
            pass
    width, height = picture.image.size
    return (
        max(0.0, left * width),
        max(0.0, top * height),
        min(float(width), right * width),
        min(float(height), bottom * height),
    )


def picture_pixels(
    picture: Picture, size: tuple[int, int], cut: Cut, background: tuple[int, int, int], filters: Filters | None = None
) -> Pixels:
    """A part of the picture as sRGB pixels (h, w, 3) of `size` (width, height), on a background colour."""
    target = np.empty((size[1], size[0], 3), dtype=np.uint8)
    target[:] = background
    paste(target, picture, cut, filters=filters)
    return target


def paste_turned(
    target: Pixels,
    picture: Picture,
    cut: Cut,
    size: tuple[float, float],
    degrees: float,
    *,
    filters: Filters | None = None,
    sharpen: float = 0.0,
    opacity: float = 1.0,
) -> None:
    """Draw a part of the picture, `size` (width, height) pixels large, turned clockwise around the target's centre.

    What lies beyond the target is cut off; what the turned picture does not reach stays as it is.
    """
    width, height = max(1, round(size[0])), max(1, round(size[1]))
    flat = np.zeros((height, width, 4), dtype=np.uint8)
    colour = np.zeros((height, width, 3), dtype=np.uint8)
    paste(colour, picture, cut, filters=filters, sharpen=sharpen)
    flat[..., :3] = colour
    del colour
    flat[..., 3] = _coverage(picture, cut, (width, height))
    rows, columns = target.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    matrix[:, 2] += ((columns - 1) / 2 - (width - 1) / 2, (rows - 1) / 2 - (height - 1) / 2)
    turned = cv2.warpAffine(
        flat, matrix, (columns, rows), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0, 0)
    )
    turned = np.asarray(turned, dtype=np.uint8)
    # Cubic interpolation overshoots: a premultiplied colour must not exceed its alpha.
    np.minimum(turned[..., :3], turned[..., 3:], out=turned[..., :3])
    blend(target, turned, opacity)


def _coverage(picture: Picture, cut: Cut, size: tuple[int, int]) -> Pixels:
    """Alpha of the part of the picture at `size`; 255 everywhere for an opaque one."""
    if not picture.transparent:
        return np.full((size[1], size[0]), 255, dtype=np.uint8)
    alpha = picture.image.getchannel("A")
    mask = Picture(Image.merge("RGB", (alpha, alpha, alpha)), picture.orientation, picture.size, picture.info)
    target = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    paste(target, mask, cut)
    return target[..., 0]
