"""Every odd and hostile picture with what has to become of it, and a render process as workers have it to try them in.

One list for tests and measurements. The small ones come from the corpus of the engine's tests; here are the largest
that are printed, and those that would be slow. One process for all of them, so that whatever a picture does to it is
seen by those that follow.
"""

import math
import multiprocessing
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from printworks_common.failures import Reason
from printworks_render.engine.structure import MAX_BMP_RUN_BYTES, MAX_JPEG_SCANS
from printworks_render.engine.version import RENDERER_VERSION
from printworks_render.settings import WorkerSettings
from printworks_render.worker.child import Failed, Rendered
from printworks_render.worker.pool import RenderPool

from tests.integration.render.parts import photo_request
from tests.unit.engine import corpus, heif

SECONDS = 30
MEMORY_MB = 1024
"""What any picture may take."""

READY = "ready"
WIDE = (30_000, 3_333)
"""As wide as issue reports go, and as many pixels as are printed."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """`expected`: `ready`, or the reason of its failure."""

    content: Callable[[], bytes]
    expected: str


def _small() -> dict[str, tuple[bytes, str]]:
    return {
        **{name: (content, READY) for name, (content, _) in corpus.good().items()},
        **corpus.bad(),
        **{f"many/{name}": (content, Reason.UPLOAD_CORRUPT) for name, content in corpus.of_too_many_parts().items()},
        **{
            f"half/{name}": (content[: len(content) // 2], Reason.UPLOAD_CORRUPT)
            for name, content in corpus.truncatable().items()
        },
    }


def _flat(mode: str, colour: Any, size: tuple[int, int] = WIDE) -> Image.Image:
    return Image.new(mode, size, colour)


def _rgb(size: tuple[int, int] = WIDE) -> Image.Image:
    return _flat("RGB", (90, 60, 10), size)


def _sixteen(channels: int) -> bytes:
    values = np.full((WIDE[1], WIDE[0], channels), 30_000, np.uint16)
    return cv2.imencode(".png", values, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _deep_avif() -> bytes:
    pixels = np.full((1_666, 30_000, 4), (90, 60, 10, 200), np.uint8)
    return corpus.deep_avif(12, pixels, quality=100, speed=10)


def _tiled(name: str, *, height: int = 1_666, transparent: bool = False) -> bytes:
    coded = heif.Coded.of(corpus.DATA / name)
    return heif.tiled(coded, 59, -(-height // coded.size[1]), (30_000, height), transparent=transparent)


def _telephone(name: str) -> bytes:
    """48 million pixels in 26 MB, as telephones at their best."""
    return heif.telephone(heif.Coded.of(corpus.DATA / name), (8_064, 6_048), 130_000)


def _beside_a_bomb() -> bytes:
    """The picture to show is small, and the first of the file as large as its structure may be."""
    return heif.collected(heif.Coded.of(corpus.DATA / "tile-512.heic"), 30, 20)


def _jpeg_of_scans() -> bytes:
    """Progressive, as large and with as many scans as are read."""
    waves = corpus.encoded(_rgb((30_000, 2_100)), "JPEG", progressive=True)
    scan = waves[waves.rindex(b"\xff\xc4", 0, waves.rindex(b"\xff\xda")) : -2]
    return waves[:-2] + scan * (MAX_JPEG_SCANS - waves.count(b"\xff\xda")) + waves[-2:]


def _bmp_of_runs() -> bytes:
    """As many pixels and as many runs as are read."""
    width, height = 30_000, 3_300
    lines = b"\xff\x07" * (width // 255) + bytes((width % 255, 7, 0, 0))
    short = (MAX_BMP_RUN_BYTES - 2_000 - height * len(lines)) // 2
    return corpus.grey_bmp(width, height, b"\0\0" * short + lines * height + b"\0\1")


def _nested() -> bytes:
    """Overlays of overlays, nearly as many parts as are read."""
    return heif.nested_overlays(heif.Coded.of(corpus.DATA / "rgb-128.heic"), 12, 3)


def _film_gif() -> bytes:
    still = corpus.encoded(corpus.image().quantize(256), "GIF")
    return still[:-1] + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0" * 700_000 + b";"


def _film_webp() -> bytes:
    film = corpus.animated("WEBP", lossless=True)
    begin = film.index(b"ANMF")
    end = film.index(b"ANMF", begin + 1)
    body = film[12:begin] + film[begin:end] * 200_000
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def _chunks_webp() -> bytes:
    film = corpus.animated("WEBP", lossless=True)
    begin = film.index(b"ANMF")
    body = film[12:begin] + b"JUNK\0\0\0\0" * 5_000_000 + film[begin:]
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


LARGE: dict[str, Hostile] = {
    "large/grey-16.png": Hostile(lambda: corpus.encoded(_flat("I;16", 30_000), "PNG", compress_level=1), READY),
    "large/sixteen.png": Hostile(lambda: _sixteen(3), READY),
    "large/sixteen-alpha.png": Hostile(lambda: _sixteen(4), READY),
    "large/alpha.png": Hostile(
        lambda: corpus.encoded(_flat("RGBA", (90, 60, 10, 200)), "PNG", compress_level=1), READY
    ),
    "large/palette-alpha.png": Hostile(
        lambda: corpus.encoded(_flat("P", 3), "PNG", compress_level=1, transparency=b"\xff\xff\xff\x80"), READY
    ),
    "large/p3.png": Hostile(
        lambda: corpus.encoded(_rgb(), "PNG", compress_level=1, icc_profile=corpus.profile("display-p3.icc")), READY
    ),
    "large/one-bit.png": Hostile(lambda: corpus.encoded(_flat("1", 1), "PNG"), READY),
    "large/too-many-pixels.png": Hostile(
        lambda: corpus.encoded(_flat("1", 1, (30_000, 3_400)), "PNG"), Reason.UPLOAD_TOO_LARGE
    ),
    "large/line.png": Hostile(lambda: corpus.encoded(_rgb((30_000, 1)), "PNG"), READY),
    "large/column.png": Hostile(lambda: corpus.encoded(_rgb((1, 30_000)), "PNG"), READY),
    "large/float.tif": Hostile(lambda: corpus.encoded(_flat("F", 0.5), "TIFF", compression="tiff_lzw"), READY),
    "large/cmyk.tif": Hostile(
        lambda: corpus.encoded(_flat("CMYK", (10, 60, 90, 5)), "TIFF", compression="tiff_lzw"), READY
    ),
    "large/lab.tif": Hostile(lambda: corpus.encoded(_flat("LAB", (90, 60, 10)), "TIFF", compression="tiff_lzw"), READY),
    "large/turned.tif": Hostile(
        lambda: corpus.encoded(_rgb(), "TIFF", compression="tiff_lzw", tiffinfo={corpus.ORIENTATION: 6}), READY
    ),
    "large/fax.tif": Hostile(lambda: corpus.encoded(_flat("1", 1), "TIFF", compression="group4"), READY),
    "large/palette.gif": Hostile(lambda: corpus.encoded(_flat("P", 3), "GIF"), READY),
    "large/frames.gif": Hostile(_film_gif, READY),
    "large/wide.webp": Hostile(lambda: corpus.encoded(_rgb((16_383, 3_050)), "WEBP", method=0), READY),
    "large/frames.webp": Hostile(_film_webp, READY),
    "large/chunks.webp": Hostile(_chunks_webp, READY),
    "large/wide.avif": Hostile(lambda: corpus.encoded(_rgb((30_000, 1_666)), "AVIF", speed=10), READY),
    "large/twelve.avif": Hostile(_deep_avif, READY),
    "large/lying.avif": Hostile((corpus.DATA / "lying.avif").read_bytes, Reason.UPLOAD_CORRUPT),
    "large/wide.heic": Hostile(lambda: _tiled("tile-512.heic"), READY),
    "large/ten.heic": Hostile(lambda: _tiled("tile-512-deep.heic"), READY),
    "large/ten-alpha.heic": Hostile(lambda: _tiled("tile-512-deep.heic", height=1_333, transparent=True), READY),
    "large/too-much-alpha.heic": Hostile(
        lambda: _tiled("tile-512.heic", height=1_400, transparent=True), Reason.UPLOAD_TOO_LARGE
    ),
    "large/nested.heic": Hostile(_nested, READY),
    "large/telephone.heic": Hostile(lambda: _telephone("tile-512.heic"), READY),
    "large/telephone-ten.heic": Hostile(lambda: _telephone("tile-512-deep.heic"), READY),
    "large/beside-a-bomb.heic": Hostile(_beside_a_bomb, READY),
    "large/wide.jpg": Hostile(lambda: corpus.encoded(_rgb((22_000, 22_700)), "JPEG"), READY),
    "large/cmyk.jpg": Hostile(lambda: corpus.encoded(_flat("CMYK", (10, 60, 90, 5)), "JPEG"), READY),
    "large/progressive.jpg": Hostile(lambda: corpus.encoded(_rgb((30_000, 2_100)), "JPEG", progressive=True), READY),
    "large/scans.jpg": Hostile(_jpeg_of_scans, READY),
    "large/wide.bmp": Hostile(lambda: corpus.encoded(_rgb((30_000, 1_150)), "BMP"), READY),
    "large/runs.bmp": Hostile(_bmp_of_runs, READY),
}
"""Made when they are asked for: together they are some hundred megabytes."""

PICTURES: Mapping[str, Hostile] = {
    **{name: Hostile(lambda content=content: content, expected) for name, (content, expected) in _small().items()},
    **LARGE,
}


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a picture. `processor`: seconds of it, which other programs on the machine do not lengthen.

    `alive`: the same process goes on; of one that was lost, seconds of a processor and memory are not known.
    """

    outcome: Rendered | Failed
    seconds: float
    processor: float
    peak_mb: float
    alive: bool

    @property
    def became(self) -> str:
        return self.outcome.reason if isinstance(self.outcome, Failed) else READY


