"""How a colour is written into a PDF: as ICC-based sRGB, or converted to CMYK by a printer profile."""

from functools import lru_cache
from io import BytesIO
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from printworks_render.engine.profiles import SRGB, Profile


def rgb_of(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` to 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


class Inks(Protocol):
    def fill(self, colour: str) -> bytes:
        """PDF operators that set the fill colour `#rrggbb`."""
        ...

    def stroke(self, colour: str) -> bytes:
        """PDF operators that set the stroke colour `#rrggbb`."""
        ...


class RgbInks:
    """ICC-based sRGB, in the colour space resource `RGB`."""

    def fill(self, colour: str) -> bytes:
        return f"/RGB cs {self._values(colour)} sc\n".encode()

    def stroke(self, colour: str) -> bytes:
        return f"/RGB CS {self._values(colour)} SC\n".encode()

    @staticmethod
    def _values(colour: str) -> str:
        return " ".join(f"{value / 255:.4f}" for value in rgb_of(colour))


class CmykInks:
    """Colours and pixels converted from sRGB by a CMYK profile (perceptual, as for photos)."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(SRGB)),
            ImageCms.ImageCmsProfile(BytesIO(profile.data)),
            "RGB",
            "CMYK",
            renderingIntent=ImageCms.Intent.PERCEPTUAL,
        )

    def fill(self, colour: str) -> bytes:
        return f"{self._values(colour)} k\n".encode()

    def stroke(self, colour: str) -> bytes:
        return f"{self._values(colour)} K\n".encode()

    def _values(self, colour: str) -> str:
        # Black text and lines are printed with black ink alone: four inks would blur at the smallest misregistration.
        if rgb_of(colour) == (0, 0, 0):
            return "0 0 0 1"
        return " ".join(f"{value:.4f}" for value in self.percentages(colour))

    @lru_cache(maxsize=1024)  # noqa: B019 - lives as long as one document
    def percentages(self, colour: str) -> tuple[float, float, float, float]:
        """Ink amounts 0..1 of `#rrggbb`."""
        pixel = np.array([[rgb_of(colour)]], dtype=np.uint8)
        cyan, magenta, yellow, black = (int(value) / 255 for value in self.convert(pixel)[0, 0])
        return cyan, magenta, yellow, black

    def convert(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """sRGB pixels (h, w, 3) to CMYK (h, w, 4), 0 no ink, in bands to bound memory."""
        height, width = pixels.shape[:2]
        result = np.empty((height, width, 4), dtype=np.uint8)
        rows = max(1, (1 << 20) // width)
        for top in range(0, height, rows):
            band = Image.fromarray(pixels[top : top + rows])
            result[top : top + rows] = np.asarray(ImageCms.applyTransform(band, self._transform))
        return result
