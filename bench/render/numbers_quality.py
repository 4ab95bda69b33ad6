"""Quality of a numbered canvas, measured on its files alone: nothing of the engine is imported here.

    python bench/render/numbers_quality.py canvas.svg [--width 400] [--offset 10 25] [--painted p.png --photo photo.jpg]

Facets are built from the lines of the SVG (shapely `polygonize`) or, where a file draws each facet as a filled path,
from these; numbers are the outlines or texts as they are placed. Colour error: mean CIEDE2000 (scikit-image) of the
painted picture against the photo, both blurred by a Gaussian of sigma 2 mm of canvas, as seen from some distance.
"""

import argparse
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import shapely
from PIL import Image
from shapely import affinity
from skimage.color import deltaE_ciede2000, rgb2lab

VIEWING_SIGMA_MM = 2.0
SVG = "{http://www.w3.org/2000/svg}"
# Of a usual sans-serif: advance of a digit, height of a digit.
DIGIT_EM, HEIGHT_EM = 0.556, 0.72


@dataclass(frozen=True)
class Quality:
    """`outside`: numbers whose box leaves its facet. `unlabelled`: facets without a number. `doubled_mm`: length of
    borders that are drawn more than once. Shares are of all facets."""

    facets: int
    numbers: int
    outside: int
    unlabelled: int
    under_radius: int
    under_area: int
    under_10_mm2_share: float
    smallest_radius_mm: float
    smallest_area_mm2: float
    smallest_font_pt: float
    doubled_mm: float


def measure(path: Path, canvas: tuple[float, float, float, float], radius: float, area: float) -> Quality:
    """canvas: left, top, width, height of the painting in the units of the SVG's view box, in which 1 is 1 mm when the
    file says so; a file in pixels is scaled to `width`."""
    root = ElementTree.parse(path).getroot()
    if root.find(f".//{SVG}path[@id='borders']") is None:
        facets, boxes, sizes = _filled(root, canvas[2])
        doubled = float(shapely.length(shapely.boundary(facets)).sum()) / 2
    else:
        facets, doubled = _from_lines(root)
        boxes, sizes = _outlined_numbers(root, canvas)
    return _judged(facets, boxes, sizes, doubled, radius, area)


def _judged(facets: Any, boxes: Any, sizes: list[float], doubled: float, radius: float, area: float) -> Quality:
    tree = shapely.STRtree(facets)
    middle = shapely.centroid(boxes)
    pairs = tree.query(middle, predicate="within")
    home = np.full(len(boxes), -1)
    home[pairs[0]] = pairs[1]
    inside = np.zeros(len(boxes), dtype=bool)
    found = home >= 0
    inside[found] = shapely.covers(facets[home[found]], boxes[found])
    circles = shapely.length(shapely.maximum_inscribed_circle(facets, tolerance=0.02))
    areas = shapely.area(facets)
    return Quality(
        facets=len(facets),
        numbers=len(boxes),
        outside=int((~inside).sum()),
        unlabelled=len(facets) - len(set(home[found].tolist())),
        under_radius=int((circles < radius - 0.02).sum()),
        under_area=int((areas < area).sum()),
        under_10_mm2_share=round(float((areas < 10).mean()), 4),
        smallest_radius_mm=round(float(circles.min()), 3),
        smallest_area_mm2=round(float(areas.min()), 3),
        smallest_font_pt=round(min(sizes, default=0.0), 2),
        doubled_mm=round(doubled, 1),
    )


def _from_lines(root: ElementTree.Element) -> tuple[Any, float]:
    """Facets enclosed by the drawn lines, in millimetres, and the length of what is drawn twice."""
    element = root.find(f".//{SVG}path[@id='borders']")
    assert element is not None
    scale, dx, dy = _transform(element.get("transform") or "")
    lines: list[Any] = []
    segments: list[np.ndarray[Any, Any]] = []
    for part in re.findall(r"M([^M]+)", element.get("d") or ""):
        head, _, moves = part.partition("l")
        start = np.array([float(value) for value in head.split()])
        steps = np.array([float(value) for value in re.findall(r"-?\d+\.?\d*", moves)]).reshape(-1, 2)
        points = np.vstack([start, start + np.cumsum(steps, axis=0)])
        lines.append(shapely.linestrings(points * scale + (dx, dy)))
        segments.append(np.stack([points[:-1], points[1:]], axis=1))
    ends = np.concatenate(segments)
    ends = ends[(ends[:, 0] != ends[:, 1]).any(axis=1)]
    flip = (ends[:, 0, 0] > ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1]))
    ends[flip] = ends[flip][:, ::-1]
    unique, counts = np.unique(ends.reshape(-1, 4), axis=0, return_counts=True)
    again = unique[counts > 1]
    doubled = float(np.hypot(again[:, 2] - again[:, 0], again[:, 3] - again[:, 1]).sum() * scale)
    polygons = shapely.get_parts(shapely.polygonize(lines))
    return np.asarray(polygons), doubled