@dataclass
class Process:
    """The render process, and what it takes for a job. To render a photo it starts no process of its own."""

    pool: RenderPool
    others: frozenset[int | None]

    @property
    def _pid(self) -> int:
        (pid,) = _children() - self.others
        assert pid is not None
        return pid

    async def render(self, content: bytes, folder: Path) -> Tried:
        """Print a picture in `folder`, which is empty."""
        picture, out = folder / "picture", folder / "out"
        picture.write_bytes(content)
        out.mkdir()
        await self.pool.warm_up()  # after a process was lost, there is another one now
        pid = self._pid
        _begin_peak(pid)
        before, began = _processor_seconds(pid), time.monotonic()
        outcome = await self.pool.render(
            photo_request(dpi=100, allow_blank=True), {"photo:front": picture}, out, RENDERER_VERSION
        )
        seconds = time.monotonic() - began
        if pid not in _children():
            return Tried(outcome, seconds, math.nan, math.nan, alive=False)
        return Tried(outcome, seconds, _processor_seconds(pid) - before, _peak_mb(pid), alive=True)


@asynccontextmanager
async def render_process() -> AsyncGenerator[Process]:
    """One process, started and limited as a worker's, but not replaced after some jobs."""
    defaults = {name: field.default for name, field in WorkerSettings.model_fields.items()}
    memory_mb, timeout_seconds = defaults["render_memory_mb"], defaults["render_timeout_seconds"]
    others = _children()
    pool = RenderPool(slots=1, timeout_seconds=timeout_seconds, memory_mb=memory_mb, renders_per_child=10_000)
    try:
        await pool.warm_up()
        yield Process(pool, others)
    finally:
        await pool.stop()


def _children() -> frozenset[int | None]:
    return frozenset(child.pid for child in multiprocessing.active_children())


def _processor_seconds(pid: int) -> float:
    """Used so far by all threads of a process (proc(5))."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def _begin_peak(pid: int) -> None:
    """Let the kernel measure the most resident memory anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(peak) / 1024
