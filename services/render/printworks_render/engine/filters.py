"""Looks of a photo: grey, sepia, brightness, contrast, saturation. Each works on single pixels: bands have no seams."""

import numpy as np
from numpy.typing import NDArray
from printworks_common.templates.layers import Filters

# Rec. 601 luma, as photo editors use for "grey"; sepia after the W3C filter effects specification.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], dtype=np.float32)


def apply_filters(pixels: NDArray[np.uint8], filters: Filters) -> NDArray[np.uint8]:
    """Filtered sRGB pixels (h, w, 3), or premultiplied (h, w, 4) whose alpha stays and bounds the result."""
    colour = pixels[..., :3].astype(np.float32)
    full = pixels[..., 3:].astype(np.float32) if pixels.shape[2] == 4 else np.float32(255)
    if filters.grayscale or filters.saturation:
        grey = (colour @ _LUMA)[..., None]
        keep = 0.0 if filters.grayscale else 1.0 + filters.saturation
        colour = grey + (colour - grey) * np.float32(keep)
    if filters.sepia:
        colour = colour @ _SEPIA.T
    if filters.brightness:
        # Towards white or black by that share, so that nothing is clipped to a flat area before the very end.
        goal = full if filters.brightness > 0 else np.float32(0)
        colour = colour + (goal - colour) * np.float32(abs(filters.brightness))
    if filters.contrast:
        middle = full / np.float32(2)
        factor = 1.0 + filters.contrast if filters.contrast < 0 else 1.0 / max(1e-3, 1.0 - filters.contrast)
        colour = middle + (colour - middle) * np.float32(factor)
    result = pixels.copy()
    result[..., :3] = np.clip(np.rint(colour), 0, full)
    return result
