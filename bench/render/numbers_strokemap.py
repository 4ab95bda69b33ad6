"""strokemap 0.1.0 (PyPI, MIT) on one photograph, run by the Python of the peers' environment.

    python numbers_strokemap.py photo.jpg painted.png COLOURS SMALLEST_SHARE

SMALLEST_SHARE: its smallest facet as a share of the picture, which its difficulties set (the finest, hard: 0.00005).
Prints the number of its facets.
"""

import sys

import cv2
import numpy as np
from strokemap import PaintByNumbersGenerator  # pyright: ignore[reportMissingImports]  # installed beside us


def main() -> None:
    photo, target, colours, smallest = sys.argv[1:5]
    generator = PaintByNumbersGenerator("hard")
    generator.min_area_fraction = float(smallest)
    _, _, painted, palette = generator.process(photo, int(colours))
    painted.save(target)
    pixels = np.asarray(painted)
    facets = 0
    for paint in palette:
        count, _ = cv2.connectedComponents((pixels == paint["rgb"]).all(axis=2).astype(np.uint8), connectivity=4)
        facets += count - 1
    print(facets)


if __name__ == "__main__":
    main()
