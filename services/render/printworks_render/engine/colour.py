"""Colour differences for choosing drills and paints: sRGB, CIELAB (D65, 2 degrees) and CIEDE2000.

Sources: IEC 61966-2-1 (sRGB), CIE 15 (CIELAB), Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula:
implementation notes, supplementary test data, and mathematical observations" (2005).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]

# Linear sRGB to XYZ with Y of white = 1 (IEC 61966-2-1), and the white that the matrix implies, so that white is
# exactly L* = 100, a* = b* = 0.
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    dtype=np.float64,
)
_WHITE = _TO_XYZ.sum(axis=1)
_TO_LINEAR = np.linalg.inv(_TO_XYZ)
_EPSILON = 216 / 24389
_KAPPA = 24389 / 27
_POW25_7 = np.float32(25.0**7)
# Pairs per block of the matrix form: the temporaries of a block stay in the processor's second-level cache.
_BLOCK_PAIRS = 1 << 14


def _decode_table() -> NDArray[np.float64]:
    encoded = np.arange(256) / 255.0
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


_LINEAR_OF_BYTE = _decode_table()


def srgb_to_linear(rgb: Bytes) -> NDArray[np.float64]:
    """8-bit sRGB of any shape to linear light between 0 and 1."""
    return _LINEAR_OF_BYTE[rgb]


def linear_to_srgb(linear: Floats) -> Bytes:
    """Linear light (clipped to 0..1) of any shape to 8-bit sRGB."""
    value = np.clip(linear, 0.0, 1.0)
    encoded = np.where(value <= 0.0031308, value * 12.92, 1.055 * np.power(value, 1 / 2.4) - 0.055)
    return np.rint(encoded * 255.0).astype(np.uint8)


def linear_to_lab(linear: Floats) -> NDArray[np.float64]:
    """Linear sRGB, shape (..., 3), to CIELAB of the same shape."""
    xyz = np.asarray(linear, dtype=np.float64) @ (_TO_XYZ / _WHITE[:, None]).T
    f = np.where(xyz > _EPSILON, np.cbrt(xyz), (_KAPPA * xyz + 16.0) / 116.0)
    lab = np.empty_like(f)
    lab[..., 0] = 116.0 * f[..., 1] - 16.0
    lab[..., 1] = 500.0 * (f[..., 0] - f[..., 1])
    lab[..., 2] = 200.0 * (f[..., 1] - f[..., 2])
    return lab


def srgb_to_lab(rgb: Bytes) -> NDArray[np.float64]:
    """8-bit sRGB, shape (..., 3), to CIELAB of the same shape."""
    return linear_to_lab(srgb_to_linear(rgb))


def lab_to_linear(lab: Floats) -> NDArray[np.float64]:
    """CIELAB, shape (..., 3), to linear sRGB; values outside 0..1 are colours that sRGB cannot show."""
    fy = (np.asarray(lab[..., 0], dtype=np.float64) + 16.0) / 116.0
    f = np.stack([fy + lab[..., 1] / 500.0, fy, fy - lab[..., 2] / 200.0], axis=-1)
    cubed = f**3
    xyz = np.where(cubed > _EPSILON, cubed, (116.0 * f - 16.0) / _KAPPA)
    return (xyz * _WHITE) @ _TO_LINEAR.T


def lab_to_srgb(lab: Floats) -> Bytes:
    """CIELAB, shape (..., 3), to 8-bit sRGB; what lies outside of sRGB is clipped per channel."""
    return linear_to_srgb(lab_to_linear(lab))


def hex_to_rgb(text: str) -> tuple[int, int, int]:
    """`#RRGGBB` (the hash may be missing) to three bytes.

    Raises ValueError for anything else.
    """
    digits = text.removeprefix("#")
    if len(digits) != 6 or not set(digits) <= set("0123456789abcdefABCDEF"):
        raise ValueError(f"{text!r} is not a colour of the form #RRGGBB")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def contrast_ratio(first: Bytes, second: Bytes) -> NDArray[np.float64]:
    """Contrast of two 8-bit sRGB colours (..., 3) after WCAG 2.2: 1 (none) to 21 (black on white)."""
    weights = _TO_XYZ[1]
    one, two = srgb_to_linear(first) @ weights, srgb_to_linear(second) @ weights
    return (np.maximum(one, two) + 0.05) / (np.minimum(one, two) + 0.05)


def ciede2000(first: Floats, second: Floats) -> NDArray[np.float64]:
    """CIEDE2000 of CIELAB colours, shapes (..., 3) that broadcast; kL = kC = kH = 1, double precision.

    Follows the paper's equations 2 to 22 as they stand; `ciede2000_matrix` is the fast form.
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    l1, a1, b1 = one[..., 0], one[..., 1], one[..., 2]
    l2, a2, b2 = two[..., 0], two[..., 1], two[..., 2]
    c_mean7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(c_mean7 / (c_mean7 + 25.0**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360

    grey = c1 * c2 == 0
    turn = h2 - h1
    dh = np.where(grey, 0.0, np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn)))
    dl, dc = l2 - l1, c2 - c1
    dhue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh / 2))

    l_mean, c_mean, total = (l1 + l2) / 2, (c1 + c2) / 2, h1 + h2
    wrapped = np.where(total < 360, total + 360, total - 360) / 2
    h_mean = np.where(grey, total, np.where(np.abs(turn) <= 180, total / 2, wrapped))
    t = (
        1
        - 0.17 * np.cos(np.radians(h_mean - 30))
        + 0.24 * np.cos(np.radians(2 * h_mean))
        + 0.32 * np.cos(np.radians(3 * h_mean + 6))
        - 0.20 * np.cos(np.radians(4 * h_mean - 63))
    )
    c7 = c_mean**7
    rotation = -2 * np.sqrt(c7 / (c7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((h_mean - 275) / 25) ** 2))))
    off = (l_mean - 50) ** 2
    sl = 1 + 0.015 * off / np.sqrt(20 + off)
    sc, sh = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    x, y, z = dl / sl, dc / sc, dhue / sh
    return np.sqrt(np.maximum(x * x + y * y + z * z + rotation * y * z, 0.0))


