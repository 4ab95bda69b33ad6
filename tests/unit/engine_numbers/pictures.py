"""Small pictures for the tests of paint by numbers."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

PHOTOS = Path(__file__).parents[3] / "libs/local/printworks_local/photos"

Pixels = NDArray[np.uint8]


def photo(name: str, width: int, height: int) -> Pixels:
    """A photograph that comes with the local stack, cut to the size from its middle."""
    with Image.open(PHOTOS / f"{name}.jpg") as image:
        scale = max(width / image.width, height / image.height)
        cut = width / scale, height / scale
        left, top = max(0.0, (image.width - cut[0]) / 2), max(0.0, (image.height - cut[1]) / 2)
        box = (left, top, min(image.width, left + cut[0]), min(image.height, top + cut[1]))
        small = image.convert("RGB").resize((width, height), box=box)
    return np.asarray(small, dtype=np.uint8)


def noise(width: int, height: int) -> Pixels:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)


def checkerboard(width: int, height: int, side: int) -> Pixels:
    y, x = np.mgrid[:height, :width]
    return _grey((x // side + y // side) % 2 * 255)


def stripes(width: int, height: int, side: int) -> Pixels:
    _, x = np.mgrid[:height, :width]
    return _grey(x // side % 2 * 255)


def spiral(width: int, height: int) -> Pixels:
    y, x = np.mgrid[:height, :width]
    angle, radius = np.arctan2(y - height / 2, x - width / 2), np.hypot(y - height / 2, x - width / 2)
    return _grey((np.sin(radius / 4 + angle) > 0) * 255)


def discs(width: int, height: int) -> Pixels:
    """A disc within a disc within a disc: rings of border without any node."""
    pixels = np.full((height, width, 3), 230, dtype=np.uint8)
    for share, colour in ((0.45, (200, 30, 30)), (0.3, (30, 160, 60)), (0.15, (20, 40, 180))):
        cv2.circle(pixels, (width // 2, height // 2), int(share * min(width, height)), colour, -1)
    return pixels


def one_colour(width: int, height: int) -> Pixels:
    return np.full((height, width, 3), 120, dtype=np.uint8)


def _grey(values: NDArray[np.generic]) -> Pixels:
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)
