"""Which photograph a thumbnail shows, told by its colours: a render that mixed two up looks like the other one."""

import io
from collections.abc import Mapping
from functools import cache

from PIL import Image, ImageChops, ImageOps, ImageStat

SIDE = 16
"""Pixels of a side when two are compared: a line of text or a thousandth of an edge no longer counts."""


class Photographs:
    """`contents`: the photographs that a thumbnail can be of, by name."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._photographs: dict[str, Image.Image] = {}
        for name, content in contents.items():
            with Image.open(io.BytesIO(content)) as photograph:
                self._photographs[name] = photograph.convert("RGB")
        self._cut = cache(self._cut_to)

    def shown(self, content: bytes) -> str:
        """The name of the photograph that is most like a thumbnail of which it fills the whole."""
        with Image.open(io.BytesIO(content)) as picture:
            small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
            cuts = {name: self._cut(name, picture.size) for name in self._photographs}
        return min(cuts, key=lambda name: sum(ImageStat.Stat(ImageChops.difference(small, cuts[name])).sum2))

    def _cut_to(self, name: str, size: tuple[int, int]) -> Image.Image:
        """The middle of a photograph, as much as has a thumbnail's shape."""
        cut = ImageOps.fit(self._photographs[name], size, Image.Resampling.BOX)
        return cut.resize((SIDE, SIDE), Image.Resampling.BOX)