def ciede2000_matrix(rows: Floats, columns: Floats) -> NDArray[np.float32]:
    """CIEDE2000 of each of n CIELAB colours (n, 3) with each of m (m, 3), as an (n, m) float32 matrix.

    Agrees with `ciede2000` to 0.002, and to 0.2 % for opposite hues, where the formula itself jumps. Single precision;
    the cosines of the mean hue come from the bisector of the two hue vectors, which leaves one arc tangent for each
    pair instead of two and four cosines.
    """
    n, m = len(rows), len(columns)
    out = np.empty((n, m), dtype=np.float32)
    left, right = _planes(rows)[..., None], _planes(columns)[:, None, :]
    step = max(1, _BLOCK_PAIRS // max(1, m))
    for start in range(0, n, step):
        out[start : start + step] = _block(left[:, start : start + step], right)
    return out


def ciede2000_pairs(first: Floats, second: Floats) -> NDArray[np.float32]:
    """CIEDE2000 of n pairs (n, 3) and (n, 3) in single precision: the fast form for whole pictures."""
    out = np.empty(len(first), dtype=np.float32)
    left, right = _planes(first), _planes(second)
    for start in range(0, len(out), _BLOCK_PAIRS):
        end = start + _BLOCK_PAIRS
        out[start:end] = _block(left[:, start:end], right[:, start:end])
    return out


def _planes(lab: Floats) -> NDArray[np.float32]:
    """(n, 3) to (3, n) in single precision: each of L*, a*, b* lies in one piece."""
    return np.ascontiguousarray(np.asarray(lab, dtype=np.float32).T)


def _block(one: NDArray[np.float32], two: NDArray[np.float32]) -> NDArray[np.float32]:
    """CIEDE2000 of colours whose planes L*, a*, b* come first and whose other dimensions broadcast."""
    l1, a1, b1 = one
    l2, a2, b2 = two
    stretch = np.float32(1.5) - np.float32(0.5) * _seventh(
        (np.sqrt(a1 * a1 + b1 * b1) + np.sqrt(a2 * a2 + b2 * b2)) * np.float32(0.5)
    )
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.sqrt(a1 * a1 + b1 * b1), np.sqrt(a2 * a2 + b2 * b2)
    c_mean = (c1 + c2) * np.float32(0.5)

    # The bisector of the hues has the direction of u1 + u2, u = (a', b') / C'; times C1' C2' it needs no division.
    u, v = a1 * c2 + a2 * c1, b1 * c2 + b2 * c1
    length = np.sqrt(u * u + v * v)
    tiny = length < np.float32(1e-6)
    np.copyto(u, a1 + a2, where=tiny)  # one of the two is grey: the hue is the other's
    np.copyto(v, b1 + b2, where=tiny)
    length = np.maximum(np.sqrt(u * u + v * v), np.float32(1e-12))
    cos1, sin1 = u / length, v / length
    cos2, sin2 = cos1 * cos1 - sin1 * sin1, np.float32(2) * sin1 * cos1
    cos3, sin3 = cos2 * cos1 - sin2 * sin1, sin2 * cos1 + cos2 * sin1
    cos4, sin4 = cos2 * cos2 - sin2 * sin2, np.float32(2) * sin2 * cos2
    t = (
        np.float32(1)
        - np.float32(0.17 * np.cos(np.pi / 6)) * cos1
        - np.float32(0.17 * np.sin(np.pi / 6)) * sin1
        + np.float32(0.24) * cos2
        + np.float32(0.32 * np.cos(np.radians(6))) * cos3
        - np.float32(0.32 * np.sin(np.radians(6))) * sin3
        - np.float32(0.20 * np.cos(np.radians(63))) * cos4
        - np.float32(0.20 * np.sin(np.radians(63))) * sin4
    )
    h_mean = np.arctan2(-sin1, -cos1) + np.float32(np.pi)
    bend = (h_mean - np.float32(np.radians(275))) * np.float32(1 / np.radians(25))
    rotation = np.float32(-2) * _seventh(c_mean) * np.sin(np.float32(np.radians(60)) * np.exp(-bend * bend))

    dl, dc = l2 - l1, c2 - c1
    # |dH'|: the squared distance in (a', b') less the part along the chroma, which cancels where the hues nearly agree;
    # the cross product keeps its precision there: sin(dh) C1' C2' = a1' b2' - a2' b1', and dH' = sin(dh) / cos(dh / 2).
    cross, dot = a1 * b2 - a2 * b1, a1 * a2 + b1 * b2
    product = c1 * c2
    half_cos = np.sqrt(np.maximum((product + dot) * np.float32(0.5), np.float32(1e-12)))
    opposite = np.sqrt(np.maximum((product - dot) * np.float32(2), np.float32(0)))
    dhue = cross / half_cos
    np.copyto(dhue, np.copysign(opposite, cross), where=dot < 0)

    off = (l1 + l2) * np.float32(0.5) - np.float32(50)
    off *= off
    x = dl / (np.float32(1) + np.float32(0.015) * off / np.sqrt(np.float32(20) + off))
    y = dc / (np.float32(1) + np.float32(0.045) * c_mean)
    z = dhue / (np.float32(1) + np.float32(0.015) * c_mean * t)
    total = x * x + y * y + z * z + rotation * y * z
    return np.sqrt(np.maximum(total, np.float32(0)))


def _seventh(chroma: NDArray[np.float32]) -> NDArray[np.float32]:
    """sqrt(C^7 / (C^7 + 25^7))."""
    square = chroma * chroma
    seventh = square * square * square * chroma
    return np.sqrt(seventh / (seventh + _POW25_7))