def _transform(text: str) -> tuple[float, float, float]:
    """Scale and shift of `translate(x y) scale(s)`."""
    shift = re.search(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", text)
    factor = re.search(r"scale\(([-\d.]+)\)", text)
    dx, dy = (float(shift.group(1)), float(shift.group(2))) if shift else (0.0, 0.0)
    return (float(factor.group(1)) if factor else 1.0), dx, dy


def _outlined_numbers(root: ElementTree.Element, canvas: tuple[float, float, float, float]) -> tuple[Any, list[float]]:
    """Boxes of the numbers on the canvas, from the outlines of their digits; digits of one size that stand side by side
    are one number."""
    shapes = {
        element.get("id"): _extent(element.get("d") or "")
        for element in root.findall(f"{SVG}defs/{SVG}path")
        if element.get("d")
    }
    left, top, width, height = canvas
    found: list[tuple[float, float, float, float, float]] = []
    current: tuple[float, float, float] | None = None
    boxes: list[list[float]] = []
    sizes: list[float] = []
    for use in root.iter(f"{SVG}use"):
        scale, x, y = _transform(use.get("transform") or "")
        shape = shapes[(use.get("href") or "").removeprefix("#")]
        box = (x + shape[0] * scale, y + shape[1] * scale, x + shape[2] * scale, y + shape[3] * scale)
        if not (left <= box[0] and box[2] <= left + width and top <= box[1] and box[3] <= top + height):
            current = None
            continue
        found.append((*box, scale))
        joined = current is not None and current[1] == y and current[2] == scale and 0 < x - current[0] < 0.7 * scale
        if joined:
            last = boxes[-1]
            boxes[-1] = [min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3])]
        else:
            boxes.append(list(box))
            sizes.append(scale / 25.4 * 72)
        current = (x, y, scale)
    corners = np.array(boxes).reshape(-1, 4)
    return shapely.box(corners[:, 0], corners[:, 1], corners[:, 2], corners[:, 3]), sizes


def _extent(outline: str) -> tuple[float, float, float, float]:
    values = np.array([float(value) for value in re.findall(r"-?\d+\.?\d*", outline)]).reshape(-1, 2)
    low, high = values.min(axis=0), values.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _filled(root: ElementTree.Element, width_mm: float) -> tuple[Any, Any, list[float]]:
    """Facets that are filled paths of `M`, `Q`, `L` and `Z`, and `text` numbers; pixels become millimetres."""
    scale = width_mm / float((root.get("viewBox") or "0 0 1 1").split()[2])
    facets = [_rings(path.get("d") or "") for path in root.iter(f"{SVG}path") if path.get("data-facet-id")]
    scaled = [affinity.scale(facet, scale, scale, origin=(0, 0)) for facet in facets if not facet.is_empty]
    boxes: list[Any] = []
    sizes: list[float] = []
    for text in root.iter(f"{SVG}text"):
        size = float(text.get("font-size") or 0) * scale
        x, y = float(text.get("x") or 0) * scale, float(text.get("y") or 0) * scale
        half = len(text.text or "") * DIGIT_EM * size / 2, HEIGHT_EM * size / 2
        boxes.append(shapely.box(x - half[0], y - half[1], x + half[0], y + half[1]))
        sizes.append(size / 25.4 * 72)
    return np.asarray(scaled), np.asarray(boxes), sizes


def _rings(outline: str) -> Any:
    """Even-odd surface of a path; curves by four points each."""
    shape: Any = shapely.Polygon()
    for part in re.findall(r"M[^M]+", outline):
        points: list[tuple[float, float]] = []
        for command, text in re.findall(r"([MLQ])([^MLQZ]*)", part):
            values = [float(value) for value in re.findall(r"-?\d+\.?\d*", text)]
            if command == "Q":
                start = np.array(points[-1])
                control, end = np.array(values[:2]), np.array(values[2:4])
                steps = np.array([[0.25], [0.5], [0.75], [1.0]])
                curve = (1 - steps) ** 2 * start + 2 * steps * (1 - steps) * control + steps**2 * end
                points.extend((float(x), float(y)) for x, y in curve)
            else:
                points.append((values[0], values[1]))
        if len(points) > 3:
            shape = shapely.symmetric_difference(shape, shapely.make_valid(shapely.Polygon(points)))
    return shape


def colour_error(painted: Path, photo: Path, width_mm: float) -> float:
    """Mean CIEDE2000 at viewing distance; both pictures show the whole canvas."""
    with Image.open(painted) as image:
        one = np.asarray(image.convert("RGB"))
    size = (800, round(800 * one.shape[0] / one.shape[1]))
    with Image.open(photo) as image:
        two = np.asarray(image.convert("RGB"))
    sigma = VIEWING_SIGMA_MM / width_mm * size[0]
    labs = [
        rgb2lab(cv2.GaussianBlur(cv2.resize(each, size, interpolation=cv2.INTER_AREA), (0, 0), sigma))
        for each in (one, two)
    ]
    return round(float(np.mean(deltaE_ciede2000(labs[0], labs[1]))), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("svg", type=Path)
    parser.add_argument("--width", type=float, default=400.0, help="width of the painting in millimetres")
    parser.add_argument("--height", type=float, default=500.0)
    parser.add_argument("--offset", type=float, nargs=2, default=(0.0, 0.0), help="its left top corner on the sheet")
    parser.add_argument("--radius", type=float, default=1.25)
    parser.add_argument("--area", type=float, default=9.0)
    parser.add_argument("--painted", type=Path)
    parser.add_argument("--photo", type=Path)
    args = parser.parse_args()
    canvas = (*args.offset, args.width, args.height)
    result: dict[str, Any] = asdict(measure(args.svg, canvas, args.radius, args.area))
    if args.painted and args.photo:
        result["colour_error"] = colour_error(args.painted, args.photo, args.width)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
